import Generators

/// The rows of a generator as text, without the header, each with its kind.
func rows(_ count: Int, seed: UInt64 = 1, dirt: Dirt = .plain) -> [(text: String, kind: HostileKind?)] {
    var generator = ApplicationGenerator(seed: seed, dirt: dirt)
    var buffer = RowBuffer()
    var result: [(text: String, kind: HostileKind?)] = []
    result.reserveCapacity(count)
    for _ in 0..<count {
        generator.appendRow(to: &buffer)
        result.append((String(decoding: buffer.bytes, as: UTF8.self), generator.lastKind))
        buffer.empty()
    }
    return result
}

/// The first bytes that a seed gives, header and all.
func bytes(_ count: Int, seed: UInt64, dirt: Dirt) -> [UInt8] {
    var generator = ApplicationGenerator(seed: seed, dirt: dirt)
    var buffer = RowBuffer(capacity: count + 2 * RowBuffer.rowBytes)
    ApplicationGenerator.appendHeader(to: &buffer)
    while buffer.count < count { generator.appendRow(to: &buffer) }
    return Array(buffer.bytes.prefix(count))
}

/// A plain row's fields; nil when the row is not what a plain row must be.
struct PlainRow {
    var name: [Substring]
    var email: Substring
    var date: Substring
    var mobile: Substring

    init?(_ text: String) {
        guard text.hasSuffix("\n") else { return nil }
        let fields = text.dropLast().split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 4, fields.allSatisfy({ !$0.isEmpty }) else { return nil }
        guard text.dropLast().utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        name = fields[0].split(separator: " ")
        email = fields[1]
        date = fields[2]
        mobile = fields[3]
    }

    /// Letters of the shape: `9999-99-99`.
    static func shape(_ text: Substring) -> String { String(text.map { $0.isWholeNumber ? "9" : $0 }) }

    /// Year, month, day, by the four shapes; nil for anything else.
    var birthday: (year: Int, month: Int, day: Int)? {
        let parts = date.split(whereSeparator: { $0 == "-" || $0 == "/" }).compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        switch Self.shape(date) {
        case "9999-99-99", "9999/99/99": return (parts[0], parts[1], parts[2])
        case "99/99/9999": return (parts[2], parts[0], parts[1])
        case "99-99-9999": return (parts[2], parts[1], parts[0])
        default: return nil
        }
    }
}
