import CRdKafka
import Glibc

// Changes to topics. Each call is one request to the cluster's controller.

extension Admin {
    /// - Throws: `KafkaError` with the topic's name, for example `TOPIC_ALREADY_EXISTS`.
    public func create(_ topic: String, partitions: Int32, replicas: Int16, settings: [String: String], within limit: Duration) throws {
        var reason = [CChar](repeating: 0, count: 512)
        guard let new = rd_kafka_NewTopic_new(topic, partitions, Int32(replicas), &reason, reason.count) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, text(reason))
        }
        defer { rd_kafka_NewTopic_destroy(new) }
        for (name, value) in settings { try check(rd_kafka_NewTopic_set_config(new, name, value)) }
        try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, within: limit) { client, options, queue in
            var list: [OpaquePointer?] = [new]
            rd_kafka_CreateTopics(client, &list, 1, options, queue)
        } answer: { event in
            var count = 0
            try Self.checkTopics(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count), count)
        }
    }

    /// - Parameter partitions: how many there are to be in all.
    public func addPartitions(_ topic: String, to partitions: Int32, within limit: Duration) throws {
        var reason = [CChar](repeating: 0, count: 512)
        guard let new = rd_kafka_NewPartitions_new(topic, Int(partitions), &reason, reason.count) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, text(reason))
        }
        defer { rd_kafka_NewPartitions_destroy(new) }
        try request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, within: limit) { client, options, queue in
            var list: [OpaquePointer?] = [new]
            rd_kafka_CreatePartitions(client, &list, 1, options, queue)
        } answer: { event in
            var count = 0
            try Self.checkTopics(
                rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count), count)
        }
    }

    /// The settings of a topic that the cluster tells, defaults included.
    public func settings(of topic: String, within limit: Duration) throws -> [String: String] {
        try entries(of: topic, within: limit).mapValues(\.value)
    }

    /// Sets some of a topic's settings and leaves the others as they are.
    ///
    /// One by one with librdkafka 2.2 and later. An older one knows only the request that replaces them all, which is
    /// then sent with those that the topic has.
    public func set(_ settings: [String: String], of topic: String, within limit: Duration) throws {
        if let incremental = Incremental() {
            return try alter(topic, Incremental.operation, within: limit) { resource in
                for (name, value) in settings { try incremental.add(resource, name, value) }
            } send: { client, list, options, queue in
                incremental.send(client, list, 1, options, queue)
            } resources: { event, count in incremental.resources(event, count) }
        }
        let own = try entries(of: topic, within: limit).filter(\.value.isOwn).mapValues(\.value)
        try alter(topic, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, within: limit) { resource in
            for (name, value) in own.merging(settings, uniquingKeysWith: { $1 }) {
                try check(rd_kafka_ConfigResource_set_config(resource, name, value))
            }
        } send: { client, list, options, queue in
            rd_kafka_AlterConfigs(client, list, 1, options, queue)
        } resources: { event, count in
            rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), count)
        }
    }

    // MARK: Requests

    private typealias Resources = UnsafeMutablePointer<OpaquePointer?>

    private struct Entry {
        var value: String
        /// Set for this topic, not taken from the broker or a default.
        var isOwn: Bool
    }

    private func entries(of topic: String, within limit: Duration) throws -> [String: Entry] {
        guard let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "no topic's name")
        }
        defer { rd_kafka_ConfigResource_destroy(resource) }
        var found: [String: Entry] = [:]
        try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, within: limit) { client, options, queue in
            var list: [OpaquePointer?] = [resource]
            rd_kafka_DescribeConfigs(client, &list, 1, options, queue)
        } answer: { event in
            var count = 0
            let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
            try Self.checkResources(resources, count)
            guard count == 1, let resource = resources?[0] else { return }
            let list = rd_kafka_ConfigResource_configs(resource, &count)
            for index in 0..<count {
                guard let entry = list?[index], let name = rd_kafka_ConfigEntry_name(entry),
                    let value = rd_kafka_ConfigEntry_value(entry)
                else { continue }
                found[String(cString: name)] = Entry(
                    value: String(cString: value),
                    isOwn: rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
            }
        }
        return found
    }

    private func alter(
        _ topic: String, _ operation: rd_kafka_admin_op_t, within limit: Duration,
        fill: (OpaquePointer) throws -> Void, send: (OpaquePointer, Resources, OpaquePointer, OpaquePointer) -> Void,
        resources: (OpaquePointer, UnsafeMutablePointer<Int>) -> Resources?
    ) throws {
        guard let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "no topic's name")
        }
        defer { rd_kafka_ConfigResource_destroy(resource) }
        try fill(resource)
        try request(operation, within: limit) { client, options, queue in
            var list: [OpaquePointer?] = [resource]
            send(client, &list, options, queue)
        } answer: { event in
            var count = 0
            try Self.checkResources(resources(event, &count), count)
        }
    }

    private func request(
        _ operation: rd_kafka_admin_op_t, within limit: Duration,
        _ send: (_ client: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) throws -> Void,
        answer: (_ event: OpaquePointer) throws -> Void
    ) throws {
        let client = try open()
        guard let options = rd_kafka_AdminOptions_new(client, operation), let queue = rd_kafka_queue_new(client) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "no such request")
        }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_AdminOptions_destroy(options)
        }
        var reason = [CChar](repeating: 0, count: 512)
        try check(rd_kafka_AdminOptions_set_request_timeout(options, limit.milliseconds, &reason, reason.count), text(reason))
        try send(client, options, queue)
        // librdkafka answers in the end, with a time-out if need be.
        guard let event = rd_kafka_queue_poll(queue, limit.milliseconds &+ 5000) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        defer { rd_kafka_event_destroy(event) }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(error, rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        try answer(event)
    }

    private static func checkTopics(_ results: Resources?, _ count: Int) throws {
        for index in 0..<count {
            guard let result = results?[index] else { continue }
            try refused(
                rd_kafka_topic_result_error(result), rd_kafka_topic_result_error_string(result),
                rd_kafka_topic_result_name(result))
        }
    }

    private static func checkResources(_ results: Resources?, _ count: Int) throws {
        for index in 0..<count {
            guard let result = results?[index] else { continue }
            try refused(
                rd_kafka_ConfigResource_error(result), rd_kafka_ConfigResource_error_string(result),
                rd_kafka_ConfigResource_name(result))
        }
    }

    private static func refused(
        _ code: rd_kafka_resp_err_t, _ reason: UnsafePointer<CChar>?, _ topic: UnsafePointer<CChar>?
    ) throws {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        var error = KafkaError(code, reason.map { String(cString: $0) })
        error.topic = topic.map { String(cString: $0) }
        throw error
    }
}

