/// Writes Avro's binary encoding into a buffer that is used again.
///
/// A hot path that knows its schema calls the `write…` of each field in the schema's order; nothing checks that it does.
/// `encode(_:as:)` writes any `Value` and checks it.
public struct Encoder: Sendable {
    /// What was written since `reset()`.
    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// Forgets what was written, keeps the memory.
    public mutating func reset() { bytes.removeAll(keepingCapacity: true) }

    @inlinable
    public mutating func writeBoolean(_ value: Bool) { append(value ? 1 : 0) }

    @inlinable
    public mutating func writeInt(_ value: Int32) { writeLong(Int64(value)) }

    /// Zigzag, then seven bits a byte, the lowest first.
    @inlinable
    public mutating func writeLong(_ value: Int64) {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest > 0x7F {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    public mutating func writeFloat(_ value: Float) { writeLittleEndian(value.bitPattern) }

    public mutating func writeDouble(_ value: Double) { writeLittleEndian(value.bitPattern) }

    /// `bytes` or, when the caller knows that they are UTF-8, `string`.
    public mutating func writeBytes(_ value: UnsafeRawBufferPointer) {
        writeLong(Int64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func writeBytes(_ value: [UInt8]) { value.withUnsafeBytes { writeBytes($0) } }

    public mutating func writeString(_ value: String) {
        var value = value
        value.withUTF8 { writeBytes(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of a `fixed`; as many as the schema says.
    public mutating func writeFixed(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }

    /// The position of an enum's symbol or of a union's branch; the branch's value follows.
    @inlinable
    public mutating func writeIndex(_ index: Int) { writeLong(Int64(index)) }

    /// The items of an array, or key and value by turns of a map, follow; then `endBlocks()`. None at all: only that.
    public mutating func beginBlock(count: Int) { writeLong(Int64(count)) }

    public mutating func endBlocks() { append(0) }

    /// Confluent's wire format: a zero byte, and the schema's id, big-endian; the datum follows.
    public mutating func writeConfluentHeader(schemaID: UInt32) {
        append(0)
        withUnsafeBytes(of: schemaID.bigEndian) { bytes.append(contentsOf: $0) }
    }

    @usableFromInline
    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    private mutating func writeLittleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    // MARK: any value

    /// Writes a value, checked against the schema. What was written before a failure stays: `reset()` then.
    /// - Throws: `AvroError` with `badValue` or `badIndex` and the path; `limit` at more than 64 levels.
    public mutating func encode(_ value: Value, as schema: Schema) throws(AvroError) {
        try encode(value, schema.root, schema, depth: Limits().depth)
    }

    private mutating func encode(_ value: Value, _ id: Schema.ID, _ schema: Schema, depth: Int) throws(AvroError) {
        if depth < 0 { throw AvroError(.limit, "values are nested too deep") }
        switch (schema[id].kind, value) {
        case (.null, .null): return
        case (.boolean, .boolean(let value)): writeBoolean(value)
        case (.int, .int(let value)): writeInt(value)
        case (.long, .long(let value)): writeLong(value)
        case (.float, .float(let value)): writeFloat(value)
        case (.double, .double(let value)): writeDouble(value)
        case (.bytes, .bytes(let value)): writeBytes(value)
        case (.string, .string(let value)): writeString(value)
        case (.fixed(let type), .fixed(let value)):
            guard value.count == type.size else { throw AvroError(.badValue, "\(type.name) has \(type.size) bytes, not \(value.count)") }
            value.withUnsafeBytes { writeFixed($0) }
        case (.enumeration(let type), .enumeration(let index)):
            guard type.symbols.indices ~= index else { throw AvroError(.badIndex, "\(type.name) has no symbol \(index)") }
            writeIndex(index)
        case (.union(let branches), .union(let index, let inner)):
            guard branches.indices ~= index else { throw AvroError(.badIndex, "the union has no branch \(index)") }
            writeIndex(index)
            try encode(inner, branches[index], schema, depth: depth - 1)
        case (.record(let record), .record(let values)):
            guard record.fields.count == values.count else {
                throw AvroError(.badValue, "\(record.name) has \(record.fields.count) fields, not \(values.count)")
            }
            for (field, value) in zip(record.fields, values) {
                do throws(AvroError) { try encode(value, field.type, schema, depth: depth - 1) } catch {
                    throw error.within(.name(field.name))
                }
            }
        case (.array(let items), .array(let values)):
            if !values.isEmpty { beginBlock(count: values.count) }
            for (index, value) in values.enumerated() {
                do throws(AvroError) { try encode(value, items, schema, depth: depth - 1) } catch {
                    throw error.within(.index(index))
                }
            }
            endBlocks()
        case (.map(let inner), .map(let entries)):
            if !entries.isEmpty { beginBlock(count: entries.count) }
            var keys: Set<ExactKey> = []
            for entry in entries {
                guard keys.insert(ExactKey(entry.key)).inserted else { throw AvroError(.duplicateKey, "a key is there twice").within(.key(entry.key)) }
                writeString(entry.key)
                do throws(AvroError) { try encode(entry.value, inner, schema, depth: depth - 1) } catch {
                    throw error.within(.key(entry.key))
                }
            }
            endBlocks()
        default: throw AvroError(.badValue, "\(schema.label(id)) is expected, \(value.word) found")
        }
    }
}
