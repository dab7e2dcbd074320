import Ingest
import Kafka
import Logging
import Postgres

/// A run of a feed from Kafka with its row in ops.run.
struct KafkaLoad {
    let kafka: KafkaConfiguration
    let database: ConnectionConfiguration
    let workers: Int
    let shutdown: Shutdown
    let logger: Logger

    /// SQLSTATEs of a database that no feed of a topic can be in: not there, not migrated, or by an older version.
    static let noBooks: Set = ["3D000", "3F000", "22023", "42P01", "42703"]

    /// Feeds by the topics they are read from.
    /// - Parameter patience: how long the database may be away.
    static func feeds(
        _ database: ConnectionConfiguration, patience: Duration, shutdown: Shutdown? = nil, _ logger: Logger
    ) async throws -> [String: String] {
        let session = DatabaseSession(database.asRole("promoter"), patience: patience, shutdown: shutdown, logger: logger)
        let found = try await session.query("look feeds up", "select topic, feed from ops.feed where topic is not null")
        await session.close()
        return Dictionary(uniqueKeysWithValues: found.rows.map { ($0.text("topic"), $0.text("feed")) })
    }

    /// - Returns: the run's number, and what came of it.
    func perform(_ options: KafkaLoadOptions) async throws -> (run: Int64, outcome: KafkaRun.Outcome) {
        let books = DatabaseSession(database.asRole("loader"), patience: options.patience ?? .forever, shutdown: shutdown, logger: logger)
        let started = try await books.query("start run", "select ops.start_run('load', $1, '{}')", [.text(options.feed)])
        let run = Int64(started.first?[0] ?? "") ?? 0
        let outcome: KafkaRun.Outcome
        do {
            outcome = try await KafkaRun(
                run: run, options: options, kafka: kafka, database: database, workers: workers, shutdown: shutdown,
                logger: logger
            ).perform()
        } catch {
            _ = try? await books.query("finish run", "select ops.finish_run($1, 'failed')", [.int(run)])
            throw error
        }
        try await books.query("finish run", "select ops.finish_run($1, 'done')", [.int(run)])
        await books.close()
        if workers > 0 { try await Housekeeping.rotate(options.feed, database, logger) }
        return (run, outcome)
    }
}
