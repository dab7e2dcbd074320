extension Schema {
    /// Parses the JSON text of a schema.
    /// - Parameter lenientDefaults: take a default that does not fit its field as absent, as some writers' schemas need.
    /// - Throws: `AvroError` with `badJSON` and the byte, `badSchema` or `badDefault` and the path in the JSON.
    public init(_ text: String, lenientDefaults: Bool = false) throws(AvroError) {
        let json = try JSONReader.read(text)
        var parser = SchemaParser()
        let root = try parser.type(json, namespace: "", path: [], depth: 0)
        self = parser.schema
        self.root = root
        leastBytes = measure()
        try setDefaults(lenient: lenientDefaults)
    }
}

/// Makes a `Schema` of JSON, type by type.
struct SchemaParser {
    typealias Path = [AvroError.Step]

    var schema = Schema()
    private var named: [String: Schema.ID] = [:]
    private static let maxDepth = 64
    private static let primitives: [String: Schema.Kind] = [
        "null": .null, "boolean": .boolean, "int": .int, "long": .long,
        "float": .float, "double": .double, "bytes": .bytes, "string": .string,
    ]

    func fault(_ message: String, _ path: Path) -> AvroError { AvroError(.badSchema, message, at: path) }

    private mutating func add(_ kind: Schema.Kind, logicalType: LogicalType? = nil) -> Schema.ID {
        schema.types.append(Schema.Node(kind: kind, logicalType: logicalType))
        return schema.types.count - 1
    }

    mutating func type(_ json: JSON, namespace: String, path: Path, depth: Int) throws(AvroError) -> Schema.ID {
        if depth > Self.maxDepth { throw fault("the schema is nested more than \(Self.maxDepth) deep", path) }
        switch json {
        case .string(let word): return try reference(word, namespace: namespace, path: path)
        case .array(let branches): return try union(branches, namespace: namespace, path: path, depth: depth)
        case .object: break
        default: throw fault("a type is a name, an object or a union, not \(json.kind)", path)
        }
        let here = path + [.name("type")]
        guard let word = json["type"] else { throw fault("\"type\" is missing", path) }
        guard let word = word.text else { throw fault("\"type\" is a word here, not \(word.kind)", here) }
        switch word {
        case "record", "error": return try record(json, namespace: namespace, path: path, depth: depth)
        case "enum": return try enumeration(json, namespace: namespace, path: path)
        case "fixed": return try fixed(json, namespace: namespace, path: path)
        case "array", "map":
            let key = word == "array" ? "items" : "values"
            guard let inner = json[key] else { throw fault("\"\(key)\" is missing", path) }
            let id = try type(inner, namespace: namespace, path: path + [.name(key)], depth: depth + 1)
            return add(word == "array" ? .array(id) : .map(id))
        default:
            if let kind = Self.primitives[word] { return add(kind, logicalType: LogicalType(json, of: kind)) }
            return try reference(word, namespace: namespace, path: here)
        }
    }

    private mutating func reference(_ word: String, namespace: String, path: Path) throws(AvroError) -> Schema.ID {
        if let kind = Self.primitives[word] { return add(kind) }
        let full = word.contains(".") || namespace.isEmpty ? word : "\(namespace).\(word)"
        guard let id = named[full] else { throw fault("type \(JSON.quoted(full)) is not defined here or before", path) }
        return id
    }

    private mutating func union(_ branches: [JSON], namespace: String, path: Path, depth: Int) throws(AvroError) -> Schema.ID {
        var ids: [Schema.ID] = []
        var seen: Set<String> = []
        for (index, branch) in branches.enumerated() {
            let here = path + [.index(index)]
            let id = try type(branch, namespace: namespace, path: here, depth: depth + 1)
            if case .union = schema[id].kind { throw fault("a union holds no union", here) }
            let label = schema.names(id)?.name.full ?? schema[id].kind.word
            guard seen.insert(label).inserted else { throw fault("\(label) is twice in a union", here) }
            ids.append(id)
        }
        return add(.union(ids))
    }

    // MARK: named types

    static func isName(_ text: some StringProtocol) -> Bool {
        var first = true
        for byte in text.utf8 {
            let isLetter = 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x5F
            guard isLetter || (!first && 0x30...0x39 ~= byte) else { return false }
            first = false
        }
        return !first
    }

