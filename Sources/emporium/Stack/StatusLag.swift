import Foundation
import Postgres

/// How far topics are landed, by partition (ops.kafka_lag).
struct StatusLag: Codable {
    var topic: String
    var cluster: String
    var partition: Int64
    var next: Int64?
    var high: Int64?
    /// Messages that had not been landed at `seenAt`, or have not by now.
    var lag: Int64?
    /// Host and process of the loader that has the partition.
    var owner: String?
    var seenAt: String?
    /// Landed batches that wait to be promoted.
    var waitingBatches: Int64

    /// - Parameter cluster: only its partitions; nil for those of clusters that a loader reads now.
    static func read(cluster: String?) async throws -> [StatusLag] {
        let connection = try await Connection.connect(try Settings.database().asRole("promoter"))
        defer { Task { await connection.close() } }
        do {
            return try await connection.query(
                """
                select topic, cluster_id, partition, next_offset, high_offset, lag, owner,
                    date_trunc('second', seen_at) as seen_at, waiting_batches
                from ops.kafka_lag where case when $1::text is null then owner is not null else cluster_id = $1 end
                order by topic, cluster_id, partition
                """, [.optional(cluster)]
            ).rows.map { row in
                StatusLag(
                    topic: row.text("topic"), cluster: row.text("cluster_id"), partition: row.int("partition") ?? 0,
                    next: row.int("next_offset"), high: row.int("high_offset"), lag: row.int("lag"), owner: row["owner"],
                    seenAt: row["seen_at"], waitingBatches: row.int("waiting_batches") ?? 0)
            }
        } catch let error as PostgresError where ["42P01", "42501"].contains(error.sqlState) {
            return []  // migrated by an older version
        }
    }

    /// What brokers say now counts more than what a loader saw last, which may have ended long ago.
    static func brought(_ rows: [StatusLag], upTo kafka: KafkaReport?) -> [StatusLag] {
        let high = Dictionary((kafka?.topics ?? []).map { ($0.topic, $0.high) }) { $1 }
        return rows.map { row in
            guard row.cluster == kafka?.clusterID, let marks = high[row.topic], row.partition < marks.count else { return row }
            var row = row
            row.high = marks[Int(row.partition)]
            row.lag = row.next.map { max(0, marks[Int(row.partition)] - $0) }
            row.seenAt = nil
            return row
        }
    }

    static func show(_ rows: [StatusLag]) {
        guard !rows.isEmpty else { return }
        print("")
        func text(_ number: Int64?) -> String { number.map(String.init) ?? "?" }
        printTable(
            ["landed from", "next", "high", "lag", "seen", "waiting batches", "loader"],
            rows.map {
                [
                    "\($0.topic):\($0.partition)", text($0.next), text($0.high), text($0.lag), $0.seenAt ?? "now",
                    "\($0.waitingBatches)", $0.owner ?? "none",
                ]
            })
    }
}
