import Foundation

/// A JSON text as a tree; members keep their order, and a key may stand twice.
indirect enum SentJSON {
    case object([(key: String, value: SentJSON)])
    case list([SentJSON])
    case text(String)
    /// As it stands: a number, a literal, or nothing that JSON knows.
    case raw(String)

    var bytes: [UInt8] {
        var made: [UInt8] = []
        write(to: &made)
        return made
    }

    /// The text as a string of JSON.
    var inText: SentJSON { .text(String(decoding: bytes, as: UTF8.self)) }

    private func write(to made: inout [UInt8]) {
        switch self {
        case .raw(let text): made.append(contentsOf: text.utf8)
        case .text(let text): Self.write(text, to: &made)
        case .list(let elements):
            made.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { made.append(UInt8(ascii: ",")) }
                element.write(to: &made)
            }
            made.append(UInt8(ascii: "]"))
        case .object(let members):
            made.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { made.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &made)
                made.append(UInt8(ascii: ":"))
                member.value.write(to: &made)
            }
            made.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to made: inout [UInt8]) {
        made.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): made += [UInt8(ascii: "\\"), byte]
            case ..<0x20: made += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: made.append(byte)
            }
        }
        made.append(UInt8(ascii: "\""))
    }
}

/// Makes up events as any of the senders writes them, good ones, and ones with a part of them changed. A seed gives the
/// same ones, but for the day they happened.
struct SentEvents {
    var dice: SeededGenerator
    /// The last three, as ISO 8601 writes them.
    private let days = (1...3).map { String(Date(timeIntervalSinceNow: -86_400 * Double($0)).ISO8601Format().prefix(10)) }

    private var trackIDs = Self.goodTrackIDs
    private static let goodTrackIDs = ["0", "7", "7.0", "1e3", "-0", "18446744073709551615"]

    init(seed: UInt64) { dice = SeededGenerator(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &dice) }
    mutating func oneOf<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    /// One that the door takes; PostgreSQL finds fault with one in thirty.
    mutating func good() -> SentJSON {
        var attributes: [(key: String, value: SentJSON)] = [
            ("type", .text(oneOf(["order.paid", "invoice.created", "cart \"new\"", "größer", "😀", "a\\b"]))),
            ("targetSubscription", .text(oneOf(["billing", "crm", "日本"]))),
            (name("TimestampStamp"), stringStamp(time(), in: "dispatchedAt")),
            (name("MessageIdStamp"), stringStamp(id(), in: "id")),
        ]
        var context: [(key: String, value: SentJSON)] = [("accountId", .text(id())), ("userId", .text(id()))]
        if let platform = optional(["web", "ios", "", "a/b"]) { context.append(("requestPlatform", platform)) }
        attributes.append((name("NewContextStamp"), struct_(.object(context.shuffled(using: &dice)))))
        switch below(4) {
        case 0: attributes.append((name("AmplitudeTrackStamp"), .raw("null")))
        case 1:
            var track: [(key: String, value: SentJSON)] = [
                ("id", .raw(oneOf(trackIDs + ["\(UInt64.random(in: 0 ... .max, using: &dice))"])))
            ]
            if let device = optional(["ios", "Ünix"]) { track.append(("trackedDevice", device)) }
            attributes.append((name("AmplitudeTrackStamp"), struct_(.object(track))))
        default: break
        }
        let data: [(key: String, value: SentJSON)] = [("id", .text("order-\(below(1_000_000))")), ("amount", .raw(amount()))]
        let event: [(key: String, value: SentJSON)] = [
            ("data", .object(data.shuffled(using: &dice))),
            (oneOf(["attributes", "headers"]), .object(attributes.shuffled(using: &dice))),
        ]
        return .object(event.shuffled(using: &dice))
    }

    // MARK: Its parts

    private mutating func optional(_ values: [String]) -> SentJSON? {
        switch below(3) {
        case 0: nil
        case 1: .raw("null")
        default: .text(oneOf(values))
        }
    }

    private mutating func name(_ stamp: String) -> String {
        switch below(5) {
        case 0: stamp.prefix(1).lowercased() + stamp.dropFirst()
        case 1: "X-Message-Stamp-\(stamp)"
        default: "X-Message-Stamp-\(oneOf(Self.namespaces))\(stamp)"
        }
    }

    private static let namespaces = ["Holded\\Core\\Messaging\\Messenger\\Stamp\\", "A\\", "Ä\\ö\\", "TimestampStamp\\"]

    private mutating func stringStamp(_ value: String, in member: String) -> SentJSON {
        switch below(3) {
        case 0: .text(value)
        case 1: .object([(member, .text(value))])
        default: SentJSON.list([.object([(member, .text(value))])]).inText
        }
    }

    private mutating func struct_(_ object: SentJSON) -> SentJSON { below(2) == 0 ? object : SentJSON.list([object]).inText }

    private mutating func amount() -> String {
        switch below(5) {
        case 0: oneOf(["0", "-0", "1e2", "1E-7", "1.50", "5e-324", "1.7976931348623157e308", "-12", "123456789012345678901234567890", "0.1234567890123456789"])
        default: "\(below(100_000)).\(10 + below(90))"
        }
    }

