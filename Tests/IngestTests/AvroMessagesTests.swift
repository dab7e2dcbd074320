import Avro
import Foundation
import Kafka
import Schemas
import Synchronization
import Testing

@testable import Ingest

/// Messages of Avro and dead letters on their way to COPY, without a database.
@Suite(.timeLimit(.minutes(1))) struct AvroMessagesTests {
    private static let schema = #"""
        {"type":"record","name":"e","fields":[{"name":"id","type":"string"},{"name":"amount","type":"double"},
         {"name":"note","type":["null","string"],"default":null}]}
        """#

    /// A registry that knows schema 7 alone, and can be away.
    private final class Registry: SchemaSource {
        let asked = Mutex<[UInt32]>([])

        func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema {
            asked.withLock { $0.append(id) }
            guard id == 7, let schema = try? Schema(AvroMessagesTests.schema) else { throw SchemaError(.unknown, "no schema \(id)") }
            return RegisteredSchema(id: id, text: AvroMessagesTests.schema, schema: schema)
        }
        func latest(subject: String) async throws(SchemaError) -> SchemaVersion { throw SchemaError(.unknown, "no subject") }
    }

    private func options(_ registry: Registry, _ change: (inout KafkaLoadOptions) -> Void = { _ in }) -> KafkaLoadOptions {
        var options = KafkaLoadOptions(feed: "events.raw", topic: Topic.name)
        options.stopsAtEnd = true
        options.linger = .seconds(60)
        options.format = .avro
        options.schemas = SchemaCache(registry)
        change(&options)
        return options
    }

    private func event(_ id: String, _ amount: Double = 1.5, note: String? = nil, schema: UInt32 = 7) throws -> [UInt8] {
        var encoder = Encoder()
        try encoder.encode(
            .record([.string(id), .double(amount), note.map { .union(1, .string($0)) } ?? .union(0, .null)]), as: Schema(Self.schema))
        return [0] + withUnsafeBytes(of: schema.bigEndian) { Array($0) } + encoder.bytes
    }

    /// What a batch makes of messages that are all on partition 0.
    private func rows(_ topic: Topic, _ options: KafkaLoadOptions, _ batch: MessageBatch, unknown: Set<UInt32> = []) async throws -> [Row] {
        let reader = PartitionReader(options: options, limit: nil)
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(101))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        batch.decodeAside(unknown: unknown)
        batch.finish()
        return try #require(copyRows(batch.rows.bytes)).sorted { $0[1].int ?? 0 < $1[1].int ?? 0 }
    }

    @Test func decodedDefectiveAndWithTheirCircumstances() async throws {
        let topic = try Topic()
        let registry = Registry()
        let options = options(registry) { $0.json = .init(maxRecordBytes: 300) }
        _ = try await options.schemas?.schema(id: 7)
        let good = try event("a", note: "x\"y")
        try await topic.send([good], key: Array("key".utf8), headers: [Header("packageSize", Array("12".utf8)), Header("origin", Array("c/t:0:1".utf8))])
        try await topic.send([
            nil, [], [1, 0, 0, 0, 7], [0, 0, 0, 7], good + [0], Array(good.dropLast()), try event("n", .nan), try event("z\0"),
            try event(String(repeating: "x", count: 400)), try event(String(repeating: "\u{1}", count: 200)), try event("b", -3),
            try event("c", .leastNonzeroMagnitude),
        ])
        for size in ["0", "1048576", "1048575", "", "x", "12345678"] {
            try await topic.send([good], headers: [Header("packageSize", Array(size.utf8)), Header("origin", [0x61, 0])])
        }
        let batch = MessageBatch(options)
        let rows = try await rows(topic, options, batch)
        try #require(rows.count == 19 && rows.allSatisfy { $0.count == 10 })
        #expect(rows.map { $0[3].text } == [
            nil, "tombstone", "empty_payload", "bad_magic_byte", "bad_magic_byte", "malformed_avro", "malformed_avro",
            "number_not_finite", "nul_byte", "record_too_large", "record_too_large", nil, "json_number", nil, nil, nil, nil, nil, nil,
        ])
        #expect(rows[0][4].text == "key" && rows[0][5].text == "c/t:0:1" && rows[0][6].int == 7)
        #expect(rows[0][9].text == #"{"id":"a","amount":1.5,"note":"x\"y"}"# && rows[11][9].text == #"{"id":"b","amount":-3.0}"#)
        #expect(rows[5][9] == good + [0] && rows[1][9] == [] && rows[3][9] == [1, 0, 0, 0, 7], "the bytes as they came")
        #expect(rows[1][6] == nil && rows[3][6] == nil && rows[5][6].int == 7)
        #expect(rows[0][8].int == 12 && rows[1][8] == nil && rows[13...].map { $0[8].int } == [nil, nil, 1_048_575, nil, nil, nil])
        #expect(rows[13][5] == nil)
        let time = try #require(rows[0][7].int)
        #expect(abs(Date(timeIntervalSinceReferenceDate: Double(time) / 1e6 - 366 * 86_400).timeIntervalSinceNow) < 60)
        #expect(registry.asked.withLock { $0 } == [7])
    }

    @Test func messagesOfASchemaThatNobodyAskedForWaitInTheBatch() async throws {
        let topic = try Topic()
        let registry = Registry()
        let options = options(registry)
        let batch = MessageBatch(options)
        try await topic.send([try event("a"), try event("b", schema: 9), nil], key: [1], headers: [Header("origin", Array("o".utf8))])
        try await topic.send([try event("c")])
        let reader = PartitionReader(options: options, limit: nil)
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(101))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        #expect(batch.count == 4 && batch.schemasAside == [7, 9] && registry.asked.withLock { $0 } == [])
        _ = try await options.schemas?.schema(id: 7)
        batch.decodeAside(unknown: [9])
        #expect(batch.schemasAside == [])
        batch.finish()
        let rows = try #require(copyRows(batch.rows.bytes)).sorted { $0[1].int ?? 0 < $1[1].int ?? 0 }
        #expect(rows.map { $0[3].text } == [nil, "unknown_schema", "tombstone", nil])
        let other = try event("b", schema: 9)
        #expect(rows[0][9].text == #"{"id":"a","amount":1.5}"# && rows[1][9] == other && rows[3][9].text == #"{"id":"c","amount":1.5}"#)
        #expect(rows.map { $0[4] } == [[1], [1], [1], nil] && rows.map { $0[5].text } == ["o", "o", "o", nil] && rows[1][6].int == 9)
        // Nothing of it is left for the next transaction.
        batch.reset()
        batch.decodeAside(unknown: [])
        #expect(batch.isEmpty && batch.schemasAside == [])
    }

    @Test func messagesThatWaitCountForTheBytesOfABatch() async throws {
        let topic = try Topic()
        let options = options(Registry()) { $0.batchBytes = 5000 }
        try await topic.send(try (0..<20).map { _ in try event(String(repeating: "x", count: 990)) })
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(1))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        #expect(batch.isDue && batch.count == 5)
    }

    @Test func deadLettersKeepTheirReasons() async throws {
        let topic = try Topic()
        var options = KafkaLoadOptions(feed: "events.dead_letter", topic: Topic.name)
        options.stopsAtEnd = true
        options.format = .deadLetter
        func headers(_ code: [UInt8], _ error: [UInt8]) -> [Header] {
            [Header("code", code), Header("error", error), Header("origin", Array("collect".utf8)), Header("packageSize", [0x33])]
        }
        try await topic.send([Array("{}".utf8)], key: [9], headers: headers(Array("wrong_type".utf8), Array("data.amount: é".utf8)))
        try await topic.send([Array("{".utf8), nil], headers: headers([0xFF], [UInt8](repeating: 0x61, count: 4097)))
        try await topic.send([Array("1".utf8)])
        let rows = try await rows(topic, options, MessageBatch(options))
        try #require(rows.count == 4 && rows.allSatisfy { $0.count == 11 })
        #expect(rows.map { $0[3].text } == [nil, "invalid_json", "tombstone", nil])
        #expect(rows[0][4] == [9] && rows[0][5].text == "collect" && rows[0][6].text == "wrong_type" && rows[0][7].text == "data.amount: é")
        #expect(rows[1][6] == nil && rows[1][7] == nil && rows[3][6] == nil && rows.map { $0[9].int } == [3, 3, 3, nil])
        #expect(rows.allSatisfy { $0[8] != nil } && rows.map { $0[10].text } == ["{}", "{", "", "1"])
    }

    @Test func columns() {
        #expect(MessageBatch.columns(.json) == "batch_id, position, slot, defect, message_key, origin, payload")
        #expect(MessageBatch.columns(.avro) == "batch_id, position, slot, defect, message_key, origin, schema_id, published_at, package_size, payload")
        #expect(MessageBatch.columns(.deadLetter) == "batch_id, position, slot, defect, message_key, origin, code, error, published_at, package_size, payload")
    }

    @Test(arguments: [(0, -946_684_800_000_000), (946_684_800_000, 0), (Int64.max, nil), (.min, nil), (-1, -946_684_800_001_000)] as [(Int64, Int64?)])
    func times(time: Int64, expected: Int64?) { #expect(Circumstances.microseconds(time) == expected) }
}
