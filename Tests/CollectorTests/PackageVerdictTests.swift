import Avro
import Testing

@testable import Collector

/// A good event, of which one part is replaced.
private func event(_ part: String, by other: String) -> String {
    let good =
        #"{"data":{"id":"a1","amount":12.5},"attributes":{"type":"t","targetSubscription":"s","timestampStamp":"2026-05-05T10:00:00Z","#
        + #""messageIdStamp":"m1","newContextStamp":{"accountId":"5f01","userId":"5f02","requestPlatform":"web"},"#
        + #""amplitudeTrackStamp":{"id":7,"trackedDevice":"ios"}}}"#
    precondition(good.contains(part))
    return good.replacing(part, with: other)
}

private struct Judged: Sendable, CustomTestStringConvertible {
    let text: String
    let code: String
    let error: String
    init(_ text: String, _ code: String, _ error: String) { (self.text, self.code, self.error) = (text, code, error) }
    var testDescription: String { error }
}

private let stamp = #""newContextStamp":{"accountId":"5f01","userId":"5f02","requestPlatform":"web"}"#
private let time = #""timestampStamp":"2026-05-05T10:00:00Z""#
private let sent = #"X-Message-Stamp-A\\B\\"#

@Suite struct PackageVerdictTests {
    @Test(arguments: [
        Judged("[1]", "not_an_object", "an event is an object, an array was found"),
        Judged(#""x""#, "not_an_object", #"an event is an object, a string ("x") was found"#),
        Judged("12", "not_an_object", "an event is an object, a number (12) was found"),
        Judged("{}", "missing_field", "data: the field is missing"),
        Judged(event(#""amount":12.5"#, by: #""amount":"12.5""#), "wrong_type", #"data.amount: a number was expected, a string ("12.5") was found"#),
        Judged(event(#""amount":12.5"#, by: #""amount":null"#), "wrong_type", "data.amount: a number was expected, null was found"),
        Judged(event(#""id":"a1""#, by: #""id":17.10"#), "wrong_type", "data.id: a string was expected, a number (17.10) was found"),
        Judged(event(#""id":"a1","#, by: ""), "missing_field", "data.id: the field is missing"),
        Judged(event(#"{"id":"a1","amount":12.5}"#, by: "[]"), "wrong_type", "data: an object was expected, an array was found"),
        Judged(event(#""type":"t""#, by: #""type":true"#), "wrong_type", "attributes.type: a string was expected, true was found"),
        Judged(event(#""type":"t""#, by: #""type":"t","x\ny":0"#), "unknown_field", "attributes.x y: the schema has no such field"),
        Judged(event(#""type":"t""#, by: #""type":"t","\#(sent)OtherStamp":[]"#), "unknown_field",
            #"attributes.X-Message-Stamp-A\B\OtherStamp: the schema has no such field"#),
        // Only what is a stamp has a sender's name, and only with the prefix.
        Judged(event(#""type":"t""#, by: #""\#(sent)Type":"t""#), "unknown_field", #"attributes.X-Message-Stamp-A\B\Type: the schema has no such field"#),
        Judged(event(time, by: #""A\\B\\TimestampStamp":"t""#), "unknown_field", #"attributes.A\B\TimestampStamp: the schema has no such field"#),
        Judged(event(time, by: #""\#(sent)timestampStamp":"t""#), "unknown_field",
            #"attributes.X-Message-Stamp-A\B\timestampStamp: the schema has no such field"#),
        Judged(event(#"{"accountId""#, by: #"{"\#(sent)TimestampStamp":"","accountId""#), "unknown_field",
            #"attributes.newContextStamp.X-Message-Stamp-A\B\TimestampStamp: the schema has no such field"#),
        Judged(event(#""attributes""#, by: #""headers":{},"attributes""#), "ambiguous_field",
            #"attributes: it was sent twice, as "headers" and as "attributes""#),
        Judged(event(time, by: time + #","\#(sent)TimestampStamp":"x""#), "ambiguous_field",
            #"attributes.timestampStamp: it was sent twice, as "timestampStamp" and as "X-Message-Stamp-A\B\TimestampStamp""#),
        Judged(event(time, by: #""\#(sent)TimestampStamp":5"#), "wrong_type",
            #"attributes.timestampStamp (sent as "attributes.X-Message-Stamp-A\B\TimestampStamp"): a string was expected, a number (5) was found"#),
        Judged(event(time, by: #""timestampStamp":null"#), "wrong_type", "attributes.timestampStamp: a string was expected, null was found"),
        Judged(event(time, by: #""timestampStamp":{"id":"x"}"#), "unknown_field",
            #"attributes.timestampStamp.id: only "dispatchedAt" was expected"#),
        Judged(event(time, by: #""timestampStamp":{}"#), "missing_field", "attributes.timestampStamp.dispatchedAt: the field is missing"),
        Judged(event(time, by: #""timestampStamp":{"dispatchedAt":7}"#), "wrong_type",
            "attributes.timestampStamp.dispatchedAt: a string was expected, a number (7) was found"),
        Judged(event(time, by: #""timestampStamp":[{"dispatchedAt":"x"}]"#), "wrong_type",
            "attributes.timestampStamp: a string was expected, an array was found"),
        Judged(event(time, by: #""timestampStamp":"[]""#), "malformed_stamp",
            #"attributes.timestampStamp: a JSON list of one object was expected, a string ("[]") was found: it is empty"#),
        Judged(event(time, by: #""timestampStamp":"[1]""#), "malformed_stamp",
            "attributes.timestampStamp: a JSON list of one object was expected, a number (1) was found in the list"),
        Judged(event(stamp, by: #""newContextStamp":"[{},{}]""#), "malformed_stamp",
            "attributes.newContextStamp: a JSON list of one object was expected, a list of 2 elements was found"),
        Judged(event(stamp, by: #""newContextStamp":"{}""#), "malformed_stamp",
            #"attributes.newContextStamp: a JSON list of one object was expected, a string ("{}") was found: "#
                + "the body is one JSON value, but no array at byte 0 of the text"),
        Judged(event(stamp, by: #""newContextStamp":"[{\"userId\":1,\"userId\":2}]""#), "malformed_stamp",
            #"attributes.newContextStamp: a JSON list of one object was expected, a string ("[{"userId":1,"userId":2}]") was found: "#
                + "a key stands twice in its object at byte 13 of the text"),
        Judged(event(stamp, by: #""newContextStamp":"[{\"userId\":\"1\"}]""#), "missing_field", "attributes.newContextStamp.accountId: the field is missing"),
        Judged(event(stamp, by: #""newContextStamp":"[{\"userId\":\"1\",\"a\":\"2\"}]""#), "unknown_field",
            "attributes.newContextStamp.a: the schema has no such field"),
        Judged(event(#""id":7"#, by: #""id":"7""#), "wrong_type",
            #"attributes.amplitudeTrackStamp.id: an integer of at most 20 digits was expected, a string ("7") was found"#),
        Judged(event(#""id":7"#, by: #""id":7.5"#), "wrong_type",
            "attributes.amplitudeTrackStamp.id: an integer of at most 20 digits was expected, a number (7.5) was found"),
        Judged(event(#""id":7"#, by: #""id":100000000000000000000"#), "out_of_range",
            "attributes.amplitudeTrackStamp.id: an integer of at most 20 digits was expected, a number (100000000000000000000) was found"),
        Judged(event(#""id":7"#, by: #""id":1e300"#), "out_of_range",
            "attributes.amplitudeTrackStamp.id: an integer of at most 20 digits was expected, a number (1e300) was found"),
    ])
    fileprivate func judges(_ expected: Judged) throws {
        let outcome = try PackageReader().outcomes("[\(expected.text)]")[0]
        #expect(outcome.verdict == .rejected(code: expected.code, error: expected.error))
        #expect(outcome.text == expected.text)
    }

    @Test func cutsWhatItShows() throws {
        let long = String(repeating: "é", count: 5000)
        let value = try #require(try PackageReader().outcomes("[\(event("12.5", by: "\"\(long)\""))]")[0].error)
        #expect(value.hasSuffix(#"a string ("\#(String(repeating: "é", count: 59))…") was found"#))
        for key in [long, String(repeating: "👩‍👩‍👧‍👦", count: 500), String(repeating: "\u{85}\u{2028}\u{7F}", count: 300), "\u{301}\u{202E}"] {
            for text in [
                event(#""type""#, by: #""\#(key)":1,"type""#), event(time, by: #""X-Message-Stamp-\#(key)\\TimestampStamp":5"#),
                event(time, by: time + #","X-Message-Stamp-\#(key)\\TimestampStamp":"\#(key)""#), event("12.5", by: "[\"\(key)\"]"),
                event(stamp, by: #""newContextStamp":"\#(key)""#), event(stamp, by: #""newContextStamp":"[{\"\#(key)\":1}]""#),
            ] {
                let error = try #require(try PackageReader().outcomes("[\(text)]")[0].error)
                #expect(error.utf8.count <= 400)
                #expect(!error.unicodeScalars.contains { $0.value < 0x20 || 0x7F...0x9F ~= $0.value })
                #expect(!error.contains("\u{FFFD}"), "\(error)")
            }
        }
    }

    // MARK: other schemas

    private static let wide = #"""
        {"type":"record","name":"E","fields":[
          {"name":"n","type":"int","default":-3},{"name":"l","type":["long","null"],"default":5},{"name":"f","type":"float","default":0.5},
          {"name":"b","type":"boolean","default":true},{"name":"e","type":{"type":"enum","name":"En","symbols":["A","B"]},"default":"B"},
          {"name":"a","type":{"type":"array","items":["null","int","double","string"]},"default":[]},
          {"name":"m","type":{"type":"map","values":"E"},"default":{}},
          {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":3},"default":"\u0001"},{"name":"o","type":["null","string"]},
          {"name":"x","type":"null","default":null}]}
        """#

    @Test(arguments: [
        "{}": #"{"n":-3,"l":5,"f":0.5,"b":true,"e":"B","a":[],"m":{},"d":1,"o":null,"x":null}"#,
        #"{"n":null,"l":null,"o":"","x":null,"d":-129}"#: #"{"n":-3,"l":5,"f":0.5,"b":true,"e":"B","a":[],"m":{},"d":-129,"o":"","x":null}"#,
        #"{"n":1e2,"l":-9.0,"f":1,"b":false,"e":"A","a":[1,1.5,null,"é",3e9],"m":{"k":{"n":2}},"d":999}"#:
            #"{"n":100,"l":-9,"f":1.0,"b":false,"e":"A","a":[1,1.5,null,"é",3000000000.0],"m":{"k":{"n":2,"l":5,"f":0.5,"b":true,"e":"B","a":[],"#
            + #""m":{},"d":1,"o":null,"x":null}},"d":999,"o":null,"x":null}"#,
    ])
    func encodesOtherTypes(sent: String, kept: String) throws {
        let schema = try EventSchema(id: 1, schema: Schema(Self.wide))
        let outcome = try PackageReader().outcomes("[\(sent)]", schema: schema)[0]
        try #require(outcome.verdict == .accepted, "\(outcome)")
        #expect(try decodedFrame(outcome.value, schema: schema).json == kept)
    }

    @Test(arguments: [
        #"{"n":2147483648}"#: "out_of_range n: an integer of 32 bits was expected, a number (2147483648) was found",
        #"{"n":1.5}"#: "wrong_type n: an integer of 32 bits was expected, a number (1.5) was found",
        #"{"l":9223372036854775808}"#: "out_of_range l: an integer of 64 bits was expected, a number (9223372036854775808) was found",
        #"{"l":1e19}"#: "out_of_range l: an integer of 64 bits was expected, a number (1e19) was found",
        #"{"f":1e39}"#: "out_of_range f: a number of 32 bits was expected, a number (1e39) was found",
        #"{"e":"C"}"#: #"wrong_type e: one of A, B was expected, a string ("C") was found"#,
        #"{"a":[1,{}]}"#: "wrong_type a[1]: one of the types of the union was expected, an object was found",
        #"{"m":{"k":{"m":{"j":{"n":""}}}}}"#: #"wrong_type m.k.m.j.n: an integer of 32 bits was expected, a string ("") was found"#,
        #"{"d":1000}"#: "out_of_range d: an integer of at most 3 digits was expected, a number (1000) was found",
        #"{"b":0}"#: "wrong_type b: true or false was expected, a number (0) was found",
        #"{"headers":{}}"#: "unknown_field headers: the schema has no such field",
    ])
    func judgesOtherTypes(sent: String, expected: String) throws {
        let schema = try EventSchema(id: 1, schema: Schema(Self.wide))
        let outcome = try PackageReader().outcomes("[\(sent)]", schema: schema)[0]
        #expect("\(outcome.code ?? "") \(outcome.error ?? "")" == expected)
    }

    /// A later version of the schema needs no code: a new stamp goes by its class's name at once.
    @Test func learnsNewFields() throws {
        let later = eventSchemaText.replacing(
            #"{"name": "type", "type": "string"}"#,
            with: #"""
                {"name": "type", "type": "string"},
                {"name": "routingStamp", "type": ["null", {"type": "record", "name": "RoutingStamp", "fields": [{"name": "hops", "type": "int"}]}],
                 "default": null}, {"name": "urgent", "type": "boolean", "default": false}
                """#)
        let schema = try EventSchema(id: 9, schema: Schema(later))
        let texts = [
            event(time, by: time), event(time, by: time + #","\#(sent)RoutingStamp":{"hops":3},"urgent":true"#),
            event(time, by: time + #","\#(sent)RoutingStamp":"[{\"hops\":3}]""#),
        ]
        let outcomes = try PackageReader().outcomes("[\(texts.joined(separator: ","))]", schema: schema)
        let kept = try outcomes.map { try decodedFrame($0.value, schema: schema).json }
        #expect(kept[0].contains(#""type":"t","routingStamp":null,"urgent":false"#))
        #expect(kept[1].contains(#""type":"t","routingStamp":{"hops":3},"urgent":true"#))
        #expect(kept[2].contains(#""type":"t","routingStamp":{"hops":3},"urgent":false"#))
    }

    @Test(arguments: [
        #""string""#: "the schema of events is a record, not string",
        #"{"type":"record","name":"E","fields":[{"name":"a","type":{"type":"array","items":"bytes"}}]}"#:
            "a.[]: bytes have no form in events, but for decimal of scale 0",
        #"{"type":"record","name":"E","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}}]}"#:
            "d: bytes have no form in events, but for decimal of scale 0",
        #"{"type":"record","name":"E","fields":[{"name":"f","type":{"type":"fixed","name":"F","size":2}}]}"#: "f: fixed has no form in events",
    ])
    func refusesOtherSchemas(text: String, expected: String) throws {
        let schema = try Schema(text)
        #expect(throws: EventSchemaError.self) { try EventSchema(id: 1, schema: schema) }
        do throws(EventSchemaError) { _ = try EventSchema(id: 1, schema: schema) } catch { #expect(error.description == expected) }
    }
}
