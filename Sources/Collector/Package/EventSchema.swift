import Avro

/// Why a schema is of no use for events.
public struct EventSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The field, dotted; empty for the schema itself.
    public let path: String
    public let message: String

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// A schema of events, ready to check and encode JSON by.
///
/// Any record will do whose types are null, boolean, int, long, float, double, string, enum, `decimal` of scale 0 as bytes,
/// and records, arrays, maps and unions of these. If it has a record `attributes`, the fields in there whose names end
/// in `Stamp` are found under a sender's names, too: `X-Message-Stamp-Any\Space\FooStamp` is `fooStamp`. A later version
/// with one more optional field, a stamp or not, needs no change here.
public struct EventSchema: Sendable {
    /// The registry's number, which goes before each message.
    public let id: UInt32
    public let schema: Schema
    let program: EventProgram

    /// - Throws: when the schema is no record, or has a type that JSON events have no form for.
    public init(id: UInt32, schema: Schema) throws(EventSchemaError) {
        self.id = id
        self.schema = schema
        program = try EventProgram(schema)
    }
}

/// A schema's types as flat tables, which a hot loop reads without counting references.
///
/// @unchecked Sendable: nothing writes to it after its initialiser.
final class EventProgram: @unchecked Sendable {
    enum Kind: UInt8, BitwiseCopyable {
        case null, boolean, int, long, float, double, string
        /// first: most digits.
        case decimal
        /// first: position of the first symbol's text in `texts`; count: symbols.
        case enumeration
        /// first: the items' or the values' node.
        case array, map
        /// first: position in `fields`; count: fields.
        case record
        /// Null and one more. first: the other's node; count: its index.
        case optional
        /// first: position in `branches`; count: branches.
        case union
    }

    /// What else a record is.
    enum Role: UInt8, BitwiseCopyable {
        case plain
        /// Its field `attributes` may be called `headers`.
        case event
        /// Fields that are stamps may have a sender's names.
        case attributes
    }

    struct Node: BitwiseCopyable {
        var kind: Kind
        var role = Role.plain
        var first: Int32 = 0
        var count: Int32 = 0
    }

    struct Text: BitwiseCopyable {
        var begin: Int32
        var count: Int32
    }

    enum Stamp: UInt8, BitwiseCopyable {
        case no
        /// A record: an object, or a string that holds a list of one.
        case record
        /// A string, the same in an object with one member `inner`, or a string that holds a list of one.
        case string
        /// Of another type, taken as it is.
        case other
    }

    struct Field: BitwiseCopyable {
        var name: Text
        var node: Int32
        var stamp = Stamp.no
        /// The record itself when `stamp` is one and its type a union with null.
        var inner = Text(begin: 0, count: 0)
        /// An absent value has this encoding; count -1: there is none, and the field must be sent.
        var absent = Text(begin: 0, count: -1)
    }

    let nodes: UnsafeMutablePointer<Node>
    let fields: UnsafeMutablePointer<Field>
    let branches: UnsafeMutablePointer<Int32>
    let texts: UnsafeMutablePointer<Text>
    let bytes: UnsafeMutablePointer<UInt8>
    let root: Int32
    /// The most fields of one record.
    let mostFields: Int

    init(_ schema: Schema) throws(EventSchemaError) {
        var compiler = EventCompiler(schema)
        root = try compiler.event()
        func copied<T: BitwiseCopyable>(_ array: [T]) -> UnsafeMutablePointer<T> {
            let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, array.count))
            for (index, element) in array.enumerated() { (copy + index).initialize(to: element) }
            return copy
        }
        nodes = copied(compiler.nodes)
        fields = copied(compiler.fields)
        branches = copied(compiler.branches)
        texts = copied(compiler.texts)
        bytes = copied(compiler.bytes)
        mostFields = compiler.nodes.filter { $0.kind == .record }.map { Int($0.count) }.max() ?? 0
    }

    deinit {
        nodes.deallocate()
        fields.deallocate()
        branches.deallocate()
        texts.deallocate()
        bytes.deallocate()
    }

    func string(_ text: Text) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes + Int(text.begin), count: Int(text.count)), as: UTF8.self)
    }
}