    static func isFullName(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isName($0) }
    }

    private func names(_ json: JSON, _ namespace: String, _ path: Path) throws(AvroError) -> (Schema.Name, [Schema.Name]) {
        guard let name = json["name"]?.text else { throw fault("\"name\" is missing or no string", path) }
        var space = namespace
        if let given = json["namespace"] {
            guard let text = given.text, text.isEmpty || Self.isFullName(text) else {
                throw fault("no namespace: names joined by dots", path + [.name("namespace")])
            }
            space = text
        }
        func full(_ name: String, _ space: String, _ path: Path) throws(AvroError) -> Schema.Name {
            guard Self.isFullName(name) else { throw fault("\(JSON.quoted(name)) is no name", path) }
            return Schema.Name(full: name.contains(".") || space.isEmpty ? name : "\(space).\(name)")
        }
        let own = try full(name, space, path + [.name("name")])
        if Self.primitives[own.simple] != nil { throw fault("\(own.simple) is the name of a primitive type", path + [.name("name")]) }
        if named[own.full] != nil { throw fault("\(own) is defined twice", path + [.name("name")]) }
        var aliases: [Schema.Name] = []
        for (index, alias) in try strings(json, "aliases", path, required: false).enumerated() {
            aliases.append(try full(alias, own.namespace, path + [.name("aliases"), .index(index)]))
        }
        return (own, aliases)
    }

    private func strings(_ json: JSON, _ key: String, _ path: Path, required: Bool) throws(AvroError) -> [String] {
        guard let value = json[key] else {
            if required { throw fault("\"\(key)\" is missing", path) }
            return []
        }
        guard case .array(let items) = value else { throw fault("an array of strings is expected", path + [.name(key)]) }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = item.text else { throw fault("a string is expected", path + [.name(key), .index(index)]) }
            texts.append(text)
        }
        return texts
    }

    private mutating func enumeration(_ json: JSON, namespace: String, path: Path) throws(AvroError) -> Schema.ID {
        let (name, aliases) = try names(json, namespace, path)
        let symbols = try strings(json, "symbols", path, required: true)
        var seen: Set<String> = []
        for (index, symbol) in symbols.enumerated() {
            let here = path + [.name("symbols"), .index(index)]
            guard Self.isName(symbol) else { throw fault("\(JSON.quoted(symbol)) is no name", here) }
            guard seen.insert(symbol).inserted else { throw fault("\(symbol) is there twice", here) }
        }
        var defaultIndex: Int?
        if let given = json["default"] {
            guard let text = given.text, let index = symbols.firstIndex(of: text) else {
                throw fault("the default is none of the symbols", path + [.name("default")])
            }
            defaultIndex = index
        }
        let id = add(.enumeration(.init(name: name, aliases: aliases, symbols: symbols, defaultIndex: defaultIndex)))
        named[name.full] = id
        return id
    }

    private mutating func fixed(_ json: JSON, namespace: String, path: Path) throws(AvroError) -> Schema.ID {
        let (name, aliases) = try names(json, namespace, path)
        guard case .number(let digits)? = json["size"], let size = Int32(digits), size >= 0 else {
            throw fault("\"size\" is a whole number of bytes, 0 to 2147483647", path + [.name("size")])
        }
        let kind = Schema.Kind.fixed(.init(name: name, aliases: aliases, size: Int(size)))
        let id = add(kind, logicalType: LogicalType(json, of: kind))
        named[name.full] = id
        return id
    }

    private mutating func record(_ json: JSON, namespace: String, path: Path, depth: Int) throws(AvroError) -> Schema.ID {
        let (name, aliases) = try names(json, namespace, path)
        guard case .array(let items)? = json["fields"] else { throw fault("\"fields\" is an array", path + [.name("fields")]) }
        // Its place is taken before its fields are read, which may refer to it.
        let id = add(.record(.init(name: name, aliases: aliases, fields: [])))
        named[name.full] = id
        var fields: [Schema.Field] = []
        var seen: Set<String> = []
        for (index, item) in items.enumerated() {
            let here = path + [.name("fields"), .index(index)]
            guard let field = item["name"]?.text, Self.isName(field) else { throw fault("a field needs a \"name\" that is one", here) }
            guard seen.insert(field).inserted else { throw fault("field \(field) is there twice", here) }
            guard let inner = item["type"] else { throw fault("\"type\" is missing", here) }
            let aliases = try strings(item, "aliases", here, required: false)
            for alias in aliases where !Self.isName(alias) { throw fault("alias \(JSON.quoted(alias)) is no name", here) }
            let type = try type(inner, namespace: name.namespace, path: here + [.name("type")], depth: depth + 1)
            fields.append(.init(name: field, aliases: aliases, type: type, defaultValue: nil, defaultJSON: item["default"]))
        }
        schema.types[id].kind = .record(.init(name: name, aliases: aliases, fields: fields))
        return id
    }
}

extension LogicalType {
    /// The logical type of a schema's object, or nil when there is none that fits: readers ignore such ones.
    init?(_ json: JSON, of kind: Schema.Kind) {
        func whole(_ key: String) -> Int? {
            guard case .number(let digits)? = json[key] else { return nil }
            return Int(digits)
        }
        var size: Int?
        if case .fixed(let fixed) = kind { size = fixed.size }
        switch (json["logicalType"]?.text, kind.word) {
        case ("decimal", "bytes"), ("decimal", "fixed"):
            let scale = json["scale"] == nil ? 0 : whole("scale")
            guard let precision = whole("precision"), let scale, precision > 0, 0...precision ~= scale else { return nil }
            // A fixed of n bytes holds floor(log10(2^(8n - 1) - 1)) digits.
            if let size, precision > Int(Double(8 * size - 1) * 0.301_029_995_663_981_2) { return nil }
            self = .decimal(precision: precision, scale: scale)
        case ("uuid", "string"): self = .uuid
        case ("uuid", "fixed"):
            guard size == 16 else { return nil }
            self = .uuid
        case ("duration", "fixed"):
            guard size == 12 else { return nil }
            self = .duration
        case ("date", "int"): self = .date
        case ("time-millis", "int"): self = .timeMillis
        case ("time-micros", "long"): self = .timeMicros
        case ("timestamp-millis", "long"): self = .timestampMillis
        case ("timestamp-micros", "long"): self = .timestampMicros
        case ("timestamp-nanos", "long"): self = .timestampNanos
        case ("local-timestamp-millis", "long"): self = .localTimestampMillis
        case ("local-timestamp-micros", "long"): self = .localTimestampMicros
        case ("local-timestamp-nanos", "long"): self = .localTimestampNanos
        default: return nil
        }
    }
}
