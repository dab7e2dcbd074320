import Ingest
import Kafka
import Logging
import Postgres
import Schemas

/// A feed that is read from a topic, as ops.feed has it.
struct KafkaFeed {
    var name: String
    var topic: String
    var format: MessageFormat

    /// How it is loaded: with schemas where its messages need them.
    func options(_ logger: Logger) throws -> KafkaLoadOptions {
        var options = KafkaLoadOptions(feed: name, topic: topic)
        options.format = format
        if format == .avro { options.schemas = SchemaCache(try Settings.schemas(role: "loader", logger: logger)) }
        return options
    }
}

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
    ) async throws -> [String: KafkaFeed] {
        let session = DatabaseSession(database.asRole("promoter"), patience: patience, shutdown: shutdown, logger: logger)
        // Databases of before have no column message_format.
        let found = try await session.query(
            "look feeds up",
            "select topic, feed, coalesce(to_jsonb(f) ->> 'message_format', 'json') as format from ops.feed f where topic is not null")
        await session.close()
        var feeds: [String: KafkaFeed] = [:]
        for row in found.rows {
            guard let format = MessageFormat(rawValue: row.text("format")) else {
                throw ConfigurationError(
                    "feed \(row.text("feed")) has messages of format \(row.text("format")), which this emporium does not know\n  hint: a newer emporium")
            }
            feeds[row.text("topic")] = KafkaFeed(name: row.text("feed"), topic: row.text("topic"), format: format)
        }
        return feeds
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
