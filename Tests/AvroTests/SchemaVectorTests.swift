import Testing

@testable import Avro

/// Canonical forms and fingerprints as Apache Avro publishes them (share/test/data/schema-tests.txt).
@Suite struct SchemaVectorTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let input: String
        let canonical: String
        let fingerprint: Int64?
        var testDescription: String { input }
        init(_ input: String, _ canonical: String, _ fingerprint: Int64? = nil) {
            (self.input, self.canonical, self.fingerprint) = (input, canonical, fingerprint)
        }
    }

    static let vectors: [Vector] = [
        Vector(#""null""#, #""null""#, 7_195_948_357_588_979_594),
        Vector(#"{"type":"null"}"#, #""null""#),
        Vector(#""boolean""#, #""boolean""#, -6_970_731_678_124_411_036),
        Vector(#""int""#, #""int""#, 8_247_732_601_305_521_295),
        Vector(#""long""#, #""long""#, -3_434_872_931_120_570_953),
        Vector(#""float""#, #""float""#, 5_583_340_709_985_441_680),
        Vector(#""double""#, #""double""#, -8_181_574_048_448_539_266),
        Vector(#""bytes""#, #""bytes""#, 5_746_618_253_357_095_269),
        Vector(#""string""#, #""string""#, -8_142_146_995_180_207_161),
        Vector(#"[  ]"#, "[]", -1_241_056_759_729_112_623),
        Vector(#"[ "int"  ]"#, #"["int"]"#, -5_232_228_896_498_058_493),
        Vector(#"[ "int" , {"type":"boolean"} ]"#, #"["int","boolean"]"#, 5_392_556_393_470_105_090),
        Vector(
            #"{"fields":[], "type":"record", "name":"foo"}"#, #"{"name":"foo","type":"record","fields":[]}"#,
            -4_824_392_279_771_201_922),
        Vector(
            #"{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}"#,
            #"{"name":"x.y.foo","type":"record","fields":[]}"#, 5_916_914_534_497_305_771),
        Vector(
            #"{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}"#,
            #"{"name":"a.b.foo","type":"record","fields":[]}"#, -4_616_218_487_480_524_110),
        Vector(
            #"{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}"#,
            #"{"name":"foo","type":"record","fields":[]}"#, -4_824_392_279_771_201_922),
        Vector(
            #"{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}"#,
            #"{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}"#, 7_843_277_075_252_814_651),
        Vector(
            #"""
            { "fields":[{"type":"boolean", "aliases":[], "name":"f1", "default":"true"},
                        {"order":"descending","name":"f2","doc":"Hello","type":"int"}], "type":"record", "name":"foo" }
            """#, #"{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}"#,
            -4_860_222_112_080_293_046),
        Vector(
            #"{"type":"enum", "name":"foo", "symbols":["A1"]}"#, #"{"name":"foo","type":"enum","symbols":["A1"]}"#,
            -6_342_190_197_741_309_591),
        Vector(
            #"{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", "symbols":["A1", "A2"]}"#,
            #"{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}"#, -4_448_647_247_586_288_245),
        Vector(
            #"{"name":"foo","type":"fixed","size":15}"#, #"{"name":"foo","type":"fixed","size":15}"#, 1_756_455_273_707_447_556),
        Vector(
            #"{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}"#,
            #"{"name":"x.y.z.foo","type":"fixed","size":32}"#, -3_064_184_465_700_546_786),
        Vector(
            #"{ "items":{"type":"null"}, "type":"array"}"#, #"{"type":"array","items":"null"}"#, -589_620_603_366_471_059),
        Vector(
            #"{ "values":"string", "type":"map"}"#, #"{"type":"map","values":"string"}"#, -8_732_877_298_790_414_990),
        Vector(
            #"{"name":"PigValue","type":"record","fields":[{"name":"value", "type":["null", "int", "long", "PigValue"]}]}"#,
            #"{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}"#,
            -1_759_257_747_318_642_341),
    ]

    @Test(arguments: vectors) func published(_ vector: Vector) throws {
        let schema = try Schema(vector.input, lenientDefaults: true)
        #expect(schema.canonicalForm == vector.canonical)
        if let fingerprint = vector.fingerprint { #expect(Int64(bitPattern: schema.fingerprint) == fingerprint) }
        // A canonical form is its own.
        #expect(try Schema(vector.canonical).canonicalForm == vector.canonical)
    }

    @Test func sha256IsOfTheCanonicalForm() throws {
        // printf '"int"' | sha256sum
        let digest = try Schema(#"{"type": "int"}"#).sha256
        #expect(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == "3f2b87a9fe7cc9b13835598c3981cd45e3e355309e5090aa0933d7becb6fba45")
    }
}
