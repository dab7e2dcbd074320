import ArgumentParser
import Foundation
import Ingest
import Postgres

struct SourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources",
        abstract: "Order systems whose customers, products and orders are taken into the shop: add, list, check, remove.",
        subcommands: [SourcesList.self, SourcesAdd.self, SourcesCheck.self, SourcesRemove.self],
        defaultSubcommand: SourcesList.self)
}

/// What the verbs share.
enum OrderSources {
    static func validate(name: String) throws {
        guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,39}/) != nil else {
            throw ValidationError("a source's name is a small letter and up to 39 of a-z 0-9 _; found \(name.prefix(80).debugDescription)")
        }
    }

    /// Connects as whoever administers, runs `body` and closes.
    static func withAdmin<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        let connection = try await Connection.connect(try Settings.adminDatabase())
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            // By what is called: a table of MySQL's that is not there comes with another code.
            if let error = error as? PostgresError, ["42P01", "42703", "3F000", "42883"].contains(error.sqlState) {
                throw lacking
            }
            throw error
        }
    }

    private static let names = "select source from shop.source order by source"
    private static let lacking = ConfigurationError("the database knows no order systems yet\n  hint: emporium migrate")

    /// - Throws: `ConfigurationError` with the sources that are there when there is no such one.
    static func require(_ name: String, _ connection: Connection) async throws {
        try require(name, try await connection.query(names))
    }

    /// The same, for a loader, whose session waits for a database that is away.
    static func require(_ name: String, _ session: DatabaseSession) async throws {
        do {
            try require(name, try await session.query("look for source \(name)", names))
        } catch let error as PostgresError where ["42P01", "3F000"].contains(error.sqlState) {
            throw lacking
        }
    }

    private static func require(_ name: String, _ answer: QueryResult) throws {
        let names = answer.rows.map { $0.text("source") }
        guard !names.contains(name) else { return }
        throw ConfigurationError(
            "source \(name) is unknown\n  hint: emporium sources add \(name) … ; "
                + (names.isEmpty ? "there is none yet" : "there are: \(names.joined(separator: ", "))"))
    }
}

struct SourcesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List sources: where they are, and when they were read last.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Source: Encodable { let source: String, currency: String, timeZone: String, database: String?, user: String?, read: String? }

    func run() async throws {
        let sources = try await OrderSources.withAdmin { connection in
            try await connection.query(
                """
                select s.source, s.currency, s.time_zone,
                    (select o.host || ':' || o.port || '/' || o.database
                        from (select max(option_value) filter (where option_name = 'host') as host,
                                max(option_value) filter (where option_name = 'port') as port,
                                (select split_part(x, '=', 2) from pg_foreign_table t, unnest(t.ftoptions) x
                                    where t.ftrelid = to_regclass(format('%I.orders', 'source_' || s.source)) and x like 'dbname=%') as database
                            from pg_foreign_server f, pg_options_to_table(f.srvoptions)
                            where f.srvname = 'source_' || s.source) o) as database,
                    (select option_value from pg_user_mappings m, pg_options_to_table(m.umoptions)
                        where m.srvname = 'source_' || s.source and m.usename = 'emporium_owner' and option_name = 'username') as username,
                    (select to_char(max(taken_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from ops.snapshot p
                        where p.source = s.source) as read
                from shop.source s order by s.source
                """
            ).rows.map {
                Source(
                    source: $0.text("source"), currency: $0.text("currency"), timeZone: $0.text("time_zone"), database: $0["database"],
                    user: $0["username"], read: $0["read"])
            }
        }
        if json { return try printJSON(sources) }
        if sources.isEmpty { return print("no sources; emporium sources add NAME --currency EUR --country DE --time-zone Europe/Berlin adds one") }
        printTable(
            ["source", "currency", "time zone", "MySQL", "user", "last read"],
            sources.map { [$0.source, $0.currency, $0.timeZone, $0.database ?? "files only", $0.user ?? "-", $0.read ?? "-"] })
    }
}

struct SourcesCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reach a source's database and look for its tables and columns.",
        discussion: "Exit code 69 when it is not reached, 78 when something is missing.")

    @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
    var name: String

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try OrderSources.validate(name: name) }

    func run() async throws {
        let tables = try await OrderSources.withAdmin { connection in
            try await OrderSources.require(name, connection)
            return try await SourceDatabase.look(name, connection)
        }
        if json {
            try printJSON(tables)
        } else {
            printTable(["table", "rows", "state"], tables.map { [$0.table, $0.rows.map(String.init) ?? "-", $0.state] })
        }
        if tables.contains(where: { !$0.isUsable }) { throw ExitCode(78) }
    }
}

struct SourcesRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Disconnect a source's database; a source that nothing was taken from goes altogether.",
        discussion: "What was taken from it stays, in the shop and in the books, and files of it can be loaded still.")

    @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
    var name: String

    func validate() throws { try OrderSources.validate(name: name) }

    func run() async throws {
        let gone = try await OrderSources.withAdmin { connection in
            try await OrderSources.require(name, connection)
            return try await connection.transaction { connection in
                try await SourceDatabase.disconnect(name, connection)
                try await connection.execute("set local role emporium_owner")
                try await connection.query("update shop.source set foreign_schema = null where source = $1", [.text(name)])
                let removed = try await connection.query(
                    """
                    delete from shop.source s where source = $1
                        and not exists (select from shop.source_version v where v.source = s.source)
                        and not exists (select from ops.snapshot p where p.source = s.source)
                        and not exists (select from ops.source_file f where f.source = s.source)
                        and not exists (select from quality.finding f where f.source = s.source)
                    returning supplier_id
                    """, [.text(name)])
                guard let supplier = removed.first?.int("supplier_id") else { return false }
                // That it was added with, unless somebody has put it to use.
                try await connection.query(
                    """
                    delete from shop.suppliers u where supplier_id = $1
                        and not exists (select from shop.products p where p.supplier_id = u.supplier_id)
                    """, [.int(supplier)])
                return true
            }
        }
        print(gone ? "source \(name) is removed" : "source \(name) is disconnected; what was taken from it stays")
    }
}
