import Foundation

/// The project's file `sql/lint-exceptions`: what the rules speak against and is meant to be so.
///
///     # rule               object                                reason
///     no-primary-key       staging.raw_*                      -- rows of staging are found by batch and position
///     ban-drop-function    migrations/0015_create_feed.sql    -- it is made again in the next statement
///
/// One a line: the rule, the finding's object or file (`*` stands for anything), ` -- ` and the reason, which must be there.
public struct LintExceptions: Sendable, Equatable {
    public static let path = "sql/lint-exceptions"

    struct Entry: Sendable, Equatable {
        let line: Int
        let rule: String
        let pattern: String
        let reason: String

        func matches(_ finding: LintFinding) -> Bool {
            finding.rule == rule && Self.matches(Array(finding.subject.utf8)[...], Array(pattern.utf8)[...])
        }

        /// `*` stands for any run of bytes, an empty one included; all else for itself.
        static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
            var text = text, pattern = pattern
            // The last star, and where the text stood when it was met: on a mismatch the star takes one byte more.
            var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
            while true {
                if pattern.first == UInt8(ascii: "*") {
                    pattern = pattern.dropFirst()
                    retry = (pattern, text)
                } else if let byte = text.first, byte == pattern.first {
                    (text, pattern) = (text.dropFirst(), pattern.dropFirst())
                } else if text.isEmpty && pattern.isEmpty {
                    return true
                } else if let last = retry, !last.text.isEmpty {
                    retry = (last.pattern, last.text.dropFirst())
                    (pattern, text) = (last.pattern, last.text.dropFirst())
                } else {
                    return false
                }
            }
        }
    }

    let entries: [Entry]

    /// - Throws: `MigrationError.Code.configuration` at the first line that is no exception.
    init(text: String) throws {
        var entries: [Entry] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.allSatisfy(\.isWhitespace) || line.first == "#" { continue }
            guard let entry = Self.entry(line, index + 1) else {
                var error = MigrationError(
                    .configuration, "this is no exception",
                    hint: "a line is: rule object -- reason\nand the reason must be there")
                error.path = Self.path
                error.line = index + 1
                throw error
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    private static func entry(_ line: Substring, _ number: Int) -> Entry? {
        guard let dashes = line.range(of: " -- ") else { return nil }
        let head = line[..<dashes.lowerBound]
        let reason = line[dashes.upperBound...].trimmingCharacters(in: .whitespaces)
        guard let blank = head.firstIndex(where: \.isWhitespace) else { return nil }
        let pattern = head[blank...].trimmingCharacters(in: .whitespaces)
        guard !pattern.isEmpty, !reason.isEmpty else { return nil }
        return Entry(line: number, rule: String(head[..<blank]), pattern: pattern, reason: reason)
    }

    /// Those of a project; none where it has no such file.
    static func read(root: String) throws -> LintExceptions {
        let full = root + "/" + path
        guard FileManager.default.fileExists(atPath: full) else { return try LintExceptions(text: "") }
        guard let data = FileManager.default.contents(atPath: full), let text = String(validating: data, as: UTF8.self)
        else { throw MigrationError(.configuration, "\(path) cannot be read, or is not UTF-8") }
        return try LintExceptions(text: text)
    }

    /// Takes away what is excepted. An exception that excepts nothing is a finding: whatever it spoke of was mended.
    /// - Parameter judged: whether a rule was judged at all; an exception of a rule that was not is left alone.
    func applied(
        to findings: [LintFinding], judged: (String) -> Bool
    ) -> (findings: [LintFinding], excepted: Int) {
        var used = Set<Int>()
        var left: [LintFinding] = []
        for finding in findings {
            let hits = entries.filter { $0.matches(finding) }
            used.formUnion(hits.map(\.line))
            if hits.isEmpty { left.append(finding) }
        }
        let excepted = findings.count - left.count
        for entry in entries where !used.contains(entry.line) && judged(entry.rule) {
            left.append(
                LintFinding(
                    rule: LintRule.unusedException.rawValue, path: Self.path, line: entry.line,
                    message: "nothing breaks \(entry.rule) at \(entry.pattern) any more", mend: "take the line out"))
        }
        return (left, excepted)
    }
}
