import Logging
import Testing

@testable import Kafka

/// A loop without end shows as a time-out, and so does a handle that hangs when it is destroyed.
@Suite(.timeLimit(.minutes(1)), .serialized) struct ClientTests {
    private static let quiet = Logger(label: "kafka.tests") { _ in SwiftLogNoOpLogHandler() }

    private func settings(_ cluster: borrowing MockCluster, _ more: [String: String] = [:]) throws -> KafkaConfiguration {
        try KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers].merging(more) { $1 })
    }

    private func producer(_ cluster: borrowing MockCluster, _ more: [String: String] = [:]) throws -> Producer {
        try Producer(settings(cluster, more), logger: Self.quiet)
    }

    private func consumer(_ cluster: borrowing MockCluster) throws -> Consumer {
        try Consumer(settings(cluster), logger: Self.quiet)
    }

    private struct Read: Sendable, Equatable {
        var partition: Int32
        var offset: Int64
        var text: String
    }

    private func read(_ consumer: Consumer) async throws -> Read? {
        try await consumer.poll(within: .seconds(10)) { message in
            let value = message.value
            return Read(
                partition: message.partition, offset: message.offset,
                text: String(decoding: try #require(value), as: UTF8.self))
        }
    }

    /// librdkafka asks for the two ends by two requests, and does not say when only one of them was answered.
    @Test func watermarksAreRightOrAnErrorWhateverFails() async throws {
        let cluster = try MockCluster(brokers: 2, logger: Self.quiet)
        try cluster.createTopic("marks", partitions: 4)
        let producer = try producer(cluster)
        for number in 0..<50 {
            try await producer.send(topic: "marks", key: nil, value: Array("\(number)".utf8), partition: 1)
        }
        try await producer.close()
        let consumer = try consumer(cluster)
        var answers = 0
        for round in 0..<24 {
            let codes: [Int32] = [[6, 5, 7, 6], [6], [7], [6]][round % 4]
            cluster.failNext(request: 2, with: codes)
            for _ in 0..<5 {
                guard let marks = try? await consumer.watermarks(topic: "marks", partition: 1, within: .seconds(5)) else { continue }
                #expect(marks.low == 0 && marks.high == 50, "round \(round) \(codes)")
                answers += 1
            }
        }
        #expect(answers > 24)
    }

    @Test func tenThousandMessagesOnceAndInOrderFromGivenOffsets() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("many", partitions: 3)
        // A queue that is full again and again: back-pressure, not an error.
        let producer = try producer(cluster, ["queue.buffering.max.messages": "500"])
        for number in 0..<10_000 {
            try await producer.send(topic: "many", key: Array("key \(number % 97)".utf8), value: Array("\(number)".utf8))
        }
        try await producer.flush(within: .seconds(30))
        #expect(producer.deliveries == Deliveries(sent: 10_000, acknowledged: 10_000, failed: 0))
        try await producer.close()

        let consumer = try consumer(cluster)
        var high: [Int32: Int64] = [:]
        for partition in Int32(0)..<3 {
            let marks = try await consumer.watermarks(topic: "many", partition: partition, within: .seconds(10))
            #expect(marks.low == 0)
            high[partition] = marks.high
        }
        #expect(high.values.reduce(0, +) == 10_000 && high.values.allSatisfy { $0 > 0 })

        let start: [Int32: Int64] = [0: 0, 1: 5, 2: 100]
        try await consumer.assign(start.map { Position(topic: "many", partition: $0, offset: $1) })
        var next = start
        var last: [String: Int] = [:]  // by key: numbers rise
        for _ in 0..<(10_000 - 105) {
            let message = try #require(try await read(consumer))
            #expect(message.offset == next[message.partition])
            next[message.partition] = message.offset + 1
            let number = try #require(Int(message.text))
            let key = "\(message.partition)/\(number % 97)"
            #expect(last[key, default: -1] < number)
            last[key] = number
        }
        #expect(next == high)
        #expect(last.count == 97, "a key has one partition")
        #expect(try await consumer.poll(within: .milliseconds(50)) { $0.offset } == nil, "and nothing is left")
        await consumer.close()
        await #expect(throws: KafkaError.closed) { try await consumer.assign([]) }
    }

    @Test func outOfRangeIsAnErrorThatStays() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("short", partitions: 1)
        let producer = try producer(cluster)
        try await producer.send(topic: "short", key: nil, value: [1])
        try await producer.flush(within: .seconds(10))
        let consumer = try consumer(cluster)
        try await consumer.assign([Position(topic: "short", partition: 0, offset: 1000)])
        for _ in 0..<2 {
            let error = try #require(
                await #expect(throws: KafkaError.self) { try await consumer.poll(within: .seconds(10)) { $0.offset } })
            #expect(error.isOutOfRange && !error.isOutage, "\(error)")
            #expect(error.topic == "short" && error.partition == 0, "\(error)")
        }
        // A human decided: it goes on from there.
        try await consumer.assign([Position(topic: "short", partition: 0, offset: 0)])
        #expect(try await consumer.poll(within: .seconds(10)) { $0.coordinates } == "short:0:0")

        for wrong in [Position(topic: "short", partition: 0, offset: -2), Position(topic: "short", partition: -1, offset: 0)] {
            await #expect(throws: KafkaError.self) { try await consumer.assign([wrong]) }
        }
    }

    @Test func whileBrokersAreAwayMessagesWait() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("patient", partitions: 1)
        let producer = try producer(
            cluster, ["queue.buffering.max.messages": "50", "reconnect.backoff.max.ms": "200"])
        try await producer.send(topic: "patient", key: nil, value: Array("0".utf8))
        try await producer.flush(within: .seconds(10))

        try cluster.setDown()
        for number in 1...50 { try await producer.send(topic: "patient", key: nil, value: Array("\(number)".utf8)) }
        let error = try #require(
            await #expect(throws: KafkaError.self) { try await producer.flush(within: .milliseconds(100)) })
        #expect(error.isOutage && error.description.contains("50 messages"), "\(error)")
        // The queue is full: the next one waits for room, and lets itself be cancelled.
        let waiting = Task { try await producer.send(topic: "patient", key: nil, value: Array("51".utf8)) }
        let cancelled = Task { try await producer.send(topic: "patient", key: nil, value: Array("never".utf8)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(producer.deliveries == Deliveries(sent: 51, acknowledged: 1, failed: 0))

        try cluster.setUp()
        try await waiting.value
        try await producer.flush(within: .seconds(30))
        #expect(producer.deliveries == Deliveries(sent: 52, acknowledged: 52, failed: 0))

        let consumer = try consumer(cluster)
        try await consumer.assign([Position(topic: "patient", partition: 0, offset: 0)])
        for number in 0...51 {
            #expect(try await read(consumer) == Read(partition: 0, offset: Int64(number), text: "\(number)"))
        }
        #expect(try await consumer.watermarks(topic: "patient", partition: 0, within: .seconds(10)).high == 52)
    }

    @Test func metadataListsTopicsAndFailsAsAnOutage() async throws {
        let cluster = try MockCluster(brokers: 3, logger: Self.quiet)
        try cluster.createTopic("customers", partitions: 3, replicas: 3)
        try cluster.createTopic("customers.dead.letter", partitions: 1)
        #expect(throws: KafkaError.self) { try cluster.createTopic("customers", partitions: 1) }
        let consumer = try consumer(cluster)
        #expect(try await consumer.topics(within: .seconds(10)) == ["customers": 3, "customers.dead.letter": 1])
        #expect(try await consumer.watermarks(topic: "customers", partition: 2, within: .seconds(10)) == (0, 0))
        try cluster.setDown()
        let error = try #require(
            await #expect(throws: KafkaError.self) { _ = try await consumer.topics(within: .milliseconds(200)) })
        #expect(error.isOutage, "\(error)")
    }

    @Test func keysValuesHeadersAndTimesComeBackAsTheyWent() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("exact", partitions: 2)
        let producer = try producer(cluster)
        let big = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let headers = [Header("a", [0, 255]), Header("a", nil), Header("empty", []), Header("ünï", Array("x".utf8))]
        let cases: [(key: [UInt8]?, value: [UInt8]?, headers: [Header])] = [
            ([0, 1, 0], big, headers), (nil, nil, []), ([], [], [Header("only", [1])]),
        ]
        for one in cases {
            try await producer.send(topic: "exact", key: one.key, value: one.value, headers: one.headers, partition: 1)
        }
        try await producer.close()
        let consumer = try consumer(cluster)
        try await consumer.assign([Position(topic: "exact", partition: 1, offset: 0)])
        for (offset, one) in cases.enumerated() {
            let found: Void? = try await consumer.poll(within: .seconds(10)) { message in
                // The macro would copy the message: parts of it first.
                let (coordinates, headers, time) = (message.coordinates, try message.headers(), message.timestamp)
                let (key, value) = (message.key.map { [UInt8]($0) }, message.value.map { [UInt8]($0) })
                #expect(coordinates == "exact:1:\(offset)")
                #expect(key == one.key && value == one.value && headers == one.headers)
                #expect(try #require(time) > 1_600_000_000_000)
            }
            #expect(found != nil)
        }
    }

    @Test func whatCannotBeDeliveredIsReported() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("one", partitions: 1)
        let producer = try producer(cluster, ["message.max.bytes": "2000", "queue.buffering.max.kbytes": "1"])
        let secret = Array("hunter2 ".utf8) + [UInt8](repeating: 65, count: 3000)
        for size in [secret, Array(secret.prefix(1500))] {  // over the limit of a message, and of the whole queue
            let error = try #require(
                await #expect(throws: KafkaError.self) { try await producer.send(topic: "one", key: nil, value: size) })
            #expect(error.name == "MSG_SIZE_TOO_LARGE" && !error.isOutage && !error.description.contains("hunter2"), "\(error)")
        }
        try await producer.send(topic: "one", key: nil, value: [1])
        try await producer.flush(within: .seconds(10))
        // No such partition: known at once, or by the delivery report.
        let error = try #require(
            await #expect(throws: KafkaError.self) {
                try await producer.send(topic: "one", key: nil, value: Array("hunter2".utf8), partition: 7)
                try await producer.flush(within: .seconds(10))
            })
        #expect(error.name == "_UNKNOWN_PARTITION" && !error.description.contains("hunter2"), "\(error)")
        try await producer.close()
        await #expect(throws: KafkaError.closed) { try await producer.send(topic: "one", key: nil, value: [1]) }
        try await producer.close()  // again: nothing happens
    }

    @Test func handlesAreDestroyedAlsoWithBrokersAwayAndMessagesWaiting() async throws {
        for _ in 0..<5 {
            let cluster = try MockCluster(logger: Self.quiet)
            try cluster.createTopic("gone", partitions: 4)
            let producer = try producer(cluster)
            let consumer = try consumer(cluster)
            for _ in 0..<3 {
                try await consumer.assign((0..<4).map { Position(topic: "gone", partition: $0, offset: 0) })
            }
            for _ in 0..<100 { try await producer.send(topic: "gone", key: nil, value: [1]) }
            try await producer.flush(within: .seconds(10))
            _ = try await consumer.poll(within: .seconds(10)) { $0.offset }
            try cluster.setDown()
            try await producer.send(topic: "gone", key: nil, value: [1])
            await #expect(throws: KafkaError.self) { try await producer.close(within: .milliseconds(10)) }
            await consumer.close()
        }
        // And one that nobody closes.
        _ = try Producer(KafkaConfiguration(["bootstrap.servers": "127.0.0.1:1"]), logger: Self.quiet)
    }
}
