import ArgumentParser
import Postgres

struct RelayGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Deliver what must leave the database, and look after what could not.",
        subcommands: [RelayCommand.self, RelayParked.self, RelayResume.self, RelayWebhooks.self, RelayAlerts.self],
        defaultSubcommand: RelayCommand.self)

    /// A session that may look after the outbox.
    static func withOutbox<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        let connection = try await Connection.connect(try Settings.database().asRole("relay_admin"))
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            if let error = error as? PostgresError, ["42P01", "42703", "3F000", "42883"].contains(error.sqlState) {
                throw ConfigurationError("the database has no such outbox yet\n  hint: emporium migrate")
            }
            throw error
        }
    }

    /// How instants are printed.
    static let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
}
