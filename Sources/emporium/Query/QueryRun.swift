import Ingest
import Logging
import Postgres

/// Runs query files as a role, each in a read-only transaction, with what makes an answer the same everywhere: UTC and ISO dates.
struct QueryRun {
    private let session: DatabaseSession

    /// - Parameter timeout: how long a query may take; 0 is for ever.
    /// - Throws: `ConfigurationError` for database settings that are none.
    init(role: String, timeout: Duration, logger: Logger) throws {
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        let database = try Settings.database().asRole(role)
            .setting("statement_timeout", String(milliseconds)).setting("TimeZone", "UTC")
            .setting("DateStyle", "ISO, MDY").setting("IntervalStyle", "postgres")
        session = DatabaseSession(database, patience: .seconds(10), logger: logger)
    }

    /// - Throws: `PostgresError`; 57014 is a query that took too long.
    func answer(_ query: QueryFile, _ values: [QueryFile.Value]) async throws -> QueryOutput {
        let (sql, parameters) = (query.sql, values.map { Parameter.optional($0.text) })
        return QueryOutput(
            try await session.run(query.name) { connection in
                try await connection.execute("begin transaction read only")
                let result = try await connection.query(sql, parameters)
                try await connection.execute("commit")
                return result
            })
    }

    func close() async { await session.close() }
}
