import CRdKafka
import Executors
import Logging

/// What a cluster says of itself.
public struct ClusterInfo: Sendable, Equatable {
    public struct Topic: Sendable, Equatable {
        public var name: String
        public var partitions: Int32
        /// The fewest copies that any of its partitions has.
        public var replicas: Int
    }

    /// `host:port` by the broker's number.
    public var brokers: [Int32: String]
    /// By name; Kafka's own (`__consumer_offsets`) included.
    public var topics: [String: Topic]
}

/// Asks a cluster about itself and makes, widens and configures topics. Calls run one after another on a thread of its own.
public actor Admin {
    private nonisolated let executor = QueueExecutor(label: "kafka.admin")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var client: Client?

    /// - Throws: `KafkaError` for settings that contradict each other.
    public init(_ configuration: KafkaConfiguration, logger: Logger = Logger(label: "kafka.admin")) throws(KafkaError) {
        client = try Client(RD_KAFKA_PRODUCER, configuration.properties, logger: logger)
    }

    /// The cluster's incarnation: offsets of one mean nothing to another, though topics be called the same.
    /// - Throws: `KafkaError`, an outage when no broker answers in time.
    public func clusterID(within limit: Duration) throws -> String {
        let raw = try open()
        // The id comes with metadata. Left to itself librdkafka asks for them as much as a second after it could.
        var answer: UnsafePointer<rd_kafka_metadata>?
        try check(rd_kafka_metadata(raw, 0, nil, &answer, limit.milliseconds))
        if let answer { rd_kafka_metadata_destroy(answer) }
        guard let text = rd_kafka_clusterid(raw, limit.milliseconds) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "no broker told the cluster's id")
        }
        defer { rd_kafka_mem_free(nil, text) }
        return String(cString: text)
    }

    /// All brokers and topics that the cluster shows this client. Creates none.
    /// - Throws: `KafkaError`, an outage when no broker answers in time.
    public func cluster(within limit: Duration) throws -> ClusterInfo {
        var answer: UnsafePointer<rd_kafka_metadata>?
        try check(rd_kafka_metadata(try open(), 1, nil, &answer, limit.milliseconds))
        guard let answer else { return ClusterInfo(brokers: [:], topics: [:]) }
        defer { rd_kafka_metadata_destroy(answer) }
        var info = ClusterInfo(brokers: [:], topics: [:])
        for broker in UnsafeBufferPointer(start: answer.pointee.brokers, count: Int(answer.pointee.broker_cnt)) {
            info.brokers[broker.id] = "\(String(cString: broker.host)):\(broker.port)"
        }
        for topic in UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt)) {
            let name = String(cString: topic.topic)
            if topic.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                var error = KafkaError(topic.err)
                error.topic = name
                throw error
            }
            let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
            info.topics[name] = ClusterInfo.Topic(
                name: name, partitions: topic.partition_cnt, replicas: partitions.map { Int($0.replica_cnt) }.min() ?? 0)
        }
        return info
    }

    /// Asks the partition's leader for its first offset and the one after its last.
    /// - Throws: `KafkaError`, an outage when the leader does not answer in time.
    public func watermarks(topic: String, partition: Int32, within limit: Duration) throws -> (low: Int64, high: Int64) {
        var (low, high): (Int64, Int64) = (0, 0)
        try check(rd_kafka_query_watermark_offsets(try open(), topic, partition, &low, &high, limit.milliseconds))
        return (low, high)
    }

    /// Ends the client; further calls fail.
    public func close() { client = nil }

    func open() throws(KafkaError) -> OpaquePointer {
        guard let raw = client?.raw else { throw .closed }
        return raw
    }
}

/// librdkafka's version at run time, for example `2.0.2`.
public var librdkafkaVersion: String { String(cString: rd_kafka_version_str()) }
