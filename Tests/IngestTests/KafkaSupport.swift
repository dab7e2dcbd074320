import Kafka
import Logging
import Testing

@testable import Ingest

/// Brokers in this process, and what a loader's reading parts make of their messages.
final class Topic: Sendable {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let name = "customers"

    private let cluster: MockCluster
    private let producer: Producer
    let consumer: Consumer

    init(partitions: Int32 = 1) throws {
        let cluster = try MockCluster(logger: Self.quiet)
        try cluster.createTopic(Self.name, partitions: partitions)
        let kafka = try KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers])
        producer = try Producer(kafka, logger: Self.quiet)
        consumer = try Consumer(kafka, logger: Self.quiet)
        self.cluster = cluster
    }

    func send(_ values: [[UInt8]?], partition: Int32 = 0, key: [UInt8]? = nil, headers: [Header] = []) async throws {
        for value in values {
            try await producer.send(topic: Self.name, key: key, value: value, headers: headers, partition: partition)
        }
        try await producer.flush(within: .seconds(30))
    }

    func send(_ count: Int, partition: Int32 = 0) async throws {
        try await send((0..<count).map { Array("\($0)".utf8) }, partition: partition)
    }

    func start(_ partition: Int32 = 0, at offset: Int64 = 0) async throws {
        try await consumer.start(Position(topic: Self.name, partition: partition, offset: offset))
    }

    /// Reads until the batch is due or all that is there has been read.
    func fill(_ batch: MessageBatch, by reader: PartitionReader) async throws {
        while !batch.isDue, !reader.isFinished {
            reader.reached(try await consumer.read(within: .milliseconds(50)) { reader.take($0, into: batch) })
        }
    }
}

extension MessageBatch.Numbers {
    static func some(_ ids: Int64..., slot: Int16 = 1, taken: ContinuousClock.Instant = .now) -> Self {
        Self(ids: ids.reversed(), slot: slot, receivedOn: "2026-01-01", table: "staging.shop_customer", taken: taken)
    }
}

/// One row of binary COPY, by its fields.
typealias Row = [[UInt8]?]

/// Parses what a batch hands to COPY; nil where it is not in order, row by row, to its trailer.
func copyRows(_ bytes: UnsafeRawBufferPointer) -> [Row]? {
    var place = 19
    func number(_ size: Int) -> Int? {
        guard place + size <= bytes.count else { return nil }
        defer { place += size }
        let value = bytes[place..<place + size].reduce(0) { $0 << 8 | Int($1) }
        return value >= 1 << (size * 8 - 1) ? value - 1 << (size * 8) : value
    }
    var rows: [Row] = []
    while let fields = number(2) {
        if fields == -1 { return place == bytes.count ? rows : nil }
        var row: Row = []
        for _ in 0..<fields {
            guard let size = number(4) else { return nil }
            guard size >= 0 else {
                row.append(nil)
                continue
            }
            guard place + size <= bytes.count else { return nil }
            row.append(Array(bytes[place..<place + size]))
            place += size
        }
        rows.append(row)
    }
    return nil
}

extension [UInt8]? {
    var text: String? { map { String(decoding: $0, as: UTF8.self) } }
    var int: Int64? { map { $0.reduce(0) { $0 << 8 | Int64($1) } } }
}
