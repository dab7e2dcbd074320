/// What a squashed file stands for, read from its head:
///
///     -- migrate: squash 0001-0042
///     -- of: migrations/0001_create_schemas.sql 5f3c…
///     -- of: migrations/0002_create_books.sql 9a01…
///
/// Each line names a file that it replaces and the checksums by which a ledger may know it. A file that was itself a
/// squashed one has its range before them, and those that it replaced are named, too: a database may know either.
public struct SquashedFiles: Sendable, Equatable {
    struct Part: Sendable, Equatable {
        let path: String
        let versions: ClosedRange<Int>
        let checksums: [String]
        /// It was a squashed file itself, so that the others in its range are the same once more.
        let isSquash: Bool

        /// The row is of that very file, with the content that went into the squashed one.
        func isSame(as row: LedgerRow) -> Bool { row.path == path && checksums.contains(row.checksum) }

        var line: String {
            "-- of: \(path) "
                + (isSquash ? "\(MigrationName.digits(versions.lowerBound))-\(MigrationName.digits(versions.upperBound)) " : "")
                + checksums.joined(separator: " ")
        }
    }

    public let versions: ClosedRange<Int>
    let parts: [Part]

    init(parts: [Part]) {
        self.parts = parts.sorted { MigrationProject.precedes($0.path, $1.path) }
        let first = parts.map(\.versions.lowerBound).min() ?? 0
        versions = first...max(first, parts.map(\.versions.upperBound).max() ?? 0)
    }

    /// - Returns: nil where the text begins with no such head, or with one that is broken.
    init?(_ text: String, directive: String) {
        let words = directive.split(separator: " ")
        guard words.count == 2, words[0] == "squash", let versions = Self.range(words[1]) else { return nil }
        var parts: [Part] = []
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            guard line.hasPrefix("--") else { break }
            guard line.hasPrefix("-- of: ") else { continue }
            var fields = line.dropFirst("-- of: ".count).split(separator: " ")
            guard let path = fields.first.map(String.init), fields.count > 1,
                let version = MigrationName.version(of: String(path.split(separator: "/").last ?? ""))
            else { return nil }
            fields.removeFirst()
            let range = Self.range(fields[0])
            if range != nil { fields.removeFirst() }
            guard !fields.isEmpty, fields.allSatisfy({ $0.count == 64 }), range.map({ $0.upperBound == version }) ?? true
            else { return nil }
            parts.append(
                Part(
                    path: path, versions: range ?? version...version, checksums: fields.map(String.init),
                    isSquash: range != nil))
        }
        self.init(parts: parts)
        guard !parts.isEmpty, self.versions == versions else { return nil }
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.count == 4 }), let first = Int(ends[0]), let last = Int(ends[1]),
            first > 0, first <= last
        else { return nil }
        return first...last
    }

    /// What follows the directive on the first line.
    var directive: String {
        "squash \(MigrationName.digits(versions.lowerBound))-\(MigrationName.digits(versions.upperBound))"
    }

    var head: String { "-- migrate: \(directive)\n" + parts.map { $0.line + "\n" }.joined() }

    /// How a ledger stands to the files.
    enum Standing: Equatable, Sendable {
        /// It has none of them: the squashed file is to run.
        case none
        /// It has them all: the squashed file takes their place.
        case all
        /// It has some of them, or others: neither would be right.
        case some(String)
    }

    /// - Parameter rows: the ledger's versioned rows within `versions`.
    func standing(of rows: [LedgerRow]) -> Standing {
        guard !rows.isEmpty else { return .none }
        var covered: Set<Int> = []
        for row in rows {
            guard row.finishedAt != nil else { return .some("\(row.path) began and was not seen to end") }
            if let part = parts.first(where: { $0.isSame(as: row) }) {
                covered.formUnion(part.versions)
            } else if parts.contains(where: { $0.path == row.path }) {
                return .some("\(row.path) was applied with other content (\(row.checksum.prefix(12)))")
            } else {
                return .some("\(row.path) is applied, and is none of the files that it was made of")
            }
        }
        let missing = parts.filter { !$0.isSquash && !covered.contains($0.versions.upperBound) }
        guard let first = missing.first else { return .all }
        return .some(
            "of the \(parts.count { !$0.isSquash }) files that it was made of \(missing.count) "
                + "\(missing.count == 1 ? "is" : "are") not applied here, the first \(first.path)")
    }
}

extension MigrationFile {
    /// What the file stands for, where its first line is `-- migrate: squash 0001-0042`.
    public var squashed: SquashedFiles? {
        guard let directive = script.directive, directive.hasPrefix("squash ") else { return nil }
        return SquashedFiles(text, directive: directive)
    }

    /// By which a ledger may know the file.
    var checksums: [String] { checksum == byteChecksum ? [checksum] : [checksum, byteChecksum] }

    /// What the file adds to the head of one that it is squashed into.
    var squashParts: [SquashedFiles.Part] {
        guard let version else { return [] }
        guard let squashed else {
            return [.init(path: path, versions: version...version, checksums: checksums, isSquash: false)]
        }
        return squashed.parts + [.init(path: path, versions: squashed.versions, checksums: checksums, isSquash: true)]
    }

    /// What is wrong with a directive that is not `no-transaction`.
    var directiveProblem: (message: String, mend: String)? {
        guard let directive = script.directive, !noTransaction else { return nil }
        guard directive.hasPrefix("squash ") else {
            return (
                "it has an unknown directive: \(directive)",
                "there are: -- migrate: no-transaction; and squash, which emporium migrate squash writes"
            )
        }
        guard kind == .versioned, let squashed, squashed.versions.upperBound == version else {
            return (
                "its head does not say what it was squashed from: \(directive)",
                "restore the file as emporium migrate squash has written it"
            )
        }
        return nil
    }
}
