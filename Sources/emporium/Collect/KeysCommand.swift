import ArgumentParser
import Postgres

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Add, revoke and list the API keys of those who send events.",
        discussion: "The database has digests of keys, never keys: a key that is lost is revoked, and another one added.",
        subcommands: [KeysAdd.self, KeysRevoke.self, KeysList.self])

    static func validate(sender: String) throws {
        guard sender.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil else {
            throw ValidationError(
                "--sender: 1 to 63 of A-Z a-z 0-9 . _ -, a letter or digit first; found \(sender.prefix(80).debugDescription)")
        }
    }

    /// A session that may add and revoke keys.
    static func withKeys<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        try await Settings.withSession(as: "collector_admin", lacking: "the database keeps no API keys yet", body)
    }
}

struct KeysAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a key for a sender and print it, this once.",
        discussion: "A sender may have several keys, so that one can be replaced without a pause: add, change over, revoke.")

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: ArgumentHelp("Whose key it is: the sending application.", valueName: "name"))
    var sender: String

    @Option(help: ArgumentHelp("Events per second that it may send (setting events.api_key.rate).", valueName: "n"))
    var rate: Double?

    func validate() throws {
        try KeysCommand.validate(sender: sender)
        if let rate, !(rate > 0 && rate <= 1_000_000) { throw ValidationError("--rate: more than 0, at most 1000000") }
    }

    func run() async throws {
        let key = APIKey()
        let id = try await KeysCommand.withKeys { connection in
            try await connection.query(
                "select events.add_api_key($1, $2, $3::numeric)",
                [.text(sender), .bytes(key.digest), .optional(rate.map { "\($0)" })]
            ).first?.int("add_api_key")
        }
        guard let id else { throw PostgresError(sqlState: "EM006", message: "events.add_api_key gave no answer") }
        if json {
            struct Added: Encodable { let id: Int64, sender: String, rate: Double?, key: String }
            try printJSON(Added(id: id, sender: sender, rate: rate, key: key.text))
        } else {
            print(key.text)
        }
        Failure.say("key \(id) of \(sender); keep it now, it is not shown again")
    }
}

struct KeysRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a key by its id, or all keys of a sender.",
        discussion: "Collectors refuse it from when they next read the keys. Again: nothing happens, exit code 0.")

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: ArgumentHelp("A key's id, from keys list.", valueName: "id"))
    var id: Int32?

    @Option(help: ArgumentHelp("All keys of this sender.", valueName: "name"))
    var sender: String?

    func validate() throws {
        if (id == nil) == (sender == nil) { throw ValidationError("name a key by its id, or a sender by --sender") }
        if let sender { try KeysCommand.validate(sender: sender) }
    }

    func run() async throws {
        struct Revoked: Codable { let id: Int64, sender: String }
        let revoked = try await KeysCommand.withKeys { connection in
            try await connection.query(
                "select api_key_id, sender from events.revoke_api_key($1, $2) order by 1",
                [.int(id.map(Int64.init)), .optional(sender)]
            ).rows.map { Revoked(id: $0.int("api_key_id") ?? 0, sender: $0.text("sender")) }
        }
        if json { return try printJSON(revoked) }
        for key in revoked { print("revoked key \(key.id) of \(key.sender)") }
        if revoked.isEmpty { print("nothing to revoke: it is done already") }
    }
}

struct KeysList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every key: id, sender, rate, when it was created and revoked.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        struct Key: Codable { let id: Int64, sender: String, rate: Double?, created: String, revoked: String? }
        let format = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
        let keys = try await KeysCommand.withKeys { connection in
            try await connection.query(
                """
                select api_key_id, sender, rate, to_char(created_at at time zone 'UTC', \(format)) as created,
                    to_char(revoked_at at time zone 'UTC', \(format)) as revoked
                from events.list_api_keys()
                """
            ).rows.map {
                Key(
                    id: $0.int("api_key_id") ?? 0, sender: $0.text("sender"), rate: $0["rate"].flatMap(Double.init),
                    created: $0.text("created"), revoked: $0["revoked"])
            }
        }
        if json { return try printJSON(keys) }
        printTable(
            ["id", "sender", "rate", "created", "revoked"],
            keys.map { ["\($0.id)", $0.sender, $0.rate.map { "\($0)" } ?? "default", $0.created, $0.revoked ?? ""] })
    }
}
