import Foundation
import Kafka
import Logging
import Postgres
import Synchronization

/// A loader's part of a topic's partitions, leased in PostgreSQL: ops.share_partitions() says every two seconds which are
/// its own, and that it lives.
final class PartitionShare: Sendable {
    struct Lease: Sendable, Equatable {
        /// nil where nobody has read the partition yet.
        var next: Int64?
        var epoch: Int64
    }

    /// Partitions were given up or taken away: whatever is in hand of them would be refused, so begin again.
    struct Rebalanced: Error { var why: String }

    static let interval = Duration.seconds(2)

    let member: String
    let cluster: String
    private let options: KafkaLoadOptions
    private let books: DatabaseSession
    /// The server's process id of the session that lands; whoever takes over ends it.
    private let landingPID = Mutex<Int32>(0)
    private let held = Mutex<[Int32: Lease]>([:])
    private let logger: Logger

    init(member: String, cluster: String, options: KafkaLoadOptions, books: DatabaseSession, logger: Logger) {
        self.member = member
        self.cluster = cluster
        self.options = options
        self.books = books
        self.logger = logger
    }

    func landing(by connection: Connection) { landingPID.withLock { $0 = connection.backendPID } }

    /// - Returns: all partitions that are ours now.
    /// - Throws: `Rebalanced` when one is not any more.
    func renew(partitions: Int) async throws -> [Int32: Lease] {
        let name = "\(ProcessInfo.processInfo.hostName) process \(ProcessInfo.processInfo.processIdentifier)"
        let answer = try await books.query(
            "share partitions", "select partition, next_offset, epoch from ops.share_partitions($1, $2, $3, $4, $5, $6)",
            [
                .text(options.feed), .text(cluster), .int(partitions), .text(member), .text(name),
                .int(Int(landingPID.withLock { $0 })),
            ])
        var leases: [Int32: Lease] = [:]
        for row in answer.rows {
            leases[Int32(row.int("partition") ?? -1)] = Lease(next: row.int("next_offset"), epoch: row.int("epoch") ?? 0)
        }
        let before = held.withLock { held in
            defer { held = leases }
            return held
        }
        let lost = before.filter { leases[$0.key]?.epoch != $0.value.epoch }.keys.sorted()
        if !lost.isEmpty {
            throw Rebalanced(why: "another loader has taken \(lost.map { "\(options.topic):\($0)" }.joined(separator: ", "))")
        }
        let gained = leases.keys.filter { before[$0] == nil }.sorted()
        if !gained.isEmpty {
            logger.notice(
                "reading partitions \(Self.listed(gained)) of \(options.topic)",
                metadata: ["cluster": "\(cluster)", "member": "\(member)"])
        }
        return leases
    }

    /// Turns what the fence refuses into `Rebalanced`.
    static func fenced<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as PostgresError where error.sqlState == "EM022" {
            throw Rebalanced(why: error.message)
        }
    }

    /// Rising numbers, with runs of three and more as one: `0-5, 7, 8`.
    static func listed(_ numbers: [Int32]) -> String {
        var runs: [(first: Int32, last: Int32)] = []
        for number in numbers {
            if let last = runs.last?.last, number == last + 1 { runs[runs.count - 1].last = number } else { runs.append((number, number)) }
        }
        return runs.flatMap { run in
            run.last - run.first >= 2 ? ["\(run.first)-\(run.last)"] : (run.first...run.last).map(String.init)
        }.joined(separator: ", ")
    }

    /// Where reading of a partition goes on: begun at the first offset there is when nobody has read it yet.
    /// - Throws: `Rebalanced`, `LostMessages`.
    func start(_ partition: Int32, _ lease: Lease, low: Int64, high: Int64) async throws -> Int64 {
        guard var next = lease.next else {
            if low > 0 {
                logger.warning(
                    "\(options.topic):\(partition) begins at offset \(low): the topic has lost what was before, and nobody had landed it",
                    metadata: ["cluster": "\(cluster)"])
            }
            let answer = try await Self.fenced {
                try await books.query(
                    "begin partition", "select ops.begin_partition($1, $2, $3, $4, $5)",
                    [.text(options.feed), .text(cluster), .int(Int64(partition)), .int(lease.epoch), .int(low)])
            }
            return Int64(answer.first?[0] ?? "") ?? low
        }
        // Whether it is beyond the end the broker says when it is asked for it: a latest offset may be a little stale.
        if next < low {
            let lost = LostMessages(topic: options.topic, partition: partition, next: next, low: low, high: high)
            guard options.acceptsLoss else { throw lost }
            try await books.query(
                "accept gap", "select ops.accept_gap($1, $2, $3, $4, $5, $6)",
                [
                    .text(options.feed), .text(cluster), .int(Int64(partition)), .int(next), .int(low),
                    "deleted before they were landed; emporium load kafka --accept-loss",
                ])
            logger.warning("\(lost.topic):\(partition):\(next): gone on without \(low - next) messages, booked in ops.kafka_gap")
            next = low
        }
        return next
    }

    /// Numbers for one batch of each partition that is ours.
    func numbers(_ count: Int) async throws -> MessageBatch.Numbers {
        let answer = try await books.query(
            "open batches",
            """
            select array_to_string(batch_ids, ',') as ids, slot, received_on, staging_table
            from ops.open_batches($1, $2)
            """, [.text(options.feed), .int(count)])
        guard let row = answer.first, let slot = row.int("slot") else {
            throw PostgresError(sqlState: "EM006", message: "ops.open_batches gave nothing")
        }
        return MessageBatch.Numbers(
            ids: row.text("ids").split(separator: ",").compactMap { Int64($0) }.reversed(), slot: Int16(slot),
            receivedOn: row.text("received_on"), table: row.text("staging_table"), taken: .now)
    }

    /// Tells how far the partitions reach, for the lag that people look at.
    func note(_ high: [Int32: Int64]) async throws {
        guard !high.isEmpty else { return }
        let pairs = high.sorted { $0.key < $1.key }
        try await books.query(
            "note lag", "select ops.note_high($1, $2, $3, $4)",
            [
                .text(options.feed), .text(cluster), .text(sqlArray(pairs.map { Int64($0.key) })),
                .text(sqlArray(pairs.map(\.value))),
            ])
    }
}

/// A PostgreSQL array literal of numbers.
func sqlArray(_ values: [Int64]) -> String { "{\(values.map(String.init).joined(separator: ","))}" }
