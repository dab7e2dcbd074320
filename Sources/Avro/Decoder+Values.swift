extension Decoder {
    /// Reads one value of the schema it was written with.
    /// - Throws: `AvroError` with path and byte.
    public mutating func decode(_ schema: Schema) throws(AvroError) -> Value { try value(schema.root, schema) }

    mutating func value(_ id: Schema.ID, _ schema: Schema) throws(AvroError) -> Value {
        try count()
        switch schema.types[id].kind {
        case .null: return .null
        case .boolean: return .boolean(try readBoolean())
        case .int: return .int(try readInt())
        case .long: return .long(try readLong())
        case .float: return .float(try readFloat())
        case .double: return .double(try readDouble())
        case .bytes: return .bytes([UInt8](try readBytes()))
        case .string: return .string(try readString())
        case .fixed(let type): return .fixed([UInt8](try readFixed(type.size)))
        case .enumeration(let type): return .enumeration(try readIndex(below: type.symbols.count))
        case .union(let branches):
            let index = try readIndex(below: branches.count)
            try descend()
            let inner = try value(branches[index], schema)
            depthLeft &+= 1
            return .union(index, inner)
        case .record(let record):
            try descend()
            var values: [Value] = []
            values.reserveCapacity(min(record.fields.count, max(0, valuesLeft)))
            for field in record.fields {
                do throws(AvroError) { values.append(try value(field.type, schema)) } catch { throw error.within(.name(field.name)) }
            }
            depthLeft &+= 1
            return .record(values)
        case .array(let items):
            return .array(try array(leastBytes: schema.leastBytes[items]) { decoder throws(AvroError) in try decoder.value(items, schema) })
        case .map(let values):
            return .map(try map(leastBytes: schema.leastBytes[values]) { decoder throws(AvroError) in try decoder.value(values, schema) })
        }
    }

    /// All blocks of an array.
    mutating func array(
        leastBytes: Int, _ item: (inout Decoder) throws(AvroError) -> Value
    ) throws(AvroError) -> [Value] {
        try descend()
        var values: [Value] = []
        while true {
            let block = try beginBlock(leastBytes: leastBytes)
            if block.count == 0 { break }
            values.reserveCapacity(values.count + min(block.count, 1024))
            for _ in 0..<block.count {
                do throws(AvroError) { values.append(try item(&self)) } catch { throw error.within(.index(values.count)) }
            }
            try endBlock(block)
        }
        depthLeft &+= 1
        return values
    }

    /// All blocks of a map.
    mutating func map(
        leastBytes: Int, _ value: (inout Decoder) throws(AvroError) -> Value
    ) throws(AvroError) -> [Value.Entry] {
        try descend()
        var entries: [Value.Entry] = []
        var keys: Set<ExactKey> = []
        while true {
            let block = try beginBlock(leastBytes: leastBytes + 1)
            if block.count == 0 { break }
            for _ in 0..<block.count {
                let key = try readString()
                guard keys.insert(ExactKey(key)).inserted else { throw fault(.duplicateKey, "a key is there twice").within(.key(key)) }
                do throws(AvroError) { entries.append(.init(key, try value(&self))) } catch { throw error.within(.key(key)) }
            }
            try endBlock(block)
        }
        depthLeft &+= 1
        return entries
    }

    /// Passes over a value; what it looks at is checked as in reading, but for the UTF-8 of strings and keys that are there twice.
    mutating func skip(_ id: Schema.ID, _ schema: Schema) throws(AvroError) {
        try count()
        switch schema.types[id].kind {
        case .null: return
        case .boolean: _ = try readBoolean()
        case .int: _ = try readInt()
        case .long: _ = try readLong()
        case .float: _ = try readFixed(4)
        case .double: _ = try readFixed(8)
        case .bytes, .string: _ = try readBytes()
        case .fixed(let type): _ = try readFixed(type.size)
        case .enumeration(let type): _ = try readIndex(below: type.symbols.count)
        case .union(let branches):
            let index = try readIndex(below: branches.count)
            try descend()
            try skip(branches[index], schema)
            depthLeft &+= 1
        case .record(let record):
            try descend()
            for field in record.fields {
                do throws(AvroError) { try skip(field.type, schema) } catch { throw error.within(.name(field.name)) }
            }
            depthLeft &+= 1
        case .array(let items): try skipBlocks(items, schema, keyed: false)
        case .map(let values): try skipBlocks(values, schema, keyed: true)
        }
    }

    private mutating func skipBlocks(_ id: Schema.ID, _ schema: Schema, keyed: Bool) throws(AvroError) {
        try descend()
        while true {
            let block = try beginBlock(leastBytes: schema.leastBytes[id] + (keyed ? 1 : 0))
            if block.count == 0 { break }
            for _ in 0..<block.count {
                if keyed { _ = try readBytes() }
                try skip(id, schema)
            }
            try endBlock(block)
        }
        depthLeft &+= 1
    }
}
