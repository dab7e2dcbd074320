import Testing

@testable import Avro

/// Each rule of the specification's Schema Resolution: what is written, what is read, or where it fails.
@Suite struct ResolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let writer: String
        let reader: String
        let value: Value
        /// Nil: unresolvable.
        let expected: Value?
        /// What the check of compatibility says.
        let complaints: [String]
        var testDescription: String { "\(writer) as \(reader)" }

        init(_ writer: String, _ reader: String, _ value: Value, _ expected: Value?, _ complaints: [String] = []) {
            (self.writer, self.reader, self.value, self.expected, self.complaints) = (writer, reader, value, expected, complaints)
        }
    }

    static func record(_ fields: String, _ name: String = "r", _ more: String = "") -> String {
        #"{"type":"record","name":"\#(name)"\#(more),"fields":[\#(fields)]}"#
    }
    static func symbols(_ symbols: String, _ more: String = "") -> String {
        #"{"type":"enum","name":"e","symbols":[\#(symbols)]\#(more)}"#
    }

    static let cases: [Case] = [
        Case(#""int""#, #""long""#, .int(-7), .long(-7)),
        Case(#""int""#, #""float""#, .int(7), .float(7)),
        Case(#""int""#, #""double""#, .int(7), .double(7)),
        Case(#""long""#, #""float""#, .long(7), .float(7)),
        Case(#""long""#, #""double""#, .long(7), .double(7)),
        Case(#""float""#, #""double""#, .float(0.5), .double(0.5)),
        Case(#""string""#, #""bytes""#, .string("a"), .bytes([0x61])),
        Case(#""bytes""#, #""string""#, .bytes([0x61]), .string("a")),
        Case(#""long""#, #""int""#, .long(1), nil, ["int cannot read long"]),
        Case(#""double""#, #""float""#, .double(1), nil, ["float cannot read double"]),
        Case(#""boolean""#, #""int""#, .boolean(true), nil, ["int cannot read boolean"]),
        Case(#"{"type":"array","items":"int"}"#, #"{"type":"array","items":"long"}"#, .array([.int(1)]), .array([.long(1)])),
        Case(
            #"{"type":"array","items":"string"}"#, #"{"type":"array","items":"long"}"#, .array([.string("")]), nil,
            ["[]: long cannot read string"]),
        Case(
            #"{"type":"map","values":"int"}"#, #"{"type":"map","values":"double"}"#, .map([.init("k", .int(1))]),
            .map([.init("k", .double(1))])),
        Case(symbols(#""A","B""#), symbols(#""B","A""#), .enumeration(0), .enumeration(1)),
        Case(symbols(#""A","B""#), symbols(#""A","X""#, #","default":"X""#), .enumeration(1), .enumeration(1)),
        Case(symbols(#""A","B""#), symbols(#""A""#), .enumeration(1), nil, ["enum e lacks B and has no default"]),
        Case(symbols(#""A","B""#), symbols(#""A""#), .enumeration(0), .enumeration(0), ["enum e lacks B and has no default"]),
        Case(
            #"{"type":"fixed","name":"f","size":1}"#, #"{"type":"fixed","name":"x.f","size":1}"#, .fixed([9]), .fixed([9])),
        Case(
            #"{"type":"fixed","name":"f","size":1}"#, #"{"type":"fixed","name":"f","size":2}"#, .fixed([9]), nil,
            ["fixed f has 2 bytes, the writer's has 1"]),
        Case(
            #"{"type":"fixed","name":"f","size":1}"#, #"{"type":"fixed","name":"g","size":1}"#, .fixed([9]), nil,
            ["fixed g cannot read fixed f"]),
        // Records: another order, a field that is gone, one with a default, one without.
        Case(
            record(#"{"name":"a","type":"int"},{"name":"gone","type":{"type":"map","values":"string"}},{"name":"b","type":"string"}"#),
            record(#"{"name":"b","type":"string"},{"name":"new","type":["null","long"],"default":5},{"name":"a","type":"long"}"#),
            .record([.int(1), .map([.init("k", .string("v"))]), .string("x")]),
            .record([.string("x"), .union(1, .long(5)), .long(1)])),
        Case(
            record(#"{"name":"a","type":"int"}"#), record(#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#), .record([.int(1)]), nil,
            ["b: the reader's field has no default and the writer does not write it"]),
        Case(
            record(#"{"name":"old","type":"int"}"#), record(#"{"name":"new","aliases":["old"],"type":"long"}"#), .record([.int(1)]),
            .record([.long(1)])),
        Case(
            record("", "was.r"), record("", "now.s", #","aliases":["was.r"]"#), .record([]), .record([])),
        Case(record("", "r"), record("", "s"), .record([]), nil, ["record s cannot read record r"]),
        Case(
            record(#"{"name":"in","type":\#(record(#"{"name":"x","type":"string"}"#, "i"))}"#),
            record(#"{"name":"in","type":\#(record(#"{"name":"x","type":"int"}"#, "i"))}"#), .record([.record([.string("")])]), nil,
            ["in.x: int cannot read string"]),
        // Unions.
        Case(#"["null","int"]"#, #"["string","long","null"]"#, .union(1, .int(3)), .union(1, .long(3))),
        Case(#"["null","int"]"#, #"["string","long","null"]"#, .union(0, .null), .union(2, .null)),
        Case(#""int""#, #"["null","long","int"]"#, .int(3), .union(2, .int(3))),
        Case(#""int""#, #"["null","double","long"]"#, .int(3), .union(1, .double(3))),
        Case(#""int""#, #"["null","string"]"#, .int(3), nil, ["the reader's union has no branch for int"]),
        Case(#"["null","int"]"#, #""long""#, .union(1, .int(3)), .long(3), ["long cannot read null"]),
        Case(#"["null","int"]"#, #""long""#, .union(0, .null), nil, ["long cannot read null"]),
        Case(
            record("", "b.r"), #"[\#(record("", "a.r")),\#(record("", "b.r"))]"#, .record([]), .union(1, .record([]))),
    ]

    @Test(arguments: cases) func rule(_ rule: Case) throws {
        let plan = Resolution(writer: try Schema(rule.writer), reader: try Schema(rule.reader))
        let bytes = try encoded(rule.value, plan.writer)
        if let expected = rule.expected {
            #expect(try resolved(bytes, plan) == expected)
        } else {
            #expect(failure { _ = try resolved(bytes, plan) }?.code == .unresolvable)
        }
        #expect(plan.incompatibilities.map(\.description) == rule.complaints)
    }

    @Test func recursiveSchemasResolve() throws {
        let old = try Schema(#"{"type":"record","name":"n","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","n"]}]}"#)
        let new = try Schema(
            #"{"type":"record","name":"n","fields":[{"name":"next","type":["null","n"]},{"name":"v","type":"long"},{"name":"w","type":"string","default":"é"}]}"#)
        let plan = Resolution(writer: old, reader: new)
        #expect(plan.incompatibilities.isEmpty)
        let bytes = try encoded(.record([.int(1), .union(1, .record([.int(2), .union(0, .null)]))]), old)
        let inner = Value.record([.union(0, .null), .long(2), .string("é")])
        #expect(try resolved(bytes, plan) == .record([.union(1, inner), .long(1), .string("é")]))
        // Backward it is compatible; forward too: what the reader lacks is skipped, what changed is not.
        #expect(old.incompatibilities(reading: new).map(\.description) == ["v: int cannot read long"])
    }

    @Test func errorsNameTheReadersPath() throws {
        let schema = try Schema(
            #"{"type":"record","name":"e","fields":[{"name":"attributes","type":{"type":"record","name":"a","fields":[{"name":"accountId","type":"string"}]}}]}"#)
        let error = failure { _ = try resolved([4, 0xFF, 0xFE], Resolution(writer: schema, reader: schema)) }
        #expect(error?.path == "attributes.accountId" && error?.code == .badUTF8)
        #expect(failure { _ = try decoded([4, 0xFF, 0xFE], schema) } == error)
    }

    /// Few bytes times many defaults is bounded too.
    @Test func hostileCountsOfDefaultsAreBounded() throws {
        let fields = (0..<20).map { #"{"name":"f\#($0)","type":"int","default":0}"# }.joined(separator: ",")
        let old = try Schema(#"{"type":"array","items":\#(Self.record(""))}"#)
        let plan = Resolution(writer: old, reader: try Schema(#"{"type":"array","items":\#(Self.record(fields))}"#))
        let data = try encoded(.array(Array(repeating: .record([]), count: 100_000)), old)
        #expect(failure { _ = try decoded(data, old) } == nil)
        #expect(failure { _ = try resolved(data, plan) }?.code == .limit)
    }
}
