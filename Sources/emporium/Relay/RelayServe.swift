import ArgumentParser
import Foundation
import Ingest
import Kafka
import Postgres
import Relay

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Deliver the outbox: dead letters to their topics, the archive to the object store, messages to webhooks (default).",
        discussion: """
            Goes on until SIGTERM, which lets what is in hand be delivered. Each message arrives at least once; a repeat has the \
            same header origin, or webhook-id; an object is never put twice with two contents. What is away is waited for and \
            holds up nothing else. What a destination refuses again and again is parked (emporium relay parked). Several relays \
            may run side by side.

            Objects go to EMPORIUM_OBJECT_STORE, file:///folder or s3://bucket/prefix; POSTs to webhook NAME are signed with \
            EMPORIUM_WEBHOOK_SECRET_NAME.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var brokers: KafkaOptions

    @Flag(help: "Seal what is pending, deliver what is due, then end; 69 when a destination was away, 1 when one refused.")
    var once = false

    @Option(help: ArgumentHelp("End after so many rows of the outbox: batches of dead letters, objects, messages.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("How long brokers may take to acknowledge 1,000 messages (30s).", valueName: "duration"))
    var patience: DurationArgument = DurationArgument(.seconds(30))

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Deliver by these alone: kafka, archive, webhooks (all).", valueName: "carrier"))
    var only: [Only] = []

    enum Only: String, ExpressibleByArgument, CaseIterable { case kafka, archive, webhooks }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: 1 at least") }
        if patience.value < .seconds(1) { throw ValidationError("--patience: 1s at least, a client needs half of that to begin") }
    }

    func run() async throws {
        let logger = common.logger("relay")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let carriers = try carriers()
        let relay = Relay(
            .init(once: once, limit: limit, patience: patience.value), carriers: carriers, database: try Settings.database(),
            shutdown: shutdown, logger: logger)
        logger.info("relay to \(names(carriers))")
        let summary: Relay.Summary
        do {
            summary = try await relay.run()
        } catch let error as KafkaError {
            throw ConfigurationError("\(error)")
        }
        if common.json {
            try printJSON(summary)
        } else {
            print(summary.sentence)
        }
        if once, summary.failures > 0 { throw ExitCode(summary.outages == summary.failures ? 69 : 1) }
    }

    private func carriers() throws -> Relay.Carriers {
        let wanted = Set(only.isEmpty ? Only.allCases : only)
        var carriers = Relay.Carriers()
        if wanted.contains(.kafka) { carriers.kafka = try Settings.kafka(bootstrap: brokers.bootstrapServers) }
        if wanted.contains(.archive) {
            carriers.store = try Settings.objectStore()
            if carriers.store == nil {
                guard only.isEmpty else { throw ConfigurationError(Settings.noObjectStore) }
                carriers.storeHint = Settings.noObjectStore
            }
        }
        if wanted.contains(.webhooks) {
            do {
                carriers.webhooks = try WebhookSecrets(environment: ProcessInfo.processInfo.environment)
            } catch { throw ConfigurationError("\(error)") }
        }
        return carriers
    }

    private func names(_ carriers: Relay.Carriers) -> String {
        var names: [String] = []
        if let kafka = carriers.kafka { names.append("\(kafka)") }
        if let store = carriers.store { names.append(store.name) }
        if carriers.webhooks != nil { names.append("webhooks") }
        return names.joined(separator: ", ")
    }
}

extension Relay.Summary {
    fileprivate var sentence: String {
        var done = ["\(batches) batches, \(messages) messages"]
        if objects > 0 { done.append("\(objects) objects of \(records) records") }
        if posts > 0 { done.append("\(posts) posts") }
        return "delivered \(done.joined(separator: ", ")); \(failures) attempts failed" + (parked > 0 ? ", \(parked) rows are parked" : "")
    }
}
