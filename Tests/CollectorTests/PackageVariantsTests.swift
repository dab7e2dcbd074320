import Testing

@testable import Collector

private let context = #"{"accountId":"5f01","userId":"5f02","requestPlatform":"web"}"#
private let amplitude = #"{"id":18446744073709551615,"trackedDevice":"ios"}"#

/// An event with these attributes besides `type` and `targetSubscription`.
private func event(_ attributes: String, data: String = #"{"id":"a1","amount":12.5}"#, key: String = "attributes") -> String {
    #"{"data":\#(data),"\#(key)":{"type":"t","targetSubscription":"s",\#(attributes)}}"#
}

private let plain = #""timestampStamp":"2026-05-05T10:00:00Z","messageIdStamp":"m1","newContextStamp":\#(context)"#

/// What every accepted form of the full event must become.
private let normal =
    #"{"data":{"id":"a1","amount":12.5},"attributes":{"timestampStamp":"2026-05-05T10:00:00Z","messageIdStamp":"m1","type":"t","#
    + #""targetSubscription":"s","newContextStamp":{"accountId":"5f01","userId":"5f02","requestPlatform":"web"},"amplitudeTrackStamp":"#
private let withAmplitude = normal + #"{"id":18446744073709551615,"trackedDevice":"ios"}}}"#
private let withoutAmplitude = normal + "null}}"

private let prefix = "X-Message-Stamp-"

/// A JSON string that holds a text.
private func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}

@Suite struct PackageVariantsTests {
    @Test(arguments: [
        "as it arrives": event(
            #""X-Message-Stamp-Holded\\Shared\\Infrastructure\\Messenger\\Stamp\\NewContextStamp":\#(context),"#
                + #""X-Message-Stamp-Holded\\Core\\Messaging\\Messenger\\Stamp\\TimestampStamp":"2026-05-05T10:00:00Z","#
                + #""X-Message-Stamp-Holded\\Core\\Messaging\\Messenger\\Stamp\\MessageIdStamp":"m1","#
                + #""X-Message-Stamp-Holded\\Shared\\Infrastructure\\Messenger\\Stamp\\AmplitudeTrackStamp":\#(amplitude)"#),
        "normal names": event(plain + #","amplitudeTrackStamp":\#(amplitude)"#),
        "headers": event(plain + #","amplitudeTrackStamp":\#(amplitude)"#, key: "headers"),
        "without namespace": event(
            #""X-Message-Stamp-NewContextStamp":\#(context),"X-Message-Stamp-TimestampStamp":"2026-05-05T10:00:00Z","#
                + #""X-Message-Stamp-MessageIdStamp":"m1","X-Message-Stamp-AmplitudeTrackStamp":\#(amplitude)"#),
        "escaped key": event(plain.replacing("timestampStamp", with: #"timestamp\u0053tamp"#) + #","amplitudeTrackStamp":\#(amplitude)"#),
        "objects around strings": event(
            #""timestampStamp":{"dispatchedAt":"2026-05-05T10:00:00Z"},"X-Message-Stamp-A\\MessageIdStamp":{"id":"m1"},"#
                + #""newContextStamp":\#(context),"amplitudeTrackStamp":\#(amplitude)"#),
        "lists in strings": event(
            #""timestampStamp":\#(quoted(#"[{"dispatchedAt":"2026-05-05T10:00:00Z"}]"#)),"messageIdStamp":\#(quoted(#" [ {"id":"m1"} ] "#)),"#
                + #""newContextStamp":\#(quoted("[\(context)]")),"amplitudeTrackStamp":\#(quoted("[\(amplitude)]"))"#),
        "blanks": event(" " + plain.replacing(",", with: " ,\n\t").replacing(":\"", with: " : \"") + #" ,"amplitudeTrackStamp":\#(amplitude) "#),
        "id as a double": event(plain + #","amplitudeTrackStamp":{"trackedDevice":"ios","id":1844674407370955161.5e1}"#),
    ])
    func accepts(name: String, text: String) throws {
        let outcome = try #require(try PackageReader().outcomes("[\(text)]").first)
        try #require(outcome.verdict == .accepted, "\(name): \(outcome)")
        let frame = try decodedFrame(outcome.value)
        #expect(frame.id == 258)
        #expect(frame.json == withAmplitude, "\(name)")
    }

    @Test(arguments: [
        event(plain), event(plain + #","amplitudeTrackStamp":null"#), event(plain + #","X-Message-Stamp-B\\AmplitudeTrackStamp":null"#),
    ])
    func countsNullAsNotSent(text: String) throws {
        let outcome = try #require(try PackageReader().outcomes("[\(text)]").first)
        try #require(outcome.verdict == .accepted, "\(outcome)")
        #expect(try decodedFrame(outcome.value).json == withoutAmplitude)
    }

    @Test func takesAnIntegerForADouble() throws {
        let cases = ["7": "7.0", "-1": "-1.0", "0": "0.0", "1e3": "1000.0", "18446744073709551616": "1.8446744073709552e+19", "5e-324": "5e-324"]
        for (sent, kept) in cases {
            let outcome = try PackageReader().outcomes("[\(event(plain, data: #"{"id":"a1","amount":\#(sent)}"#))]")[0]
            try #require(outcome.verdict == .accepted, "\(sent): \(outcome)")
            #expect(try decodedFrame(outcome.value).json.contains(#""amount":\#(kept)"#), "\(sent)")
        }
    }

    @Test func readsLines() throws {
        let body = "\r\n  \n" + event(plain) + "\r\n\n 5\n" + event(plain) + " "
        let outcomes = try PackageReader().outcomes(body, format: .lines)
        #expect(outcomes.map(\.code) == [nil, "not_an_object", nil])
        #expect(outcomes[1].text == "5")
    }

    @Test func keepsWhatItRejectsUntouched() throws {
        let texts = [#"{ "a" : [1, 2 ] , "\u00e9":"]," }"#, "12345678901234567890123", "\"x\\\"\"", "null", "[ ]"]
        let outcomes = try PackageReader().outcomes("[ " + texts.joined(separator: " ,\r\n\t") + " ]")
        #expect(outcomes.map(\.text) == texts)
        #expect(outcomes.map(\.code) == ["unknown_field", "not_an_object", "not_an_object", "not_an_object", "not_an_object"])
        let lines = try PackageReader().outcomes(texts.joined(separator: " \r\n\t") + "\n", format: .lines)
        #expect(lines.map(\.text) == texts)
    }
}
