import ArgumentParser
import Postgres
import Relay

struct RelayWebhooks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "Add, remove and list URLs that are told what happens.",
        discussion: """
            A POST of JSON with the headers of Standard Webhooks; signed where the relay's environment has \
            EMPORIUM_WEBHOOK_SECRET_NAME. The database keeps the URL, never the secret.
            """,
        subcommands: [RelayWebhooksAdd.self, RelayWebhooksRemove.self, RelayWebhooksList.self], defaultSubcommand: RelayWebhooksList.self)

    static let kinds = ["alert.raised", "alert.cleared", "batch.rejected", "object.delivered", "message"]

    static func validate(name: String) throws {
        guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,39}/) != nil else {
            throw ValidationError("a webhook's name is a small letter and up to 39 of a-z 0-9 _; found \(name.prefix(80).debugDescription)")
        }
    }
}

struct RelayWebhooksAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a webhook, or give one that is there another URL or other kinds.")

    @Argument(help: ArgumentHelp("What it is called; a small letter, then a-z 0-9 _.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("Where to POST: http or https, without user and password.", valueName: "url"))
    var url: String

    @Option(
        name: .customLong("on"), parsing: .upToNextOption,
        help: ArgumentHelp("What it is told: \(RelayWebhooks.kinds.joined(separator: ", ")).", valueName: "kind"))
    var kinds: [String]

    func validate() throws {
        try RelayWebhooks.validate(name: name)
        for kind in kinds where !RelayWebhooks.kinds.contains(kind) {
            throw ValidationError("--on: one of \(RelayWebhooks.kinds.joined(separator: ", ")); found \(kind.prefix(80).debugDescription)")
        }
        guard url.wholeMatch(of: /https?:\/\/[^\s@]+/) != nil else {
            throw ValidationError("a URL begins with http:// or https:// and holds no user, no password and no blank")
        }
    }

    func run() async throws {
        _ = try await RelayGroup.withOutbox { connection in
            try await connection.query("select ops.add_webhook($1, $2, $3)", [.text(name), .text(url), .array(kinds)])
        }
        print("webhook \(name) is told of \(kinds.joined(separator: ", "))")
    }
}

struct RelayWebhooksRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a webhook; what waits for it is parked.")

    @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
    var name: String

    func validate() throws { try RelayWebhooks.validate(name: name) }

    func run() async throws {
        _ = try await RelayGroup.withOutbox { connection in
            try await connection.query("select ops.remove_webhook($1)", [.text(name)])
        }
        print("webhook \(name) is removed")
    }
}

struct RelayWebhooksList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List webhooks: where they are, and what they are told.",
        discussion: "Of URLs scheme, host and port alone: what follows may be a secret. --urls shows all of them.")

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Show whole URLs.")
    var urls = false

    func run() async throws {
        struct Webhook: Encodable { let name: String, url: String, kinds: [String], addedBy: String, added: String }
        let webhooks = try await RelayGroup.withOutbox { connection in
            try await connection.query(
                """
                select webhook, url, array_to_string(kinds, ' ') as kinds, added_by,
                    to_char(added_at at time zone 'UTC', \(RelayGroup.instant)) as added
                from ops.webhooks()
                """
            ).rows.map {
                Webhook(
                    name: $0.text("webhook"), url: urls ? $0.text("url") : WebhookPlace.origin($0.text("url")),
                    kinds: $0.text("kinds").split(separator: " ").map(String.init), addedBy: $0.text("added_by"), added: $0.text("added"))
            }
        }
        if json { return try printJSON(webhooks) }
        if webhooks.isEmpty { return print("no webhooks") }
        printTable(
            ["name", "url", "on", "added by", "added"],
            webhooks.map { [$0.name, $0.url, $0.kinds.joined(separator: " "), $0.addedBy, $0.added] })
    }
}
