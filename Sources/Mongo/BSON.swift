import CMongo

/// A BSON document: its bytes as they travel.
public struct BSON: Sendable, Hashable {
    public let bytes: [UInt8]

    /// From MongoDB's Extended JSON, relaxed or canonical.
    /// - Throws: `MongoError` of text that is none.
    public init(json: String) throws(MongoError) {
        // libbson takes an array for a document with the fields 0, 1, ….
        guard json.first(where: { !$0.isWhitespace }) == "{" else { throw MongoError(.other, "no document: it begins with no {") }
        var error = bson_error_t()
        var json = json
        let raw = json.withUTF8 { text in
            text.withMemoryRebound(to: UInt8.self) { bson_new_from_json($0.baseAddress, $0.count, &error) }
        }
        guard let raw else { throw MongoError(.other, code: error.code, "no document: \(error.text)") }
        defer { bson_destroy(raw) }
        self.init(copying: raw)
    }

    /// Of one element: its bytes, with type and name.
    init(element: [UInt8]) {
        let size = UInt32(element.count + 5)
        bytes = withUnsafeBytes(of: size.littleEndian, Array.init) + element + [0]
    }

    init(copying raw: OpaquePointer) {
        // The length stands first, little-endian.
        let data = bson_get_data(raw)!
        let size = UnsafeRawPointer(data).loadUnaligned(as: UInt32.self)
        bytes = Array(UnsafeBufferPointer(start: data, count: Int(UInt32(littleEndian: size))))
    }

    /// Lends libbson the bytes for as long as `body` takes.
    func withRaw<T>(_ body: (OpaquePointer) throws -> T) rethrows -> T {
        try bytes.withUnsafeBufferPointer { bytes in
            try withRawDocument { memory in
                precondition(bson_init_static(memory, bytes.baseAddress, bytes.count), "a document's length is its first number")
                return try body(memory)
            }
        }
    }

    /// Extended JSON, canonical.
    public var json: String {
        withRaw { raw in
            guard let text = bson_as_canonical_extended_json(raw, nil) else { return "" }
            defer { bson_free(text) }
            return String(cString: text)
        }
    }

    /// The fields by name. Two documents that mean the same are equal in this, whatever order a server keeps fields in.
    /// - Throws: `MongoError` of bytes that are no document.
    public func fields() throws(MongoError) -> [String: Value] {
        var reader = BSONReader(bytes)
        return try reader.document(depth: 0)
    }

    /// A document with one field of this one and no other, to look it up by.
    public func only(_ name: String) throws(MongoError) -> BSON? {
        var reader = BSONReader(bytes)
        return try reader.element(name).map { BSON(element: $0) }
    }

    /// A field's value. Integers of 32 and 64 bits are the same.
    public enum Value: Sendable, Hashable {
        case null
        case bool(Bool)
        case int(Int64)
        case double(Double)
        case string(String)
        /// Milliseconds from 1970-01-01 UTC.
        case date(Int64)
        case array([Value])
        case document([String: Value])
        /// Another type of BSON, by its number and bytes.
        case other(UInt8, [UInt8])

        public subscript(_ name: String) -> Value? {
            if case .document(let fields) = self { fields[name] } else { nil }
        }
        public var int: Int64? { if case .int(let value) = self { value } else { nil } }
        public var string: String? { if case .string(let value) = self { value } else { nil } }
    }
}

/// Memory for a `bson_t`, which libbson fills in: 128 bytes, aligned to 128. What it holds is let go afterwards.
func withRawDocument<T>(_ body: (OpaquePointer) throws -> T) rethrows -> T {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
    defer { memory.deallocate() }
    bson_init(OpaquePointer(memory))
    defer { bson_destroy(OpaquePointer(memory)) }
    return try body(OpaquePointer(memory))
}

