import Postgres

// What an interrupted `reindex concurrently` leaves: invalid indexes named …_ccnew (not finished) or …_ccold (not yet
// dropped), which cost every write and which no later reindex takes away.

extension Migrator {
    /// Drops those of the tables that are about to be reindexed, whoever left them. One that another session is still
    /// working on goes by itself meanwhile: the drop waits for that session first. One that cannot be dropped is
    /// reported, and stops nothing.
    func dropLeftovers(
        of scope: SQLScript.Statement.ReindexScope, _ statement: SQLScript.Statement, _ file: MigrationFile,
        _ connection: Connection
    ) async throws {
        let (condition, name): (String, String?) =
            switch scope {
            case .index(let name):
                ("o.oid in (select x.indrelid from pg_catalog.pg_index x where x.indexrelid in (\(Self.members)))", name)
            case .table(let name): ("o.oid in (\(Self.members))", name)
            case .schema(let name): ("o.relnamespace = to_regnamespace($1)", name)
            case .database: ("$1::text is null", nil)
            }
        let leftovers = try await connection.query(
            """
            select format('%I.%I', n.nspname, c.relname) as name
            from pg_catalog.pg_index i
            join pg_catalog.pg_class c on c.oid = i.indexrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            join pg_catalog.pg_class o on i.indrelid in (o.oid, o.reltoastrelid)
            where not i.indisvalid and c.relkind = 'i' and c.relname ~ '_cc(new|old)[0-9]*$' and o.relkind <> 't'
              and \(condition)
            order by 1
            """, [name.map { .text($0) } ?? .null])
        for row in leftovers.rows {
            let index = row.text("name")
            try await connection.execute("set lock_timeout = 0")
            do {
                try await connection.execute("drop index concurrently if exists \(index)")
                logger.notice("\(file.path): dropped the invalid index \(index) that an interrupted reindex has left")
                progress?.note(.indexDropped, file.path, line: statement.line, ["index": .text(index)])
            } catch let error as PostgresError where !error.isConnectionLost && !Task.isCancelled {
                logger.warning(
                    "\(file.path): an interrupted reindex has left the invalid index \(index), which is not to be dropped: \(error)")
            }
        }
    }

    /// The relation `$1` and, where it is partitioned, what belongs to it.
    private static let members = """
        select to_regclass($1)::oid union all select t.relid::oid from pg_catalog.pg_partition_tree(to_regclass($1)) t
        """
}
