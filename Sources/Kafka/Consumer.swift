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
/// At most 16 MiB are fetched ahead (`queued.max.messages.kbytes`, can be configured). Calls run one after another on a
/// thread of the consumer's own.
public actor Consumer {
    private nonisolated let executor = QueueExecutor(label: "kafka.consumer")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var client: Client?
    /// Reading has stopped for good until `assign`: every poll says so again.
    private var stopped: KafkaError?

    /// - Throws: `KafkaError` for settings that contradict each other.
    public init(_ configuration: KafkaConfiguration, logger: Logger = Logger(label: "kafka.consumer")) throws(KafkaError) {
        var properties = ["queued.max.messages.kbytes": "16384", "check.crcs": "true"]
        properties.merge(configuration.properties) { $1 }
        // librdkafka assigns only with a group's name, though no group is joined.
        properties["group.id"] = "emporium"
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        properties["auto.offset.reset"] = "error"
        let client = try Client(RD_KAFKA_CONSUMER, properties, logger: logger)
        try check(rd_kafka_poll_set_consumer(client.raw))
        self.client = consume client
    }

    /// Reads these partitions from now on, and no others.
    /// - Throws: `KafkaError` `_INVALID_ARG` for a negative number or a partition given twice.
    public func assign(_ positions: [Position]) throws {
        let raw = try open()
        let list = PartitionList(capacity: Int32(clamping: positions.count))
        var seen: Set<String> = []
        for position in positions {
            guard position.offset >= 0, position.partition >= 0 else {
                throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "partitions and offsets start at 0")
            }
            guard seen.insert("\(position.topic):\(position.partition)").inserted else {
                throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "\(position.topic):\(position.partition) is assigned twice")
            }
            rd_kafka_topic_partition_list_add(list.raw, position.topic, position.partition).pointee.offset = position.offset
        }
        try check(rd_kafka_assign(raw, list.raw))
        stopped = nil
    }

    /// Waits for one message and lends it to `body`.
    /// - Returns: what `body` gives, or nil when none came in time.
    /// - Throws: `KafkaError`: wait and poll again when `isOutage`. `isOutOfRange` and fatal ones come again at every poll
    ///   until the next `assign`: nothing is jumped over. `CancellationError`; what `body` throws, and then that message
    ///   is not given again.
    public func poll<T: Sendable>(
        within limit: Duration, _ body: @Sendable (borrowing Message) throws -> T
    ) throws -> T? {
        let raw = try open()
        if let stopped { throw stopped }
        let end = ContinuousClock.now + limit
        repeat {
            try Task.checkCancellation()
            let left = min(end - ContinuousClock.now, .milliseconds(100))
            guard let pointer = rd_kafka_consumer_poll(raw, left.milliseconds) else { continue }
            let message = Message(pointer)
            guard let error = message.error else { return try body(message) }
            if error.isOutOfRange || error.isFatal { stopped = error }
            throw error
        } while ContinuousClock.now < end
        return nil
    }

    /// Asks the partition's leader for its first offset and the one after its last.
    /// - Throws: `KafkaError`, an outage when the leader does not answer in time.
    public func watermarks(topic: String, partition: Int32, within limit: Duration) throws -> (low: Int64, high: Int64) {
        var (low, high): (Int64, Int64) = (0, 0)
        try check(rd_kafka_query_watermark_offsets(try open(), topic, partition, &low, &high, limit.milliseconds))
        return (low, high)
    }

    /// All topics that the cluster shows this client, with their numbers of partitions. Creates none.
    /// - Throws: `KafkaError`, an outage when no broker answers in time, or what a topic's own entry says.
    public func topics(within limit: Duration) throws -> [String: Int] {
        var answer: UnsafePointer<rd_kafka_metadata>?
        try check(rd_kafka_metadata(try open(), 1, nil, &answer, limit.milliseconds))
        guard let answer else { return [:] }
        defer { rd_kafka_metadata_destroy(answer) }
        var topics: [String: Int] = [:]
        for topic in UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt)) {
            let name = String(cString: topic.topic)
            if topic.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                var error = KafkaError(topic.err)
                error.topic = name
                throw error
            }
            topics[name] = Int(topic.partition_cnt)
        }
        return topics
    }

    /// Ends the client; further calls fail. Does not wait for brokers.
    public func close() { client = nil }

    private func open() throws(KafkaError) -> OpaquePointer {
        guard let raw = client?.raw else { throw .closed }
        return raw
    }
}

/// The one owner of a partition list. One that is forgotten makes destroying the client hang.
private struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    init(capacity: Int32) { raw = rd_kafka_topic_partition_list_new(capacity) }
    deinit { rd_kafka_topic_partition_list_destroy(raw) }
}
