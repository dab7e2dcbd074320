import CRdKafka
import Executors
import Logging

/// The next message to read of a partition.
public struct Position: Sendable, Equatable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64

    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// Reads partitions that it is given, from offsets that it is given. Joins no group, commits nothing: positions are kept
/// by the caller, in one transaction with what it makes of the messages.
///
/// By librdkafka's simple consumer, all partitions into one queue. Its newer `rd_kafka_assign` aborts the process in 2.0.2
/// when a partition is given up and taken again at once.
///
/// About 16 MiB are fetched ahead (`queued.max.messages.kbytes`, can be configured; see `Prefetch`). Calls run one after another on a
/// thread of the consumer's own.
public actor Consumer {
    private nonisolated let executor = QueueExecutor(label: "kafka.consumer")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var reading: Reading?
    /// What must not be read past, by `topic:partition`: every read says so again until the partition is stopped.
    private var stopped: [(topic: String, partition: Int32, error: KafkaError)] = []
    /// Ends that a read came to before it failed; librdkafka tells them once, so the next read does.
    private var ends: [Position] = []

    /// - Throws: `KafkaError` for settings that contradict each other.
    public init(_ configuration: KafkaConfiguration, logger: Logger = Logger(label: "kafka.consumer")) throws(KafkaError) {
        var properties = [
            "queued.max.messages.kbytes": "16384", "queued.min.messages": "10000000", "check.crcs": "true",
            "reconnect.backoff.max.ms": "2000",
        ]
        properties.merge(configuration.properties) { $1 }
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        properties["auto.offset.reset"] = "error"
        properties["enable.partition.eof"] = "true"
        let prefetch = Prefetch(completing: &properties)
        reading = Reading(try Client(RD_KAFKA_CONSUMER, properties, logger: logger), prefetch)
    }

    /// Begins to read a partition, or goes on elsewhere in one that is read already.
    /// - Throws: `KafkaError` `_INVALID_ARG` for a negative number.
    public func start(_ position: Position) throws {
        guard position.offset >= 0, position.partition >= 0 else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "partitions and offsets start at 0")
        }
        let reading = try open()
        try stop(topic: position.topic, partition: position.partition)
        try reading.start(position)
    }

    /// Reads a partition no longer; what was fetched of it is dropped. Nothing happens when it is not read.
    public func stop(topic: String, partition: Int32) throws {
        try open().stop(topic, partition)
        stopped.removeAll { $0.topic == topic && $0.partition == partition }
        ends.removeAll { $0.topic == topic && $0.partition == partition }
    }

    /// Reads these partitions from now on, and no others.
    /// - Throws: `KafkaError` `_INVALID_ARG` for a negative number or a partition given twice.
    public func assign(_ positions: [Position]) throws {
        for (index, one) in positions.enumerated()
        where positions[..<index].contains(where: { $0.topic == one.topic && $0.partition == one.partition }) {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "\(one.topic):\(one.partition) is assigned twice")
        }
        for (topic, partition) in try open().partitions { try stop(topic: topic, partition: partition) }
        for position in positions { try start(position) }
    }

    /// Waits for one message and lends it to `body`.
    /// - Returns: what `body` gives, or nil when none came in time.
    /// - Throws: as `read`.
    public func poll<T: Sendable>(
        within limit: Duration, _ body: @Sendable (borrowing Message) throws -> T
    ) throws -> T? {
        var value: T?
        _ = try lend(within: limit) { message in
            value = try body(message)
            return false
        }
        return value
    }

    /// Lends messages to `body` one after another, until it gives false, or none comes within `limit` of the last one.
    /// - Returns: positions at the end of their partitions: all there is now has been read. Each is told once, by the
    ///   first read that does not fail.
    /// - Throws: `KafkaError`: read again when `isOutage`. `isOutOfRange` and fatal ones come again at every read until
    ///   that partition is stopped: nothing is jumped over. `CancellationError`; what `body` throws, and then that
    ///   message is not given again.
    public func read(
        within limit: Duration, _ body: @Sendable (borrowing Message) throws -> Bool
    ) throws -> [Position] {
        try lend(within: limit, body)
    }

    private func lend(within limit: Duration, _ body: (borrowing Message) throws -> Bool) throws -> [Position] {
        let reading = try open()
        if let error = stopped.first?.error { throw error }
        var deadline = ContinuousClock.now + limit
        var misses = false
        while true {
            // No clock on the way while messages are there.
            let left = misses ? min(deadline - ContinuousClock.now, .milliseconds(100)) : .zero
            guard let pointer = rd_kafka_consume_queue(reading.queue, left.milliseconds) else {
                try Task.checkCancellation()
                rd_kafka_poll(reading.raw, 0)  // librdkafka's own events
                let now = ContinuousClock.now
                if !misses { deadline = now + limit }
                misses = true
                if now >= deadline { return endsToTell() }
                continue
            }
            let message = Message(pointer)
            if let error = message.error {
                if error.code == RD_KAFKA_RESP_ERR__PARTITION_EOF.rawValue {
                    ends.append(Position(topic: message.topic, partition: message.partition, offset: message.offset))
                    // Nothing more is on its way: the caller may want to act on it.
                    if ends.count >= reading.count { return endsToTell() }
                    continue
                }
                if error.isOutOfRange || error.isFatal {
                    stopped.append((message.topic, message.partition, error))
                }
                throw error
            }
            misses = false
            reading.took(message)
            if try !body(message) { return endsToTell() }
        }
    }

    private func endsToTell() -> [Position] {
        defer { ends = [] }
        return ends
    }

    /// Asks the partition's leader for its first offset and the one after its last.
    /// - Throws: `KafkaError`, an outage when the leader does not answer in time.
    public func watermarks(topic: String, partition: Int32, within limit: Duration) throws -> (low: Int64, high: Int64) {
        try Questions(raw: open().raw).watermarks(topic, [partition], within: limit)[partition]!
    }

    /// The same of several partitions at once.
    /// - Returns: by partition, one for each that was asked for.
    public func watermarks(
        topic: String, partitions: [Int32], within limit: Duration
    ) throws -> [Int32: (low: Int64, high: Int64)] {
        try Questions(raw: open().raw).watermarks(topic, partitions, within: limit)
    }

    /// The offset after a partition's last message as the last answer to a fetch had it; nil before the first one. Asks
    /// nobody.
    public func knownHigh(topic: String, partition: Int32) -> Int64? {
        var (low, high): (Int64, Int64) = (0, 0)
        guard let raw = reading?.raw, rd_kafka_get_watermark_offsets(raw, topic, partition, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR,
            high >= 0
        else { return nil }
        return high
    }

    /// The id that the brokers give their cluster.
    /// - Throws: `KafkaError`, an outage when no broker answers in time.
    public func clusterID(within limit: Duration) throws -> String { try Questions(raw: open().raw).clusterID(within: limit) }

    /// The same as the last answer of any broker had it; nil before the first one. Asks nobody.
    public var knownClusterID: String? { reading.flatMap { Questions(raw: $0.raw).knownClusterID } }

    /// All topics that the cluster shows this client, with their numbers of partitions. Creates none.
    /// - Throws: `KafkaError`, an outage when no broker answers in time, or what a topic's own entry says.
    public func topics(within limit: Duration) throws -> [String: Int] {
        try Questions(raw: open().raw).cluster(within: limit).topics.mapValues { Int($0.partitions) }
    }

    /// Ends the client; further calls fail. Does not wait for brokers.
    public func close() { reading = nil }

    private func open() throws(KafkaError) -> Reading {
        guard let reading else { throw .closed }
        return reading
    }
}

