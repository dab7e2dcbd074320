extension Value {
    /// The value as JSON text without blanks, fields in the schema's order: unions without a word for the branch, enums
    /// by symbol, decimals as numbers, other bytes and fixed as a string of U+0000 to U+00FF, doubles by the shortest digits
    /// that read back the same.
    /// - Parameter omitsNulls: leave out fields of records that are unions and null.
    /// - Throws: `AvroError` with `badValue`: not of this schema, or a number that JSON cannot say (NaN, infinity).
    public func json(as schema: Schema, omitsNulls: Bool = false) throws(AvroError) -> String {
        var text: [UInt8] = []
        try appendJSON(to: &text, as: schema, omitsNulls: omitsNulls)
        return String(decoding: text, as: UTF8.self)
    }

    /// The same, behind what `text` holds.
    public func appendJSON(to text: inout [UInt8], as schema: Schema, omitsNulls: Bool = false) throws(AvroError) {
        try write(schema.root, schema, &text, omitsNulls, depth: Limits().depth)
    }

    private var isNullBranch: Bool {
        if case .union(_, .null) = self { true } else { false }
    }

    private func write(
        _ id: Schema.ID, _ schema: Schema, _ text: inout [UInt8], _ omitsNulls: Bool, depth: Int
    ) throws(AvroError) {
        if depth < 0 { throw AvroError(.limit, "values are nested too deep") }
        func number(_ isFinite: Bool, _ digits: String) throws(AvroError) {
            guard isFinite else { throw AvroError(.badValue, "JSON has no NaN and no infinity") }
            text += digits.utf8
        }
        switch (schema[id].kind, self) {
        case (.null, .null): text += "null".utf8
        case (.boolean, .boolean(let value)): text += (value ? "true" : "false").utf8
        case (.int, .int(let value)): text += String(value).utf8
        case (.long, .long(let value)): text += String(value).utf8
        case (.float, .float(let value)): try number(value.isFinite, value.description)
        case (.double, .double(let value)): try number(value.isFinite, value.description)
        case (.string, .string(let value)): JSON.append(quoted: value, to: &text)
        case (.bytes, .bytes(let bytes)), (.fixed, .fixed(let bytes)):
            if case .decimal(_, let scale)? = schema[id].logicalType {
                guard let digits = bytes.withUnsafeBytes({ Decimals.text($0, scale: scale) }) else {
                    throw AvroError(.limit, "a decimal has more than \(Decimals.mostBytes) bytes")
                }
                text += digits.utf8
                return
            }
            var latin = ""
            latin.unicodeScalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
            JSON.append(quoted: latin, to: &text)
        case (.enumeration(let type), .enumeration(let index)):
            guard type.symbols.indices ~= index else { throw AvroError(.badIndex, "\(type.name) has no symbol \(index)") }
            JSON.append(quoted: type.symbols[index], to: &text)
        case (.union(let branches), .union(let index, let inner)):
            guard branches.indices ~= index else { throw AvroError(.badIndex, "the union has no branch \(index)") }
            try inner.write(branches[index], schema, &text, omitsNulls, depth: depth - 1)
        case (.record(let record), .record(let values)) where record.fields.count == values.count:
            text.append(UInt8(ascii: "{"))
            var isFirst = true
            for (field, value) in zip(record.fields, values) where !(omitsNulls && value.isNullBranch) {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                JSON.append(quoted: field.name, to: &text)
                text.append(UInt8(ascii: ":"))
                do throws(AvroError) { try value.write(field.type, schema, &text, omitsNulls, depth: depth - 1) } catch {
                    throw error.within(.name(field.name))
                }
            }
            text.append(UInt8(ascii: "}"))
        case (.array(let items), .array(let values)):
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                do throws(AvroError) { try value.write(items, schema, &text, omitsNulls, depth: depth - 1) } catch {
                    throw error.within(.index(index))
                }
            }
            text.append(UInt8(ascii: "]"))
        case (.map(let inner), .map(let entries)):
            text.append(UInt8(ascii: "{"))
            for (index, entry) in entries.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSON.append(quoted: entry.key, to: &text)
                text.append(UInt8(ascii: ":"))
                do throws(AvroError) { try entry.value.write(inner, schema, &text, omitsNulls, depth: depth - 1) } catch {
                    throw error.within(.key(entry.key))
                }
            }
            text.append(UInt8(ascii: "}"))
        default: throw AvroError(.badValue, "\(schema.label(id)) is expected, \(word) found")
        }
    }
}
