import Foundation
import Migrations

/// A rehearsal for people: what an apply would take its time over, and whom it would keep waiting.
struct RehearsalDisplay: Sendable {
    /// Of the column of paths.
    let width: Int
    /// Every statement and every difference.
    let isVerbose: Bool
    /// Milliseconds from which on a statement is shown for its own sake.
    let slow: Int

    /// Differences that are listed without being asked for; more of them are counted.
    private static let listed = 40
    /// The same for the relations of a line.
    private static let named = 5

    // MARK: Files

    func show(_ file: RehearsalReport.File) {
        let outcome =
            switch file.outcome {
            case .rehearsed: Self.time(file.duration) + (file.attempts > 1 ? "  (attempt \(file.attempts))" : "")
            case .notRehearsed: "not rehearsed: \(file.why ?? "")"
            case .failed: "failed"
            }
        let fields = [
            MigrateOutput.pad(file.path, width), MigrateOutput.pad(file.kind.rawValue, 10),
            MigrateOutput.pad(file.reason.rawValue, 12), outcome,
        ]
        print(fields.joined(separator: "  "))
        if !file.remade.isEmpty { print("    makes again: \(names(file.remade))") }
        for statement in file.statements where isVerbose || isNotable(statement) {
            print("    line \(statement.line): \(statement.head)  \(Self.time(statement.duration))")
            for effect in effects(statement) { print("        \(effect)") }
        }
        fflush(nil)
    }

    private func isNotable(_ statement: RehearsalReport.Statement) -> Bool {
        statement.duration >= Double(slow) || !statement.rewritten.isEmpty
            || statement.locks.contains { $0.mode.blocksWriters }
    }

    /// A line a mode, the strongest first.
    private func effects(_ statement: RehearsalReport.Statement) -> [String] {
        var lines: [String] = []
        for mode in LockMode.allCases.reversed() where isVerbose || mode >= .shareUpdateExclusive {
            let relations = statement.locks.filter { $0.mode == mode }.map(\.relation)
            guard !relations.isEmpty else { continue }
            let whom = mode.blocksReaders ? " (readers and writers wait)" : mode.blocksWriters ? " (writers wait)" : ""
            lines.append("locks \(mode)\(whom): \(names(relations))")
        }
        if !statement.rewritten.isEmpty { lines.append("rewrites \(names(statement.rewritten))") }
        for scan in statement.scans where scan.rows > 0 {
            lines.append("scans \(scan.relation): \(Self.count(scan.rows, "row"))\(scan.count > 1 ? " in \(scan.count) passes" : "")")
        }
        for change in statement.changes {
            let parts = [(change.inserted, "inserted"), (change.updated, "updated"), (change.deleted, "deleted")]
                .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            lines.append("rows of \(change.relation): \(parts.joined(separator: ", "))")
        }
        return lines
    }

    private func names(_ all: [String]) -> String {
        let shown = isVerbose ? all : Array(all.prefix(Self.named))
        return shown.joined(separator: ", ") + (shown.count < all.count ? " and \(all.count - shown.count) more" : "")
    }

    // MARK: The end

    func show(_ report: RehearsalReport, _ elapsed: Int64) {
        if let differences = report.differences { show(differences) }
        for notice in report.notices { MigrateOutput.note("note: \(notice.replacingOccurrences(of: "\n", with: "\n  "))") }
        let done = report.files.count { $0.outcome == .rehearsed }
        let statements = report.files.reduce(0) { $0 + $1.duration }
        let place = report.how == .clone ? "in a copy, which is dropped" : "in the database itself, which is as it was"
        MigrateOutput.note(
            "rehearsed \(done) of \(Self.count(report.files.count, "file")) \(place): "
                + "statements took \(Self.time(statements)), all in all \(elapsed) ms")
        let skipped = report.files.count { $0.outcome == .notRehearsed }
        if skipped > 0 { MigrateOutput.note("not rehearsed: \(Self.count(skipped, "file")), see above why") }
    }

    private func show(_ differences: [CatalogDifference]) {
        if differences.isEmpty { return print("\ncatalog and grants: no difference") }
        print("\ncatalog and grants afterwards:")
        // What is new is most of it, and least of a surprise.
        let others = differences.filter { $0.change != .extra }
        let made = differences.filter { $0.change == .extra }
        if isVerbose || differences.count <= Self.listed {
            (others + made).forEach { print("    \(Self.words($0))") }
            return
        }
        others.prefix(Self.listed).forEach { print("    \(Self.words($0))") }
        if others.count > Self.listed {
            print("    and \(others.count - Self.listed) more that change or go: --verbose shows them")
        }
        let kinds = Dictionary(grouping: made, by: \.kind).sorted { $0.key < $1.key }
        if !kinds.isEmpty {
            print("    made: \(kinds.map { Self.count($0.value.count, $0.key) }.joined(separator: ", "))")
        }
    }

    /// `made    table shop.tag`; `changed column shop.sale.id: type integer -> bigint`.
    private static func words(_ difference: CatalogDifference) -> String {
        let object = "\(difference.kind) \(difference.identity)"
        switch difference.change {
        case .extra: return "made     \(object)"
        case .missing: return "removed  \(object)"
        case .changed:
            let aspect = difference.aspect.map { ": \($0)" } ?? ""
            let values =
                switch (difference.expected, difference.found) {
                case (let before?, let after?): " " + short(before, after) + " -> " + short(after, before)
                case (nil, let after?): after == "yes" ? "" : " " + short(after, "")
                case (_?, nil): " removed"
                case (nil, nil): ""
                }
            return "changed  \(object)\(aspect)\(values)"
        }
    }

    /// One line of at most 60 characters, from shortly before where it leaves the other text.
    private static func short(_ text: String, _ other: String) -> String {
        func words(_ text: String) -> [Character] {
            Array(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
        let (line, against) = (words(text), words(other))
        guard line.count > 60 else { return String(line) }
        let shared = zip(line, against).prefix { $0 == $1 }.count
        let from = against.isEmpty ? 0 : min(max(0, shared - 15), line.count - 58)
        let end = min(from + 58, line.count)
        return (from > 0 ? "…" : "") + String(line[from..<end]) + (end < line.count ? "…" : "")
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        if number == 1 { return "1 \(noun)" }
        let plural =
            noun.hasSuffix("y") ? noun.dropLast() + "ies" : noun.hasSuffix("x") ? noun + "es" : noun + "s"
        return "\(number) \(plural)"
    }

    /// Tenths below 10 ms.
    private static func time(_ milliseconds: Double) -> String {
        milliseconds < 10 ? String(format: "%.1f ms", milliseconds) : String(format: "%.0f ms", milliseconds)
    }
}