    private mutating func time() -> String {
        if below(60) == 0 { return oneOf(["52217-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "yesterday", ""]) }
        let seconds = below(86_400)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        return "\(oneOf(days))T\(clock)\(oneOf(["", ".5", ".123", ".123456"]))\(oneOf(["Z", "Z", "+02:00", "-11:30"]))"
    }

    private mutating func id() -> String {
        func hex(_ digits: Int) -> String {
            let text = String(dice.next(), radix: 16)
            return String((String(repeating: "0", count: 16 - text.count) + text).suffix(digits))
        }
        if below(80) == 0 { return oneOf(["", "order-7", "7", "[id]x"]) }
        switch below(8) {
        case 0: return hex(16) + hex(8)
        case 1: return "01JNA5XK" + hex(16).uppercased() + oneOf(["AZ", "ZA"])
        case 2: return hex(16).uppercased() + hex(16)
        case 3: return "{\(hex(8))-\(hex(4))-4\(hex(3))-8\(hex(3))-\(hex(12))}"
        case 4: return "urn:uuid:\(hex(8))-\(hex(4))-4\(hex(3))-8\(hex(3))-\(hex(12))"
        default: return "\(hex(8))-\(hex(4))-7\(hex(3))-8\(hex(3))-\(hex(12))"
        }
    }

    // MARK: Changes that leave it JSON

    /// A good one with one to three of its parts changed. Its objects have each key once.
    mutating func changed() -> SentJSON {
        if below(12) == 0 {
            trackIDs = ["1e25", "100000000000000000000", "-1e20", "7.5", "18446744073709551616", "1e-9"]
            defer { trackIDs = Self.goodTrackIDs }
            return good()
        }
        var event = good()
        for _ in 0...(below(2) * below(3)) { event = changed(event, depth: 0) }
        return event
    }

    /// Goes down at random, and changes what it comes to.
    private mutating func changed(_ value: SentJSON, depth: Int) -> SentJSON {
        if case .object(var members) = value, !members.isEmpty, below(depth == 0 ? 60 : 8) > 0 {
            let at = below(members.count)
            switch below(12) {
            case 0: members.remove(at: at)
            case 1: add(oneOf(["extra", "id", "amount", "headers", "attributes", "timestampStamp", "type", ""]), members[at].value, &members)
            case 2:
                // Another name of the same stamp, or what looks like one.
                guard let stamp = members[at].key.split(separator: "\\").last?.split(separator: "-").last else { break }
                let upper = stamp.prefix(1).uppercased() + stamp.dropFirst()
                let other = oneOf([members[at].value, .raw("null"), .object([])])
                add(oneOf(["X-Message-Stamp-B\\\(upper)", "X-Message-Stamp-\(upper)", String(stamp), "B\\\(upper)"]), other, &members)
            case 3:
                let old = members.remove(at: at)
                add(oneOf([old.key.uppercased(), old.key + " ", "X-Message-Stamp-" + old.key, "x", "Stamp\\" + old.key]), old.value, &members)
            default: members[at].value = changed(members[at].value, depth: depth + 1)
            }
            return .object(members)
        }
        return other(value)
    }

    private mutating func add(_ key: String, _ value: SentJSON, _ members: inout [(key: String, value: SentJSON)]) {
        if !members.contains(where: { Array($0.key.utf8) == Array(key.utf8) }) { members.insert((key, value), at: below(members.count + 1)) }
    }

    private mutating func other(_ value: SentJSON) -> SentJSON {
        switch below(14) {
        case 0: return SentJSON.list([value]).inText
        case 1: return SentJSON.list([SentJSON.list([value]).inText]).inText
        case 2: return SentJSON.list([value, value]).inText
        case 3: return .list([value])
        case 4: return .object([(oneOf(["id", "dispatchedAt", "accountId"]), value)])
        case 5: return SentJSON.list([.object([("id", value), ("id", value)])]).inText
        case 6:
            let inner = String(decoding: value.bytes, as: UTF8.self)
            return .text(oneOf(["", " ", "\u{0B}", "\u{A0}", "\n"]) + "[" + inner + oneOf(["]", "] ", "]]", "", ",]", "]\u{0C}"]))
        case 7:
            guard case .object(let members) = value, let first = members.first else { return .raw("null") }
            // A key twice, where only the reader of the text can see it.
            return SentJSON.list([.object([(first.key, .text("other"))] + members)]).inText
        default: return oneOf(Self.values)
        }
    }

    private static let values: [SentJSON] = [
        .raw("null"), .raw("true"), .raw("0"), .raw("-1"), .raw("7.5"), .raw("1e308"), .raw("18446744073709551616"), .raw("99999999999999999999"),
        .raw("1e25"), .raw("100000000000000000000"), .raw("1e-300"), .text(""), .text("[]"), .text("[{}]"), .text("[null]"), .text("{}"), .text("[1e999]"),
        .text(#"["a"]"#), .text(#"[{"id":"\ud800"}]"#), .text(#"[{"id":"a\u0000"}]"#), .text(#"[{"id":1e-999}]"#), .text("7"), .text("x\u{7F}y"),
        .text(#"[{"dispatchedAt":"2026-11-20T00:00:00Z","dispatchedAt":"2026-11-20T00:00:00Z"}]"#), .text("\u{FEFF}[{}]"),
        .text(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)), .text(String(repeating: "ö", count: 300)),
        .object([]), .list([]), .object([("id", .text("a")), ("z", .raw("1"))]), .object([("dispatchedAt", .raw("null"))]), .list([.object([])]),
    ]
}
