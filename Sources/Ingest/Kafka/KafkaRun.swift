import Kafka
import Logging
import Postgres

/// One run of a feed from Kafka: a loader lands while promoters judge.
public struct KafkaRun: Sendable {
    public struct Outcome: Sendable {
        public var report: KafkaLoadReport
        public var summary: RunSummary
        /// Whether it was stopped from outside: what is pending then is promoted by others, or by the next one.
        public var interrupted: Bool
        /// What this process landed and what the database has of it agree, and nothing is pending that should not be. The
        /// database may have more: a landing that was cut off when partitions changed hands may have been committed.
        public var balances: Bool {
            (summary.pending == 0 || interrupted) && report.messages <= summary.read
                && summary.read == summary.stored + summary.rejected + summary.duplicate + summary.pending
        }
    }

    private let options: KafkaLoadOptions
    private let kafka: KafkaConfiguration
    private let database: ConnectionConfiguration
    private let run: Int64
    private let workers: Int
    private let shutdown: Shutdown
    private let logger: Logger

    /// - Parameter workers: sessions that promote side by side; 0 only lands.
    public init(
        run: Int64, options: KafkaLoadOptions, kafka: KafkaConfiguration, database: ConnectionConfiguration,
        workers: Int, shutdown: Shutdown, logger: Logger
    ) {
        self.run = run
        self.options = options
        self.kafka = kafka
        self.database = database
        self.workers = workers
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Lands and promotes until the end of the topic, the limit, or the shutdown; then what was landed is promoted, also
    /// what others left behind.
    /// - Throws: `LostMessages`, `NoSuchTopic`, `KafkaError`, `PostgresError`.
    public func perform() async throws -> Outcome {
        let landing = Landing()
        let loader = KafkaLoader(
            options: options, kafka: kafka, database: database, run: run, shutdown: shutdown, logger: logger)
        let report = try await withThrowingTaskGroup(of: KafkaLoadReport?.self) { group in
            if workers > 0 {
                let promoter = Promoter(
                    feed: options.feed, run: run, workers: workers, patience: options.patience ?? .forever,
                    shutdown: shutdown, database: database, logger: logger)
                group.addTask {
                    do { _ = try await promoter.run(until: landing) } catch {
                        shutdown.request()  // what cannot be promoted is not landed on and on
                        throw error
                    }
                    return nil
                }
            }
            group.addTask {
                defer { landing.finish() }
                return try await withThrowingTaskGroup(of: KafkaLoadReport?.self) { both in
                    both.addTask {
                        try await keepHouse(loader)
                        return nil
                    }
                    both.addTask { try await loader.load() }
                    defer { both.cancelAll() }  // the house's nap, which nobody waits for
                    while let part = try await both.next() { if let part { return part } }
                    return nil
                }
            }
            var report = KafkaLoadReport()
            do {
                for try await part in group { if let part { report = part } }
            } catch {
                landing.finish()
                throw error
            }
            return report
        }
        let books = RunBooks(feed: options.feed, run: run, database: database, shutdown: shutdown, logger: logger)
        let interrupted = shutdown.isRequested
        let summary = workers > 0 && !interrupted ? try await books.settled() : try await books.summary()
        await books.close()
        return Outcome(report: report, summary: summary, interrupted: interrupted)
    }

    /// Says every ten seconds what moved, and empties staging slots every minute; until it is cancelled.
    private func keepHouse(_ loader: KafkaLoader) async throws {
        let session = DatabaseSession(database.asRole("promoter"), patience: .forever, shutdown: shutdown, logger: logger)
        var before: Int64 = 0
        for round in 1... {
            guard (try? await Task.sleep(for: .seconds(10))) != nil else { break }
            let now = loader.landed
            if now != before {
                logger.notice(
                    "landed \(now - before) messages of \(options.topic) in 10 s",
                    metadata: ["run": "\(run)", "total": "\(now)"])
            }
            before = now
            if round % 6 == 0, workers > 0 { try await session.query("rotate", "select ops.rotate($1)", [.text(options.feed)]) }
        }
        await session.close()
    }
}

extension Duration {
    /// Longer than anybody waits; 68 years.
    public static let forever = Duration.seconds(Int64(Int32.max))
}
