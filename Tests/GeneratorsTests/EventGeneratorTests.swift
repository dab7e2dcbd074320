import Digests
import Foundation
import Testing

@testable import Generators

/// Events of a generator at one every 10 ms from 2026-01-01 on.
private func events(_ count: Int, seed: UInt64 = 1, bad: Int = 0, again: Int = 0) -> [(kind: EventKind, text: String)] {
    var settings = EventGenerator.Settings()
    (settings.seed, settings.badPerMillion, settings.againPerMillion) = (seed, bad, again)
    var generator = EventGenerator(settings)
    return (0..<count).map {
        let kind = generator.next(at: 1_767_225_600_000 + Int64($0) * 10)
        return (kind, String(decoding: generator.bytes, as: UTF8.self))
    }
}

/// An event in the normal form, read by rules of the test's own.
private struct ReadEvent {
    var data: [String: Any]
    var attributes: [String: Any]
    var isInHeaders: Bool
    var time: String
    var messageID: String
    var context: [String: Any]
    var track: [String: Any]?
    var shapes: Set<String> = []

    init?(_ text: String) {
        guard let event = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], event.count == 2,
            let data = event["data"] as? [String: Any], let all = (event["attributes"] ?? event["headers"]) as? [String: Any]
        else { return nil }
        self.data = data
        isInHeaders = event["headers"] != nil
        var named: [String: Any] = [:]
        for (name, value) in all {
            var name = name
            if name.hasPrefix("X-Message-Stamp-") {
                shapes.insert(name.contains("Holded\\") ? "ours" : "theirs")
                let last = name.split(separator: "\\").last ?? ""
                name = last.prefix(1).lowercased() + last.dropFirst()
            } else if name.hasSuffix("Stamp") {
                shapes.insert("normal")
            }
            guard named.updateValue(value, forKey: name) == nil else { return nil }
        }
        attributes = named
        var shapes = shapes
        func unwrapped(_ value: Any?) -> Any? {
            guard let text = value as? String, text.hasPrefix("[") else { return value }
            shapes.insert("string")
            let list = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Any]
            return list?.count == 1 ? list?[0] : nil
        }
        func stamp(_ name: String, _ field: String) -> String? {
            let value = unwrapped(named[name])
            guard let object = value as? [String: Any] else {
                shapes.insert("plain")
                return value as? String
            }
            shapes.insert("object")
            return object.count == 1 ? object[field] as? String : nil
        }
        guard let time = stamp("timestampStamp", "dispatchedAt"), let id = stamp("messageIdStamp", "id"),
            let context = unwrapped(named["newContextStamp"]) as? [String: Any]
        else { return nil }
        (self.time, messageID, self.context) = (time, id, context)
        track = unwrapped(named["amplitudeTrackStamp"]) as? [String: Any]
        guard (track == nil) == (named["amplitudeTrackStamp"] == nil) else { return nil }
        self.shapes = shapes
    }

    static func form(_ id: String) -> String? {
        switch id.utf8.count {
        case 36: id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil ? "uuid" : nil
        case 26: id.wholeMatch(of: /[0-7][0-9A-HJKMNP-TV-Z]{25}/) != nil ? "ulid" : nil
        case 24: id.wholeMatch(of: /[0-9a-f]{24}/) != nil ? "objectid" : nil
        default: nil
        }
    }
}

@Suite struct EventGeneratorTests {
    @Test func aSeedGivesTheSameBytesForEver() {
        let made = events(5_000, bad: 100_000, again: 50_000)
        let digest = sha256Hex(made.flatMap { Array($0.text.utf8) + [0x0A] })
        #expect(digest == "b4a13a3a913f4d6046b2b1050c824fc4ff661a5d483f63ebf64a375e7602a872")
        #expect(made.map(\.text) == events(5_000, bad: 100_000, again: 50_000).map(\.text))
        #expect(events(50, bad: 100_000).map(\.text) == events(500, bad: 100_000).prefix(50).map(\.text))
        #expect(events(50, seed: 2).map(\.text) != events(50, seed: 3).map(\.text))
    }

