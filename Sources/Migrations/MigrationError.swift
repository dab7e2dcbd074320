import Postgres

/// Why the migrator stopped. `description` is fit for people: it says where, what, and what to do.
public struct MigrationError: Error, Sendable, CustomStringConvertible {
    /// An open set.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// An argument that makes no sense. Exit code 64.
        public static let usage = Code(rawValue: "usage")
        /// Folders, roles or rights that are not as they must be. Exit code 78.
        public static let configuration = Code(rawValue: "configuration")
        /// Files and ledger do not fit together; nothing ran. See `problems`. Exit code 1.
        public static let refused = Code(rawValue: "refused")
        /// The server refused a statement; its file was rolled back. Exit code 1.
        public static let statementFailed = Code(rawValue: "statement_failed")
        /// The server is not there, or went away. Exit code 69.
        public static let unavailable = Code(rawValue: "unavailable")
        /// Another migrator holds the advisory lock. Exit code 75.
        public static let lockNotObtained = Code(rawValue: "lock_not_obtained")
        /// A file's locks were not to be had in all its attempts. Exit code 75.
        public static let busy = Code(rawValue: "busy")
        /// The advisory lock was lost under way; what was running was rolled back. Exit code 1.
        public static let lockLost = Code(rawValue: "lock_lost")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var problems: [MigrationProblem] = []
    /// The file, relative to the root.
    public var path: String?
    /// 1-based.
    public var line: Int?
    /// 1-based, in Unicode scalars.
    public var column: Int?
    /// What the server said. Its own `description` gives away no values.
    public var server: PostgresError?
    var excerpt: SourceExcerpt?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func refused(_ problems: [MigrationProblem]) -> MigrationError {
        var error = MigrationError(
            .refused,
            problems.count == 1 ? "nothing was run: one problem" : "nothing was run: \(problems.count) problems")
        error.problems = problems
        return error
    }

    /// An error of a session outside any file: connecting, ledger, locks.
    init(_ error: PostgresError, during what: String) {
        let code: Code =
            switch error.sqlStateClass {
            case "08", "53", "57": .unavailable
            case "28", "3D", "42": .configuration
            case _ where error.sqlState == "55P03": .busy
            default: .statementFailed
            }
        self.init(code, "\(what): \(error.description)")
        server = error
        if error.sqlState == "3D000" { hint = "create it first: createdb NAME" }
    }

    /// The process exit code for it (see DESIGN: 1, 64, 69, 75, 78).
    public var exitCode: Int32 {
        switch code {
        case .usage: 64
        case .configuration: 78
        case .unavailable: 69
        case .lockNotObtained, .busy: 75
        default: 1
        }
    }

    public var description: String {
        var lines: [String] = []
        let place = ([path].compactMap(\.self) + [line, column].compactMap { $0.map(String.init) })
            .joined(separator: ":")
        lines.append(place.isEmpty ? message : "\(place): \(message)")
        if let excerpt { lines.append(excerpt.rendered) }
        lines += problems.map(\.description)
        if path != nil, let server { lines += Self.particulars(of: server) }
        if let hint { lines.append("  " + hint.split(separator: "\n").joined(separator: "\n  ")) }
        return lines.joined(separator: "\n")
    }

    /// Migrations hold no customer's rows, so the server's words are shown; but a constraint or a cast that fails on
    /// the rows that are there quotes them.
    private static func quotesRows(_ error: PostgresError) -> Bool { ["22", "23"].contains(error.sqlStateClass) }

    static func headline(_ error: PostgresError) -> String {
        quotesRows(error) ? error.description : "\(error.severity) \(error.sqlState): \(error.message)"
    }

    private static func particulars(of error: PostgresError) -> [String] {
        guard !quotesRows(error) else { return [] }
        return [
            ("detail", error.detail), ("hint", error.hint), ("query", error.internalQuery), ("context", error.context),
        ]
        .compactMap { name, value in
            value.map { "  \(name): " + $0.split(separator: "\n").joined(separator: "\n    ") }
        }
    }
}

/// `{"code", "message", "exit_code"}` and, where they are known, `path`, `line`, `column`, `hint`, `sqlstate`, `problems`.
extension MigrationError: Encodable {
    private enum CodingKeys: String, CodingKey {
        case code, message, exitCode = "exit_code", path, line, column, hint, sqlState = "sqlstate", problems
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code.rawValue, forKey: .code)
        try container.encode(message, forKey: .message)
        try container.encode(exitCode, forKey: .exitCode)
        try container.encodeIfPresent(path, forKey: .path)
        try container.encodeIfPresent(line, forKey: .line)
        try container.encodeIfPresent(column, forKey: .column)
        try container.encodeIfPresent(hint, forKey: .hint)
        try container.encodeIfPresent(server?.sqlState, forKey: .sqlState)
        if !problems.isEmpty { try container.encode(problems, forKey: .problems) }
    }
}
