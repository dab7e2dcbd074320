import Logging
import Postgres

/// The connection that files run on. Before each attempt it is as if new, whatever the last file has set.
struct WorkSession: Sendable {
    let connection: Connection
    private let configuration: ConnectionConfiguration
    private let lockTimeout: Duration
    private let ownerRole: String?
    /// How long the server waits before it looks for a deadlock, and makes way for us through an autovacuum.
    let deadlockTimeout: Duration

    /// - Throws: `PostgresError` when the server cannot be reached, `MigrationError.Code.configuration` before 15.
    static func open(
        _ configuration: ConnectionConfiguration, _ options: MigrationOptions, _ logger: Logger
    ) async throws -> WorkSession {
        let connection = try await Connection.connect(configuration, logger: logger)
        do {
            guard connection.serverVersion >= 150_000 else {
                throw MigrationError(
                    .configuration, "PostgreSQL 15 or later is needed, this is \(connection.serverVersion / 10000)")
            }
            let sql = settings(configuration, options.lockTimeout, deadlockTimeout(under: options.lockTimeout))
            let row = try await connection.execute(sql).first
            let deadlock = row.flatMap { Int64($0.text("deadlock_timeout")) } ?? 1000
            return WorkSession(
                connection: connection, configuration: configuration, lockTimeout: options.lockTimeout,
                ownerRole: options.ownerRole, deadlockTimeout: .milliseconds(deadlock))
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Takes a connection over that somebody else has opened and will close.
    static func adopt(_ connection: Connection, _ options: MigrationOptions) async throws -> WorkSession {
        let deadlockTimeout = deadlockTimeout(under: options.lockTimeout)
        try await connection.execute(settings(connection.configuration, options.lockTimeout, deadlockTimeout))
        return WorkSession(
            connection: connection, configuration: connection.configuration, lockTimeout: options.lockTimeout,
            ownerRole: options.ownerRole, deadlockTimeout: .milliseconds(deadlockTimeout))
    }

    /// `client_connection_check_interval` ends a killed migrator's statement within a second, and the keepalives one
    /// whose machine went away. `deadlock_timeout` must pass before an autovacuum makes way, so it is kept below the
    /// lock timeout where this user may set it. The lexer relies on `standard_conforming_strings`.
    private static func settings(
        _ configuration: ConnectionConfiguration, _ lockTimeout: Duration, _ deadlockTimeout: Int64
    ) -> String {
        var sql = "set role none;"
        for (name, value) in configuration.settings.sorted(by: { $0.key < $1.key }) {
            sql += "select pg_catalog.set_config(\(quoteLiteral(name)), \(quoteLiteral(value)), false);"
        }
        if let role = configuration.role { sql += "set role \(quoteIdentifier(role));" }
        return sql + """
            set client_connection_check_interval = '1s';
            set tcp_keepalives_idle = 10;
            set tcp_keepalives_interval = 5;
            set tcp_keepalives_count = 3;
            set standard_conforming_strings = on;
            set statement_timeout = 0;
            set idle_session_timeout = 0;
            set idle_in_transaction_session_timeout = 0;
            set default_transaction_isolation = 'read committed';
            set lock_timeout = \(lockTimeout.milliseconds);
            select pg_catalog.set_config('deadlock_timeout', '\(deadlockTimeout)', false)
            from pg_catalog.pg_settings s
            where s.name = 'deadlock_timeout'
              and s.setting::bigint > \(deadlockTimeout)
              and pg_catalog.has_parameter_privilege('deadlock_timeout', 'set');
            select s.setting as deadlock_timeout from pg_catalog.pg_settings s where s.name = 'deadlock_timeout'
            """
    }

    /// Milliseconds: half the lock timeout; as good as none where waits are without limit.
    private static func deadlockTimeout(under lockTimeout: Duration) -> Int64 {
        lockTimeout > .zero ? max(1, lockTimeout.milliseconds / 2) : .max
    }

    /// Takes back everything that a file may have set: settings, role, temporary tables, prepared statements.
    func renew(lockTimeout: Duration) async throws {
        try await connection.execute("discard all")
        let deadlockTimeout = Self.deadlockTimeout(under: self.lockTimeout)
        try await connection.execute(Self.settings(configuration, lockTimeout, deadlockTimeout))
    }

    /// The same inside a transaction, where `discard all` may not run.
    func renewInTransaction() async throws {
        try await connection.execute(
            "set session authorization default; set role none; reset all; close all; deallocate all; discard temp;"
                + "discard sequences; select pg_catalog.pg_advisory_unlock_all();"
                + Self.settings(configuration, lockTimeout, Self.deadlockTimeout(under: lockTimeout)))
    }

    /// Becomes the owner role for files of that kind.
    func becomeOwner(of file: MigrationFile, inTransaction: Bool) async throws {
        guard file.kind.runsAsOwner, let ownerRole else { return }
        do {
            try await connection.execute("set \(inTransaction ? "local " : "")role \(quoteIdentifier(ownerRole))")
        } catch let error as PostgresError where ["22023", "42501"].contains(error.sqlState) {
            var failure = MigrationError(
                .configuration,
                error.sqlState == "22023"
                    ? "the owner role \(ownerRole) does not exist"
                    : "\(try await userName()) may not become the owner role \(ownerRole)",
                hint: "sql/roles/0*.sql must make it and grant it to the connecting user;\n"
                    + "or name another one with --owner-role, or none with --owner-role ''")
            failure.path = file.path
            throw failure
        }
    }

    /// Becomes the connecting user again, who owns the ledger.
    func becomeConnectingUser() async throws {
        try await connection.execute("set role \(configuration.role.map(quoteIdentifier) ?? "none")")
    }

    private func userName() async throws -> String {
        // The transaction is aborted: ask outside of it.
        if await connection.inTransaction { try await connection.execute("rollback") }
        return try await connection.query("select current_user as name").first?.text("name") ?? "this user"
    }

    /// Rolls back what is open; a session of which that cannot be said is ended.
    func rollBack() async {
        guard await connection.inTransaction else { return }
        do { try await connection.execute("rollback") } catch { await connection.close() }
    }
}
