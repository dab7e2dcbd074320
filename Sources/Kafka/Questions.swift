import CRdKafka

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

/// What any client can ask its cluster. Each call blocks until the answer is there.
struct Questions {
    let raw: OpaquePointer

    func clusterID(within limit: Duration) throws(KafkaError) -> String {
        // The id comes with metadata. Left to itself librdkafka asks for them as much as a second after it could.
        var answer: UnsafePointer<rd_kafka_metadata>?
        try check(rd_kafka_metadata(raw, 0, nil, &answer, limit.milliseconds))
        if let answer { rd_kafka_metadata_destroy(answer) }
        guard let id = knownClusterID else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "no broker told the cluster's id")
        }
        return id
    }

    /// As the last answer of any broker had it; nil before the first one. Asks nobody.
    var knownClusterID: String? {
        guard let text = rd_kafka_clusterid(raw, 0) else { return nil }
        defer { rd_kafka_mem_free(nil, text) }
        return String(cString: text)
    }

    func cluster(within limit: Duration) throws(KafkaError) -> ClusterInfo {
        var answer: UnsafePointer<rd_kafka_metadata>?
        try check(rd_kafka_metadata(raw, 1, nil, &answer, limit.milliseconds))
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

    /// By one question to each leader for the first offsets and one for the last.
    ///
    /// Not by rd_kafka_query_watermark_offsets: where one of its two requests fails it can give the other's answer for
    /// both (2.0.2), and a partition full of messages looks like one whose messages are gone.
    func watermarks(
        _ topic: String, _ partitions: [Int32], within limit: Duration
    ) throws(KafkaError) -> [Int32: (low: Int64, high: Int64)] {
        let low = try edges(Int64(RD_KAFKA_OFFSET_BEGINNING), topic, partitions, limit)
        let high = try edges(Int64(RD_KAFKA_OFFSET_END), topic, partitions, limit)
        return low.reduce(into: [:]) { $0[$1.key] = ($1.value, high[$1.key] ?? $1.value) }
    }

    private func edges(
        _ which: Int64, _ topic: String, _ partitions: [Int32], _ limit: Duration
    ) throws(KafkaError) -> [Int32: Int64] {
        let list = rd_kafka_topic_partition_list_new(Int32(clamping: partitions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        guard let list else { throw .closed }
        for partition in partitions { rd_kafka_topic_partition_list_add(list, topic, partition).pointee.offset = which }
        try check(rd_kafka_offsets_for_times(raw, list, limit.milliseconds))
        var found: [Int32: Int64] = [:]
        for entry in UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt)) {
            try check(entry.err)
            guard entry.offset >= 0 else {
                throw KafkaError(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "\(topic):\(entry.partition): its leader told no offset")
            }
            found[entry.partition] = entry.offset
        }
        return found
    }
}
