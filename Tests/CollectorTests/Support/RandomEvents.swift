import Avro

/// Made-up events: a JSON text in any of the accepted forms, and the value that it must become.
struct RandomEvents {
    var dice: Dice

    init(seed: UInt64) { dice = Dice(seed: seed) }

    mutating func event() -> (text: String, value: Value) {
        let id = text()
        let (value, written) = double()
        var attributes: [(String, String)] = []
        let (type, target) = (text(), text())
        attributes += [("type", quoted(type)), ("targetSubscription", quoted(target))]
        let (time, message) = (plain(), plain())
        attributes.append((key("TimestampStamp"), stringStamp(time, in: "dispatchedAt")))
        attributes.append((key("MessageIdStamp"), stringStamp(message, in: "id")))
        let (account, user) = (text(), text())
        var context = [("accountId", quoted(account)), ("userId", quoted(user))]
        let platform = optional("requestPlatform", &context)
        attributes.append((key("NewContextStamp"), stamp(object(context))))
        var track = Value.union(0, .null)
        switch dice.below(3) {
        case 0: break
        case 1: attributes.append((key("AmplitudeTrackStamp"), "null"))
        default:
            let number = dice.next() >> UInt64(dice.below(64))
            var members = [("id", String(number))]
            let device = optional("trackedDevice", &members)
            attributes.append((key("AmplitudeTrackStamp"), stamp(object(members))))
            track = .union(1, .record([.bytes(Self.bytes(number)), device]))
        }
        let text = object([
            ("data", object([("id", quoted(id)), ("amount", written)])),
            (dice.below(2) == 0 ? "headers" : "attributes", object(attributes)),
        ])
        let record = Value.record([
            .record([.string(id), .double(value)]),
            .record([
                .string(time), .string(message), .string(type), .string(target),
                .record([.string(account), .string(user), platform]), track,
            ]),
        ])
        return (text, record)
    }

    /// Two's complement, the fewest bytes.
    private static func bytes(_ number: UInt64) -> [UInt8] {
        var bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) }
        bytes = Array(bytes.drop { $0 == 0 })
        if bytes.first.map({ $0 >= 0x80 }) ?? true { bytes.insert(0, at: 0) }
        return bytes
    }

    private mutating func optional(_ name: String, _ members: inout [(String, String)]) -> Value {
        switch dice.below(3) {
        case 0: return .union(0, .null)
        case 1:
            members.append((name, "null"))
            return .union(0, .null)
        default:
            let value = text()
            members.append((name, quoted(value)))
            return .union(1, .string(value))
        }
    }

    private mutating func key(_ name: String) -> String {
        switch dice.below(4) {
        case 0: name.prefix(1).lowercased() + name.dropFirst()
        case 1: "X-Message-Stamp-\(name)"
        default: "X-Message-Stamp-" + dice.oneOf(["Holded\\Core\\", "A\\", "Ä\\ö\\", "TimestampStamp\\"]) + name
        }
    }

    private mutating func stringStamp(_ value: String, in member: String) -> String {
        switch dice.below(3) {
        case 0: quoted(value)
        case 1: object([(member, quoted(value))])
        default: quoted("[" + object([(member, quoted(value))]) + "]")
        }
    }

    private mutating func stamp(_ object: String) -> String { dice.below(2) == 0 ? object : quoted(blank() + "[" + object + "]" + blank()) }

    private mutating func double() -> (Double, String) {
        switch dice.below(4) {
        case 0:
            let value = Int64(bitPattern: dice.next()) >> Int64(dice.below(64))
            return (Double(value), String(value))
        case 1:
            let cents = dice.below(1_000_000)
            return (Double("\(cents)e-2")!, "\(cents / 100).\(cents % 100 / 10)\(cents % 10)")
        default:
            let value = Double(bitPattern: dice.next())
            return value.isFinite ? (value, "\(value)") : (0.5, "5E-1")
        }
    }

    /// No list: a time or an id.
    private mutating func plain() -> String { "t" + text() }

    private mutating func text() -> String {
        let scalars = Array("aZ0 -\\\"/\n\t\u{1}\u{7F}é日😀\u{301}[]{},:".unicodeScalars)
        return String(String.UnicodeScalarView((0..<dice.below(14)).map { _ in dice.oneOf(scalars) }))
    }

    private mutating func blank() -> String { dice.below(5) == 0 ? dice.oneOf([" ", "\n", "\t ", "\r\n"]) : "" }

    private mutating func object(_ members: [(String, String)]) -> String {
        var rest = members
        var parts: [String] = []
        while !rest.isEmpty {
            let (name, value) = rest.remove(at: dice.below(rest.count))
            parts.append(blank() + quoted(name) + blank() + ":" + blank() + value + blank())
        }
        return "{" + blank() + parts.joined(separator: ",") + "}"
    }

    /// A JSON string, its characters as they are or escaped in one of their ways.
    mutating func quoted(_ text: String) -> String {
        var made = "\""
        for scalar in text.unicodeScalars {
            let must = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            guard must || dice.below(6) == 0 else {
                made.unicodeScalars.append(scalar)
                continue
            }
            let short = ["\"": "\\\"", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t"][String(scalar)]
            if let short, dice.below(2) == 0 {
                made += short
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: dice.below(2) == 0)
                made += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return made + "\""
    }
}
