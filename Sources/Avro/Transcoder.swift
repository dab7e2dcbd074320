/// Turns Avro's binary encoding into JSON text without a tree between them; made once for a writer's schema.
///
/// The text is what `Value.json(as:)` gives with `omitsNulls`: fields of records whose union is null are left out, decimals
/// are numbers, strings and bytes have only what must be escaped escaped, doubles the shortest digits that read back the same.
///
/// `@unchecked Sendable`: what the pointers lead to is written by `init` alone.
public final class Transcoder: @unchecked Sendable {
    /// What the text holds that a reader of JSON may refuse.
    public struct Facts: Sendable, Equatable {
        /// `\u0000` stands in a string or a key.
        public internal(set) var hasNUL = false
        /// A number has an exponent, or more than 300 digits.
        public internal(set) var hasExtremeNumber = false
        /// Values in the datum, each field, item, entry and union counted: no fewer than the members and elements of the text.
        public internal(set) var values = 0
    }

    enum Kind: UInt8 {
        case null, boolean, int, long, float, double, bytes, string, decimal
        case fixed, fixedDecimal, enumeration, union, record, array, map
    }

    /// A type. What `first` and `count` mean depends on it: fields of a record, branches of a union, symbols of an enum;
    /// `count` alone the size of a fixed, `first` alone an array's items or a map's values.
    struct Node {
        var kind: Kind
        var first: Int32 = 0
        var count: Int32 = 0
        /// Of a decimal; the least bytes that an item or entry takes of an array or a map.
        var extra: Int32 = 0
    }

    struct Field {
        /// Where `"name":` or a symbol stands among `words`.
        var start: Int32
        var length: Int32
        var type: Int32
        /// The branch that is null, of a field that is a union; else -1.
        var nullBranch: Int32
    }

    private let schema: Schema
    let nodes: UnsafeMutablePointer<Node>
    let fields: UnsafeMutablePointer<Field>
    /// Numbers of types.
    let branches: UnsafeMutablePointer<Int32>
    let words: UnsafeMutablePointer<UInt8>
    private let root: Int
    /// How deep objects and arrays nest in the text at the most; `Int.max` for a schema that refers to itself.
    public let depth: Int

    public init(_ schema: Schema) {
        self.schema = schema
        root = schema.root
        var plan = Plan()
        for id in schema.types.indices { plan.add(id, schema) }
        var depths: [Int?] = Array(repeating: nil, count: schema.types.count)
        depth = Self.depth(schema.root, schema, &depths)
        nodes = Self.copied(plan.nodes)
        fields = Self.copied(plan.fields)
        branches = Self.copied(plan.branches)
        words = Self.copied(plan.words)
    }

    deinit {
        nodes.deallocate()
        fields.deallocate()
        branches.deallocate()
        words.deallocate()
    }

    /// - Parameter known: of each type; nil: not visited, -1: being visited.
    private static func depth(_ id: Schema.ID, _ schema: Schema, _ known: inout [Int?]) -> Int {
        if let depth = known[id] { return depth < 0 ? .max : depth }
        known[id] = -1
        let inner: [Schema.ID]
        var own = 1
        switch schema[id].kind {
        case .record(let record): inner = record.fields.map(\.type)
        case .array(let type), .map(let type): inner = [type]
        case .union(let types): (inner, own) = (types, 0)
        default: (inner, own) = ([], 0)
        }
        let deepest = inner.map { depth($0, schema, &known) }.max() ?? 0
        let whole = deepest == .max ? deepest : deepest + own
        known[id] = whole
        return whole
    }

