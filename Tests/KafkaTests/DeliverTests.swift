import Logging
import Testing

@testable import Kafka

/// `Producer.deliver`: what its caller is told is what became of the messages.
@Suite(.timeLimit(.minutes(1)), .serialized) struct DeliverTests {
    private static let quiet = Logger(label: "kafka.tests") { _ in SwiftLogNoOpLogHandler() }

    private func producer(_ cluster: borrowing MockCluster, _ more: [String: String] = [:]) throws -> Producer {
        let settings = ["bootstrap.servers": cluster.bootstrapServers, "reconnect.backoff.max.ms": "200"]
        return try Producer(KafkaConfiguration(settings.merging(more) { $1 }), logger: Self.quiet)
    }

    private func cluster(partitions: Int32 = 1) throws -> MockCluster {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("events", partitions: partitions)
        return cluster
    }

    private struct Read: Sendable, Equatable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header]
    }

    /// All that partition 0 holds.
    private func stored(_ cluster: borrowing MockCluster) async throws -> [Read] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Self.quiet)
        let marks = try await consumer.watermarks(topic: "events", partition: 0, within: .seconds(10))
        try await consumer.assign([Position(topic: "events", partition: 0, offset: 0)])
        var found: [Read] = []
        while found.count < Int(marks.high) {
            let next = try await consumer.poll(within: .seconds(10)) {
                Read(key: $0.key.map { [UInt8]($0) }, value: $0.value.map { [UInt8]($0) }, headers: try $0.headers())
            }
            found.append(try #require(next))
        }
        await consumer.close()
        return found
    }

    @Test func keysValuesAndHeadersComeBack() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        let bytes: [UInt8] = Array("package".utf8) + [0, 255]
        try await producer.deliver(within: .seconds(20)) { outgoing throws(KafkaError) in
            bytes.withUnsafeBytes { bytes in
                let none = UnsafeRawBufferPointer(start: nil, count: 0)
                let empty = UnsafeRawBufferPointer(start: bytes.baseAddress, count: 0)
                let headers = [BorrowedHeader("package", bytes), BorrowedHeader("empty", empty), BorrowedHeader("package", empty)]
                #expect(throws: Never.self) {
                    try headers.withUnsafeBufferPointer { try outgoing.send(topic: "events", key: bytes, value: bytes, headers: $0) }
                    try outgoing.send(topic: "events", key: none, value: none)
                    try outgoing.send(topic: "events", key: empty, value: empty)
                }
            }
            #expect(outgoing.count == 3)
        }
        #expect(producer.deliveries == Deliveries(sent: 3, acknowledged: 3, failed: 0))
        let found = try await stored(cluster)
        #expect(found == [
            Read(key: bytes, value: bytes, headers: [Header("package", bytes), Header("empty", []), Header("package", [])]),
            Read(key: nil, value: nil, headers: []), Read(key: [], value: [], headers: []),
        ])
        try await producer.close()
        await #expect(throws: KafkaError.closed) { try await producer.deliver(within: .seconds(1)) { _ in } }
    }

    @Test func nothingToSendIsDoneAtOnce() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        try cluster.setDown()
        try await producer.deliver(within: .zero) { _ in }
        #expect(producer.deliveries == Deliveries())
    }

    /// Hundreds of calls side by side, mixed with `send`: every count is exact, every message is there once.
    @Test func manyCallsAtATime() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster, ["linger.ms": "1"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for call in 0..<500 {
                group.addTask {
                    try await producer.deliver(within: .seconds(30)) { outgoing throws(KafkaError) in
                        for number in 0..<10 { try outgoing.send("\(call).\(number)") }
                    }
                }
                if call % 10 == 0 {
                    group.addTask { try await producer.send(topic: "events", key: nil, value: Array("sent.\(call)".utf8), partition: 0) }
                }
            }
            try await group.waitForAll()
        }
        try await producer.flush(within: .seconds(30))
        #expect(producer.deliveries == Deliveries(sent: 5050, acknowledged: 5050, failed: 0))
        let found = try await stored(cluster).map { String(decoding: $0.value ?? [], as: UTF8.self) }
        #expect(found.count == 5050 && Set(found).count == 5050)
    }

    @Test func whileBrokersAreAwayTheLimitEndsIt() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        try await producer.deliver("0", within: .seconds(20))
        try cluster.setDown()
        for number in 1...3 {
            let began = ContinuousClock.now
            let error = try #require(
                await #expect(throws: KafkaError.self) {
                    try await producer.deliver("\(number)", within: .milliseconds(100))
                })
            #expect(error.name == "_TIMED_OUT" && error.isOutage && !error.isFatal, "\(error)")
            #expect(ContinuousClock.now - began < .seconds(5))
        }
        // Reports of calls that have given up: nobody hears them, they are counted all the same.
        try cluster.setUp()
        try await producer.deliver("4", within: .seconds(30))
        try await producer.flush(within: .seconds(30))
        #expect(producer.deliveries == Deliveries(sent: 5, acknowledged: 5, failed: 0))
        #expect(try await stored(cluster).map { String(decoding: $0.value ?? [], as: UTF8.self) } == ["0", "1", "2", "3", "4"])
    }

    @Test func aMessagesOwnTimeEndsItAndFlushHearsNothingOfIt() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster, ["message.timeout.ms": "300"])
        try await producer.deliver("0", within: .seconds(20))
        try cluster.setDown()
        let error = try #require(
            await #expect(throws: KafkaError.self) { try await producer.deliver("1", within: .seconds(30)) })
        #expect(error.name == "_MSG_TIMED_OUT" && error.isOutage, "\(error)")
        #expect(producer.deliveries == Deliveries(sent: 2, acknowledged: 1, failed: 1))
        try await producer.flush(within: .seconds(1))
    }

    @Test func aFullQueueIsAnOutage() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster, ["queue.buffering.max.messages": "5"])
        let error = try #require(
            await #expect(throws: KafkaError.self) {
                try await producer.deliver(within: .seconds(20)) { outgoing throws(KafkaError) in
                    for number in 0..<10_000 { try outgoing.send("\(number)") }
                }
            })
        #expect(error.name == "_QUEUE_FULL" && error.isOutage && error.isRetriable, "\(error)")
        try await producer.flush(within: .seconds(20))
        let counts = producer.deliveries
        #expect(counts.sent >= 5 && counts.sent < 10_000 && counts.acknowledged == counts.sent && counts.failed == 0, "\(counts)")
        #expect(try await stored(cluster).count == counts.sent)
        try await producer.deliver("after", within: .seconds(20))
    }

    @Test func whatIsTooLargeIsRefused() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster, ["message.max.bytes": "2000"])
        let error = try #require(
            await #expect(throws: KafkaError.self) {
                try await producer.deliver(within: .seconds(20)) { outgoing throws(KafkaError) in
                    try outgoing.send("small")
                    try outgoing.send(String(repeating: "x", count: 3000))
                }
            })
        #expect(error.name == "MSG_SIZE_TOO_LARGE" && !error.isOutage, "\(error)")
        try await producer.flush(within: .seconds(20))
        #expect(producer.deliveries == Deliveries(sent: 1, acknowledged: 1, failed: 0))
    }

    @Test func aCancelledCallEndsAtOnceAndItsMessagesGoOn() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        try await producer.deliver("0", within: .seconds(20))
        try cluster.setDown()
        let call = Task { try await producer.deliver("1", within: .seconds(1000)) }
        while producer.deliveries.sent < 2 { await Task.yield() }
        call.cancel()
        let error = try #require(await #expect(throws: KafkaError.self) { try await call.value })
        #expect(error.name == "_INTR" && !error.isOutage, "\(error)")
        try cluster.setUp()
        try await producer.flush(within: .seconds(30))
        #expect(producer.deliveries == Deliveries(sent: 2, acknowledged: 2, failed: 0))
    }

    @Test func closingEndsCallsThatWait() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        try await producer.deliver("0", within: .seconds(20))
        try cluster.setDown()
        try await withThrowingTaskGroup(of: KafkaError?.self) { group in
            for number in 1...50 {
                group.addTask {
                    do throws(KafkaError) { try await producer.deliver("\(number)", within: .seconds(1000)) } catch { return error }
                    return nil
                }
            }
            while producer.deliveries.sent < 51 { await Task.yield() }
            await #expect(throws: KafkaError.self) { try await producer.close(within: .milliseconds(1)) }
            for try await error in group { #expect(error == .closed) }
        }
    }

    /// A number out of order at the head of what is in flight: idempotence cannot be kept.
    @Test func afterAFatalErrorAnotherProducerIsNeeded() async throws {
        let cluster = try cluster()
        let producer = try producer(cluster)
        try await producer.deliver("0", within: .seconds(20))
        #expect(producer.fatalError == nil)
        cluster.failNext(request: 0, with: [45])
        let error = try #require(
            await #expect(throws: KafkaError.self) { try await producer.deliver("1", within: .seconds(20)) })
        #expect(error.isFatal && !error.isOutage && !error.isRetriable, "\(error)")
        #expect(producer.fatalError?.isFatal == true)
        let again = try #require(
            await #expect(throws: KafkaError.self) { try await producer.deliver("2", within: .seconds(20)) })
        #expect(again.isFatal, "\(again)")
        try? await producer.close()
        let other = try self.producer(cluster)
        try await other.deliver("1", within: .seconds(20))
    }
}

extension Producer {
    fileprivate func deliver(_ text: String, within limit: Duration) async throws(KafkaError) {
        try await deliver(within: limit) { outgoing throws(KafkaError) in try outgoing.send(text) }
    }
}

extension Outgoing {
    fileprivate mutating func send(_ text: String) throws(KafkaError) {
        let bytes = Array(text.utf8)
        // Not in a closure that would have to throw: UTF-8 of an array stays where it is until the end of the call.
        var failure: KafkaError?
        bytes.withUnsafeBytes { bytes in
            do throws(KafkaError) {
                try send(topic: "events", key: UnsafeRawBufferPointer(start: nil, count: 0), value: bytes)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
