import Ingest
import Postgres

/// A source's database as PostgreSQL sees it: a server and a user mapping of mysql_fdw, and a schema of foreign tables.
enum SourceDatabase {
    struct Access: Sendable {
        let place: MySQLPlace
        let user: String
        let password: String
        let sslCA: String?
    }

    /// A table there, as far as it is known.
    struct Table: Encodable, Sendable {
        let table: String
        var rows: Int64?
        /// Columns that are read and not there; nil when the table is not there.
        var missing: [String]?

        var isUsable: Bool { missing == [] }
        var state: String {
            guard let missing else { return "the table is missing, or may not be read" }
            return missing.isEmpty ? "ok" : "columns are missing: \(missing.joined(separator: ", "))"
        }
    }

    /// Makes the extension if it is not there, the server, the mapping and the foreign tables, those of before replaced. Inside of the
    /// caller's transaction.
    /// - Throws: `ConfigurationError` with what is to be done, and by whom, where that may not be done here.
    static func connect(_ name: String, _ access: Access, _ connection: Connection) async throws {
        try await requireExtension(connection)
        try await disconnect(name, connection)
        let server = quoteIdentifier("source_\(name)")
        // Amounts and dates are read as text, whatever they are there: SQL judges them here. A date that MySQL takes and
        // PostgreSQL does not, 0000-00-00, would end the scan otherwise. One transaction, for as long as the session lasts: all
        // tables as they were at one moment. The comments: what MariaDB (M!) and MySQL 8 call the setting.
        var options = [
            "host \(quoteLiteral(access.place.host))", "port '\(access.place.port)'", "fetch_size '10000'", "character_set 'utf8mb4'",
            "init_command \(quoteLiteral(initCommand))",
        ]
        if let sslCA = access.sslCA { options.append("ssl_ca \(quoteLiteral(sslCA))") }
        do {
            try await connection.execute(
                "create server \(server) foreign data wrapper mysql_fdw options (\(options.joined(separator: ", ")));"
                    + "grant usage on foreign server \(server) to emporium_owner")
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw ConfigurationError(
                "this login may not use the wrapper: \(error.message)\n  hint: by the PostgreSQL server's administrator: "
                    + "grant usage on foreign data wrapper mysql_fdw to \(quoteIdentifier(try await user()))")
        }
        try await map(server, access, connection)
        // In a copy of a database its owner may not make schemas: rights on databases are not copied.
        let schema = "create schema \(quoteIdentifier("source_\(name)")) authorization emporium_owner"
        let may = try await connection.query("select has_database_privilege('emporium_owner', current_database(), 'create') as may")
        let makesItself = may.first?.bool("may") == true
        if !makesItself { try await connection.execute(schema) }
        try await connection.execute("set local role emporium_owner")
        if makesItself { try await connection.execute(schema) }
        try await makeTables(name, access.place.database, connection)
        try await connection.query("update shop.source set foreign_schema = 'source_' || source where source = $1", [.text(name)])
        try await connection.execute("reset role")
    }

    static let initCommand = "set autocommit = 0, /*M!100000 tx_isolation*/ /*!80000 transaction_isolation*/ = 'REPEATABLE-READ'"

    static func disconnect(_ name: String, _ connection: Connection) async throws {
        try await connection.execute(
            """
            set local client_min_messages = warning;
            drop schema if exists \(quoteIdentifier("source_\(name)")) cascade;
            drop server if exists \(quoteIdentifier("source_\(name)")) cascade;
            """)
    }

    /// Asked for anew: the transaction that would be asked is aborted by then.
    private static func user() async throws -> String {
        let connection = try await Connection.connect(try Settings.adminDatabase())
        let name = try? await connection.query("select current_user").first?[0]
        await connection.close()
        return name ?? ""
    }

    private static func requireExtension(_ connection: Connection) async throws {
        let found = try await connection.query(
            """
            select exists (select from pg_extension where extname = 'mysql_fdw') as made,
                exists (select from pg_available_extensions where name = 'mysql_fdw') as available,
                current_setting('server_version_num')::integer / 10000 as major
            """
        ).first
        if found?.bool("made") == true { return }
        guard found?.bool("available") == true else {
            throw ConfigurationError(
                "the PostgreSQL server has no mysql_fdw, by which MySQL is read\n  hint: on its machine: "
                    + "apt-get install postgresql-\(found?.text("major") ?? "15")-mysql-fdw; on a managed PostgreSQL that has none: load files")
        }
        do {
            try await connection.execute("create extension mysql_fdw")
        } catch let error as PostgresError where error.sqlState == "42501" {
            let user = quoteIdentifier(try await Self.user())
            throw ConfigurationError(
                "only a superuser makes the extension mysql_fdw, and this login is none\n  hint: by the PostgreSQL server's administrator, "
                    + "in this database: create extension mysql_fdw; grant usage on foreign data wrapper mysql_fdw to \(user)")
        }
    }

