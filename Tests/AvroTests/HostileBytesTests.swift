import Testing

@testable import Avro

@Suite struct HostileBytesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: String
        let hex: String
        let code: AvroError.Code
        var testDescription: String { "\(schema) \(hex) \(code.rawValue)" }
        init(_ schema: String, _ hex: String, _ code: AvroError.Code) { (self.schema, self.hex, self.code) = (schema, hex, code) }
    }

    static let ints = #"{"type":"array","items":"int"}"#
    static let nulls = #"{"type":"array","items":"null"}"#
    static let map = #"{"type":"map","values":"null"}"#
    static let symbols = #"{"type":"enum","name":"E","symbols":["A","B"]}"#

    /// The first nine are Apache's (share/test/data/binary-rejections.json).
    static let refused: [Case] = [
        Case(#""long""#, "80808080808080808080", .badInteger),
        Case(#""int""#, "8080808080", .truncated),
        Case(ints, "ffffffffffffffffff0102", .badLength),
        Case(#""bytes""#, "01", .badLength),
        Case(#""string""#, "01", .badLength),
        Case(#"["null","int"]"#, "01", .badIndex),
        Case(#"["null","int"]"#, "0a", .badIndex),
        Case(symbols, "01", .badIndex),
        Case(symbols, "0a", .badIndex),
        Case(#""long""#, "ffffffffffffffffff02", .badInteger),
        Case(#""long""#, "8080808080808080808000", .badInteger),
        Case(#""int""#, "8080808010", .badInteger),
        Case(#""boolean""#, "02", .badBoolean),
        Case(#""boolean""#, "", .truncated),
        Case(#""double""#, "00000000000000", .truncated),
        Case(#""float""#, "000000", .truncated),
        Case(#""string""#, "04ff61", .badUTF8),
        Case(#""string""#, "06eda080", .badUTF8),
        Case(#""string""#, "04c080", .badUTF8),
        Case(#""bytes""#, "feffffffffffffffff01", .truncated),
        Case(#"{"type":"fixed","name":"f","size":2147483647}"#, "00", .truncated),
        Case(ints, "feffffffffffffffff01", .badLength),
        Case(nulls, "feffffffffffffffff01", .limit),
        Case(nulls, "808080808080808001", .limit),
        Case(ints, "03060202000000", .badLength),
        Case(ints, "01ff01", .badLength),
        Case(ints, "0202", .truncated),
        Case(map, "04026102610000", .duplicateKey),
        Case(#"[]"#, "00", .badIndex),
        Case(#""null""#, "00", .trailingBytes),
        Case(#"{"type":"record","name":"r","fields":[{"name":"r","type":"r"}]}"#, "", .limit),
        Case(#"{"type":"record","name":"r","fields":[{"name":"r","type":["null","r"]}]}"#, String(repeating: "02", count: 5000), .limit),
    ]

    @Test(arguments: refused) func refusesHostile(_ hostile: Case) throws {
        let schema = try Schema(hostile.schema)
        #expect(failure { _ = try decoded(bytes(hex: hostile.hex), schema) }?.code == hostile.code)
        let plan = Resolution(writer: schema, reader: schema)
        #expect(failure { _ = try resolved(bytes(hex: hostile.hex), plan) }?.code == hostile.code)
    }

    @Test func blocksWithSizesAreRead() throws {
        // -2 items in 2 bytes, one item, end.
        #expect(try decoded(bytes(hex: "030402040206" + "00"), Schema(Self.ints)) == .array([.int(1), .int(2), .int(3)]))
    }

    /// 12,000 mutants of good data end in a value or an error, whole and skipped alike, and no value passes the limits.
    @Test(arguments: 0..<4) func hostileMutants(_ seed: Int) throws {
        var maker = RandomData(seed: UInt64(seed))
        var refusals: Set<AvroError.Code> = []
        var accepted = 0
        for _ in 0..<60 {
            let schema = try Schema(maker.schema())
            let good = try encoded(maker.value(schema.root, schema), schema)
            let empty = try Schema(#"{"type":"record","name":"w","fields":[]}"#)
            let around = try Schema(#"{"type":"record","name":"w","fields":[{"name":"x","type":\#(schema.canonicalForm)}]}"#)
            let skip = Resolution(writer: around, reader: empty)
            for _ in 0..<50 {
                var bytes = good
                for _ in 0...maker.dice.below(3) {
                    let place = maker.dice.below(bytes.count + 1)
                    switch maker.dice.below(4) {
                    case 0: bytes.insert(UInt8(truncatingIfNeeded: maker.dice.next()), at: place)
                    case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(maker.dice.below(8))
                    case 2: bytes.removeSubrange(place...)
                    default: bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], at: place)
                    }
                }
                _ = failure { _ = try resolved(bytes, skip) }
                do {
                    // What is taken can be written and read again.
                    let value = try decoded(bytes, schema, limits: Limits(depth: 32, values: 10_000))
                    let again = try decoded(encoded(value, schema), schema)
                    #expect(try encoded(again, schema) == encoded(value, schema))
                    accepted += 1
                } catch let error as AvroError { refusals.insert(error.code) }
            }
        }
        #expect(accepted > 0)
        #expect(refusals.isSuperset(of: [.truncated, .trailingBytes, .badLength, .badIndex]))
    }

    @Test func framesOfConfluent() throws {
        var encoder = Encoder()
        encoder.writeConfluentHeader(schemaID: 0x0102_0304)
        encoder.writeLong(-1)
        #expect(encoder.bytes == [0, 1, 2, 3, 4, 1])
        try encoder.bytes.withUnsafeBytes { message in
            let frame = try ConfluentFrame(message)
            #expect(frame.schemaID == 0x0102_0304 && Array(frame.body) == [1])
        }
        for bad: [UInt8] in [[], [0, 0, 0, 1], [1, 0, 0, 0, 1]] {
            #expect(failure { try bad.withUnsafeBytes { _ = try ConfluentFrame($0) } }?.code == .badFrame)
        }
    }
}
