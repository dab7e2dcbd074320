import ArgumentParser
import Foundation
import Ingest
import Kafka
import Postgres
import Relay

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Deliver the outbox: rejects of Kafka feeds to their dead-letter topics.",
        discussion: """
            Goes on until SIGTERM, which lets the batch in hand be delivered. Each message arrives at least once; a repeat \
            has the same header origin. Brokers that are away are waited for. Several relays may run side by side.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var brokers: KafkaOptions

    @Flag(help: "Deliver what is due, then end; 69 when brokers were away, 1 when they refused.")
    var once = false

    @Option(help: ArgumentHelp("End after so many batches.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("How long brokers may take to acknowledge 1,000 messages (30s).", valueName: "duration"))
    var patience: DurationArgument = DurationArgument(.seconds(30))

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: 1 at least") }
        if patience.value < .seconds(1) { throw ValidationError("--patience: 1s at least, a client needs half of that to begin") }
    }

    func run() async throws {
        let logger = common.logger("relay")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let kafka = try Settings.kafka(bootstrap: brokers.bootstrapServers)
        let relay = Relay(
            .init(once: once, limit: limit, patience: patience.value), kafka: kafka, database: try Settings.database(),
            shutdown: shutdown, logger: logger)
        logger.info("relay to \(kafka)")
        let summary: Relay.Summary
        do {
            summary = try await relay.run()
        } catch let error as KafkaError {
            throw ConfigurationError("\(error)")
        }
        if common.json {
            try printJSON(summary)
        } else {
            print("delivered \(summary.batches) batches, \(summary.messages) messages; \(summary.failures) attempts failed")
        }
        if once, summary.failures > 0 { throw ExitCode(summary.outages == summary.failures ? 69 : 1) }
    }
}
