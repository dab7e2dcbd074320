/// An error of the server, of libpq, or of the use of a connection.
///
/// `description` is fit for logs: it names SQLSTATE, constraint, table and column, but never a row's values.
/// `debugDescription` gives everything the server said, values included.
public struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Five characters; class = the first two. `08000` where libpq lost the connection and the server said nothing.
    public var sqlState: String
    /// The server's primary message. May quote row values: print it only through `description`.
    public var message: String
    public var severity = "ERROR"
    public var detail: String?
    public var hint: String?
    public var context: String?
    public var schema: String?
    public var table: String?
    public var column: String?
    public var dataType: String?
    public var constraint: String?
    /// 1-based position in characters (not bytes) in the statement that was sent.
    public var position: Int?
    /// 1-based position in `internalQuery`, a statement that the server made itself.
    public var internalPosition: Int?
    public var internalQuery: String?

    public init(sqlState: String, message: String, detail: String? = nil, hint: String? = nil) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
    }

    /// The first two characters of the SQLSTATE, for example `23` for a broken constraint.
    public var sqlStateClass: String { String(sqlState.prefix(2)) }

    /// An outage: wait and try again, the data is not to blame (classes 08, 40, 53, 55, 57, 58).
    public var isOutage: Bool { ["08", "40", "53", "55", "57", "58"].contains(sqlStateClass) }

    /// The data is to blame, once the row is isolated (classes 22, 23, 54).
    public var isBadData: Bool { ["22", "23", "54"].contains(sqlStateClass) }

    /// The session is gone: only a new connection helps.
    public var isConnectionLost: Bool { sqlStateClass == "08" || ["57P01", "57P02", "57P03"].contains(sqlState) }

    /// Classes whose primary messages name objects and states of the server, never values of rows.
    private static let messageIsSafe: Set<String> = [
        "08", "0A", "25", "26", "28", "3B", "3D", "3F", "40", "42", "53", "55", "57", "58", "EM",
    ]

    public var description: String {
        var text = "\(severity) \(sqlState)"
        if Self.messageIsSafe.contains(sqlStateClass) {
            text += ": \(message)"
        } else {
            text += ": \(Self.conditionNames[sqlState] ?? "see the server's log")"
        }
        let place = [schema, table, column].compactMap(\.self).joined(separator: ".")
        if !place.isEmpty { text += " on \(place)" }
        if let constraint { text += " (constraint \(constraint))" }
        if let dataType { text += " (type \(dataType))" }
        if sqlStateClass == "EM", let detail { text += "\n  detail: \(detail)" }
        if let hint, Self.messageIsSafe.contains(sqlStateClass) { text += "\n  hint: \(hint)" }
        return text
    }

    public var debugDescription: String {
        var lines = ["\(severity) \(sqlState): \(message)"]
        for (name, value) in [
            ("detail", detail), ("hint", hint), ("schema", schema), ("table", table), ("column", column),
            ("type", dataType), ("constraint", constraint), ("position", position.map(String.init)),
            ("internal query", internalQuery), ("context", context),
        ] {
            if let value { lines.append("  \(name): \(value)") }
        }
        return lines.joined(separator: "\n")
    }

    /// Condition names of PostgreSQL's appendix A for those classes whose messages quote values.
    private static let conditionNames: [String: String] = [
        "22001": "string data right truncation", "22003": "numeric value out of range",
        "22007": "invalid datetime format", "22008": "datetime field overflow", "22012": "division by zero",
        "22021": "character not in repertoire", "22P02": "invalid text representation",
        "22P03": "invalid binary representation", "22P04": "bad copy file format",
        "22P05": "untranslatable character", "22023": "invalid parameter value",
        "23001": "restrict violation", "23502": "not null violation", "23503": "foreign key violation",
        "23505": "unique violation", "23514": "check violation", "23P01": "exclusion violation",
        "54000": "program limit exceeded", "P0001": "exception raised by a function",
        "P0004": "assertion failed", "XX000": "internal error", "XX001": "data corrupted",
    ]

    static func lost(_ message: String) -> PostgresError { PostgresError(sqlState: "08006", message: message) }
    static func misuse(_ message: String) -> PostgresError { PostgresError(sqlState: "0A000", message: message) }
}
