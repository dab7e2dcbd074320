import ArgumentParser
import Foundation
import Ingest

struct LoadKafkaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kafka", abstract: "Load a Kafka topic, exactly once.",
        discussion: """
            Goes on until it is stopped (SIGTERM lands and promotes what is in hand; a second one forces), or with \
            --once until the topic's end. Where it stands is kept in PostgreSQL (ops.kafka_position). Several loaders of \
            one topic share its partitions; one that joins, leaves or dies loses and doubles nothing.

            Topics of Avro are decoded with the schemas of SCHEMA_REGISTRY_URL, else of the database; while those are away, \
            messages wait.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var brokers: KafkaOptions

    @Option(help: ArgumentHelp("The topic; ops.feed says which feed it is.", valueName: "name"))
    var topic = "customers"

    @Flag(help: "Stop at the end that each partition has when it is reached.")
    var once = false

    @Option(help: ArgumentHelp("Stop after so many messages.", valueName: "n"))
    var limit: Int64?

    @Option(help: ArgumentHelp("Exit with 65 when more messages than this are rejected.", valueName: "n"))
    var maxRejects: Int64?

    @Option(help: ArgumentHelp("Messages in one transaction at the most.", valueName: "n"))
    var batchRows = 20_000

    @Option(help: ArgumentHelp("Milliseconds a message waits at most for others to land with.", valueName: "ms"))
    var linger = 200

    @Option(
        help: ArgumentHelp(
            "MiB fetched ahead: memory for speed (KAFKA_QUEUED_MAX_MESSAGES_KBYTES, else 64, of Avro 32, which keeps the loader under 256 MiB).",
            valueName: "MiB"))
    var prefetch: Int?

    @Option(help: ArgumentHelp("Sessions that promote side by side (2); 0 only lands.", valueName: "n"))
    var workers: Int?

    @Flag(help: "Go on without messages that are gone from the topic, and book the gap.")
    var acceptLoss = false

    func validate() throws {
        if !(1...1_000_000).contains(batchRows) { throw ValidationError("--batch-rows: 1 to 1000000") }
        if !(1...60_000).contains(linger) { throw ValidationError("--linger: 1 to 60000") }
        if let prefetch, !(1...2047).contains(prefetch) { throw ValidationError("--prefetch: 1 to 2047") }
        if let limit, limit < 1 { throw ValidationError("--limit: at least 1") }
        if let workers, !(0...64).contains(workers) { throw ValidationError("--workers: 0 to 64") }
    }

    func run() async throws {
        let logger = common.logger("load")
        let database = try Settings.database()
        let kafka = try Settings.kafka(bootstrap: brokers.bootstrapServers)
        let workers = try self.workers ?? FileOptions.promoters()
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }

        // One that goes on for ever also waits for ever.
        let patience: Duration? = once || limit != nil ? .seconds(300) : nil
        let feeds = try await KafkaLoad.feeds(database, patience: patience ?? .forever, shutdown: shutdown, logger)
        guard let feed = feeds[topic] else {
            throw ConfigurationError(
                "no feed is read from topic \(topic)\n  hint: topics: \(feeds.keys.sorted().joined(separator: ", "))")
        }
        var options = try feed.options(logger)
        options.batchRows = batchRows
        options.linger = .milliseconds(linger)
        options.prefetchBytes = prefetch.map { $0 << 20 }
        options.stopsAtEnd = once
        options.limit = limit
        options.acceptsLoss = acceptLoss
        options.patience = patience

        let load = KafkaLoad(kafka: kafka, database: database, workers: workers, shutdown: shutdown, logger: logger)
        let (run, outcome) = try await load.perform(options)
        try report(run, outcome, landsOnly: workers == 0)
    }

    private struct Output: Codable {
        var run: Int64
        var read: Int64
        var stored: Int64
        var rejected: Int64
        var duplicate: Int64
        var pending: Int64
        var batches: Int64
        var rebalances: Int
        var balances: Bool
    }

    private func report(_ run: Int64, _ outcome: KafkaRun.Outcome, landsOnly: Bool) throws {
        let sum = outcome.summary
        if common.json {
            try printJSON(
                Output(
                    run: run, read: sum.read, stored: sum.stored, rejected: sum.rejected, duplicate: sum.duplicate,
                    pending: sum.pending, batches: outcome.report.batches, rebalances: outcome.report.rebalances,
                    balances: outcome.balances))
        } else {
            print(Report.balance(sum))
        }
        if !landsOnly, !outcome.balances {
            Failure.say("the books do not balance: see select * from ops.reconcile('…')")
            throw ExitCode(1)
        }
        if let maxRejects, sum.rejected > maxRejects {
            Failure.say("\(sum.rejected) messages were rejected, more than \(maxRejects)")
            throw ExitCode(65)
        }
    }
}
