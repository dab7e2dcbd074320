import Postgres
import Synchronization

/// What the statements of the files under way did.
final class ObservationLog: Sendable {
    private struct State: Sendable {
        var observer = StatementObserver()
        /// By the path of the file.
        var statements: [String: [RehearsalReport.Statement]] = [:]
    }

    /// The relations that were there before the run, by OID.
    private let existing: Set<UInt32>
    private let state = Mutex(State())

    private init(existing: Set<UInt32>) { self.existing = existing }

    static func begin(_ connection: Connection) async throws -> ObservationLog {
        let result = try await connection.query("select c.oid from pg_catalog.pg_class c where c.oid >= 16384")
        return ObservationLog(existing: Set(result.rows.compactMap { $0.int("oid") }.map { UInt32($0) }))
    }

    func statements(of path: String) -> [RehearsalReport.Statement] { state.withLock { $0.statements[path] ?? [] } }

    /// For a new file, or a new attempt at it.
    /// - Parameter hasChanged: something was rolled back, or ran without being looked at.
    func clear(hasChanged: Bool) {
        state.withLock {
            $0.statements = [:]
            if hasChanged { $0.observer.reset() } else { $0.observer.proceed() }
        }
    }

    /// Runs a statement and notes what it does; outside of a transaction only how long it takes, because its locks are
    /// gone when it ends.
    /// - Parameter run: gives the rows that it touched.
    func look(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection, _ run: () async throws -> Int
    ) async throws {
        guard await connection.inTransaction else {
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await run()
            let elapsed = (clock.now - start) / .milliseconds(1)
            note(.init(line: statement.line, head: statement.head(), duration: elapsed), file)
            return
        }
        var observer = state.withLock { $0.observer }
        let seen = try await observer.observe(connection, counting: run)
        state.withLock { [observer] in $0.observer = observer }
        note(.init(statement, seen, existing: existing), file)
    }

    private func note(_ statement: RehearsalReport.Statement, _ file: MigrationFile) {
        state.withLock { $0.statements[file.path, default: []].append(statement) }
    }
}