    /// The password goes as a parameter and into the mapping by a statement inside of a statement: no log of statements, no
    /// pg_stat_activity and no message of an error has it.
    private static func map(_ server: String, _ access: Access, _ connection: Connection) async throws {
        try await connection.execute(
            """
            do $$
            declare
                v_setting text[];
            begin
                foreach v_setting slice 1 in array array[
                    array['log_statement', 'none'], array['log_min_error_statement', 'panic'], array['log_min_duration_statement', '-1'],
                    array['log_min_duration_sample', '-1'], array['log_transaction_sample_rate', '0'], array['log_parameter_max_length', '0'],
                    array['pg_stat_statements.track', 'none']
                ] loop
                    begin
                        perform set_config(v_setting[1], v_setting[2], true);
                    exception when insufficient_privilege or undefined_object then
                        null;  -- not a superuser: what the server logs is for its administrator to say
                    end;
                end loop;
            end
            $$
            """)
        try await connection.query("select length(set_config('emporium.secret', $1, true))", [.text(access.password)])
        try await connection.execute(
            """
            do $$
            begin
                execute format('create user mapping for emporium_owner server %s options (username %L, password %L)',
                    \(quoteLiteral(server)), \(quoteLiteral(access.user)), current_setting('emporium.secret'));
            exception when others then
                raise exception using errcode = sqlstate, message = sqlerrm;
            end
            $$;
            set local emporium.secret = '';
            """)
    }

    private static func makeTables(_ name: String, _ database: String, _ connection: Connection) async throws {
        let (schema, server) = (quoteIdentifier("source_\(name)"), quoteIdentifier("source_\(name)"))
        func table(_ name: String, _ columns: [String], _ database: String, _ there: String) -> String {
            "create foreign table \(schema).\(quoteIdentifier(name)) "
                + "(\(columns.map { "\(quoteIdentifier($0)) text" }.joined(separator: ", "))) server \(server) "
                + "options (dbname \(quoteLiteral(database)), table_name \(quoteLiteral(there)));"
        }
        var statements = ""
        for (feed, columns) in try await feeds(connection) {
            let name = String(feed.split(separator: ".")[1])
            statements += table(name, columns, database, name)
        }
        statements += table("columns", ["table_schema", "table_name", "column_name"], "information_schema", "COLUMNS")
        statements += "comment on schema \(schema) is \(quoteLiteral("the database of the order system \(name), read through mysql_fdw"))"
        try await connection.execute(statements)
    }

    private static func feeds(_ connection: Connection) async throws -> [(feed: String, columns: [String])] {
        let rows = try await connection.query(
            "select feed, array_to_string(columns, ',') as columns from ops.feed where feed = any ($1)", [.array(SnapshotRun.feeds)]
        ).rows
        return SnapshotRun.feeds.compactMap { feed in
            rows.first { $0.text("feed") == feed }.map { (feed, $0.text("columns").split(separator: ",").map(String.init)) }
        }
    }

    /// Reaches the database and looks for its tables and columns, as `ops.land_snapshot` will.
    /// - Throws: `ForeignFailure`; `PostgresError` 08006 when it is not reached; `ConfigurationError` when the source has none.
    static func look(_ name: String, _ connection: Connection) async throws -> [Table] {
        let feeds = try await feeds(connection)
        let known = try await connection.query("select place, database from ops.source_database($1)", [.text(name)])
        guard let place = known.first?["place"], let database = known.first?["database"] else {
            throw ConfigurationError("source \(name) has no database: it sends files\n  hint: emporium sources add \(name) … --mysql HOST:PORT/DATABASE --user USER")
        }
        do {
            try await connection.execute("set role emporium_owner")
            let schema = quoteIdentifier("source_\(name)")
            let there = try await connection.query(
                "select lower(table_name) as table_name, lower(column_name) as column_name from \(schema).columns where table_schema = \(quoteLiteral(database))"
            ).rows
            var tables: [Table] = []
            for (feed, columns) in feeds {
                var table = Table(table: String(feed.split(separator: ".")[1]))
                let found = Set(there.filter { $0.text("table_name") == table.table }.map { $0.text("column_name") })
                if !found.isEmpty {
                    table.missing = columns.filter { !found.contains($0) }
                    if table.isUsable {
                        table.rows = try await connection.query("select count(*) as n from \(schema).\(quoteIdentifier(table.table))").first?.int("n")
                    }
                }
                tables.append(table)
            }
            try await connection.execute("reset role")
            return tables
        } catch let error as PostgresError where error.sqlStateClass == "HV" {
            throw ForeignFailure.translated(error, source: name, place: place)
        }
    }
}
