import Foundation
import Kafka
import Logging
import Postgres
import Schemas
import Synchronization

/// Lands a topic, exactly once: where reading stands is kept in PostgreSQL and moves on in the transaction that lands the
/// messages, which fails when somebody else has moved it.
///
/// Three tasks: one keeps the lease, one reads into a batch, one lands the batch before. They end together: when partitions
/// change hands, everything in hand is dropped and read again from what is stored.
struct KafkaLoader: Sendable {
    let options: KafkaLoadOptions
    let kafka: KafkaConfiguration
    let database: ConnectionConfiguration
    let run: Int64
    let shutdown: Shutdown
    let logger: Logger
    private let report = Mutexed(KafkaLoadReport())

    init(
        options: KafkaLoadOptions, kafka: KafkaConfiguration, database: ConnectionConfiguration, run: Int64,
        shutdown: Shutdown, logger: Logger
    ) {
        self.options = options
        self.kafka = kafka
        self.database = database.asRole("loader")
        self.run = run
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Messages so far.
    var landed: Int64 { report.value.messages }

    /// Until the end of the topic, the limit, or the shutdown.
    /// - Throws: `LostMessages`, `NoSuchTopic`; `KafkaError`, `PostgresError` where waiting does not help, or patience is over.
    func load() async throws -> KafkaLoadReport {
        let consumer = try Consumer(options.completing(kafka), logger: logger)
        let patience = options.patience ?? .forever
        let books = DatabaseSession(database, patience: patience, shutdown: shutdown, logger: logger)
        let landing = DatabaseSession(database, patience: patience, shutdown: shutdown, logger: logger)
        let member = UUID().uuidString
        let outcome: Result<Void, any Error>
        do {
            while !shutdown.isRequested {
                let cluster = try await outages("ask for the cluster") { try await consumer.clusterID(within: .seconds(5)) }
                let share = PartitionShare(member: member, cluster: cluster, options: options, books: books, logger: logger)
                do {
                    try await session(consumer, share, landing)
                    break
                } catch let change as PartitionShare.Rebalanced {
                    report.change { $0.rebalances += 1 }
                    logger.notice("\(change.why); begins again from what is landed", metadata: ["cluster": "\(cluster)"])
                }
                try await consumer.assign([])
            }
            outcome = .success(())
        } catch is Finished {
            outcome = .success(())
        } catch { outcome = .failure(error) }
        await consumer.close()
        await landing.close()
        await books.close()
        await leave(member)
        try outcome.get()
        return report.value
    }

    private func session(_ consumer: Consumer, _ share: PartitionShare, _ landing: DatabaseSession) async throws {
        let (full, fullInlet) = AsyncStream<MessageBatch>.makeStream()
        let (empty, emptyInlet) = AsyncStream<MessageBatch>.makeStream()
        for _ in 0..<2 { emptyInlet.yield(MessageBatch(options)) }
        try await landing.run("connect") {
            try await $0.execute("select")  // whether the session is still there: others take a loader without one for dead
            share.landing(by: $0)
        }
        let leases = Mutexed(try await share.renew(partitions: try await partitions(consumer)))
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await keepLease(share, consumer, leases) }
                group.addTask {
                    for await batch in full {
                        try await land(batch, landing, share, consumer)
                        batch.reset()
                        emptyInlet.yield(batch)
                    }
                    throw Finished()  // ends the lease's task, too
                }
                group.addTask {
                    try await read(consumer, share, leases, from: empty, into: fullInlet)
                    fullInlet.finish()  // not after an error: the end of landing would be told first, and be taken for success
                }
                while try await group.next() != nil {}  // unlike waitForAll, it throws at once
            }
        } catch is Finished {}
    }

    /// All that was asked for is done, or it is to stop.
    private struct Finished: Error {}

    // MARK: The lease

    private func keepLease(
        _ share: PartitionShare, _ consumer: Consumer, _ leases: Mutexed<[Int32: PartitionShare.Lease]>
    ) async throws {
        var count = try await partitions(consumer)
        var noted: [Int32: Int64] = [:]
        for round in 1... {
            try await Task.sleep(for: PartitionShare.interval)
            // Partitions may be added; while brokers are away their number stays what it was.
            if round % 10 == 0 { count = (try? await consumer.topics(within: .seconds(1))[options.topic]) ?? count }
            leases.value = try await share.renew(partitions: count)
            // Another cluster at the same address.
            if let now = await consumer.knownClusterID, now != share.cluster {
                throw PartitionShare.Rebalanced(why: "the brokers are those of another cluster now, \(now)")
            }
            var high: [Int32: Int64] = [:]
            for partition in leases.value.keys {
                high[partition] = await consumer.knownHigh(topic: options.topic, partition: partition)
            }
            if high != noted { try await share.note(high) }
            noted = high
        }
    }

    private func partitions(_ consumer: Consumer) async throws -> Int {
        let topics = try await outages("list topics") { try await consumer.topics(within: .seconds(5)) }
        guard let partitions = topics[options.topic] else { throw NoSuchTopic(topic: options.topic) }
        return partitions
    }

    /// Gives everything up, so that others need not wait for the lease to end. Tried once: it ends by itself, too.
    private func leave(_ member: String) async {
        let quiet = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
        let session = DatabaseSession(database, patience: .zero, logger: quiet)
        _ = try? await session.query("leave", "select ops.leave_partitions($1)", [.text(member)])
        await session.close()
    }

    // MARK: Reading

    /// The lease's task waits for the consumer meanwhile, and signals are not heard.
    private static let longestRead = Duration.milliseconds(200)

    private func read(
        _ consumer: Consumer, _ share: PartitionShare, _ leases: Mutexed<[Int32: PartitionShare.Lease]>,
        from empty: AsyncStream<MessageBatch>, into full: AsyncStream<MessageBatch>.Continuation
    ) async throws {
        let reader = PartitionReader(options: options, limit: options.limit.map { $0 - report.value.messages })
        var batches = empty.makeAsyncIterator()
        var warned: ContinuousClock.Instant?
        while !shutdown.isRequested, let batch = await batches.next() {
            repeat {
                try await start(leases.value.filter { !reader.reads($0.key) }, reader, consumer, share)
                guard reader.isReading else {
                    if options.stopsAtEnd { break }
                    try await Task.sleep(for: .milliseconds(100))
                    continue
                }
                if !batch.isOpen(for: reader.count, at: .now) {
                    // New numbers may come with another slot, and rows in hand have theirs.
                    guard batch.isEmpty else { break }
                    batch.open(try await share.numbers(reader.count))
                }
                do {
                    let ends = try await consumer.read(within: min(options.linger, Self.longestRead)) {
                        reader.take($0, into: batch)
                    }
                    reader.reached(ends)
                } catch let error as KafkaError where error.isOutOfRange {
                    throw try await lost(error, reader, consumer)
                } catch let error as KafkaError where error.isOutage {
                    // One for each partition, and librdkafka has each rest before it tries again.
                    let now = ContinuousClock.now
                    if warned.map({ now - $0 >= .seconds(10) }) ?? true {
                        logger.warning("read: \(error); librdkafka goes on trying; said again in 10 s at the soonest")
                        warned = now
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
            } while !shutdown.isRequested && !batch.isDue && !reader.isFinished
            guard !batch.isEmpty, try await decode(batch) else { break }
            batch.finish()
            full.yield(batch)
            if reader.isFinished { break }
        }
    }

    /// Looks schemas up that messages in hand were written with and decodes those, waiting for as long as the registry is away.
    /// - Returns: false when it is to stop: what is in hand is dropped, and read again by the next one.
    /// - Throws: `SchemaError` when patience is over.
    private func decode(_ batch: MessageBatch) async throws -> Bool {
        guard let schemas = options.schemas else { return true }
        var unknown: Set<UInt32> = []
        for id in batch.schemasAside {
            var backoff = Backoff()
            let began = ContinuousClock.now
            var told: ContinuousClock.Instant?
            search: while true {
                do throws(SchemaError) {
                    _ = try await schemas.schema(id: id)
                    break search
                } catch {
                    if error.kind == .unknown {
                        unknown.insert(id)
                        break search
                    }
                    // The message is not to blame.
                    try Task.checkCancellation()
                    let now = ContinuousClock.now
                    if let patience = options.patience, now - began > patience { throw error }
                    if shutdown.isRequested { return false }
                    if told.map({ now - $0 >= .seconds(10) }) ?? true {
                        logger.warning(
                            "schema \(id): \(error); \(batch.count) messages in hand wait; said again in 10 s at the soonest")
                        told = now
                    }
                    try await Self.sleep(backoff.next(), shutdown)
                }
            }
            if told != nil { logger.notice("schema \(id): the registry is back") }
        }
        batch.decodeAside(unknown: unknown)
        return true
    }

    /// Ends early when it is to stop.
    private static func sleep(_ pause: Duration, _ shutdown: Shutdown) async throws {
        let end = ContinuousClock.now + pause
        while !shutdown.isRequested, ContinuousClock.now < end {
            try await Task.sleep(for: min(.milliseconds(100), end - .now))
        }
    }

    /// Begins to read partitions that are ours and not read yet.
    private func start(
        _ gained: [Int32: PartitionShare.Lease], _ reader: PartitionReader, _ consumer: Consumer, _ share: PartitionShare
    ) async throws {
        guard !gained.isEmpty else { return }
        let marks = try await outages("ask where partitions of \(options.topic) begin") {
            try await consumer.watermarks(topic: options.topic, partitions: gained.keys.sorted(), within: .seconds(5))
        }
        for (partition, lease) in gained.sorted(by: { $0.key < $1.key }) {
            guard let (low, high) = marks[partition] else { continue }
            let next = try await share.start(partition, lease, low: low, high: high)
            reader.start(partition, next: next, epoch: lease.epoch)
            try await consumer.start(Position(topic: options.topic, partition: partition, offset: next))
        }
    }

    /// What exactly is gone, when a broker says that an offset is.
    private func lost(_ error: KafkaError, _ reader: PartitionReader, _ consumer: Consumer) async throws -> any Error {
        guard let partition = error.partition, let next = reader.next(partition) else { return error }
        let (low, high) = try await outages("ask what is left") {
            try await consumer.watermarks(topic: options.topic, partition: partition, within: .seconds(5))
        }
        guard next < low || next > high else {
            // A broker that was between leaders; the next one is asked in a moment.
            try await Task.sleep(for: .seconds(1))
            return PartitionShare.Rebalanced(why: "\(error), though it is there")
        }
        // Found again when the partition is started anew, and there the gap can be accepted.
        if options.acceptsLoss, next < low {
            return PartitionShare.Rebalanced(why: "\(options.topic):\(partition):\(next) is gone")
        }
        return LostMessages(topic: options.topic, partition: partition, next: next, low: low, high: high)
    }

    // MARK: Landing

    /// `copy`, then the books and COMMIT in one message, so that nothing of ours stands between the fence and the end.
    private func land(
        _ batch: MessageBatch, _ session: DatabaseSession, _ share: PartitionShare, _ consumer: Consumer
    ) async throws {
        let ranges = batch.ranges.sorted { $0.key < $1.key }
        var high: [Int64] = []
        for (partition, range) in ranges {
            let known = await consumer.knownHigh(topic: options.topic, partition: partition)
            high.append(max(known ?? 0, range.to))
        }
        let copy = "copy \(batch.table) (\(MessageBatch.columns(options.format))) from stdin (format binary)"
        func list(_ values: [Int64]) -> String { quoteLiteral(sqlArray(values)) }
        let advance = """
            select ops.land_messages(\(quoteLiteral(options.feed)), \(quoteLiteral(share.cluster)), \(run), \
            \(batch.slot)::smallint, \(quoteLiteral(batch.receivedOn)), \(list(ranges.map(\.value.batch))), \
            \(list(ranges.map { Int64($0.key) })), \(list(ranges.map(\.value.epoch))), \(list(ranges.map(\.value.from))), \
            \(list(ranges.map(\.value.to))), \(list(ranges.map(\.value.count))), \(list(high))); commit
            """
        let count = Int64(batch.count)
        let first = ranges[0].value.batch
        try await PartitionShare.fenced {
            try await session.run("land batch \(first)") { connection in
                share.landing(by: connection)
                // After an outage: the commit may have gone through before the answer was lost.
                if try await connection.query("select ops.is_landed($1)", [.int(first)]).first?[0] == "t" { return }
                try await connection.execute("begin")
                let copied = try await connection.copyIn(copy, batch.rows.bytes)
                guard Int64(copied) == count else {
                    throw PostgresError(sqlState: "EM007", message: "copied \(copied) of \(count) rows")
                }
                do { try await connection.execute(advance) } catch let error as PostgresError where error.constraint == "batch_pkey" {
                    // The attempt before was cut off, and its commit has gone through meanwhile.
                    throw PostgresError(sqlState: "40001", message: "the batch was landed by an attempt that was cut off")
                }
            }
        }
        report.change {
            $0.messages += count
            $0.batches += Int64(ranges.count)
        }
        for (partition, range) in ranges {
            logger.debug(
                "landed \(range.count) messages",
                metadata: [
                    "batch": "\(range.batch)", "source": "\(options.topic):\(partition)", "from": "\(range.from)",
                    "to": "\(range.to)",
                ])
        }
    }

    // MARK: Outages

    /// Repeats what fails while brokers are away.
    private func outages<T: Sendable>(_ what: String, _ body: @Sendable () async throws -> T) async throws -> T {
        var backoff = Backoff()
        let began = ContinuousClock.now
        while true {
            do { return try await body() } catch let error as KafkaError where error.isOutage {
                if let patience = options.patience, ContinuousClock.now - began > patience { throw error }
                if shutdown.isRequested { throw Finished() }
                let pause = backoff.next()
                logger.warning("\(what): \(error); next try in \(pause.tenths) s")
                try await Task.sleep(for: pause)
            }
        }
    }
}

/// A topic that is to be read does not exist.
public struct NoSuchTopic: Error, CustomStringConvertible {
    public var topic: String
    public var description: String { "topic \(topic) does not exist\n  hint: emporium topics apply" }
}

/// A value that several tasks share.
final class Mutexed<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }

    func change(_ body: @Sendable (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
