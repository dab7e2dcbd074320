import Avro

/// Makes an `EventProgram`'s tables of a schema.
struct EventCompiler {
    let schema: Schema
    var nodes: [EventProgram.Node] = []
    var fields: [EventProgram.Field] = []
    var branches: [Int32] = []
    var texts: [EventProgram.Text] = []
    var bytes: [UInt8] = []
    /// Types that have their node: recursive ones come back to it.
    private var known: [Schema.ID: Int32] = [:]

    /// The member that holds the value of a stamp which is a string.
    private static let innerNames = ["timestampStamp": "dispatchedAt", "messageIdStamp": "id"]
    private static let mostDigits = 38

    init(_ schema: Schema) { self.schema = schema }

    /// The node of the schema itself.
    mutating func event() throws(EventSchemaError) -> Int32 {
        guard case .record(let record) = schema[schema.root].kind else {
            throw EventSchemaError(path: "", message: "the schema of events is a record, not \(schema[schema.root].kind.word)")
        }
        let position = add(.init(kind: .record, role: .event))
        known[schema.root] = position
        try fill(position, record, path: [])
        return position
    }

    private mutating func add(_ node: EventProgram.Node) -> Int32 {
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    private mutating func add(_ text: some Sequence<UInt8>) -> EventProgram.Text {
        let begin = bytes.count
        bytes += text
        return .init(begin: Int32(begin), count: Int32(bytes.count - begin))
    }

    private func fault(_ path: [String], _ message: String) -> EventSchemaError {
        EventSchemaError(path: path.joined(separator: "."), message: message)
    }

    private mutating func node(_ id: Schema.ID, path: [String]) throws(EventSchemaError) -> Int32 {
        if let position = known[id] { return position }
        let position = add(.init(kind: .null))
        known[id] = position
        switch schema[id].kind {
        case .null: break
        case .boolean: nodes[Int(position)].kind = .boolean
        case .int: nodes[Int(position)].kind = .int
        case .long: nodes[Int(position)].kind = .long
        case .float: nodes[Int(position)].kind = .float
        case .double: nodes[Int(position)].kind = .double
        case .string: nodes[Int(position)].kind = .string
        case .bytes:
            guard case .decimal(let precision, let scale) = schema[id].logicalType, scale == 0 else {
                throw fault(path, "bytes have no form in events, but for decimal of scale 0")
            }
            guard precision <= Self.mostDigits else { throw fault(path, "a decimal has at most \(Self.mostDigits) digits") }
            nodes[Int(position)] = .init(kind: .decimal, first: Int32(precision))
        case .fixed: throw fault(path, "fixed has no form in events")
        case .enumeration(let type):
            let first = texts.count
            for symbol in type.symbols { texts.append(add(symbol.utf8)) }
            nodes[Int(position)] = .init(kind: .enumeration, first: Int32(first), count: Int32(type.symbols.count))
        case .array(let items):
            nodes[Int(position)] = .init(kind: .array, first: try node(items, path: path + ["[]"]))
        case .map(let values):
            nodes[Int(position)] = .init(kind: .map, first: try node(values, path: path + ["[]"]))
        case .union(let ids): nodes[Int(position)] = try union(ids, path: path)
        case .record(let record): try fill(position, record, path: path)
        }
        return position
    }

    private mutating func union(_ ids: [Schema.ID], path: [String]) throws(EventSchemaError) -> EventProgram.Node {
        var made: [Int32] = []
        for id in ids { made.append(try node(id, path: path)) }
        if ids.count == 2, let null = ids.firstIndex(where: { isNull($0) }) {
            return .init(kind: .optional, first: made[1 - null], count: Int32(1 - null))
        }
        branches += made
        return .init(kind: .union, first: Int32(branches.count - made.count), count: Int32(made.count))
    }

    private func isNull(_ id: Schema.ID) -> Bool { if case .null = schema[id].kind { true } else { false } }

    /// Sets a record's node, after those of its fields.
    private mutating func fill(_ position: Int32, _ record: Schema.Record, path: [String]) throws(EventSchemaError) {
        let role = nodes[Int(position)].role
        var made: [EventProgram.Field] = []
        for field in record.fields {
            let here = path + [field.name]
            var type = try role == .event && field.name == "attributes" ? attributes(field.type, path: here) : nil
            if type == nil { type = try node(field.type, path: here) }
            var compiled = EventProgram.Field(name: add(field.name.utf8), node: type ?? 0)
            if let absent = try absentValue(field, path: here) { compiled.absent = add(absent) }
            if role == .attributes, field.name.hasSuffix("Stamp") {
                let bare = nodes[Int(compiled.node)].kind == .optional ? nodes[Int(compiled.node)].first : compiled.node
                switch nodes[Int(bare)].kind {
                case .record: compiled.stamp = .record
                case .string:
                    compiled.stamp = .string
                    compiled.inner = add((Self.innerNames[field.name] ?? "").utf8)
                default: compiled.stamp = .other
                }
            }
            made.append(compiled)
        }
        fields += made
        nodes[Int(position)] = .init(
            kind: .record, role: role, first: Int32(fields.count - made.count), count: Int32(made.count))
    }

    /// A node of their own for the attributes of events: their type may be used elsewhere, where names are plain.
    private mutating func attributes(_ id: Schema.ID, path: [String]) throws(EventSchemaError) -> Int32? {
        switch schema[id].kind {
        case .record(let record):
            let position = add(.init(kind: .record, role: .attributes))
            try fill(position, record, path: path)
            return position
        case .union(let ids):
            guard ids.count == 2, let null = ids.firstIndex(where: { isNull($0) }) else { return nil }
            guard case .record = schema[ids[1 - null]].kind, let inner = try attributes(ids[1 - null], path: path) else { return nil }
            return add(.init(kind: .optional, first: inner, count: Int32(1 - null)))
        default: return nil
        }
    }

    // MARK: what is not sent

    /// The encoding of a field that is not sent: its default, or null where its type has it.
    private func absentValue(_ field: Schema.Field, path: [String]) throws(EventSchemaError) -> [UInt8]? {
        var encoder = Encoder()
        if let value = field.defaultValue {
            try write(value, field.type, &encoder, path: path)
            return encoder.bytes
        }
        switch schema[field.type].kind {
        case .null: return []
        case .union(let ids):
            guard let null = ids.firstIndex(where: { isNull($0) }) else { return nil }
            encoder.writeIndex(null)
            return encoder.bytes
        default: return nil
        }
    }

    private func write(
        _ value: Value, _ id: Schema.ID, _ encoder: inout Encoder, path: [String]
    ) throws(EventSchemaError) {
        switch (schema[id].kind, value) {
        case (.null, .null): return
        case (.boolean, .boolean(let value)): encoder.writeBoolean(value)
        case (.int, .int(let value)): encoder.writeInt(value)
        case (.long, .long(let value)): encoder.writeLong(value)
        case (.float, .float(let value)): encoder.writeFloat(value)
        case (.double, .double(let value)): encoder.writeDouble(value)
        case (.bytes, .bytes(let value)): encoder.writeBytes(value)
        case (.string, .string(let value)): encoder.writeString(value)
        case (.enumeration, .enumeration(let index)): encoder.writeIndex(index)
        case (.union(let ids), .union(let index, let inner)):
            encoder.writeIndex(index)
            try write(inner, ids[index], &encoder, path: path)
        case (.record(let record), .record(let values)):
            for (field, value) in zip(record.fields, values) { try write(value, field.type, &encoder, path: path) }
        case (.array(let items), .array(let values)):
            if !values.isEmpty { encoder.beginBlock(count: values.count) }
            for value in values { try write(value, items, &encoder, path: path) }
            encoder.endBlocks()
        case (.map(let inner), .map(let entries)):
            if !entries.isEmpty { encoder.beginBlock(count: entries.count) }
            for entry in entries {
                encoder.writeString(entry.key)
                try write(entry.value, inner, &encoder, path: path)
            }
            encoder.endBlocks()
        default: throw fault(path, "the default does not fit")
        }
    }
}
