import Testing

@testable import Avro

@Suite struct SchemaTests {
    static func fields(_ fields: String) -> String { #"{"type":"record","name":"r","fields":[\#(fields)]}"# }

    @Test(arguments: [
        (#"{"#, "a key in quotes is expected (badJSON at byte 1)"),
        (#"{"type":"int","type":"int"}"#, #"key "type" is there twice (badJSON at byte 20)"#),
        (#""int" 1"#, "something follows the JSON text (badJSON at byte 6)"),
        (#""\ud800""#, "a surrogate stands alone (badJSON at byte 7)"),
        (#"01"#, "a number starts with a zero (badJSON at byte 1)"),
        (#"7"#, "a type is a name, an object or a union, not a number (badSchema)"),
        (#"{}"#, #""type" is missing (badSchema)"#),
        (#"{"type":{"type":"int"}}"#, #"type: "type" is a word here, not an object (badSchema)"#),
        (#""foo""#, #"type "foo" is not defined here or before (badSchema)"#),
        (#"{"type":"array"}"#, #""items" is missing (badSchema)"#),
        (#"{"type":"map","values":"x"}"#, #"values: type "x" is not defined here or before (badSchema)"#),
        (#"["int","int"]"#, "[1]: int is twice in a union (badSchema)"),
        (#"["int",["null"]]"#, "[1]: a union holds no union (badSchema)"),
        (#"{"type":"record","name":"1r","fields":[]}"#, #"name: "1r" is no name (badSchema)"#),
        (#"{"type":"record","name":"a..b","fields":[]}"#, #"name: "a..b" is no name (badSchema)"#),
        (#"{"type":"record","name":"int","fields":[]}"#, "name: int is the name of a primitive type (badSchema)"),
        (#"{"type":"record","name":"r","namespace":"a-b","fields":[]}"#, "namespace: no namespace: names joined by dots (badSchema)"),
        (#"{"type":"record","name":"r"}"#, #"fields: "fields" is an array (badSchema)"#),
        (#"{"type":"enum","name":"e","symbols":["A","A"]}"#, "symbols[1]: A is there twice (badSchema)"),
        (#"{"type":"enum","name":"e","symbols":["é"]}"#, #"symbols[0]: "é" is no name (badSchema)"#),
        (#"{"type":"enum","name":"e","symbols":["A"],"default":"B"}"#, "default: the default is none of the symbols (badSchema)"),
        (#"{"type":"fixed","name":"f","size":-1}"#, #"size: "size" is a whole number of bytes, 0 to 2147483647 (badSchema)"#),
        (fields(#"{"name":"a","type":"int"},{"name":"a","type":"int"}"#), "fields[1]: field a is there twice (badSchema)"),
        (fields(#"{"name":"a","type":{"type":"enum","name":"r","symbols":[]}}"#), "fields[0].type.name: r is defined twice (badSchema)"),
        (fields(#"{"name":"a","type":"int","default":2147483648}"#), "r.a.default: a number is no default for int, or is out of its range (badDefault)"),
        (fields(#"{"name":"a","type":"double","default":1e400}"#), "r.a.default: a number is no default for double, or is out of its range (badDefault)"),
        (fields(#"{"name":"a","type":["null","int"],"default":"x"}"#), "r.a.default: a string fits no branch of the union (badDefault)"),
        (fields(#"{"name":"a","type":"r","default":{}}"#), "limit"),
    ]) func refused(_ text: String, _ message: String) {
        let found = failure { _ = try Schema(text) }?.description
        #expect(message == "limit" ? found?.contains("(limit)") == true : found == message)
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: #"{"type":"array","items":"#, count: 70) + #""int""# + String(repeating: "}", count: 70)
        #expect(failure { _ = try Schema(deep) }?.code == .badSchema)
        #expect(failure { _ = try Schema(String(repeating: "[", count: 100_000)) }?.code == .badJSON)
    }

    @Test(arguments: [
        (#""long""#, "9223372036854775807", Value.long(.max)), (#""long""#, "9007199254740993", .long(9_007_199_254_740_993)),
        (#""double""#, "1", .double(1)), (#""double""#, "0.1", .double(0.1)), (#""float""#, "0.5", .float(0.5)),
        (#""bytes""#, #""\u00ff\u0000""#, .bytes([0xFF, 0])), (#""string""#, #""\ud83d\ude00""#, .string("😀")),
        (#"["null","string"]"#, "null", .union(0, .null)), (#"["null","string"]"#, #""x""#, .union(1, .string("x"))),
        (#"{"type":"enum","name":"e","symbols":["A","B"]}"#, #""B""#, .enumeration(1)),
        (#"{"type":"array","items":"int"}"#, "[1,2]", .array([.int(1), .int(2)])),
        (#"{"type":"map","values":"int"}"#, #"{"k":1}"#, .map([.init("k", .int(1))])),
        (#"{"type":"record","name":"s","fields":[{"name":"x","type":"int"},{"name":"y","type":"int","default":2}]}"#, #"{"x":1}"#, .record([.int(1), .int(2)])),
    ]) func defaults(_ type: String, _ json: String, _ value: Value) throws {
        let schema = try Schema(Self.fields(#"{"name":"a","type":\#(type),"default":\#(json)}"#))
        guard case .record(let record) = schema[schema.root].kind else { return #expect(Bool(false)) }
        #expect(record.fields[0].defaultValue == value)
    }

    @Test func namesFollowTheirNamespaces() throws {
        let schema = try Schema(
            #"{"type":"record","name":"a","namespace":"x.y","aliases":["old","z.older"],"fields":[{"name":"b","type":{"type":"fixed","name":"q.f","size":1}},{"name":"c","type":{"type":"enum","name":"e","namespace":"","symbols":[]}},{"name":"d","type":"a"},{"name":"g","type":"q.f"},{"name":"h","type":{"type":"x.y.a"}}],"extra":{"kept":false}}"#)
        #expect(schema.names(schema.root)?.aliases.map(\.full) == ["x.y.old", "z.older"])
        #expect(
            schema.canonicalForm
                == #"{"name":"x.y.a","type":"record","fields":[{"name":"b","type":{"name":"q.f","type":"fixed","size":1}},{"name":"c","type":{"name":"e","type":"enum","symbols":[]}},{"name":"d","type":"x.y.a"},{"name":"g","type":"q.f"},{"name":"h","type":"x.y.a"}]}"#)
    }

    @Test(arguments: [
        (#"{"type":"long","logicalType":"timestamp-millis"}"#, LogicalType.timestampMillis),
        (#"{"type":"long","logicalType":"timestamp-micros"}"#, .timestampMicros),
        (#"{"type":"int","logicalType":"date"}"#, .date), (#"{"type":"string","logicalType":"uuid"}"#, .uuid),
        (#"{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}"#, .decimal(precision: 12, scale: 2)),
        (#"{"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":4}"#, .decimal(precision: 4, scale: 0)),
        // What does not fit is ignored.
        (#"{"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":5}"#, nil),
        (#"{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}"#, nil),
        (#"{"type":"int","logicalType":"timestamp-millis"}"#, nil), (#"{"type":"int","logicalType":"new"}"#, nil),
    ] as [(String, LogicalType?)]) func logicalTypes(_ text: String, _ type: LogicalType?) throws {
        let schema = try Schema(text)
        #expect(schema[schema.root].logicalType == type)
    }
}
