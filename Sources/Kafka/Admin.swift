import CRdKafka
import Executors
import Logging

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
    public func clusterID(within limit: Duration) throws -> String { try Questions(raw: open()).clusterID(within: limit) }

    /// All brokers and topics that the cluster shows this client. Creates none.
    /// - Throws: `KafkaError`, an outage when no broker answers in time.
    public func cluster(within limit: Duration) throws -> ClusterInfo { try Questions(raw: open()).cluster(within: limit) }

    /// Asks the partition's leader for its first offset and the one after its last.
    /// - Throws: `KafkaError`, an outage when the leader does not answer in time.
    public func watermarks(topic: String, partition: Int32, within limit: Duration) throws -> (low: Int64, high: Int64) {
        try Questions(raw: open()).watermarks(topic, [partition], within: limit)[partition]!
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