/// IncrementalAlterConfigs, which librdkafka has since 2.2 and the headers of 2.0 do not show: looked up by name.
private struct Incremental {
    typealias Add = @convention(c) (OpaquePointer, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> OpaquePointer?
    typealias Send = @convention(c) (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>, Int, OpaquePointer, OpaquePointer) -> Void
    typealias Resources = @convention(c) (OpaquePointer, UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?

    /// RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS
    static let operation = rd_kafka_admin_op_t(rawValue: 16)

    private let addConfig: Add
    let send: Send
    let resources: Resources

    init?() {
        guard let add = dlsym(nil, "rd_kafka_ConfigResource_add_incremental_config"),
            let send = dlsym(nil, "rd_kafka_IncrementalAlterConfigs"),
            let resources = dlsym(nil, "rd_kafka_IncrementalAlterConfigs_result_resources")
        else { return nil }
        addConfig = unsafeBitCast(add, to: Add.self)
        self.send = unsafeBitCast(send, to: Send.self)
        // The event is the result, as for all of the admin requests.
        self.resources = unsafeBitCast(resources, to: Resources.self)
    }

    func add(_ resource: OpaquePointer, _ name: String, _ value: String) throws {
        let set: Int32 = 0  // RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET
        if let error = addConfig(resource, name, set, value) { throw KafkaError(consuming: error) }
    }
}
