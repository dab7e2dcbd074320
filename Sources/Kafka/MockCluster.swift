import CRdKafka
import Logging

/// librdkafka's own brokers, in this process, for tests and trials without Kafka.
///
/// Keeps about 5 MB or 100,000 messages a partition and then drops the oldest. Makes a topic of four partitions for
/// whoever produces to one that is not there. Does not recognise an idempotent producer's repeats.
///
/// `@unchecked Sendable`: the pointers never change, and librdkafka hands each of these calls to the cluster's own thread.
public struct MockCluster: ~Copyable, @unchecked Sendable {
    private let client: Client
    private let raw: OpaquePointer
    /// `host:port,…`
    public let bootstrapServers: String

    /// - Parameter brokers: numbered from 1.
    /// - Throws: `KafkaError` when its sockets cannot be opened.
    public init(brokers: Int32 = 1, logger: Logger = Logger(label: "kafka.mock")) throws(KafkaError) {
        // Else the second of two answers waits for 40 ms, until the client's system acknowledges the first (Nagle).
        let client = try Client(RD_KAFKA_PRODUCER, ["socket.nagle.disable": "true"], logger: logger)
        guard let cluster = rd_kafka_mock_cluster_new(client.raw, brokers) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "the mock cluster did not start")
        }
        self.client = consume client
        raw = cluster
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit { rd_kafka_mock_cluster_destroy(raw) }

    /// - Throws: `KafkaError`, for example when the topic exists.
    public func createTopic(_ name: String, partitions: Int32, replicas: Int32 = 1) throws(KafkaError) {
        try check(rd_kafka_mock_topic_create(raw, name, partitions, replicas))
    }

    /// Cuts a broker's connections and refuses new ones; all brokers' by default.
    public func setDown(broker: Int32 = -1) throws(KafkaError) { try check(rd_kafka_mock_broker_set_down(raw, broker)) }

    public func setUp(broker: Int32 = -1) throws(KafkaError) { try check(rd_kafka_mock_broker_set_up(raw, broker)) }

    /// Holds back each answer for so long; all brokers' by default.
    public func setRoundTrip(_ time: Duration, broker: Int32 = -1) throws(KafkaError) {
        try check(rd_kafka_mock_broker_set_rtt(raw, broker, time.milliseconds))
    }

    /// The next requests of a kind fail, each with one of these codes.
    /// - Parameter request: Kafka's number of the request (API key), 0 is Produce, 1 is Fetch.
    public func failNext(request: Int16, with codes: [Int32]) {
        var errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(raw, request, errors.count, &errors)
    }
}
