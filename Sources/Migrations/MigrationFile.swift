import Digests
import PGQuery

/// What a file is to the migrator; decides when it runs and as whom.
public enum MigrationKind: String, Sendable, Encodable, CaseIterable {
    /// `sql/roles/0*.sql`: first of all, as the connecting user, again when it changes.
    case role
    /// `migrations/NNNN_verb_object.sql`: once, in the order of the numbers, as the owner role.
    case versioned
    /// `sql/functions/**/*.sql`: in path order, as the owner role, again when it changes.
    case repeatable
    /// `sql/roles/9*.sql`: last of all, as the connecting user, again when it changes or anything before it ran.
    case grant
    /// A versioned file that `baseline` marked as applied without running it. Only ledger rows have it.
    case baseline

    /// Role and grant files run as the connecting user: the owner role can neither make roles nor grant them.
    var runsAsOwner: Bool { self == .versioned || self == .repeatable }
    /// Applied once and never edited afterwards.
    var isVersioned: Bool { self == .versioned || self == .baseline }
}

/// One SQL file, read and split.
public struct MigrationFile: Sendable, Equatable {
    /// Relative to the project's root, with `/`.
    public let path: String
    public let kind: MigrationKind
    /// The four digits of a versioned file's name; nil for the other kinds.
    public let version: Int?
    /// SHA-256 of what the file says, 64 hexadecimal digits: comments, white space, line endings and the case of
    /// keywords do not count, a `-- migrate:` directive and everything else does.
    public let checksum: String
    /// SHA-256 of the file's bytes (of a file that runs again: with placeholders filled in): what the ledgers of
    /// earlier releases hold.
    public let byteChecksum: String
    /// The SQL as it is sent: with values in the place of placeholders.
    public let text: String
    /// The file as it is written.
    public let source: String
    let fillings: [Placeholders.Filling]
    public let script: SQLScript
    /// The first line is `-- migrate: no-transaction`: the file's one statement runs outside a transaction.
    public let noTransaction: Bool

