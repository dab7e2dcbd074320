extension Schema {
    /// The most values that all defaults of a schema may make: defaults of defaults multiply.
    private static let mostDefaultValues = 100_000

    /// Turns the defaults of all fields into values of their types.
    mutating func setDefaults(lenient: Bool) throws(AvroError) {
        var left = Self.mostDefaultValues
        for id in types.indices {
            guard case .record(var record) = types[id].kind else { continue }
            for index in record.fields.indices {
                let field = record.fields[index]
                guard let json = field.defaultJSON else { continue }
                do throws(AvroError) {
                    record.fields[index].defaultValue = try value(json, field.type, depth: 0, left: &left)
                } catch {
                    if error.code == .limit || !lenient {
                        throw error.within(.name("default")).within(.name(field.name)).within(.name(record.name.full))
                    }
                }
            }
            types[id].kind = .record(record)
        }
    }

    /// The value that a default in JSON stands for. Of a union the first branch that fits is taken.
    private func value(_ json: JSON, _ id: ID, depth: Int, left: inout Int) throws(AvroError) -> Value {
        left -= 1
        if depth > 32 || left < 0 { throw AvroError(.limit, "defaults are nested too deep or are too many") }
        func unfit() -> AvroError { AvroError(.badDefault, "\(json.kind) is no default for \(label(id)), or is out of its range") }
        switch (types[id].kind, json) {
        case (.null, .null): return .null
        case (.boolean, .boolean(let value)): return .boolean(value)
        case (.int, .number(let digits)):
            guard let value = Int32(digits) else { throw unfit() }
            return .int(value)
        case (.long, .number(let digits)):
            guard let value = Int64(digits) else { throw unfit() }
            return .long(value)
        case (.float, .number(let digits)):
            guard let value = Float(digits), value.isFinite else { throw unfit() }
            return .float(value)
        case (.double, .number(let digits)):
            guard let value = Double(digits), value.isFinite else { throw unfit() }
            return .double(value)
        case (.string, .string(let text)): return .string(text)
        case (.bytes, .string(let text)):
            guard let bytes = Self.latin(text) else { throw unfit() }
            return .bytes(bytes)
        case (.fixed(let fixed), .string(let text)):
            guard let bytes = Self.latin(text), bytes.count == fixed.size else { throw unfit() }
            return .fixed(bytes)
        case (.enumeration(let type), .string(let text)):
            guard let index = type.symbols.firstIndex(of: text) else { throw unfit() }
            return .enumeration(index)
        case (.array(let items), .array(let elements)):
            var values: [Value] = []
            for (index, element) in elements.enumerated() {
                do throws(AvroError) { values.append(try value(element, items, depth: depth + 1, left: &left)) } catch {
                    throw error.within(.index(index))
                }
            }
            return .array(values)
        case (.map(let inner), .object(let members)):
            var entries: [Value.Entry] = []
            for member in members {
                do throws(AvroError) {
                    entries.append(.init(member.key, try value(member.value, inner, depth: depth + 1, left: &left)))
                } catch { throw error.within(.key(member.key)) }
            }
            return .map(entries)
        case (.record(let record), .object(let members)):
            for member in members where !record.fields.contains(where: { $0.name == member.key }) {
                throw AvroError(.badDefault, "\(record.name) has no field \(JSON.quoted(member.key))")
            }
            var values: [Value] = []
            for field in record.fields {
                do throws(AvroError) {
                    guard let given = json[field.name] ?? field.defaultJSON else {
                        throw AvroError(.badDefault, "the default leaves out a field that has none")
                    }
                    values.append(try value(given, field.type, depth: depth + 1, left: &left))
                } catch { throw error.within(.name(field.name)) }
            }
            return .record(values)
        case (.union(let branches), _):
            for (index, branch) in branches.enumerated() {
                do throws(AvroError) { return .union(index, try value(json, branch, depth: depth + 1, left: &left)) } catch {
                    if error.code == .limit { throw error }
                }
            }
            throw AvroError(.badDefault, "\(json.kind) fits no branch of the union")
        default: throw unfit()
        }
    }

    /// Bytes in JSON: each character from U+0000 to U+00FF is a byte.
    private static func latin(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// The least bytes that a value of each type takes, at most 2^20 (what is larger bounds as well). Grows from zero until
    /// nothing changes; a record that cannot end grows for ever, hence the number of rounds.
    func measure() -> [Int] {
        let most = 1 << 20
        var least = [Int](repeating: 0, count: types.count)
        for _ in 0...64 {
            var changed = false
            for (id, node) in types.enumerated() {
                let bytes: Int =
                    switch node.kind {
                    case .null: 0
                    case .boolean, .int, .long, .bytes, .string, .enumeration, .array, .map: 1
                    case .float: 4
                    case .double: 8
                    case .fixed(let fixed): fixed.size
                    case .record(let record): record.fields.reduce(0) { min(most, $0 + least[$1.type]) }
                    case .union(let branches): 1 + (branches.map { least[$0] }.min() ?? 0)
                    }
                let bounded = min(most, bytes)
                if bounded != least[id] {
                    least[id] = bounded
                    changed = true
                }
            }
            if !changed { break }
        }
        return least
    }
}
