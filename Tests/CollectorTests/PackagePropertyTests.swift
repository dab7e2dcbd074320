import Avro
import Foundation
import Testing

@testable import Collector

/// What may refuse a package, and what may keep an event out.
private let refusals: Set = [
    "malformed_json", "not_an_array", "empty_package", "byte_order_mark", "not_utf8", "duplicate_key", "nul_escape", "lone_surrogate",
    "number_out_of_range", "body_too_large", "too_many_events", "event_too_large", "too_deep",
]
private let verdicts: Set = [
    "not_an_object", "missing_field", "unknown_field", "wrong_type", "out_of_range", "malformed_stamp", "ambiguous_field",
]

@Suite struct PackagePropertyTests {
    @Test func decodesToWhatWasSent() throws {
        var random = RandomEvents(seed: 11)
        let reader = PackageReader()
        for round in 0..<400 {
            let events = (0...random.dice.below(12)).map { _ in random.event() }
            let lined = round % 2 == 0 && !events.contains { $0.text.contains { $0.isNewline && $0 != "\u{85}" } }
            let body = lined ? events.map(\.text).joined(separator: "\n") : "[" + events.map(\.text).joined(separator: ",") + "]"
            let outcomes = try reader.outcomes(body, format: lined ? .lines : .array)
            try #require(outcomes.count == events.count)
            for (event, outcome) in zip(events, outcomes) {
                try #require(outcome.verdict == .accepted, "\(outcome)")
                let frame = try decodedFrame(outcome.value)
                // Bytes, not ==: equivalent strings must be the same ones.
                var encoder = Encoder()
                encoder.writeConfluentHeader(schemaID: 258)
                try encoder.encode(event.value, as: eventSchema.schema)
                #expect(encoder.bytes == outcome.value, "\(event.text)")
                #expect(frame.id == 258)
            }
        }
    }

    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\u00e9", "null", "true", "-", "0", "1e999", "1e-999", "99999999999999999999",
        "1.0", ".", "e", "\n", "\r\n", " ", "\t", "\u{FEFF}", "é", "😀", "\"a\":1,", "[[[[", "]]]]", "\"id\":7,", "/", "\u{1}", "NaN", "{}", "[]", ",,",
        "X-Message-Stamp-", "timestampStamp", "headers",
    ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    private static let parts = [
        "\"id\"", "\"amount\"", "\"type\"", "null", "\"[", "\"dispatchedAt\"", "\"data\"", "\"userId\"", "Stamp\"", "\"t",
    ]
    private static let values = [
        "\"id\"", "\"\\u0000\"", "\"[]\"", "\"[", "\"{\\u0022a", "\"type\"", "\"attributes\"", "\"timestampStamp\"", "\"\\ud83d\"", "\"\\\\u0000",
    ].map { Array($0.utf8) }

    private static let poor = [
        "{}", "5", "[{}]", #"{"data":{"id":5,"amount":1},"headers":{}}"#, #"{"data":{"id":"5","amount":1},"attributes":{"type":"t"}}"#,
        #"{"data":{"id":"","amount":1e999}}"#, #"{"data":{"id":"","amount":[]}}"#, #"{"headers":{"a":1,"a":2}}"#,
    ]

    /// A byte changed, taken out or doubled, a token put in, a part moved or cut off: once to four times.
    static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
        var made = bytes
        for _ in 0...(dice.below(2) * dice.below(4)) where !made.isEmpty {
            let at = dice.below(made.count)
            let end = min(made.count, at + 1 + dice.below(dice.below(3) == 0 ? made.count : 12))
            switch dice.below(9) {
            case 7, 8:
                // A part that leaves JSON whole, most of the time: another value, or another name.
                guard let found = made.firstRange(of: Array(dice.oneOf(parts).utf8)) else { continue }
                made.replaceSubrange(found, with: dice.oneOf(values))
            case 0: made[at] ^= 1 << UInt8(dice.below(8))
            case 1: made[at] = UInt8(truncatingIfNeeded: dice.next())
            case 2: made.removeSubrange(at..<end)
            case 3: made.insert(contentsOf: made[at..<end], at: dice.below(made.count + 1))
            case 4: made.insert(contentsOf: dice.oneOf(tokens), at: at)
            case 5: made.replaceSubrange(at..<end, with: dice.oneOf(tokens))
            default: if dice.below(4) == 0 { made.removeSubrange(at...) }
            }
        }
        return made
    }

    @Test func survivesMutations() throws {
        var random = RandomEvents(seed: 12)
        var limits = PackageLimits()
        limits.depth = 6
        limits.events = 8
        limits.eventBytes = 2000
        let reader = PackageReader(limits: limits)
        var seen: [String: Int] = [:]
        var unlike: [String] = []
        for round in 0..<10_000 {
            let format = round % 3 == 0 ? PackageFormat.lines : .array
            let texts = (0...random.dice.below(3)).map { _ in
                random.dice.below(4) == 0 ? random.dice.oneOf(Self.poor) : random.event().text
            }
            let lines = texts.map { $0.replacing("\n", with: " ").replacing("\r", with: " ") }
            let body = format == .lines ? lines.joined(separator: "\n") : "[\(texts.joined(separator: ","))]"
            let bytes = Self.mutated(Array(body.utf8), &random.dice)
            do throws(Refusal) {
                for outcome in try reader.outcomes(bytes, format: format) {
                    seen[outcome.code ?? "accepted", default: 0] += 1
                    try check(outcome)
                }
                if format == .array, !foundationTakes(bytes) { unlike.append(String(decoding: bytes, as: UTF8.self)) }
            } catch {
                seen[error.code, default: 0] += 1
                #expect(refusals.contains(error.code), "\(error)")
                #expect(error.detail != "the text cannot be read", "\(bytes)")
                if let position = error.position { #expect(0...bytes.count ~= position) }
                // Foundation takes a comma behind the last element.
                let isAfterComma = error.detail == "a value was expected" || error.detail.hasPrefix("a key")
                if format == .array, error.code == "malformed_json", !isAfterComma, foundationTakes(bytes) {
                    unlike.append("\(error) " + String(decoding: bytes, as: UTF8.self))
                }
            }
        }
        #expect(unlike == [])
        // The mutations reach what they are for.
        let reached = [
            "accepted", "malformed_json", "duplicate_key", "nul_escape", "not_utf8", "unknown_field", "wrong_type", "missing_field",
            "malformed_stamp",
        ]
        for code in reached {
            #expect(seen[code, default: 0] >= 20, "\(code): \(seen)")
        }
    }

    private func foundationTakes(_ body: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed])) != nil
    }

    private func check(_ outcome: Outcome) throws(Refusal) {
        guard let code = outcome.code, let error = outcome.error else {
            let decoded = try? decodedFrame(outcome.value)
            #expect(decoded?.id == 258, "\(outcome.value)")
            return
        }
        #expect(verdicts.contains(code), "\(outcome)")
        #expect((1...400).contains(error.utf8.count), "\(outcome)")
        #expect(!error.unicodeScalars.contains { $0.value < 0x20 || 0x7F...0x9F ~= $0.value })
        // What goes to the dead letters is JSON by itself.
        #expect((try? JSONSerialization.jsonObject(with: Data(outcome.value), options: [.fragmentsAllowed])) != nil, "\(outcome)")
    }
}