/// Reads BSON, https://bsonspec.org. Every length is bounded by the bytes that remain.
struct BSONReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static let deepest = 100

    private func broken(_ what: String) -> MongoError { MongoError(.other, "no BSON document: \(what) at byte \(at)") }

    private mutating func take(_ count: Int) throws(MongoError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - at else { throw broken("\(count) bytes are missing") }
        at += count
        return bytes[at - count..<at]
    }

    private mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(MongoError) -> T {
        var value: T = 0
        for (index, byte) in try take(MemoryLayout<T>.size).enumerated() { value |= T(truncatingIfNeeded: byte) << (8 * index) }
        return value
    }

    private mutating func name() throws(MongoError) -> String {
        guard let end = bytes[at...].firstIndex(of: 0) else { throw broken("a name without an end") }
        defer { at = end + 1 }
        return String(decoding: bytes[at..<end], as: UTF8.self)
    }

    private mutating func text() throws(MongoError) -> String {
        let length = Int(try integer(Int32.self))
        guard length >= 1 else { throw broken("a text of length \(length)") }
        return String(decoding: try take(length).dropLast(), as: UTF8.self)
    }

    /// Calls `body` with each element's type and name, after which the reader stands behind its value.
    private mutating func elements(_ body: (inout BSONReader, UInt8, String) throws(MongoError) -> Void) throws(MongoError) {
        let start = at
        let end = start + Int(try integer(Int32.self))
        guard end > at, end <= bytes.count, bytes[end - 1] == 0 else { throw broken("a document of another length") }
        while at < end - 1 {
            let type = try integer(UInt8.self)
            let name = try name()
            try body(&self, type, name)
        }
        guard at == end - 1 else { throw broken("a value beyond its document") }
        at = end
    }

    mutating func document(depth: Int) throws(MongoError) -> [String: BSON.Value] {
        var fields: [String: BSON.Value] = [:]
        try elements { (reader, type, name) throws(MongoError) in fields[name] = try reader.value(type, depth) }
        return fields
    }

    /// The bytes of the first element of that name.
    mutating func element(_ wanted: String) throws(MongoError) -> [UInt8]? {
        var found: [UInt8]?
        try elements { (reader, type, name) throws(MongoError) in
            let begin = reader.at - name.utf8.count - 2
            _ = try reader.value(type, 0)
            if name == wanted, found == nil { found = Array(reader.bytes[begin..<reader.at]) }
        }
        return found
    }

    private mutating func value(_ type: UInt8, _ depth: Int) throws(MongoError) -> BSON.Value {
        guard depth < Self.deepest else { throw broken("nesting deeper than \(Self.deepest)") }
        switch type {
        case 0x01: return .double(Double(bitPattern: try integer(UInt64.self)))
        case 0x02: return .string(try text())
        case 0x03: return .document(try document(depth: depth + 1))
        case 0x04:
            var items: [BSON.Value] = []
            try elements { (reader, type, _) throws(MongoError) in items.append(try reader.value(type, depth + 1)) }
            return .array(items)
        case 0x08: return .bool(try integer(UInt8.self) != 0)
        case 0x09: return .date(try integer(Int64.self))
        case 0x0A: return .null
        case 0x10: return .int(Int64(try integer(Int32.self)))
        case 0x12: return .int(try integer(Int64.self))
        default:
            let start = at
            switch type {
            case 0x05:
                let length = Int(try integer(Int32.self))
                _ = try take(length + 1)
            case 0x06, 0x7F, 0xFF: break
            case 0x07: _ = try take(12)
            case 0x0B:
                _ = try name()
                _ = try name()
            case 0x0C:
                _ = try text()
                _ = try take(12)
            case 0x0D, 0x0E: _ = try text()
            case 0x0F: _ = try take(Int(try integer(Int32.self)) - 4)
            case 0x11: _ = try take(8)
            case 0x13: _ = try take(16)
            default: throw broken("the unknown type \(type)")
            }
            return .other(type, Array(bytes[start..<at]))
        }
    }
}
