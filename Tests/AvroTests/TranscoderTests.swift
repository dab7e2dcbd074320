import Foundation
import Testing

@testable import Avro

/// From bytes to JSON without a tree: the same text as by a tree, and the same errors.
@Suite struct TranscoderTests {
    private static func told(_ bytes: [UInt8], _ transcoder: Transcoder, limits: Limits = Limits()) throws -> (String, Transcoder.Facts) {
        try bytes.withUnsafeBytes { buffer in
            var text = TextBuffer()
            let facts = try transcoder.transcode(buffer, into: &text, limits: limits)
            return (String(decoding: text.bytes, as: UTF8.self), facts)
        }
    }

    private func one(_ schema: String, _ value: Value) throws -> (text: String, facts: Transcoder.Facts) {
        let schema = try Schema(schema)
        return try Self.told(try encoded(value, schema), Transcoder(schema))
    }

    @Test func saysWhatTheTreeSays() throws {
        var maker = RandomData(seed: 7)
        for _ in 0..<1000 {
            let schema = try Schema(maker.schema())
            let transcoder = Transcoder(schema)
            for _ in 0..<5 {
                let value = maker.value(schema.root, schema)
                let (text, facts) = try Self.told(try encoded(value, schema), transcoder)
                let expected = try value.json(as: schema, omitsNulls: true)
                #expect(text == expected)
                #expect(facts.hasNUL == expected.contains("\\u0000"))
            }
        }
    }

    /// Bytes that somebody has broken: both refuse them for one reason, or both take them for one value.
    @Test func refusesWhatTheDecoderRefuses() throws {
        var maker = RandomData(seed: 11)
        var (refused, taken) = (0, 0)
        for _ in 0..<400 {
            let schema = try Schema(maker.schema())
            let transcoder = Transcoder(schema)
            let whole = try encoded(maker.value(schema.root, schema), schema)
            for _ in 0..<20 {
                var bytes = whole
                switch maker.dice.below(3) {
                case 0: bytes = Array(bytes.prefix(maker.dice.below(bytes.count + 1)))
                case 1: bytes.append(UInt8(maker.dice.below(256)))
                default: if !bytes.isEmpty { bytes[maker.dice.below(bytes.count)] = UInt8(maker.dice.below(256)) }
                }
                let limits = Limits(depth: 4 + maker.dice.below(20), values: 1 + maker.dice.below(200))
                var expected: String?
                let error = failure { expected = try decoded(bytes, schema, limits: limits).json(as: schema, omitsNulls: true) }
                var text: String?
                let other = failure { text = try Self.told(bytes, transcoder, limits: limits).0 }
                if error?.code == .badValue || error?.code == .limit || other?.code == .badValue {
                    #expect(error != nil && other != nil)
                } else {
                    #expect(error == other && expected == text)
                }
                if error == nil { taken += 1 } else { refused += 1 }
            }
        }
        #expect(refused > 1000 && taken > 1000, "\(refused) \(taken)")
    }

