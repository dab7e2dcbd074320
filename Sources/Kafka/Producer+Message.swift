import CRdKafka

extension ProducerCore {
    /// Puts a copy of one message into the client's queue. Never blocks.
    func produce(
        _ raw: OpaquePointer, _ topic: String, _ key: [UInt8]?, _ value: [UInt8]?, _ headers: [Header], _ partition: Int32?
    ) -> KafkaError? {
        topic.withCString { topic in
            withBytes(key) { key in
                withBytes(value) { value in
                    var parts = [
                        part(RD_KAFKA_VTYPE_TOPIC) { $0.cstr = topic },
                        part(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY },
                        part(RD_KAFKA_VTYPE_KEY) { $0.mem = .init(ptr: key.0, size: key.1) },
                        part(RD_KAFKA_VTYPE_VALUE) { $0.mem = .init(ptr: value.0, size: value.1) },
                    ]
                    if let partition { parts.append(part(RD_KAFKA_VTYPE_PARTITION) { $0.i32 = partition }) }
                    let list = headers.isEmpty ? nil : rd_kafka_headers_new(headers.count)
                    if let list {
                        for header in headers {
                            withBytes(header.value) { _ = rd_kafka_header_add(list, header.name, -1, $0.0, $0.1) }
                        }
                        parts.append(part(RD_KAFKA_VTYPE_HEADERS) { $0.headers = list })
                    }
                    guard let error = rd_kafka_produceva(raw, parts, parts.count) else { return nil }
                    if let list { rd_kafka_headers_destroy(list) }  // only a message that was accepted takes them over
                    return KafkaError(consuming: error)
                }
            }
        }
    }

    private func part(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_s.__Unnamed_union_u) -> Void) -> rd_kafka_vu_t {
        var part = rd_kafka_vu_t()
        part.vtype = type
        set(&part.u)
        return part
    }
}

/// Null for nil; an empty array has an address, too, or it would be taken for null.
private func withBytes<T>(_ bytes: [UInt8]?, _ body: ((UnsafeMutableRawPointer?, Int)) -> T) -> T {
    guard let bytes else { return body((nil, 0)) }
    guard !bytes.isEmpty else { return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { body(($0.baseAddress, 0)) } }
    return bytes.withUnsafeBytes { body((UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)) }
}

extension KafkaError {
    /// The same with the coordinates of the message it is about.
    func at(_ message: rd_kafka_message_t) -> KafkaError {
        var error = self
        error.topic = message.rkt.map { String(cString: rd_kafka_topic_name($0)) }
        error.partition = message.partition >= 0 ? message.partition : nil
        error.offset = message.offset >= 0 ? message.offset : nil
        return error
    }
}
