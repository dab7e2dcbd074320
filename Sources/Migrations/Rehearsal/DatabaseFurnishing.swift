import Postgres

/// What belongs to a database and stands outside of it, so that `create database … template` does not copy it: its
/// owner, its grants, its settings. A file would run otherwise than in the original without them.
///
/// It goes with the copy when that is dropped.
struct DatabaseFurnishing: Sendable {
    private struct Grant: Sendable {
        /// nil: PUBLIC.
        let grantee: String?
        let privilege: String
        let isGrantable: Bool
    }
    private struct Setting: Sendable {
        /// nil: of the database, for everybody.
        let role: String?
        let name: String
        let value: String
    }

    let database: String
    private let owner: String
    /// nil: those that every new database has.
    private let grants: [Grant]?
    private let settings: [Setting]

    /// Reads those of the database that the connection is in.
    static func read(_ connection: Connection) async throws -> DatabaseFurnishing {
        let database = try await connection.query(
            """
            select d.datname, r.rolname as owner, d.datacl is null as is_default
            from pg_catalog.pg_database d
            join pg_catalog.pg_roles r on r.oid = d.datdba
            where d.datname = pg_catalog.current_database()
            """)
        guard let row = database.first else {
            throw MigrationError(.configuration, "the database is gone from pg_database")
        }
        let grants = try await connection.query(
            """
            select r.rolname, a.grantee <> 0 and r.oid is null as is_unknown, a.privilege_type, a.is_grantable
            from pg_catalog.pg_database d
            cross join lateral pg_catalog.aclexplode(d.datacl) a
            left join pg_catalog.pg_roles r on r.oid = a.grantee
            where d.datname = pg_catalog.current_database() and a.grantee <> d.datdba
            """)
        let settings = try await connection.query(
            """
            select r.rolname, pg_catalog.split_part(c.item, '=', 1) as name,
              pg_catalog.substr(c.item, pg_catalog.strpos(c.item, '=') + 1) as value
            from pg_catalog.pg_db_role_setting s
            join pg_catalog.pg_database d on d.oid = s.setdatabase
            left join pg_catalog.pg_roles r on r.oid = s.setrole
            cross join lateral pg_catalog.unnest(s.setconfig) c(item)
            where d.datname = pg_catalog.current_database()
            """)
        return DatabaseFurnishing(
            database: row.text("datname"), owner: row.text("owner"),
            grants: row.bool("is_default") == true
                ? nil
                : grants.rows.filter { $0.bool("is_unknown") != true }.map {
                    Grant(
                        grantee: $0["rolname"], privilege: $0.text("privilege_type"),
                        isGrantable: $0.bool("is_grantable") ?? false)
                },
            settings: settings.rows.map {
                Setting(role: $0["rolname"], name: $0.text("name"), value: $0.text("value"))
            })
    }

    /// Gives them to the database that the connection is in; sessions that begin afterwards have the settings.
    /// - Returns: what this user may not give, in words.
    func give(_ connection: Connection) async throws -> [String] {
        let name = try await connection.query("select current_database() as name").first?.text("name") ?? ""
        let target = "database \(quoteIdentifier(name))"
        var missing: [String] = []
        // Only an owner whose rights this user has: otherwise it could not drop the copy any more.
        let may = try await connection.query(
            "select pg_catalog.pg_has_role($1::name, 'usage') as may", [.text(owner)]).first?.bool("may") ?? false
        let change = "alter \(target) owner to \(quoteIdentifier(owner))"
        if let why = may ? try await refusal(change, connection) : "without rights of \(owner)" {
            missing.append("its owner (\(why))")
        }
        if let grants {
            var statements = ["revoke all on \(target) from public"]
            statements += grants.map {
                "grant \($0.privilege) on \(target) to \($0.grantee.map(quoteIdentifier) ?? "public")"
                    + ($0.isGrantable ? " with grant option" : "")
            }
            for statement in statements {
                if let why = try await refusal(statement, connection) { missing.append("\(statement) (\(why))") }
            }
        }
        for setting in settings {
            // `from current` keeps the value as it is; a list in quotes would become one element.
            let place = setting.role.map { "role \(quoteIdentifier($0)) in \(target)" } ?? target
            let statement =
                "select pg_catalog.set_config(\(quoteLiteral(setting.name)), \(quoteLiteral(setting.value)), true);"
                + "alter \(place) set \(setting.name) from current"
            if let why = try await refusal(statement, connection) {
                missing.append("the setting \(setting.name)\(setting.role.map { " of \($0)" } ?? "") (\(why))")
            }
        }
        return missing
    }

    /// nil where it was done.
    private func refusal(_ statement: String, _ connection: Connection) async throws -> String? {
        do {
            try await connection.execute(statement)
            return nil
        } catch let error as PostgresError where !error.isConnectionLost && !Task.isCancelled {
            return error.message
        }
    }
}