    /// The verdict on a file that may be none: its name and what it holds are judged without any server.
    /// - Parameter placeholders: nil: `${name}` is text like any other.
    /// - Returns: the file, or nil and why (several reasons at once where there are several).
    static func read(
        path: String, kind: MigrationKind, bytes: [UInt8], placeholders: Placeholders? = nil
    ) -> (file: MigrationFile?, problems: [MigrationProblem]) {
        func problem(_ line: Int?, _ column: Int?, _ message: String, _ mend: String? = nil) -> MigrationProblem {
            MigrationProblem(code: .badFile, path: path, line: line, column: column, message: message, mend: mend)
        }
        var version: Int?
        if kind == .versioned {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            version = MigrationName.version(of: name)
            if version == nil {
                return (nil, [problem(nil, nil, "its name is not NNNN_verb_object.sql", MigrationName.rule)])
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return (nil, [problem(nil, nil, "it is not UTF-8")])
        }
        if let nul = bytes.firstIndex(of: 0) {
            let line = bytes[..<nul].count { $0 == UInt8(ascii: "\n") } + 1
            return (nil, [problem(line, nil, "it holds a NUL byte")])
        }
        let filled = placeholders?.fill(text) ?? Placeholders.Filled(text: text, unfilled: text)
        guard filled.faults.isEmpty else {
            return (nil, filled.faults.map { problem($0.line, $0.column, $0.message, $0.mend) })
        }
        let script: SQLScript
        do {
            script = try SQLScript(filled.text)
        } catch {
            let column = filled.fillings.column(ofSent: error.column, line: error.line)
            return (nil, [problem(error.line, column, error.message)])
        }
        // A file that runs once is the same with whatever values it ran; one that runs again does so for new values.
        let judged = kind == .versioned ? filled.unfilled : filled.text
        let summed = kind == .versioned || filled.fillings.isEmpty ? bytes : Array(filled.text.utf8)
        let file = MigrationFile(
            path: path, kind: kind, version: version, checksum: checksum(of: judged, script),
            byteChecksum: sha256Hex(summed), text: filled.text, source: text, fillings: filled.fillings, script: script,
            noTransaction: script.directive == "no-transaction")
        return (file, file.problems)
    }

    /// A directive is a comment to PostgreSQL only.
    private static func checksum(of text: String, _ script: SQLScript) -> String {
        var meaning = PGQuery.meaning(ofSQL: text)
        if let directive = script.directive { meaning += [0] + Array("-- migrate: \(directive)".utf8) }
        return sha256Hex(meaning)
    }

    /// The file says what was applied, be the row written by this release or by one that summed bytes.
    func isSame(as row: LedgerRow) -> Bool { row.checksum == checksum || row.checksum == byteChecksum }

    /// What would go wrong in a way that the server would notice too late, or not at all.
    private var problems: [MigrationProblem] {
        var list: [MigrationProblem] = []
        func add(_ statement: SQLScript.Statement?, _ message: String, _ mend: String? = nil) {
            list.append(
                MigrationProblem(
                    code: .badFile, path: path, line: statement?.line, 
                    column: statement.map { fillings.column(ofSent: $0.column, line: $0.line) }, message: message,
                    mend: mend))
        }
        if let directive = directiveProblem { add(nil, directive.message, directive.mend) }
        if noTransaction && script.statements.count != 1 {
            add(
                script.statements.dropFirst().first,
                "a no-transaction file holds exactly one statement, this one \(script.statements.count)",
                "put each further statement into a file of its own")
        }
        for statement in script.statements {
            if statement.controlsTransaction {
                add(
                    statement, "\(statement.head(40)): a file is one transaction, which the migrator opens and ends",
                    "leave the statement out")
            }
            if statement.copiesFromStandardInput {
                add(statement, "copy … from stdin: there is no standard input here", "use insert … values")
            }
            guard let concurrent = statement.concurrent else { continue }
            if !noTransaction {
                add(
                    statement, "a concurrent operation cannot run inside a transaction",
                    "give it a file of its own whose first line is: -- migrate: no-transaction")
            } else if case .createIndex(index: nil, _) = concurrent {
                add(
                    statement, "the index has no name, so that an interrupted build could not be found again",
                    "name it: create index concurrently <table>_<columns>_idx on …")
            }
        }
        return list
    }
}

extension [Placeholders.Filling] {
    /// The column in the file, of one in the text as it is sent; inside a value: where its placeholder begins.
    func column(ofSent column: Int, line: Int) -> Int {
        guard let last = last(where: { $0.line == line && $0.sentColumn <= column }) else { return column }
        if column < last.sentColumn + last.sentLength { return last.column }
        return column - last.sentColumn - last.sentLength + last.column + last.length
    }
}

/// The rules for the names of versioned files.
public enum MigrationName {
    /// What stands behind the number.
    public static let wordsRule = "a verb and its object in snake_case, such as add_order_currency"
    public static let rule = "four digits, then a verb and its object in snake_case: 0042_add_order_currency.sql"

    /// 42 for `0042_add_order_currency.sql`; nil where the name breaks the rule.
    static func version(of name: String) -> Int? {
        guard name.hasSuffix(".sql"), name.count > 9 else { return nil }
        let digits = name.prefix(4)
        guard digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let version = Int(digits),
            version > 0, name.dropFirst(4).first == "_", isSnakeCase(String(name.dropFirst(5).dropLast(4)))
        else { return nil }
        return version
    }

    /// At least two words of lower-case letters and digits, each a letter or digit long, the first one a letter first.
    public static func isSnakeCase(_ name: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        guard words.count > 1, let first = name.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else {
            return false
        }
        return words.allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy {
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                }
        }
    }

    /// `0042`.
    static func digits(_ version: Int) -> String {
        String(repeating: "0", count: max(0, 4 - String(version).count)) + String(version)
    }
}
