import Postgres

extension Migrator {
    /// What a wait for a table's lock has come to that timed out outside of any file: who holds the locks that not even
    /// readers get past. The wait is over, so that nobody can tell any more which of them it was for.
    func notObtained(_ error: PostgresError) async -> MigrationError {
        var failure = MigrationError(
            .busy, "a lock was not to be had in time: \(error.message)",
            hint: "wait until that session's transaction has ended, or end it: select pg_terminate_backend(pid)")
        failure.server = error
        guard let connection = try? await Connection.connect(configuration, logger: logger) else { return failure }
        let holders = (try? await connection.query(Self.holders).rows.map(LockWait.init(holder:))) ?? []
        await connection.close()
        if holders.isEmpty {
            failure.hint = "whoever held it has let go meanwhile: run it again"
        } else {
            let names = holders.prefix(5).map(\.description).joined(separator: "\n")
            failure.message += "\n" + names + (holders.count > 5 ? "\nand \(holders.count - 5) more" : "")
        }
        return failure
    }

    /// The columns of `LockWait.sql`.
    private static let holders = """
        select min(l.relation::regclass::text) as target, l.mode, null as phase, 0 as waited, a.pid, x.gid,
          coalesce(a.usename, x.owner) as usename, a.application_name,
          case when x.gid is not null then 'prepared transaction' else a.state end as what,
          to_char(coalesce(a.xact_start, x.prepared) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') as since,
          extract(epoch from clock_timestamp() - coalesce(a.xact_start, x.prepared))::bigint as seconds
        from pg_catalog.pg_locks l
        join pg_catalog.pg_database d on d.oid = l.database and d.datname = pg_catalog.current_database()
        left join pg_catalog.pg_stat_activity a on a.pid = l.pid
        left join pg_catalog.pg_locks t on l.pid is null and t.virtualtransaction = l.virtualtransaction
          and t.locktype = 'transactionid'
        left join pg_catalog.pg_prepared_xacts x on x.transaction = t.transactionid
        where l.locktype = 'relation' and l.granted and l.mode = 'AccessExclusiveLock'
          and l.pid is distinct from pg_catalog.pg_backend_pid()
        group by l.mode, a.pid, a.usename, a.application_name, a.state, a.xact_start, x.gid, x.owner, x.prepared
        order by coalesce(a.xact_start, x.prepared)
        """
}

extension LockWait {
    fileprivate init(holder row: QueryResult.Row) { self.init([row]) }
}
