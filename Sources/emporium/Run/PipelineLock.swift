import Logging
import Postgres

/// One run of a pipeline at a time: a session-level advisory lock, on a session that does nothing else. With its
/// process, or the server, the lock goes, too.
actor PipelineLock {
    private let name: String
    private let database: ConnectionConfiguration
    private let logger: Logger
    private var connection: Connection?

    init(name: String, database: ConnectionConfiguration, logger: Logger) {
        self.name = name
        self.database = database.asRole("promoter")
        self.logger = logger
    }

    /// - Returns: nil when the lock was obtained, else who has it.
    func acquire() async throws -> String? {
        let connection = try await Connection.connect(database, logger: logger)
        let answer = try await connection.query("select pg_try_advisory_lock(hashtextextended($1, 0))", [.text(name)])
        if answer.first?[0] == "t" {
            self.connection = connection
            return nil
        }
        let holder = try await holder(connection)
        await connection.close()
        return holder
    }

    /// Sees that the lock is still held; takes it again when its session was lost.
    /// - Throws: `PostgresError` 55P03 when another run has it by now.
    func confirm() async throws {
        if let connection, (try? await connection.query("select 1")) != nil { return }
        await connection?.close()
        connection = nil
        if let holder = try await acquire() {
            throw PostgresError(
                sqlState: "55P03", message: "another run took over meanwhile (\(holder))",
                hint: "nothing to do: it completes this one")
        }
    }

    func release() async {
        await connection?.close()
        connection = nil
    }

    private func holder(_ connection: Connection) async throws -> String {
        let answer = try await connection.query(
            """
            select 'pid ' || a.pid || coalesce(' since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), '') as holder
            from pg_locks l join pg_stat_activity a using (pid)
            where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0)
            """, [.text(name)])
        return answer.first?.text("holder") ?? "its session is not shown"
    }
}