    private static func copied<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
        values.withUnsafeBufferPointer { if let base = $0.baseAddress { copy.initialize(from: base, count: values.count) } }
        return copy
    }

    /// Appends one datum's text.
    /// - Throws: `AvroError` as `Decoder.decode` does, with `trailingBytes` for bytes behind the datum; `badValue` for NaN
    ///   and infinity, which JSON has no word for; `limit` for a decimal of more than 160 bytes. The text behind what
    ///   `text` held is then nothing's.
    public func transcode(
        _ datum: UnsafeRawBufferPointer, into text: inout TextBuffer, limits: Limits = Limits()
    ) throws(AvroError) -> Facts {
        var decoder = Decoder(datum, limits: limits)
        var facts = Facts()
        try write(root, &decoder, &text, &facts)
        try decoder.expectEnd()
        facts.values = limits.values &- decoder.valuesLeft
        return facts
    }

    private func write(
        _ id: Int, _ decoder: inout Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        try decoder.count()
        let node = nodes[id]
        switch node.kind {
        case .null: text.append("null")
        case .boolean: text.append(try decoder.readBoolean() ? "true" : "false")
        case .int: text.append(integer: Int64(try decoder.readInt()))
        case .long: text.append(integer: try decoder.readLong())
        case .float:
            let value = try decoder.readFloat()
            try number(value.isFinite, decoder) { value.description }.add(to: &text, &facts)
        case .double:
            let value = try decoder.readDouble()
            // What has no fraction is written faster as the integer it is: "12.0".
            if let whole = Int64(exactly: value), abs(whole) < 1 << 53, whole != 0 {
                text.append(integer: whole)
                text.append(UInt8(ascii: "."))
                text.append(UInt8(ascii: "0"))
            } else {
                try number(value.isFinite, decoder) { value.description }.add(to: &text, &facts)
            }
        case .bytes: text.append(latin: try decoder.readBytes(), &facts)
        case .fixed: text.append(latin: try decoder.readFixed(Int(node.count)), &facts)
        case .string: try quote(try decoder.readBytes(), decoder, &text, &facts)
        case .decimal: try decimal(try decoder.readBytes(), node, decoder, &text, &facts)
        case .fixedDecimal: try decimal(try decoder.readFixed(Int(node.count)), node, decoder, &text, &facts)
        case .enumeration:
            let field = fields[Int(node.first) + (try decoder.readIndex(below: Int(node.count)))]
            text.append(UnsafeRawBufferPointer(start: words + Int(field.start), count: Int(field.length)))
        case .union:
            let index = try decoder.readIndex(below: Int(node.count))
            try decoder.descend()
            try write(Int(branches[Int(node.first) + index]), &decoder, &text, &facts)
            decoder.depthLeft &+= 1
        case .record: try record(node, &decoder, &text, &facts)
        case .array: try array(node, &decoder, &text, &facts)
        case .map: try map(node, &decoder, &text, &facts)
        }
    }

    private func record(
        _ node: Node, _ decoder: inout Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        try decoder.descend()
        text.append(UInt8(ascii: "{"))
        var isFirst = true
        for index in Int(node.first)..<Int(node.first &+ node.count) {
            let field = fields[index]
            do throws(AvroError) {
                if field.nullBranch >= 0, try decoder.takeIndex(Int(field.nullBranch)) {
                    // As many values, as deep, as in reading it.
                    try decoder.count()
                    try decoder.count()
                    if decoder.depthLeft < 1 { try decoder.descend() }
                    continue
                }
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                text.append(UnsafeRawBufferPointer(start: words + Int(field.start), count: Int(field.length)))
                try write(Int(field.type), &decoder, &text, &facts)
            } catch { throw error.within(.name(name(of: field))) }
        }
        text.append(UInt8(ascii: "}"))
        decoder.depthLeft &+= 1
    }

    private func name(of field: Field) -> String {
        let quoted = UnsafeBufferPointer(start: words + Int(field.start), count: Int(field.length))
        return String(decoding: quoted.dropFirst().dropLast(2), as: UTF8.self)
    }

    private func array(
        _ node: Node, _ decoder: inout Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        try decoder.descend()
        text.append(UInt8(ascii: "["))
        var index = 0
        while true {
            let block = try decoder.beginBlock(leastBytes: Int(node.extra))
            if block.count == 0 { break }
            for _ in 0..<block.count {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                do throws(AvroError) { try write(Int(node.first), &decoder, &text, &facts) } catch {
                    throw error.within(.index(index))
                }
                index &+= 1
            }
            try decoder.endBlock(block)
        }
        text.append(UInt8(ascii: "]"))
        decoder.depthLeft &+= 1
    }

    private func map(
        _ node: Node, _ decoder: inout Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        try decoder.descend()
        text.append(UInt8(ascii: "{"))
        var keys: Set<ExactKey> = []
        while true {
            let block = try decoder.beginBlock(leastBytes: Int(node.extra) &+ 1)
            if block.count == 0 { break }
            for _ in 0..<block.count {
                if !keys.isEmpty { text.append(UInt8(ascii: ",")) }
                let bytes = try decoder.readBytes()
                try quote(bytes, decoder, &text, &facts)
                let key = String(decoding: bytes, as: UTF8.self)
                guard keys.insert(ExactKey(key)).inserted else {
                    throw decoder.fault(.duplicateKey, "a key is there twice").within(.key(key))
                }
                text.append(UInt8(ascii: ":"))
                do throws(AvroError) { try write(Int(node.first), &decoder, &text, &facts) } catch { throw error.within(.key(key)) }
            }
            try decoder.endBlock(block)
        }
        text.append(UInt8(ascii: "}"))
        decoder.depthLeft &+= 1
    }

    // MARK: scalars

    private struct Digits {
        let text: String

        func add(to out: inout TextBuffer, _ facts: inout Facts) {
            if text.utf8.contains(UInt8(ascii: "e")) { facts.hasExtremeNumber = true }
            out.append(text)
        }
    }

    private func number(_ isFinite: Bool, _ decoder: Decoder, _ digits: () -> String) throws(AvroError) -> Digits {
        guard isFinite else { throw decoder.fault(.badValue, "JSON has no NaN and no infinity") }
        return Digits(text: digits())
    }

    private func quote(
        _ bytes: UnsafeRawBufferPointer, _ decoder: Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        guard text.append(quoted: bytes, &facts) else { throw decoder.fault(.badUTF8, "a string that ends here is no UTF-8") }
    }

    private func decimal(
        _ bytes: UnsafeRawBufferPointer, _ node: Node, _ decoder: Decoder, _ text: inout TextBuffer, _ facts: inout Facts
    ) throws(AvroError) {
        guard let digits = Decimals.text(bytes, scale: Int(node.extra)) else {
            throw decoder.fault(.limit, "a decimal has more than \(Decimals.mostBytes) bytes")
        }
        if digits.utf8.count > 300 { facts.hasExtremeNumber = true }
        text.append(digits)
    }
}

