/// Any Avro value. Names are the schema's: a record is its fields' values in their order, an enum the position of its symbol.
///
/// `==` follows Swift: equivalent strings are equal, NaN is not. Compare encodings where bytes count.
public indirect enum Value: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public let key: String
        public let value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    case null
    case boolean(Bool)
    case int(Int32)
    case long(Int64)
    case float(Float)
    case double(Double)
    case bytes([UInt8])
    case string(String)
    case record([Value])
    case enumeration(Int)
    case array([Value])
    /// In the order of the bytes; no key is there twice.
    case map([Entry])
    /// The position of the branch, and its value.
    case union(Int, Value)
    case fixed([UInt8])

    /// What it is, for messages.
    var word: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .int: "an int"
        case .long: "a long"
        case .float: "a float"
        case .double: "a double"
        case .bytes: "bytes"
        case .string: "a string"
        case .record: "a record"
        case .enumeration: "an enum"
        case .array: "an array"
        case .map: "a map"
        case .union: "a union"
        case .fixed: "a fixed"
        }
    }
}
