/// Why a schema, a value or bytes were refused.
///
/// `description` names place and reason, never a value of the data: `attributes.newContextStamp.accountId: the bytes are
/// no UTF-8 (badUTF8 at byte 12)`.
public struct AvroError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure. An open set: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The schema's text is not strict JSON (RFC 8259, no duplicate keys).
        public static let badJSON = Code(rawValue: "badJSON")
        /// The schema's JSON is no Avro schema.
        public static let badSchema = Code(rawValue: "badSchema")
        /// A default does not fit its field's type.
        public static let badDefault = Code(rawValue: "badDefault")
        /// A value does not fit the schema it is written with.
        public static let badValue = Code(rawValue: "badValue")
        /// The bytes end inside a value.
        public static let truncated = Code(rawValue: "truncated")
        /// Bytes are left behind the value.
        public static let trailingBytes = Code(rawValue: "trailingBytes")
        /// A variable-length integer passes 10 bytes or 64 bits, or an int 32 bits.
        public static let badInteger = Code(rawValue: "badInteger")
        /// A length is negative, a block's count is out of range, or a block's size is not what its items take.
        public static let badLength = Code(rawValue: "badLength")
        /// A boolean is neither 0 nor 1.
        public static let badBoolean = Code(rawValue: "badBoolean")
        public static let badUTF8 = Code(rawValue: "badUTF8")
        /// An index of an enum or a union is out of range.
        public static let badIndex = Code(rawValue: "badIndex")
        /// A map holds a key twice.
        public static let duplicateKey = Code(rawValue: "duplicateKey")
        /// More nesting or more values than `Limits` allow.
        public static let limit = Code(rawValue: "limit")
        /// What was written cannot be read with the reader's schema.
        public static let unresolvable = Code(rawValue: "unresolvable")
        /// No message in Confluent's wire format.
        public static let badFrame = Code(rawValue: "badFrame")
    }

    /// A step on the way from the root to where the failure is.
    enum Step: Sendable, Equatable {
        case name(String)
        case index(Int)
        case key(String)
    }

    public let code: Code
    /// A sentence without a value of the data.
    public let message: String
    /// Where in the bytes, when bytes were read.
    public let offset: Int?
    /// From the innermost step outwards: steps are added while the error unwinds, so that success pays nothing.
    private var steps: [Step] = []

    init(_ code: Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    init(_ code: Code, _ message: String, at path: [Step]) {
        self.init(code, message)
        steps = path.reversed()
    }

    /// The place, as `attributes.tags[3]` or `labels["colour"]`; empty for the root.
    public var path: String { Self.text(steps.reversed()) }

    static func text(_ steps: [Step]) -> String {
        var text = ""
        for step in steps {
            switch step {
            case .name(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(JSON.quoted(key))]"
            }
        }
        return text
    }

    public var description: String {
        let place = path.isEmpty ? "" : "\(path): "
        let position = offset.map { " at byte \($0)" } ?? ""
        return "\(place)\(message) (\(code.rawValue)\(position))"
    }

    /// The same error, seen from one step further out.
    func within(_ step: Step) -> AvroError {
        var outer = self
        outer.steps.append(step)
        return outer
    }
}

/// What a reader takes at most, whatever the bytes say. Lengths need no limit of their own: the bytes that remain bound them.
public struct Limits: Sendable, Equatable {
    /// Records, arrays, maps and unions inside one another.
    public var depth: Int
    /// Values in one datum, each field, item and entry counted: what takes no bytes (nulls, empty records) is bounded too.
    public var values: Int

    public init(depth: Int = 64, values: Int = 1_000_000) {
        self.depth = depth
        self.values = values
    }
}
