/// Why one event does not fit the schema. Names are prepended while it unwinds, so that an event that fits pays nothing.
struct EventFault: Error {
    /// A verdict code.
    let code: String
    private let message: String
    /// From the innermost name outwards: as the schema calls it, and as it was sent.
    private var steps: [(name: String, sent: String)] = []

    init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The same fault, seen from one level further out.
    func within(_ name: String, sent: String? = nil) -> EventFault {
        var outer = self
        let name = Self.plain(name, most: Self.mostOfName)
        outer.steps.append((name, sent.map { Self.plain($0, most: Self.mostOfName) } ?? name))
        return outer
    }

    /// A sentence of at most 400 bytes without control characters: `data.amount: a number was expected, a string ("12.5")
    /// was found`. Where something was sent under another name: `attributes.timestampStamp (sent as "headers.timestampStamp")`.
    var text: String {
        let path = Self.joined(steps.reversed().map(\.name))
        let sent = Self.joined(steps.reversed().map(\.sent))
        let alias = path == sent ? "" : " (sent as \"\(Self.tail(sent, most: 160))\")"
        let place = path.isEmpty ? "" : "\(Self.tail(path, most: 100))\(alias): "
        return Self.plain(place + message, most: Self.mostBytes)
    }

    static let mostBytes = 400
    private static let mostOfName = 120
    /// Characters of a value that a message shows.
    static let mostOfValue = 60

    private static func joined(_ names: [String]) -> String {
        names.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : "\($0).\($1)" }
    }

    /// The end of a long path, which says more than its beginning.
    private static func tail(_ path: String, most: Int) -> String {
        if path.utf8.count <= most { return path }
        return "…" + String(decoding: path.utf8.suffix(most).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
    }

    /// A text without control characters and line separators, cut to so many bytes.
    static func plain(_ text: String, most: Int) -> String {
        let room = text.utf8.count <= most ? most : most - 3
        var made = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value || scalar.value == 0x2028 || scalar.value == 0x2029
            let shown: Unicode.Scalar = isControl ? " " : scalar
            bytes += UTF8.width(shown)
            if bytes > room { return made + "…" }
            made.unicodeScalars.append(shown)
        }
        return made
    }
}

extension JSONTape {
    /// What stands at a place, for messages: `a string ("12.5")`.
    func found(_ place: Int) -> String {
        switch tag(place) {
        case Tag.object: return "an object"
        case Tag.array: return "an array"
        case Tag.string:
            let (bytes, count) = string(place)
            return "a string (\"\(Self.cut(UnsafeBufferPointer(start: bytes, count: count)))\")"
        case Tag.yes: return "true"
        case Tag.no: return "false"
        case Tag.null: return "null"
        default: return "a number (\(Self.cut(number(place))))"
        }
    }

    /// The first characters of a value.
    private static func cut(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        // A character of Unicode may be many scalars; what is shown is bounded in bytes, too.
        let most = EventFault.mostOfValue
        let head = String(decoding: bytes.prefix(4 * most + 4), as: UTF8.self).unicodeScalars
        let isWhole = bytes.count <= 4 * most + 4 && head.count <= most
        var text = String(String.UnicodeScalarView(head.prefix(isWhole ? most : most - 1)))
        if !isWhole { text += "…" }
        return text
    }
}
