import ArgumentParser
import Postgres

struct RelayGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Deliver what must leave the database, and look after what could not.",
        subcommands: [RelayCommand.self, RelayMongo.self, RelayParked.self, RelayResume.self, RelayWebhooks.self, RelayAlerts.self],
        defaultSubcommand: RelayCommand.self)

    /// A session that may look after the outbox.
    static func withOutbox<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        try await Settings.withSession(as: "relay_admin", lacking: "the database has no such outbox yet", body)
    }

    /// How instants are printed.
    static let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
}
