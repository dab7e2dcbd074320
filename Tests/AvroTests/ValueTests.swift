import Testing

@testable import Avro

@Suite struct ValueTests {
    /// The specification's examples, and the ends of the ranges.
    @Test(arguments: [
        (0, "00"), (-1, "01"), (1, "02"), (-2, "03"), (2, "04"), (-64, "7f"), (64, "8001"), (8192, "808001"), (-8193, "818001"),
        (Int64.max, "feffffffffffffffff01"), (Int64.min, "ffffffffffffffffff01"),
    ] as [(Int64, String)]) func longs(_ value: Int64, _ hex: String) throws {
        let schema = try Schema(#""long""#)
        #expect(try encoded(.long(value), schema) == bytes(hex: hex))
        #expect(try decoded(bytes(hex: hex), schema) == .long(value))
    }

    @Test(arguments: [
        (#""string""#, Value.string("foo"), "06666f6f"),
        (#"{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#,
            .record([.long(27), .string("foo")]), "3606666f6f"),
        (#"{"type":"array","items":"long"}"#, .array([.long(3), .long(27)]), "04063600"),
        (#"["null","string"]"#, .union(0, .null), "00"),
        (#"["null","string"]"#, .union(1, .string("a")), "020261"),
        (#"{"type":"enum","name":"Foo","symbols":["A","B","C","D"]}"#, .enumeration(3), "06"),
        (#""double""#, .double(1.5), "000000000000f83f"),
        (#""float""#, .float(-2), "000000c0"),
        (#""boolean""#, .boolean(true), "01"),
        (#"{"type":"map","values":"int"}"#, .map([]), "00"),
    ]) func examples(_ schema: String, _ value: Value, _ hex: String) throws {
        let schema = try Schema(schema)
        #expect(try encoded(value, schema) == bytes(hex: hex))
        #expect(try decoded(bytes(hex: hex), schema) == value)
    }

    @Test func randomValuesComeBack() throws {
        var maker = RandomData(seed: 7)
        for _ in 0..<500 {
            let schema = try Schema(maker.schema())
            let value = maker.value(schema.root, schema)
            let bytes = try encoded(value, schema)
            #expect(try decoded(bytes, schema) == value)
            #expect(try resolved(bytes, Resolution(writer: schema, reader: schema)) == value)
            #expect(schema.incompatibilities(reading: schema).isEmpty)
        }
    }

    @Test func valuesThatDoNotFitAreRefusedWithTheirPath() throws {
        let schema = try Schema(
            #"{"type":"record","name":"r","fields":[{"name":"tags","type":{"type":"array","items":{"type":"map","values":"int"}}}]}"#)
        let value = Value.record([.array([.map([]), .map([.init("k\n", .string("secret"))])])])
        let error = failure { _ = try encoded(value, schema) }
        #expect(error?.description == #"tags[1]["k\n"]: int is expected, a string found (badValue)"#)
        #expect(failure { _ = try encoded(.record([]), schema) }?.code == .badValue)
        #expect(failure { _ = try encoded(.union(2, .null), Schema(#"["null"]"#)) }?.code == .badIndex)
        #expect(failure { _ = try encoded(.fixed([1]), Schema(#"{"type":"fixed","name":"f","size":2}"#)) }?.code == .badValue)
        #expect(failure { _ = try encoded(.map([.init("k", .null), .init("k", .null)]), Schema(#"{"type":"map","values":"null"}"#)) }?.code == .duplicateKey)
    }

    @Test(arguments: [
        (#""double""#, Value.double(0.1), "0.1"), (#""double""#, .double(1e300), "1e+300"), (#""double""#, .double(-0.0), "-0.0"),
        (#""double""#, .double(.leastNonzeroMagnitude), "5e-324"), (#""long""#, .long(.min), "-9223372036854775808"),
        (#""float""#, .float(0.1), "0.1"), (#""bytes""#, .bytes([0, 0x22, 0xFF]), #""\u0000\"ÿ""#),
        (#""string""#, .string("a\"\\\n\u{1f}é/"), #""a\"\\\n\u001fé/""#), (#"["null","int"]"#, .union(1, .int(1)), "1"),
        (#"{"type":"enum","name":"e","symbols":["A"]}"#, .enumeration(0), #""A""#),
        (#"{"type":"map","values":{"type":"array","items":"null"}}"#, .map([.init("k", .array([.null, .null]))]), #"{"k":[null,null]}"#),
    ]) func json(_ schema: String, _ value: Value, _ text: String) throws {
        #expect(try value.json(as: Schema(schema)) == text)
    }

    @Test func equivalentKeysAreTwo() throws {
        let schema = try Schema(#"{"type":"map","values":"null"}"#)
        let value = Value.map([.init("\u{e9}", .null), .init("e\u{301}", .null)])
        #expect(try encoded(decoded(encoded(value, schema), schema), schema) == bytes(hex: "0404c3a90665cc8100"))
    }

    @Test func jsonHasNoNaN() throws {
        #expect(failure { _ = try Value.double(.nan).json(as: Schema(#""double""#)) }?.code == .badValue)
        #expect(failure { _ = try Value.float(.infinity).json(as: Schema(#""float""#)) }?.code == .badValue)
    }

    /// The streaming calls of a hot path and the general ones make and read the same bytes.
    @Test func streamingIsTheSameEncoding() throws {
        let schema = try Schema(
            #"{"type":"record","name":"r","fields":[{"name":"s","type":"string"},{"name":"d","type":"double"},{"name":"u","type":["null","float"]},{"name":"b","type":{"type":"array","items":"boolean"}}]}"#)
        var encoder = Encoder()
        encoder.writeBoolean(true)
        encoder.reset()
        encoder.writeString("é")
        encoder.writeDouble(-0.1)
        encoder.writeIndex(1)
        encoder.writeFloat(3)
        encoder.beginBlock(count: 2)
        encoder.writeBoolean(true)
        encoder.writeBoolean(false)
        encoder.endBlocks()
        let value = Value.record([.string("é"), .double(-0.1), .union(1, .float(3)), .array([.boolean(true), .boolean(false)])])
        #expect(try encoder.bytes == encoded(value, schema))
        try encoder.bytes.withUnsafeBytes { buffer in
            var decoder = Decoder(buffer)
            #expect(try Array(decoder.readBytes()) == [0xC3, 0xA9])
            #expect(try decoder.readDouble() == -0.1)
            #expect(try decoder.readIndex(below: 2) == 1)
            #expect(try decoder.readFloat() == 3)
            let block = try decoder.beginBlock(leastBytes: 1)
            #expect(block.count == 2)
            #expect(try [decoder.readBoolean(), decoder.readBoolean()] == [true, false])
            try decoder.endBlock(block)
            #expect(try decoder.beginBlock(leastBytes: 1).count == 0)
            try decoder.expectEnd()
        }
    }
}
