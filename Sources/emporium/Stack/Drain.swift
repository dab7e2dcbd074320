import Foundation
import Ingest
import Kafka
import Logging
import Postgres
import Relay

/// What `emporium down` does before an embedded broker goes with all it holds: loads what its topics still have for
/// PostgreSQL, and delivers what waits in the outbox.
struct Drain {
    let kafka: KafkaConfiguration
    let logger: Logger
    private static let patience = Duration.seconds(30)

    /// Something would be lost; `--no-drain` stops all the same.
    struct Failed: Error, CustomStringConvertible {
        var description: String

        init(_ what: String, _ why: any Error) {
            description = """
                \(what) was not drained, so the embedded broker was not stopped: \(why)
                  hint: mend that and call again; emporium down --no-drain stops without, and its messages are lost
                """
        }
    }

    /// Partitions that another loader has, and has not landed to their ends.
    private struct Behind: Error, CustomStringConvertible {
        var partitions: [Int]
        var description: String {
            "another loader has not landed partitions \(partitions.map(String.init).joined(separator: ", "))"
        }
    }

    /// - Returns: topics all of whose messages are in PostgreSQL now.
    /// - Throws: `Failed`.
    func run(_ topics: [KafkaReport.Topic], cluster: String?) async throws -> Set<String> {
        let database = try Settings.database()
        let feeds: [String: KafkaFeed]
        do {
            feeds = try await KafkaLoad.feeds(database, patience: .seconds(5), logger)
        } catch let error as PostgresError where KafkaLoad.noBooks.contains(error.sqlState) {
            return []  // nothing is read from anywhere
        } catch {
            throw Failed("what the embedded broker holds", error)
        }
        let shutdown = Shutdown()
        let load = KafkaLoad(kafka: kafka, database: database, workers: 2, shutdown: shutdown, logger: logger)
        var done: Set<String> = []
        for topic in topics where topic.messages > 0 {
            guard let feed = feeds[topic.topic] else { continue }
            do {
                var options = try feed.options(logger)
                options.stopsAtEnd = true
                options.patience = Self.patience
                _ = try await load.perform(options)
                try await settled(topic, feed.name, cluster, database)
            } catch {
                throw Failed(topic.topic, error)
            }
            done.insert(topic.topic)
        }
        do {
            let relay = Relay(.init(once: true), kafka: kafka, database: database, shutdown: shutdown, logger: logger)
            let summary = try await relay.run()
            if summary.failures > 0 { logger.warning("the outbox was not delivered whole; the rest waits in PostgreSQL") }
        } catch { logger.warning("the outbox waits in PostgreSQL: \(error)") }
        return done
    }

    /// Waits for loaders of other processes, which may hold some of the partitions.
    private func settled(
        _ topic: KafkaReport.Topic, _ feed: String, _ cluster: String?, _ database: ConnectionConfiguration
    ) async throws {
        let session = DatabaseSession(database.asRole("promoter"), patience: Self.patience, logger: logger)
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let answer = try await session.query(
                "positions", "select partition, next_offset from ops.kafka_position where feed = $1 and cluster_id = $2",
                [.text(feed), .text(cluster ?? "")])
            var next: [Int64: Int64] = [:]
            for row in answer.rows { next[row.int("partition") ?? -1] = row.int("next_offset") }
            let behind = topic.high.indices.filter { topic.high[$0] > topic.low[$0] && next[Int64($0)] ?? 0 < topic.high[$0] }
            if behind.isEmpty { break }
            guard ContinuousClock.now < deadline else {
                throw Behind(partitions: behind)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        await session.close()
    }
}