    @Test func fieldsThatAreNullAreLeftOut() throws {
        let schema = #"""
            {"type":"record","name":"r","fields":[{"name":"a","type":["null","string"]},{"name":"b","type":["int","null"]},
             {"name":"c","type":"null"},{"name":"d","type":{"type":"array","items":["null","int"]}}]}
            """#
        #expect(try one(schema, .record([.union(0, .null), .union(1, .null), .null, .array([.union(0, .null), .union(1, .int(3))])])).text
            == #"{"c":null,"d":[null,3]}"#)
        #expect(try one(schema, .record([.union(1, .string("x")), .union(0, .int(-4)), .null, .array([])])).text
            == #"{"a":"x","b":-4,"c":null,"d":[]}"#)
        // The index of null in more bytes than it needs.
        let overlong: [UInt8] = [0x80, 0x00, 0x02, 0x00]
        #expect(try Self.told(overlong, Transcoder(Schema(schema))).0 == #"{"c":null,"d":[]}"#)
    }

    @Test(arguments: [
        ("", "0"), ("00", "0"), ("01", "1"), ("ff", "-1"), ("80", "-128"), ("0080", "128"), ("ffff", "-1"),
        ("00ffffffffffffffff", "18446744073709551615"), ("00000000000000000000000000000000000000000000000001", "1"),
        ("7fffffffffffffffffffffffffffffff", "170141183460469231731687303715884105727"),
        ("80000000000000000000000000000000", "-170141183460469231731687303715884105728"),
        ("0100000000000000000000000000000000", "340282366920938463463374607431768211456"),
        ("ff00000000000000000000000000000000", "-340282366920938463463374607431768211456"),
        ("fe00000000000000000000000000000000", "-680564733841876926926749214863536422912"),
    ])
    func decimals(hex: String, expected: String) throws {
        let schema = #"{"type":"bytes","logicalType":"decimal","precision":60,"scale":0}"#
        let (text, facts) = try one(schema, .bytes(bytes(hex: hex)))
        #expect(text == expected && facts == .init(values: 1))
        #expect(try Value.bytes(bytes(hex: hex)).json(as: Schema(schema)) == expected)
    }

    @Test(arguments: [("00", "0.000"), ("01", "0.001"), ("ff", "-0.001"), ("03e8", "1.000"), ("fb2e", "-1.234")])
    func decimalsWithScale(hex: String, expected: String) throws {
        #expect(try one(#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}"#, .bytes(bytes(hex: hex))).text == expected)
        let size = hex.utf8.count / 2
        let fixed = #"{"type":"fixed","name":"f","size":\#(size),"logicalType":"decimal","precision":\#(size * 2),"scale":\#(size)}"#
        #expect(try one(fixed, .fixed(bytes(hex: hex))).text.hasSuffix(expected.suffix(1)))
    }

    @Test func aDecimalOfAMegabyteIsRefusedAndItsSignIsNotItsSize() throws {
        let schema = try Schema(#"{"type":"bytes","logicalType":"decimal","precision":60,"scale":0}"#)
        let giant = try encoded(.bytes([1] + [UInt8](repeating: 0, count: 1 << 20)), schema)
        #expect(failure { _ = try Self.told(giant, Transcoder(schema)) }?.code == .limit)
        let filled = try encoded(.bytes([UInt8](repeating: 0xFF, count: 1 << 20) + [0x85]), schema)
        #expect(try Self.told(filled, Transcoder(schema)).0 == "-123")
        let most = try encoded(.bytes([0x7F] + [UInt8](repeating: 0xFF, count: 159)), schema)
        let (text, facts) = try Self.told(most, Transcoder(schema))
        #expect(text.utf8.count == 386 && facts.hasExtremeNumber)
    }

    @Test func doubles() throws {
        var dice = Dice(seed: 5)
        let schema = try Schema(#""double""#)
        let transcoder = Transcoder(schema)
        let edges: [Double] = [
            0, -0.0, 1, -1, 0.1, 1e15, 9_007_199_254_740_991, 9_007_199_254_740_992, 9_007_199_254_740_994, 1e16, 1e22, .leastNonzeroMagnitude, 1e-5,
            .greatestFiniteMagnitude, 123.45, -3,
        ]
        for value in edges + (0..<5000).map({ $0 % 2 == 0 ? Double(truncatingIfNeeded: dice.next()) : Double(dice.below(1 << 40)) / 4 }) {
            let (text, facts) = try Self.told(try encoded(.double(value), schema), transcoder)
            #expect(text == value.description && Double(text)?.bitPattern == value.bitPattern)
            #expect(facts.hasExtremeNumber == text.contains("e"))
        }
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(failure { _ = try Self.told(try encoded(.double(value), schema), transcoder) }?.code == .badValue)
            #expect(failure { _ = try one(#""float""#, .float(Float(value))) }?.code == .badValue)
        }
    }

    /// A byte that must be escaped, or does not, at each place of a word of eight and beside bytes above 0x7F.
    @Test func stringsAreEscapedWhereverTheByteStands() throws {
        let schema = try Schema(#""string""#)
        let transcoder = Transcoder(schema)
        for length in 0..<20 {
            for place in 0..<max(1, length) {
                for special in ["\"", "\\", "\n", "\u{0}", "\u{1F}", " ", "\u{7F}", "é", "日", "😀", "!", "#", "[", "]"] {
                    let text = String(repeating: "x", count: place) + special + String(repeating: "é", count: max(0, length - place))
                    let (told, facts) = try Self.told(try encoded(.string(text), schema), transcoder)
                    #expect(told == JSON.quoted(text) && facts.hasNUL == (special == "\u{0}"))
                }
            }
        }
        for bad: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0x61, 0xC3]] {
            let bytes = [UInt8(bad.count * 2)] + bad
            #expect(failure { _ = try Self.told(bytes, transcoder) }?.code == .badUTF8)
        }
    }

    @Test func theEventsOwnSchema() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let schema = try Schema(String(contentsOf: root.appending(path: "topics/events.raw.avsc"), encoding: .utf8))
        let event = Value.record([
            .record([.string("a\"b"), .double(12.5)]),
            .record([
                .string("2026-03-01T10:11:12Z"), .string("01JNX"), .string("invoice.created"), .string("all"),
                .record([.string("acc"), .string("usr"), .union(0, .null)]),
                .union(1, .record([.bytes(bytes(hex: "00ffffffffffffffff")), .union(1, .string("ios"))])),
            ]),
        ])
        let (text, _) = try Self.told(try encoded(event, schema), Transcoder(schema))
        #expect(text == #"""
            {"data":{"id":"a\"b","amount":12.5},"attributes":{"timestampStamp":"2026-03-01T10:11:12Z","messageIdStamp":"01JNX","type":"invoice.created","targetSubscription":"all","newContextStamp":{"accountId":"acc","userId":"usr"},"amplitudeTrackStamp":{"id":18446744073709551615,"trackedDevice":"ios"}}}
            """#)
    }
}
