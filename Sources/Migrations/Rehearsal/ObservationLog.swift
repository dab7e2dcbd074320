import Postgres

/// What the statements of the file under way did.
actor ObservationLog {
    /// The relations that were there before the run, by OID.
    private let existing: Set<UInt32>
    private var observer = StatementObserver()
    private var seen: [(path: String, statement: RehearsalReport.Statement)] = []

    init(existing: Set<UInt32>) { self.existing = existing }

    static func begin(_ connection: Connection) async throws -> ObservationLog {
        let result = try await connection.query("select c.oid from pg_catalog.pg_class c where c.oid >= 16384")
        return ObservationLog(existing: Set(result.rows.compactMap { $0.int("oid") }.map { UInt32($0) }))
    }

    /// For a new file, or a new attempt at it.
    /// - Parameter hasChanged: something was rolled back, or ran without being looked at.
    func clear(hasChanged: Bool) {
        seen = []
        if hasChanged { observer.reset() } else { observer.proceed() }
    }

    /// Of a file, in the order of running.
    func statements(of path: String) -> [RehearsalReport.Statement] {
        seen.filter { $0.path == path }.map(\.statement)
    }

    /// Notes what a statement does while it is sent; outside of a transaction only how long it takes, because its locks
    /// are gone when it ends.
    /// - Parameter send: sends it, and whatever it takes to make it fit.
    nonisolated func watch(
        _ statement: SQLScript.Statement, of path: String, _ connection: Connection,
        _ send: () async throws -> QueryResult?
    ) async throws {
        guard await connection.inTransaction else {
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await send()
            let duration = (clock.now - start) / .milliseconds(1)
            await note(.init(line: statement.line, head: statement.head(), duration: duration), path)
            return
        }
        var observer = await observer
        let seen = try await observer.observe(connection, send)
        await note(.init(statement, seen, existing: existing), path, observer)
    }

    private func note(_ statement: RehearsalReport.Statement, _ path: String, _ observer: StatementObserver? = nil) {
        seen.append((path, statement))
        if let observer { self.observer = observer }
    }
}
