import CRdKafka

/// One message, where librdkafka received it. Buffers are borrowed: they end with the closure that got the message.
public struct Message: ~Copyable {
    private let raw: UnsafeMutablePointer<rd_kafka_message_t>

    init(_ raw: UnsafeMutablePointer<rd_kafka_message_t>) { self.raw = raw }
    deinit { rd_kafka_message_destroy(raw) }

    public var topic: String { String(cString: rd_kafka_topic_name(raw.pointee.rkt)) }
    public var partition: Int32 { raw.pointee.partition }
    public var offset: Int64 { raw.pointee.offset }
    /// `topic:partition:offset`, unique in a cluster for as long as the topic is not made anew.
    public var coordinates: String { "\(topic):\(partition):\(offset)" }

    /// nil when there is none.
    public var key: UnsafeRawBufferPointer? { raw.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.key_len) } }

    /// nil for a tombstone.
    public var value: UnsafeRawBufferPointer? {
        raw.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.len) }
    }

    /// Milliseconds since 1970-01-01 UTC, given by the producer or the broker as the topic is configured; nil when the
    /// broker has none.
    public var timestamp: Int64? {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(raw, &kind)
        return kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time
    }

    /// The last header of that name; nil when there is none, when it is null, or when headers cannot be parsed.
    public func header(_ name: String) -> UnsafeRawBufferPointer? {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        var (value, size): (UnsafeRawPointer?, Int) = (nil, 0)
        guard rd_kafka_header_get_last(list, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return value.map { UnsafeRawBufferPointer(start: $0, count: size) }
    }

    /// Copies, in their order; names may repeat.
    /// - Throws: `KafkaError` for headers that cannot be parsed.
    public func headers() throws(KafkaError) -> [Header] {
        var list: OpaquePointer?
        let code = rd_kafka_message_headers(raw, &list)
        if code == RD_KAFKA_RESP_ERR__NOENT { return [] }
        try check(code)
        var headers: [Header] = []
        var name: UnsafePointer<CChar>?
        var (value, size): (UnsafeRawPointer?, Int) = (nil, 0)
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            headers.append(
                Header(
                    name.map { String(cString: $0) } ?? "",
                    value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }))
        }
        return headers
    }

    /// Bytes of key and value.
    var size: Int { raw.pointee.key_len + raw.pointee.len }

    /// What came in a message's place.
    var error: KafkaError? {
        guard raw.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let reason = rd_kafka_message_errstr(raw).map { String(cString: $0) }  // a consumer's: librdkafka's own words
        return KafkaError(raw.pointee.err, reason).at(raw.pointee)
    }
}
