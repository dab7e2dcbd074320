import Foundation
import Kafka
import Logging
import Synchronization
import Testing

/// The topic of a storm on brokers of its own, who writes it, and what a reader finds in it: what the platform has is
/// compared with that, not with its own books.
final class StormTopic: Sendable {
    static let name = "customers"
    /// What a message says it happened at counts milliseconds from here: one a message, so that it tells it from all others.
    static let epoch = 1_735_689_600_000  // 2025-01-01 UTC
    /// A repeat is of one of the last so many.
    private static let window = 64

    let partitions: Int32
    private let cluster: MockCluster
    private let producer: Producer
    private let made: Mutex<Made>

    private struct Made {
        var count = 0
        var generator: SeededGenerator
        /// Instants of the messages to come, out of order within a window.
        var instants: [Int] = []
        var latest: [(key: String, value: [UInt8]?)] = []
        var good: [[UInt8]: Event] = [:]
    }

    /// What a message that must be accepted says.
    struct Event: Hashable, Sendable {
        var customer: Int
        var instant: Int
    }

    init(partitions: Int32, seed: UInt64) throws {
        self.partitions = partitions
        cluster = try MockCluster(brokers: 2, logger: Self.quiet)
        try cluster.createTopic(Self.name, partitions: partitions)
        try cluster.createTopic(DeadLetters.topic, partitions: 4)
        producer = try Producer(
            KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers, "linger.ms": "5"]), logger: Self.quiet)
        made = Mutex(Made(generator: SeededGenerator(seed: seed)))
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var servers: String { cluster.bootstrapServers }
    /// Handed to the producer.
    var sent: Int { producer.deliveries.sent }

    // MARK: Faults

    func down(broker: Int32 = -1) throws { try cluster.setDown(broker: broker) }
    func slow() throws { try cluster.setRoundTrip(.milliseconds(150)) }
    /// - Parameter request: 1 Fetch, 2 ListOffsets, 3 Metadata
    func fail(request: Int16, with codes: [Int32]) { cluster.failNext(request: request, with: codes) }
    func mend() throws {
        try cluster.setUp()
        try cluster.setRoundTrip(.zero)
    }

    // MARK: Writing

    /// Hands over messages until there are so many. Of a hundred two are bad, and one is a repeat, byte for byte.
    func produce(upTo total: Int) async throws {
        while let (key, value) = next(before: total) {
            try await producer.send(topic: Self.name, key: Array(key.utf8), value: value)
        }
    }

    func flush() async throws { try await producer.flush(within: .seconds(60)) }
    func close() async throws { try await producer.close() }

    private func next(before total: Int) -> (String, [UInt8]?)? {
        made.withLock { made in
            guard made.count < total else { return nil }
            made.count += 1
            if made.instants.isEmpty {
                made.instants = (made.count..<made.count + Self.window).map { $0 }.shuffled(using: &made.generator)
            }
            let instant = made.instants.removeLast()
            let dice = Int.random(in: 0..<300, using: &made.generator)
            if dice < 3, let again = made.latest.randomElement(using: &made.generator) { return again }
            let customer = Int.random(in: 1...20_000, using: &made.generator)
            let fault = (3..<9).contains(dice) ? dice - 3 : nil
            let message = ("\(customer)", Self.value(customer, instant, fault: fault))
            if fault == nil { made.good[message.1!] = Event(customer: customer, instant: instant) }
            made.latest.append(message)
            if made.latest.count > Self.window { made.latest.removeFirst() }
            return message
        }
    }

    /// - Parameter fault: 0 to 5, nil for none.
    private static func value(_ customer: Int, _ instant: Int, fault: Int?) -> [UInt8]? {
        if fault == 0 { return nil }
        if fault == 1 { return [] }
        let email = fault == 2 ? "nowhere" : "c\(customer)@example.com"
        let age = fault == 3 ? 900 : 30
        let name = fault == 4 ? "" : "\"last_name\":\"Lovelace\","
        let text = """
            {"customer_id":\(customer),"first_name":"Ada",\(name)"age":\(age),"email":"\(email)","country":"DE",\
            "city":"C\(instant)","postal_code":"10115","phone_number":"+493012345678",\
            "registration_date":"2024-05-01T10:00:00Z","last_login_date":null,"event_time":"\(time(instant))"}
            """
        return fault == 5 ? Array(text.utf8.dropLast(20)) : Array(text.utf8)
    }

    private static func time(_ instant: Int) -> String {
        let seconds = instant / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let thousandths = "\(1000 + instant % 1000)".dropFirst()
        return "2025-01-01T\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(thousandths)Z"
    }

    /// By what was remembered when they were made; the others are bad.
    var good: [[UInt8]: Event] { made.withLock { $0.good } }

    // MARK: Reading

    struct Place: Hashable, Comparable, Sendable, CustomStringConvertible {
        var partition: Int32
        var offset: Int64
        static func < (a: Place, b: Place) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
        var description: String { "\(partition):\(offset)" }
    }

    /// All that is in a topic, by a consumer of the test's own.
    func read(_ topic: String, partitions: Int32) async throws -> [Place: (value: [UInt8]?, origin: String?)] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": servers]), logger: Self.quiet)
        var wanted = 0
        for partition in 0..<partitions {
            let marks = try await consumer.watermarks(topic: topic, partition: partition, within: .seconds(10))
            try #require(marks.low == 0, "the mock broker has dropped messages: more partitions are needed")
            wanted += Int(marks.high)
        }
        try await consumer.assign((0..<partitions).map { Position(topic: topic, partition: $0, offset: 0) })
        let all = wanted
        let found = Mutex<[Place: (value: [UInt8]?, origin: String?)]>([:])
        try await eventually("all messages of \(topic)", within: .seconds(60)) {
            _ = try await consumer.read(within: .milliseconds(100)) { message in
                let origin = message.header("origin").map { String(decoding: $0, as: UTF8.self) }
                let place = Place(partition: message.partition, offset: message.offset)
                return found.withLock { found in
                    found[place] = (message.value.map { [UInt8]($0) }, origin)
                    return found.count < all
                }
            }
            return found.withLock { $0.count } == all
        }
        await consumer.close()
        return found.withLock { $0 }
    }

    func highWatermarks() async throws -> [Int32: Int64] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": servers]), logger: Self.quiet)
        var high: [Int32: Int64] = [:]
        for partition in 0..<partitions {
            high[partition] = try await consumer.watermarks(topic: Self.name, partition: partition, within: .seconds(10)).high
        }
        await consumer.close()
        return high
    }
}
