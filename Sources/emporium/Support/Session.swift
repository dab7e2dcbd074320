import Postgres

extension Settings {
    /// A session as a role, for as long as `body` takes.
    /// - Parameter lacking: what to say of a database that is migrated by an older version: `the database keeps no API keys yet`.
    /// - Throws: `ConfigurationError` of such a database; `PostgresError`, and what `body` throws.
    static func withSession<T: Sendable>(
        as role: String, lacking: String, _ body: (Connection) async throws -> T
    ) async throws -> T {
        try await withSession(try database().asRole(role), lacking: lacking, body)
    }

    /// The same as whoever administers.
    static func withAdminSession<T: Sendable>(lacking: String, _ body: (Connection) async throws -> T) async throws -> T {
        try await withSession(try adminDatabase(), lacking: lacking, body)
    }

    private static func withSession<T: Sendable>(
        _ configuration: ConnectionConfiguration, lacking: String, _ body: (Connection) async throws -> T
    ) async throws -> T {
        let connection = try await Connection.connect(configuration)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            if let error = error as? PostgresError, ["42P01", "42703", "3F000", "42883"].contains(error.sqlState) {
                throw ConfigurationError("\(lacking)\n  hint: emporium migrate")
            }
            throw error
        }
    }
}
