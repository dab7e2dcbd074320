import Postgres

/// What a transaction has changed that is not its database's alone: dropping the database would not take it back.
///
/// A session inside the transaction and one outside of it read the same catalogs; what they see differently, the
/// transaction has changed. That holds whatever other databases' sessions do at the same time, and a role file that
/// sets what is set already counts for nothing.
enum ClusterState {
    /// - Parameters:
    ///   - inside: in the open transaction, as the connecting user.
    ///   - outside: another session, in no transaction.
    /// - Returns: in words; nil where a commit and a drop of the database leave nothing behind.
    static func traces(_ inside: Connection, _ outside: Connection) async throws -> String? {
        var kinds: Set<String> = []
        if try await holdsUnseen(inside) { kinds.insert("roles") }
        if try await writesForeignTables(inside) { kinds.insert("rows of foreign tables") }
        var changed: Set<String>?
        var before = try await lines(outside)
        for _ in 0..<3 where changed?.isEmpty != true {
            let within = try await lines(inside)
            let after = try await lines(outside)
            // What somebody else has changed meanwhile is seen outside, too, before or after; and what comes and goes
            // between two looks is not there at the next one.
            let seen = within.subtracting(before).subtracting(after).union(before.intersection(after).subtracting(within))
            changed = changed?.intersection(seen) ?? seen
            before = after
        }
        kinds.formUnion((changed ?? []).map(kind))
        return kinds.isEmpty ? nil : kinds.sorted().joined(separator: ", ")
    }

    private static func kind(_ line: String) -> String {
        switch line.prefix(while: { $0 != " " }) {
        case "role", "password", "member": "roles"
        case "setting": "settings of roles or databases"
        case "comment", "label": "comments or labels of roles or databases"
        case "parameter": "grants on parameters"
        case "database": "other databases"
        case "tablespace": "tablespaces"
        default: "subscriptions"
        }
    }

    /// Every row of the shared catalogs, one a line, but for those of this database, which go with it.
    private static func lines(_ connection: Connection) async throws -> Set<String> {
        let result = try await connection.query(
            """
            with here as (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
            select 'role ' || (to_jsonb(r) - 'rolconfig')::text as line from pg_catalog.pg_roles r
            union all select 'member ' || m::text from pg_catalog.pg_auth_members m
            union all select 'setting ' || s::text from pg_catalog.pg_db_role_setting s, here
              where s.setdatabase <> here.oid
            union all select 'comment ' || c::text from pg_catalog.pg_shdescription c, here
              where not (c.classoid = 'pg_catalog.pg_database'::regclass and c.objoid = here.oid)
            union all select 'label ' || l::text from pg_catalog.pg_shseclabel l, here
              where not (l.classoid = 'pg_catalog.pg_database'::regclass and l.objoid = here.oid)
            union all select 'parameter ' || p::text from pg_catalog.pg_parameter_acl p
            union all select 'database ' || row(d.oid, d.datname, d.datdba, d.datallowconn, d.datconnlimit,
              d.datistemplate, d.dattablespace, d.datacl)::text from pg_catalog.pg_database d, here where d.oid <> here.oid
            union all select 'tablespace ' || t::text from pg_catalog.pg_tablespace t
            union all select 'subscription ' || row(s.oid, s.subdbid, s.subname)::text from pg_catalog.pg_subscription s
            """)
        var lines = Set(result.rows.map { $0.text("line") })
        if try await seesPasswords(connection) {
            // Only their digests leave the server.
            let passwords = try await connection.query(
                "select 'password ' || a.oid || ' ' || pg_catalog.md5(coalesce(a.rolpassword, '')) as line from pg_catalog.pg_authid a")
            lines.formUnion(passwords.rows.map { $0.text("line") })
        }
        return lines
    }

    private static func seesPasswords(_ connection: Connection) async throws -> Bool {
        try await connection.query(
            "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') as may").first?.bool("may") ?? false
    }

    /// Whether something of roles may have changed that this user cannot read: a password. Whoever changes a role
    /// keeps this lock until the transaction's end.
    private static func holdsUnseen(_ connection: Connection) async throws -> Bool {
        guard try await !seesPasswords(connection) else { return false }
        let held = try await connection.query(
            """
            select from pg_catalog.pg_locks l
            where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation'
              and l.relation = 'pg_catalog.pg_authid'::regclass and l.mode = 'RowExclusiveLock'
            """)
        return !held.rows.isEmpty
    }

    private static func writesForeignTables(_ connection: Connection) async throws -> Bool {
        let held = try await connection.query(
            """
            select from pg_catalog.pg_locks l
            join pg_catalog.pg_class c on c.oid = l.relation
            where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation'
              and l.mode = 'RowExclusiveLock' and c.relkind = 'f'
            """)
        return !held.rows.isEmpty
    }
}