extension Transcoder {
    /// The types as flat lists, to be read without reference counts.
    private struct Plan {
        var nodes: [Node] = []
        var fields: [Field] = []
        var branches: [Int32] = []
        var words: [UInt8] = []

        private mutating func word(_ text: String, after suffix: String = "") -> (Int32, Int32) {
            let start = words.count
            JSON.append(quoted: text, to: &words)
            words += suffix.utf8
            return (Int32(start), Int32(words.count - start))
        }

        /// - Precondition: types come in the order of their numbers.
        mutating func add(_ id: Schema.ID, _ schema: Schema) {
            let type = schema.types[id]
            var scale: Int32?
            if case .decimal(_, let digits)? = type.logicalType { scale = Int32(clamping: digits) }
            var node: Node
            switch type.kind {
            case .null: node = Node(kind: .null)
            case .boolean: node = Node(kind: .boolean)
            case .int: node = Node(kind: .int)
            case .long: node = Node(kind: .long)
            case .float: node = Node(kind: .float)
            case .double: node = Node(kind: .double)
            case .string: node = Node(kind: .string)
            case .bytes: node = Node(kind: scale == nil ? .bytes : .decimal, extra: scale ?? 0)
            case .fixed(let fixed):
                node = Node(kind: scale == nil ? .fixed : .fixedDecimal, count: Int32(clamping: fixed.size), extra: scale ?? 0)
            case .enumeration(let type):
                node = Node(kind: .enumeration, first: Int32(fields.count), count: Int32(type.symbols.count))
                for symbol in type.symbols {
                    let (start, length) = word(symbol)
                    fields.append(Field(start: start, length: length, type: 0, nullBranch: -1))
                }
            case .union(let types):
                node = Node(kind: .union, first: Int32(branches.count), count: Int32(types.count))
                branches += types.map { Int32($0) }
            case .record(let record):
                node = Node(kind: .record, first: Int32(fields.count), count: Int32(record.fields.count))
                for field in record.fields {
                    let (start, length) = word(field.name, after: ":")
                    var null: Int32 = -1
                    if case .union(let types) = schema.types[field.type].kind {
                        for (index, type) in types.enumerated() {
                            if case .null = schema.types[type].kind { null = Int32(index) }
                        }
                    }
                    fields.append(Field(start: start, length: length, type: Int32(field.type), nullBranch: null))
                }
            case .array(let items): node = Node(kind: .array, first: Int32(items), extra: Int32(clamping: schema.leastBytes[items]))
            case .map(let values): node = Node(kind: .map, first: Int32(values), extra: Int32(clamping: schema.leastBytes[values]))
            }
            nodes.append(node)
        }
    }
}
