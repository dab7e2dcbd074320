import CRdKafka

/// An error of a broker, of librdkafka, or of the use of a client.
///
/// `description` is fit for logs: it names code, topic, partition and offset, never a key, a payload or a setting's value.
public struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// librdkafka's number: negative for its own errors (-140), positive for a broker's (1), as in Kafka's protocol guide.
    public var code: Int32
    /// What went wrong, in words.
    public var reason: String
    public var topic: String?
    public var partition: Int32?
    /// The position in the partition that the error is about.
    public var offset: Int64?
    /// The client is of no use any more: make a new one.
    public var isFatal: Bool
    private var saysRetriable = false

    init(_ code: rd_kafka_resp_err_t, _ reason: String? = nil) {
        self.code = code.rawValue
        self.reason = reason ?? String(cString: rd_kafka_err2str(code))
        isFatal = code == RD_KAFKA_RESP_ERR__FATAL
    }

    /// Takes over an error object and frees it.
    init(consuming raw: OpaquePointer) {
        self.init(rd_kafka_error_code(raw), String(cString: rd_kafka_error_string(raw)))
        isFatal = isFatal || rd_kafka_error_is_fatal(raw) == 1
        saysRetriable = rd_kafka_error_is_retriable(raw) == 1
        rd_kafka_error_destroy(raw)
    }

    /// librdkafka's name of the code, for example `_TRANSPORT` or `OFFSET_OUT_OF_RANGE`; `ERR_<number>?` for one it does not know.
    public var name: String { String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code))) }

    /// The same call may succeed later, unchanged.
    public var isRetriable: Bool { !isFatal && (saysRetriable || isOutage) }

    /// Brokers are away, slow (a producer's queue is full) or between leaders: wait and try again, the data is not to blame.
    public var isOutage: Bool { !isFatal && Self.outages.contains(code) }

    /// The position asked for is not in the partition (any more): nobody may jump over that, a human decides.
    public var isOutOfRange: Bool {
        code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue
    }

    private static let outages: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__QUEUE_FULL,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        ].map(\.rawValue))

    static let closed = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "the client is closed")

    public var description: String {
        var text = "\(name) (\(code)): \(reason)"
        let place = [topic, partition.map(String.init), offset.map(String.init)].compactMap(\.self).joined(separator: ":")
        if !place.isEmpty { text += " at \(place)" }
        return text
    }
}

/// Throws unless a call succeeded.
func check(_ code: rd_kafka_resp_err_t, _ reason: String? = nil) throws(KafkaError) {
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, reason) }
}