/// A client with the one queue that all its partitions come into. Everything is stopped and given back before the client
/// goes: what is left behind makes destroying it hang.
///
/// Used on the consumer's thread alone, as the property of that actor.
private final class Reading {
    private let client: Client
    let queue: OpaquePointer
    private var topics: [String: OpaquePointer] = [:]
    private var started: [String: Set<Int32>] = [:]
    private var prefetch: Prefetch

    init(_ client: consuming Client, _ prefetch: Prefetch) {
        self.prefetch = prefetch
        queue = rd_kafka_queue_new(client.raw)
        self.client = client
    }

    deinit {
        for (topic, partition) in partitions { stop(topic, partition) }
        rd_kafka_queue_destroy(queue)
        topics.values.forEach { rd_kafka_topic_destroy($0) }
    }

    var raw: OpaquePointer { client.raw }
    var count: Int { started.values.reduce(0) { $0 + $1.count } }
    var partitions: [(topic: String, partition: Int32)] { started.flatMap { topic, all in all.sorted().map { (topic, $0) } } }

    @inline(__always)
    func took(_ message: borrowing Message) {
        if prefetch.took(message.size, of: queue) { Prefetch.wake(raw, partitions) }
    }

    func start(_ position: Position) throws(KafkaError) {
        guard let topic = topics[position.topic] ?? rd_kafka_topic_new(raw, position.topic, nil) else {
            throw KafkaError(rd_kafka_last_error())
        }
        topics[position.topic] = topic
        guard rd_kafka_consume_start_queue(topic, position.partition, position.offset, queue) == 0 else {
            throw KafkaError(rd_kafka_last_error())
        }
        started[position.topic, default: []].insert(position.partition)
    }

    func stop(_ topic: String, _ partition: Int32) {
        guard let raw = topics[topic], started[topic]?.remove(partition) != nil else { return }
        rd_kafka_consume_stop(raw, partition)
    }
}