    @Test func validEventsAreWhatTheContractSays() throws {
        var seen: [String: Int] = [:]
        var ids: Set<String> = []
        for (kind, text) in events(8_000) {
            let event = try #require(ReadEvent(text), "\(text)")
            #expect(kind == .valid)
            #expect(Set(event.data.keys) == ["id", "amount"] && event.data["amount"] is NSNumber)
            let known: Set = [
                "type", "targetSubscription", "newContextStamp", "timestampStamp", "messageIdStamp", "amplitudeTrackStamp",
            ]
            #expect(known.isSuperset(of: event.attributes.keys))
            for id in [event.messageID, event.context["accountId"] as? String, event.context["userId"] as? String] {
                seen[try #require(ReadEvent.form(id ?? ""), "\(text)"), default: 0] += 1
            }
            #expect(ids.insert(event.messageID).inserted, "\(text)")
            let time = event.time.wholeMatch(of: /20(25-12-31|26-01-01)T\d\d:\d\d:\d\d\.(\d{3}Z|\d{6}\+0[02]:00)/)
            #expect(time != nil, "\(event.time)")
            if let track = event.track {
                seen["track", default: 0] += 1
                #expect(track["id"] is NSNumber)
            }
            seen[event.isInHeaders ? "headers" : "attributes", default: 0] += 1
            for shape in event.shapes { seen[shape, default: 0] += 1 }
            #expect(text.utf8.count < RowBuffer.rowBytes)
        }
        let forms = ["uuid", "ulid", "objectid", "track", "headers", "attributes"] + ["ours", "theirs", "normal"]
        for form in forms + ["plain", "object", "string"] {
            #expect((seen[form] ?? 0) > 400, "\(form): \(seen)")
        }
    }

    @Test func faultsComeInTurnAndAreWhatTheyAreCalled() throws {
        let bad = events(10_000, bad: 500_000).compactMap { made -> (EventFault, String)? in
            if case .bad(let fault) = made.kind { return (fault, made.text) }
            #expect(ReadEvent(made.text) != nil)
            return nil
        }
        #expect((4_700...5_300).contains(bad.count))
        let counts = Dictionary(grouping: bad, by: \.0).mapValues(\.count)
        #expect(counts.count == EventFault.allCases.count && counts.values.max()! - counts.values.min()! <= 1)
        for (fault, text) in bad {
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            let event = ReadEvent(text)
            let isFaulty = switch fault {
            case .notAnObject: !(object is [String: Any])
            case .missingField:
                event.map { $0.data["amount"] == nil || $0.attributes["type"] == nil || $0.context["accountId"] == nil }
                    ?? !text.contains("imestampStamp")
            case .wrongType:
                event.map {
                    !($0.data["amount"] is NSNumber) || !($0.attributes["type"] is String)
                        || !($0.attributes["targetSubscription"] is String)
                } ?? false
            case .unknownField: event.map { $0.data["currency"] != nil || $0.attributes["priority"] != nil } ?? false
            case .outOfRange: text.contains("123456789012345678901234") || text.contains(":-1")
            case .malformedStamp: event == nil
            case .ambiguousField: event == nil
            case .malformedID:
                event.map {
                    ReadEvent.form($0.messageID) == nil || ReadEvent.form($0.context["accountId"] as? String ?? "") == nil
                } ?? false
            case .timeWithoutOffset: event?.time.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d/) != nil
            case .year52217: event?.time.hasPrefix("52217-") ?? false
            case .farPast: event?.time.hasPrefix("1970-") ?? false
            }
            #expect(isFaulty, "\(fault): \(text)")
        }
        #expect(EventFault.allCases.count { $0.code == nil } == 4)
    }

    @Test func whatIsSentAgainIsSentTwiceAtMost() throws {
        var tally = EventTally()
        var first: [String: String] = [:]
        var again: Set<String> = []
        for (kind, text) in events(10_000, again: 100_000) {
            tally.count(kind)
            let id = try #require(ReadEvent(text)).messageID
            switch kind {
            case .valid: first[id] = text
            case .duplicate: #expect(first[id] == text && again.insert(id).inserted)
            case .conflict:
                #expect(first[id] != nil && first[id] != text && again.insert(id).inserted)
            case .bad: Issue.record("nothing bad was wanted")
            }
        }
        #expect(tally.all == 10_000 && tally.bad == 0 && (850...1_150).contains(tally.duplicates + tally.conflicts))
        #expect(abs(tally.duplicates - tally.conflicts) <= 1)
    }

    @Test func packagesHaveOneToTenEvents() {
        var sizes = PackageSizes(seed: 1)
        let drawn = (0..<10_000).map { _ in sizes.next() }
        #expect(Set(drawn) == Set(1...10))
        let counts = Dictionary(grouping: drawn) { $0 }.mapValues(\.count)
        #expect(counts.values.allSatisfy { (900...1_100).contains($0) })
    }
}
