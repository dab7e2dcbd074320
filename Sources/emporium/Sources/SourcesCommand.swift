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
        // By what is called: a table of MySQL's that is not there comes with another code.
        try await Settings.withAdminSession(lacking: lacking, body)
    }

    private static let names = "select source from shop.source order by source"
    private static let lacking = "the database knows no order systems yet"

    /// - Throws: `ConfigurationError` with the sources that are there when there is no such one.
    static func require(_ name: String, _ connection: Connection) async throws {
        try require(name, try await connection.query(names))
    }

    /// The same, for a loader, whose session waits for a database that is away.
    static func require(_ name: String, _ session: DatabaseSession) async throws {
        do {
            try require(name, try await session.query("look for source \(name)", names))
        } catch let error as PostgresError where ["42P01", "3F000"].contains(error.sqlState) {
            throw ConfigurationError("\(lacking)\n  hint: emporium migrate")
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
                    (select place || '/' || database from ops.source_database(s.source)) as database,
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
                return try await connection.query("select shop.remove_source($1) as gone", [.text(name)]).first?.bool("gone") == true
            }
        }
        print(gone ? "source \(name) is removed" : "source \(name) is disconnected; what was taken from it stays")
    }
}
