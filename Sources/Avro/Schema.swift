/// An Avro schema, parsed (specification 1.11 and 1.12).
///
///     let schema = try Schema(#"{"type": "record", "name": "point", "fields": [{"name": "x", "type": "double"}]}"#)
///
/// The types lie in one array and refer to one another by position, so that recursive schemas are plain values: a
/// reference to a named type is the position of its definition.
public struct Schema: Sendable {
    /// The position of a type in `types`.
    public typealias ID = Int

    public struct Field: Sendable {
        public let name: String
        public let aliases: [String]
        public let type: ID
        /// The default for readers, as a value of the field's type; nil when there is none.
        public internal(set) var defaultValue: Value?
        /// What the schema says, before it is judged.
        let defaultJSON: JSON?
    }

    public struct Record: Sendable {
        public let name: Name
        public let aliases: [Name]
        public internal(set) var fields: [Field]
    }

    public struct Enumeration: Sendable {
        public let name: Name
        public let aliases: [Name]
        public let symbols: [String]
        /// The position of the symbol a reader takes for one that it does not know.
        public let defaultIndex: Int?
    }

    public struct Fixed: Sendable {
        public let name: Name
        public let aliases: [Name]
        /// In bytes.
        public let size: Int
    }

    public enum Kind: Sendable {
        case null, boolean, int, long, float, double, bytes, string
        case record(Record)
        case enumeration(Enumeration)
        case array(ID)
        case map(ID)
        case union([ID])
        case fixed(Fixed)

        /// The word of the specification: `long`, `record`.
        public var word: String {
            switch self {
            case .null: "null"
            case .boolean: "boolean"
            case .int: "int"
            case .long: "long"
            case .float: "float"
            case .double: "double"
            case .bytes: "bytes"
            case .string: "string"
            case .record: "record"
            case .enumeration: "enum"
            case .array: "array"
            case .map: "map"
            case .union: "union"
            case .fixed: "fixed"
            }
        }
    }

    public struct Node: Sendable {
        public internal(set) var kind: Kind
        /// An annotation only: values are those of the type below. Unknown and unfit ones are ignored, as specified.
        public internal(set) var logicalType: LogicalType?
    }

    public internal(set) var types: [Node] = []
    public internal(set) var root: ID = 0
    /// The least bytes that a value of each type takes; what bounds the count of a block.
    var leastBytes: [Int] = []

    public subscript(_ id: ID) -> Node { types[id] }

    /// The full name of a named type.
    public struct Name: Sendable, Hashable, CustomStringConvertible {
        public let full: String
        public init(full: String) { self.full = full }

        public var simple: String { full.split(separator: ".").last.map(String.init) ?? full }
        public var namespace: String { full.contains(".") ? String(full.dropLast(simple.utf8.count + 1)) : "" }
        public var description: String { full }
    }

    /// The name of a named type and of its aliases.
    func names(_ id: ID) -> (name: Name, aliases: [Name])? {
        switch types[id].kind {
        case .record(let type): (type.name, type.aliases)
        case .enumeration(let type): (type.name, type.aliases)
        case .fixed(let type): (type.name, type.aliases)
        default: nil
        }
    }

    /// What a type is called in messages: its full name, or the word.
    func label(_ id: ID) -> String {
        names(id).map { "\(types[id].kind.word) \($0.name)" } ?? types[id].kind.word
    }
}

/// What the bytes of a type mean, as far as the specification names it.
public enum LogicalType: Sendable, Hashable {
    case decimal(precision: Int, scale: Int)
    case uuid, date, duration
    case timeMillis, timeMicros
    case timestampMillis, timestampMicros, timestampNanos
    case localTimestampMillis, localTimestampMicros, localTimestampNanos
}
