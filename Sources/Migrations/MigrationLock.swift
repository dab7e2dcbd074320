import Logging
import Postgres

/// The right to migrate one database: a session-level advisory lock on a connection of its own.
///
/// The connection never sits in a transaction and the lock is polled: a session that *waits* in `pg_advisory_lock`
/// holds a snapshot, the holder's `create index concurrently` waits for that snapshot, and the two deadlock (40P01).
struct MigrationLock: Sendable {
    /// Advisory locks are per database already, so that one key serves them all: the bytes of `emporium`.
    static let key: Int64 = 0x656D_706F_7269_756D

    private static let held = """
        from pg_catalog.pg_locks l
        where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
          and l.classid::bigint = (\(key) >> 32) and l.objid::bigint = (\(key) & 4294967295)
          and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
        """

    private let connection: Connection

    /// - Throws: `MigrationError.Code.lockNotObtained`, which names the holder, after `wait`.
    static func acquire(
        _ configuration: ConnectionConfiguration, wait: Duration, logger: Logger, _ progress: Progress? = nil
    ) async throws -> MigrationLock {
        var configuration = configuration
        configuration.applicationName += " (lock)"
        let connection = try await Connection.connect(configuration, logger: logger)
        do {
            try await connection.execute(
                """
                set statement_timeout = 0; set idle_session_timeout = 0; set idle_in_transaction_session_timeout = 0;
                set default_transaction_isolation = 'read committed'
                """)
            try await poll(connection, wait, logger, progress)
            return MigrationLock(connection: connection)
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func poll(
        _ connection: Connection, _ wait: Duration, _ logger: Logger, _ progress: Progress?
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + wait
        var pause = Duration.milliseconds(25)
        var saidSo = false
        while true {
            let answer = try await connection.query("select pg_catalog.pg_try_advisory_lock(\(key)) as locked")
            if answer.first?.bool("locked") == true { return }
            let left = deadline - clock.now
            guard left > .zero else { break }
            if !saidSo {
                saidSo = true
                let holder = try await holder(connection)
                logger.notice(
                    "another migrator is at work (\(holder ?? "it ends just now")); waiting up to \(wait.short)")
                progress?.note(
                    .waiting, nil,
                    ["target": "the right to migrate this database", "blockers": .text(holder ?? "it ends just now")])
            }
            try await Task.sleep(for: min(left, pause * Double.random(in: 0.5..<1)))
            pause = min(pause * 2, .seconds(1))
        }
        let holder = try await holder(connection) ?? "it ended just now"
        throw MigrationError(
            .lockNotObtained, "another migrator held this database for \(wait.short): \(holder)",
            hint: "wait longer with --lock-wait, or look what it does: select * from pg_stat_activity")
    }

    /// `pid 4711, user deploy, application emporium migrate (lock), since 2025-11-21 01:10:00Z, client 10.0.0.7`; what
    /// the server keeps from this user is left out. nil where nobody holds the lock.
    private static func holder(_ connection: Connection) async throws -> String? {
        let rows = try await connection.query(
            """
            select a.pid, a.usename, a.application_name,
              to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') as since,
              case when a.backend_start is null then null
                else coalesce(host(a.client_addr), 'local socket') end as client
            from pg_catalog.pg_stat_activity a
            where a.pid in (select l.pid \(held))
            """)
        return rows.first.map { session($0) }
    }

    /// - Throws: `MigrationError.Code.lockLost` when the session is gone or holds the lock no more.
    func check() async throws {
        let gone = MigrationError(
            .lockLost, "the advisory lock was lost: its session was ended, or goes through a pooler",
            hint: "another migrator may be at work; run it again, past any pooler")
        do {
            let answer = try await connection.query("select 1 \(Self.held) and l.pid = pg_catalog.pg_backend_pid()")
            if answer.rows.isEmpty { throw gone }
        } catch let error as PostgresError {
            var gone = gone
            gone.server = error
            throw gone
        }
    }

    /// Who keeps the given session waiting, and for what; nil when it does not wait.
    func wait(of backendPID: Int32) async throws -> LockWait? {
        let rows = try await connection.query(LockWait.sql, [.int(Int64(backendPID))]).rows
        return rows.isEmpty ? nil : LockWait(rows)
    }

    /// What is known of a session; the server keeps most of it from those who are neither it nor a superuser.
    static func session(_ row: QueryResult.Row) -> String {
        let names = [
            ("pid", "pid "), ("usename", "user "), ("application_name", "application "), ("since", "since "),
            ("client", "client "), ("what", ""),
        ]
        let values = row.dictionary
        return names.compactMap { column, name in
            guard let value = values[column] ?? nil, !value.isEmpty else { return nil }
            return name + value
        }
        .joined(separator: ", ")
    }

    func release() async { await connection.close() }
}
