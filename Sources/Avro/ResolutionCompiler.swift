/// Pairs the writer's types with the reader's, each pair once: recursive schemas come back to a step that has its place.
struct ResolutionCompiler {
    private struct Pair: Hashable {
        let writer, reader: Schema.ID
    }

    let writer: Schema
    let reader: Schema
    var steps: [Resolution.Step] = []
    var incompatibilities: [Resolution.Incompatibility] = []
    private var known: [Pair: Int] = [:]

    init(writer: Schema, reader: Schema) {
        self.writer = writer
        self.reader = reader
    }

    /// The position of the step for a pair. Recursion ends: pairs are finite, and each named one is gone into once.
    mutating func step(_ from: Schema.ID, _ to: Schema.ID, _ path: [AvroError.Step]) -> Int {
        let pair = Pair(writer: from, reader: to)
        if let position = known[pair] { return position }
        let position = add(.unknown)
        known[pair] = position
        steps[position] = resolve(from, to, path)
        return position
    }

    private mutating func add(_ step: Resolution.Step) -> Int {
        steps.append(step)
        return steps.count - 1
    }

    private mutating func note(_ message: String, _ path: [AvroError.Step]) -> Resolution.Incompatibility {
        let text = AvroError.text(path).replacing("[\"\"]", with: "[]").replacing("[-1]", with: "[]")
        let found = Resolution.Incompatibility(path: text, message: message)
        if !incompatibilities.contains(found) { incompatibilities.append(found) }
        return found
    }

    private mutating func resolve(_ from: Schema.ID, _ to: Schema.ID, _ path: [AvroError.Step]) -> Resolution.Step {
        if case .union(let branches) = writer[from].kind { return .branches(branches.map { step($0, to, path) }) }
        if case .union(let branches) = reader[to].kind {
            guard let index = branch(from, of: branches) else {
                return .fails(note("the reader's union has no branch for \(writer.label(from))", path))
            }
            return .wrap(index, step(from, branches[index], path))
        }
        switch (writer[from].kind, reader[to].kind) {
        case (.null, .null): return .null
        case (.boolean, .boolean): return .boolean
        case (.int, .int): return .int
        case (.long, .long): return .long
        case (.float, .float): return .float
        case (.double, .double): return .double
        case (.bytes, .bytes): return .bytes
        case (.string, .string): return .string
        case (.int, .long): return .intToLong
        case (.int, .float): return .intToFloat
        case (.int, .double): return .intToDouble
        case (.long, .float): return .longToFloat
        case (.long, .double): return .longToDouble
        case (.float, .double): return .floatToDouble
        case (.string, .bytes): return .stringToBytes
        case (.bytes, .string): return .bytesToString
        case (.array(let mine), .array(let theirs)):
            return .array(step(mine, theirs, path + [.index(-1)]), leastBytes: writer.leastBytes[mine])
        case (.map(let mine), .map(let theirs)):
            return .map(step(mine, theirs, path + [.key("")]), leastBytes: writer.leastBytes[mine])
        case (.fixed(let mine), .fixed(let theirs)) where sameName(from, to):
            if mine.size == theirs.size { return .fixed(mine.size) }
            return .fails(note("fixed \(theirs.name) has \(theirs.size) bytes, the writer's has \(mine.size)", path))
        case (.enumeration(let mine), .enumeration(let theirs)) where sameName(from, to):
            let map = mine.symbols.map { theirs.symbols.firstIndex(of: $0) ?? theirs.defaultIndex ?? -1 }
            let lost = zip(mine.symbols, map).filter { $0.1 < 0 }.map(\.0)
            if !lost.isEmpty { _ = note("enum \(theirs.name) lacks \(lost.joined(separator: ", ")) and has no default", path) }
            return .enumeration(map)
        case (.record(let mine), .record(let theirs)) where sameName(from, to): return record(mine, theirs, path)
        default: return .fails(note("\(reader.label(to)) cannot read \(writer.label(from))", path))
        }
    }

    private mutating func record(_ mine: Schema.Record, _ theirs: Schema.Record, _ path: [AvroError.Step]) -> Resolution.Step {
        // The writer's field for each of the reader's: by its name first, then by its aliases.
        var sources: [Int: Int] = [:]
        var missing: Resolution.Incompatibility?
        var made = Resolution.RecordStep()
        for (target, field) in theirs.fields.enumerated() {
            let names = [field.name] + field.aliases
            let source = names.lazy.compactMap { name in mine.fields.firstIndex { $0.name == name } }.first { sources[$0] == nil }
            made.initial.append(field.defaultValue ?? .null)
            if let source {
                sources[source] = target
            } else if field.defaultValue == nil {
                let found = note("the reader's field has no default and the writer does not write it", path + [.name(field.name)])
                missing = missing ?? found
            }
        }
        for (source, field) in mine.fields.enumerated() {
            guard let target = sources[source] else {
                made.fields.append(.init(name: field.name, writer: field.type, target: nil, step: 0))
                continue
            }
            let name = theirs.fields[target].name
            let inner = step(field.type, theirs.fields[target].type, path + [.name(name)])
            made.fields.append(.init(name: name, writer: field.type, target: target, step: inner))
        }
        return missing.map { .fails($0) } ?? .record(made)
    }

    // MARK: matching

    /// Whether two named types have the same unqualified name, or one of the reader's aliases is the writer's.
    private func sameName(_ from: Schema.ID, _ to: Schema.ID) -> Bool {
        guard let mine = writer.names(from)?.name, let theirs = reader.names(to) else { return true }
        return mine.simple == theirs.name.simple || theirs.aliases.contains(mine)
    }

    /// The branch of a reader's union that a writer's type, no union itself, is read as.
    private func branch(_ from: Schema.ID, of branches: [Schema.ID]) -> Int? {
        let name = writer.names(from)?.name
        let alike = branches.indices.filter { reader[branches[$0]].kind.word == writer[from].kind.word }
        return alike.first { reader.names(branches[$0])?.name == name }
            ?? alike.first { sameName(from, branches[$0]) }
            ?? branches.indices.first { promotes(from, branches[$0]) }
    }

    private func promotes(_ from: Schema.ID, _ to: Schema.ID) -> Bool {
        switch (writer[from].kind, reader[to].kind) {
        case (.int, .long), (.int, .float), (.int, .double), (.long, .float), (.long, .double), (.float, .double): true
        case (.string, .bytes), (.bytes, .string): true
        default: false
        }
    }
}
