import Kafka
import Logging
import Testing

@testable import Relay

@Suite(.timeLimit(.minutes(1)), .serialized) struct DeliveryTests {
    private static let quiet = Logger(label: "relay.tests") { _ in SwiftLogNoOpLogHandler() }
    private static let tooLarge: Int32 = 10

    private let letters = (1...5).map { number in
        DeadLetter(
            position: Int64(number), key: Array("key \(number)".utf8), value: Array("hunter2 \(number)".utf8),
            headers: [Header("origin", Array("c/t:0:\(number)".utf8))])
    }

    private func delivery(_ cluster: borrowing MockCluster, _ patience: Duration = .seconds(20)) throws -> Delivery {
        try Delivery(
            KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), patience: patience, logger: Self.quiet)
    }

    private func read(_ cluster: borrowing MockCluster) async throws -> [(key: String?, value: [UInt8]?, headers: [Header])] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Self.quiet)
        let high = try await consumer.watermarks(topic: "dead", partition: 0, within: .seconds(10)).high
        try await consumer.assign([Position(topic: "dead", partition: 0, offset: 0)])
        var found: [(key: String?, value: [UInt8]?, headers: [Header])] = []
        while found.count < high {
            let one = try await consumer.poll(within: .seconds(10)) { message in
                (key: message.key.map { String(decoding: $0, as: UTF8.self) }, value: message.value.map { [UInt8]($0) }, headers: try message.headers())
            }
            found.append(try #require(one))
        }
        await consumer.close()
        return found
    }

    /// The broker refuses all that travelled together, then the first by itself; the others go whole.
    @Test func aMessageThatABrokerFindsTooLargeGoesWithoutItsValue() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("dead", partitions: 1)
        let delivery = try delivery(cluster)
        try await delivery.send(letters, to: "dead")
        cluster.failNext(request: 0, with: [Self.tooLarge, Self.tooLarge])
        try await delivery.send(letters, to: "dead")
        try await delivery.send(letters, to: "dead")  // and the producer goes on
        await delivery.close()
        let found = try await read(cluster)
        #expect(found.count == 15)
        let second = Array(found.dropFirst(5).prefix(5))
        #expect(second.map(\.key) == letters.map { String(decoding: $0.key ?? [], as: UTF8.self) })
        #expect(second.map(\.value) == [[]] + letters.dropFirst().map(\.value))
        #expect(second[0].headers.map(\.name) == ["origin", "value.omitted", "value.bytes"])
        #expect(second.dropFirst().allSatisfy { $0.headers.map(\.name) == ["origin"] })
        #expect(found.suffix(5).map(\.value) == letters.map(\.value))
    }

    @Test func whatIsTooLargeWithNothingInItIsARefusal() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("dead", partitions: 1)
        let delivery = try delivery(cluster)
        cluster.failNext(request: 0, with: [Int32](repeating: Self.tooLarge, count: 4))  // together, alone, without value, without key
        let failure = try #require(await #expect(throws: DeliveryFailure.self) { try await delivery.send(letters, to: "dead") })
        #expect(!failure.isOutage && failure.description.contains("MSG_SIZE_TOO_LARGE"), "\(failure)")
        #expect(!failure.description.contains("hunter2") && !failure.description.contains("key"), "\(failure)")
        await delivery.close()
    }

    @Test func aRefusalIsNoOutage() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("dead", partitions: 1)
        let delivery = try delivery(cluster)
        cluster.failNext(request: 0, with: [29])  // TOPIC_AUTHORIZATION_FAILED
        let failure = try #require(await #expect(throws: DeliveryFailure.self) { try await delivery.send(letters, to: "dead") })
        #expect(!failure.isOutage && failure.description.contains("TOPIC_AUTHORIZATION_FAILED"), "\(failure)")
        await delivery.close()
    }

    @Test func brokersThatAreAwayAreAnOutageWithTheClientsOwnWords() async throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("dead", partitions: 1)
        try cluster.setDown()
        let delivery = try delivery(cluster, .seconds(1))
        let failure = try #require(await #expect(throws: DeliveryFailure.self) { try await delivery.send(letters, to: "dead") })
        #expect(failure.isOutage && failure.description.contains("no acknowledgement within 1.0 seconds: "), "\(failure)")
        await delivery.close()
        try cluster.setUp()
        let again = try self.delivery(cluster)
        try await again.send(letters, to: "dead")
        await again.close()
        #expect(try await read(cluster).count == 5, "what was in the first one's queue was dropped")
    }
}
