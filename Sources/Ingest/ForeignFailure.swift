import Postgres

/// What keeps an order system's database from being read, and waiting does not mend.
public struct ForeignFailure: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The login or its password is not MySQL's.
        case login
        /// A database, table or column is not there, or may not be read.
        case missing
        case other
    }

    public let kind: Kind
    public let description: String

    /// - Parameter error: one of class HV, which mysql_fdw gives. Its message is MySQL's own: it names places, tables and columns,
    ///   and no row.
    /// - Returns: an outage, to be waited for, as `PostgresError` 08006; else a `ForeignFailure`.
    public static func translated(_ error: PostgresError, source: String, place: String? = nil) -> any Error {
        let text = words(error.message)
        let start = "source \(source)\(place.map { ", \($0)" } ?? ""): "
        if isOutage(error) { return PostgresError(sqlState: "08006", message: "\(start)MySQL is away: \(text)") }
        func has(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
        if has("Access denied for user", "authentication", "Authentication", "is blocked because of") && !has("to database") {
            return ForeignFailure(
                kind: .login,
                description: "\(start)MySQL refused the login: \(text)\n  hint: emporium sources add \(source) … "
                    + "with the password in \(passwordVariable(source))")
        }
        if has("Unknown database", "doesn't exist", "Unknown column", "command denied", "to database") {
            return ForeignFailure(
                kind: .missing, description: "\(start)\(text)\n  hint: emporium sources check \(source) names what is missing")
        }
        return ForeignFailure(kind: .other, description: "\(start)mysql_fdw, SQLSTATE \(error.sqlState): \(text)")
    }

    /// Where a source's password is taken from: EMPORIUM_SOURCE_LEGACY_PASSWORD.
    public static func passwordVariable(_ source: String) -> String { "EMPORIUM_SOURCE_\(source.uppercased())_PASSWORD" }

    /// MySQL is not reached, or goes away: by the words of MySQL's client library, which mysql_fdw puts under few SQLSTATEs.
    static func isOutage(_ error: PostgresError) -> Bool {
        let text = error.message
        if error.sqlState == "HV00N" {
            return !["Access denied", "uthentication", "Unknown database", "is not allowed to connect", "is blocked", "SSL", "TLS"]
                .contains { text.contains($0) }
        }
        return [
            "gone away", "Lost connection", "Server shutdown in progress", "Can't connect", "Connection was killed", "was killed",
            "Connection reset", "Too many connections", "Lock wait timeout", "Deadlock found", "try restarting transaction",
        ].contains { text.contains($0) }
    }

    /// MySQL's part of a message, on one line and not endless.
    private static func words(_ message: String) -> String {
        let tail = message.split(separator: "\n", maxSplits: 1).last.map(String.init) ?? message
        let text = tail.hasPrefix("failed to connect to MySQL: ") ? String(tail.dropFirst("failed to connect to MySQL: ".count)) : tail
        return String(text.replacing("\n", with: " ").prefix(300))
    }
}
