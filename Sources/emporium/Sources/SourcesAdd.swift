import ArgumentParser
import Foundation
import Ingest
import Postgres

struct SourcesAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add an order system, or connect one that is there to a database or another one.",
        discussion: """
            With --mysql its tables customers, employees, products, orders and order_details are read through mysql_fdw, by \
            `emporium load database`; the password of --user comes from EMPORIUM_SOURCE_NAME_PASSWORD (NAME in capitals; empty for \
            none) and is kept by PostgreSQL in the user mapping of its owner. Without --mysql the source sends files: \
            emporium load files --feed source.orders --source NAME.

            HOST is as the PostgreSQL server reaches it. Connecting takes a superuser of PostgreSQL (EMPORIUM_ADMIN_URL); what a \
            managed PostgreSQL needs instead is in docs/order-sources.md.
            """)

    @Argument(help: ArgumentHelp("What it is called; a small letter, then a-z 0-9 _.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("Of its amounts, by ISO 4217: EUR.", valueName: "code"))
    var currency: String

    @Option(help: ArgumentHelp("Where it sells, by ISO 3166-1: DE.", valueName: "code"))
    var country: String

    @Option(help: ArgumentHelp("Where its times without an offset are meant: Europe/Berlin.", valueName: "name"))
    var timeZone: String

    @Option(help: ArgumentHelp("Its database on MySQL or MariaDB.", valueName: "host:port/database"))
    var mysql: String?

    @Option(help: ArgumentHelp("Who reads there; needs SELECT on the five tables.", valueName: "login"))
    var user: String?

    @Option(help: ArgumentHelp("Certificate of the authority that MySQL's is checked against; a file on the PostgreSQL server.", valueName: "path"))
    var sslCa: String?

    func validate() throws {
        try OrderSources.validate(name: name)
        if currency.wholeMatch(of: /[A-Z]{3}/) == nil { throw ValidationError("--currency: three capitals, such as EUR") }
        if country.wholeMatch(of: /[A-Z]{2}/) == nil { throw ValidationError("--country: two capitals, such as DE") }
        if (mysql == nil) != (user == nil) { throw ValidationError("--mysql and --user go together") }
        if mysql == nil, sslCa != nil { throw ValidationError("--ssl-ca goes with --mysql") }
        if let mysql { _ = try MySQLPlace(mysql) }
    }

    func run() async throws {
        var access: SourceDatabase.Access?
        if let mysql, let user {
            let variable = ForeignFailure.passwordVariable(name)
            guard let password = getenv(variable) else {
                throw ConfigurationError("\(variable) is not set: the password of \(user) at MySQL\n  hint: empty for a login without one")
            }
            access = SourceDatabase.Access(
                place: try MySQLPlace(mysql), user: user, password: String(cString: password), sslCA: sslCa)
        }
        let tables = try await OrderSources.withAdmin { [access] connection in
            try await connection.transaction { connection in
                try await connection.execute("set local role emporium_owner")
                try await connection.query(
                    "select shop.add_source($1, $2, $3, $4)", [.text(name), .text(currency), .text(country), .text(timeZone)])
                try await connection.execute("reset role")
                guard let access else { return [SourceDatabase.Table]() }
                try await SourceDatabase.connect(name, access, connection)
                let tables = try await SourceDatabase.look(name, connection)
                if tables.contains(where: { !$0.isUsable }) {
                    throw ConfigurationError(
                        "source \(name) is not added: \(access.place) lacks what `emporium load database` reads:\n"
                            + tables.filter { !$0.isUsable }.map { "  \($0.table): \($0.state)" }.joined(separator: "\n")
                            + "\n  hint: scripts/mysql/schema.sql has the tables; views of these names and columns serve as well")
                }
                return tables
            }
        }
        guard let access else { return print("source \(name) sends files: emporium load files --feed source.orders --source \(name) FILE") }
        print("source \(name) is \(access.place): " + tables.map { "\($0.rows ?? 0) \($0.table)" }.joined(separator: ", "))
        print("load it: emporium load database --source \(name)")
    }
}

/// `host:port/database`; the port may be left out, an IPv6 address stands in brackets.
struct MySQLPlace: CustomStringConvertible {
    let host: String
    let port: Int
    let database: String
    var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)" }

    init(_ text: String) throws {
        guard let match = text.wholeMatch(of: /(\[[0-9A-Fa-f:.]+\]|[^:\/@\s\[\]]+)(?::(\d{1,5}))?\/([^\/\s]{1,64})/),
            let port = Int(match.2 ?? "3306"), (1...65535).contains(port)
        else { throw ValidationError("--mysql: HOST:PORT/DATABASE, without user and password; found \(text.prefix(200).debugDescription)") }
        host = match.1.trimmingCharacters(in: ["[", "]"])
        self.port = port
        database = String(match.3)
    }
}
