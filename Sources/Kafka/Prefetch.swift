import CRdKafka

/// Keeps librdkafka fetching ahead.
///
/// Each time that the queue has its fill (`queued.max.messages.kbytes`), librdkafka 2.0 sends no further fetch and its
/// threads to the brokers sleep for a second, however fast the queue empties meanwhile: with 16 MiB that is 16 MiB a second
/// at the most. Any other request to a broker wakes its thread, and then it looks again; so one is sent when half of what was
/// there is gone. Later releases have a setting for it (`fetch.queue.backoff.ms`).
struct Prefetch {
    private static let backoff = "fetch.queue.backoff.ms"

    private let limit: Int
    private let isNeeded: Bool
    private var lent = 0
    private var highest = 0

    /// - Parameter properties: with `queued.max.messages.kbytes`; completed by what depends on it.
    init(completing properties: inout [String: String]) {
        limit = (Int(properties["queued.max.messages.kbytes"] ?? "") ?? 16 << 10) << 10
        // One answer more than the limit may be in memory, and each is held until its last message is gone. One at a time
        // is under way to each broker: where the way is long, larger ones are faster.
        properties["fetch.max.bytes"] = properties["fetch.max.bytes"] ?? String(min(max(limit / 4, 1 << 20), 50 << 20))
        let settings = RawSettings()
        isNeeded = rd_kafka_conf_set(settings.raw, Self.backoff, "10", nil, 0) == RD_KAFKA_CONF_UNKNOWN
        if !isNeeded { properties[Self.backoff] = properties[Self.backoff] ?? "10" }
    }

    /// Counts what is taken from the queue.
    /// - Returns: whether brokers' threads should be woken now.
    @inline(__always)
    mutating func took(_ bytes: Int, of queue: OpaquePointer) -> Bool {
        lent += bytes
        return lent >= limit / 16 && look(rd_kafka_queue_length(queue))
    }

    /// - Parameter length: messages that are in the queue.
    @inline(never)
    mutating func look(_ length: Int) -> Bool {
        lent = 0
        let isDue = isNeeded && length < highest / 2
        highest = isDue ? length : max(highest, length)
        return isDue
    }

    /// Asks the leaders of these partitions for something cheap, their last offsets, and does not wait for the answers.
    static func wake(_ client: OpaquePointer, _ partitions: [(topic: String, partition: Int32)]) {
        guard let list = rd_kafka_topic_partition_list_new(Int32(partitions.count)) else { return }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (topic, partition) in partitions {
            rd_kafka_topic_partition_list_add(list, topic, partition).pointee.offset = Int64(RD_KAFKA_OFFSET_END)
        }
        _ = rd_kafka_offsets_for_times(client, list, 1)
    }
}
