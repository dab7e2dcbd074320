import Glibc

/// Checks one event after the other against a schema and writes its Avro encoding, in one walk over the tape.
///
/// It recurses by the schema and the event's depth, which the document's limit bounds. Memory is used again.
final class EventEncoder {
    var output = Buffer<UInt8>(capacity: 16 << 10)
    /// For each field of the records that are open the place of its value, 0 when it is not there.
    private var slots = Buffer<UInt32>(capacity: 256)
    /// The text within a string.
    let inner = JSONDocument()
    let limits: PackageLimits
    /// How often a union's branches may be tried out in one event: nested ones multiply.
    private var triesLeft = 0
    private static let mostTries = 10_000

    init(limits: PackageLimits) {
        self.limits = limits
    }

    /// Writes the encoding of the event at `place`; after a fault `output` holds a part of it.
    func event(_ program: EventProgram, _ place: Int, _ tape: JSONTape) throws(EventFault) {
        guard tape.tag(place) == Tag.object else {
            throw EventFault("not_an_object", "an event is an object, \(tape.found(place)) was found")
        }
        slots.count = 0
        triesLeft = Self.mostTries
        try record(program, program.nodes[Int(program.root)], place, tape)
    }

    private func wrong(_ expected: String, _ place: Int, _ tape: JSONTape) -> EventFault {
        EventFault("wrong_type", "\(expected) was expected, \(tape.found(place)) was found")
    }

    private func outOfRange(_ expected: String, _ place: Int, _ tape: JSONTape) -> EventFault {
        EventFault("out_of_range", "\(expected) was expected, \(tape.found(place)) was found")
    }

    func value(_ program: EventProgram, _ index: Int32, _ place: Int, _ tape: JSONTape) throws(EventFault) {
        let node = program.nodes[Int(index)]
        let tag = tape.tag(place)
        switch node.kind {
        case .string:
            guard tag == Tag.string else { throw wrong("a string", place, tape) }
            let (bytes, count) = tape.string(place)
            output.appendLong(Int64(count))
            output.append(bytes, count)
        case .optional:
            if tag == Tag.null { return output.appendLong(Int64(1 &- node.count)) }
            output.appendLong(Int64(node.count))
            try value(program, node.first, place, tape)
        case .record:
            guard tag == Tag.object else { throw wrong("an object", place, tape) }
            try record(program, node, place, tape)
        case .double: output.appendRaw(try number(place, tape).bitPattern.littleEndian)
        case .float:
            let value = Float(try number(place, tape))
            guard value.isFinite else { throw outOfRange("a number of 32 bits", place, tape) }
            output.appendRaw(value.bitPattern.littleEndian)
        case .long: output.appendLong(try integer(place, tape, "an integer of 64 bits", .min ... .max))
        case .int: output.appendLong(try integer(place, tape, "an integer of 32 bits", Int64(Int32.min)...Int64(Int32.max)))
        case .decimal: try decimal(Int(node.first), place, tape)
        case .boolean:
            guard tag == Tag.yes || tag == Tag.no else { throw wrong("true or false", place, tape) }
            output.append(tag == Tag.yes ? 1 : 0)
        case .null:
            guard tag == Tag.null else { throw wrong("null", place, tape) }
        case .enumeration: try enumeration(program, node, place, tape)
        case .array:
            guard tag == Tag.array else { throw wrong("an array", place, tape) }
            try array(program, node, place, tape)
        case .map:
            guard tag == Tag.object else { throw wrong("an object", place, tape) }
            try map(program, node, place, tape)
        case .union: try union(program, node, place, tape)
        }
    }

    // MARK: records

    private func record(
        _ program: EventProgram, _ node: EventProgram.Node, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        let fields = program.fields + Int(node.first)
        let count = Int(node.count)
        let base = slots.count
        slots.reserve(base &+ count)
        (slots.base + base).update(repeating: 0, count: count)
        slots.count = base &+ count
        defer { slots.count = base }

        // Fields usually come in the schema's order, hence the guess.
        var guess = 0
        var at = place &+ 1
        let end = tape.end(place)
        while at < end {
            let field = find(program, node, fields, tape, at, guess)
            if field < 0 { throw unknown(at, tape) }
            let first = Int(slots.base[base &+ field])
            if first != 0 { throw ambiguous(program, fields[field], first &- 1, at, tape) }
            slots.base[base &+ field] = UInt32(truncatingIfNeeded: at &+ 1)
            guess = field &+ 1
            at = tape.after(at &+ 1)
        }
        for index in 0..<count {
            let field = fields[index]
            let at = Int(slots.base[base &+ index])
            if at == 0 || (field.absent.count >= 0 && tape.tag(at) == Tag.null) {
                guard field.absent.count >= 0 else {
                    throw EventFault("missing_field", "the field is missing").within(program.string(field.name))
                }
                output.append(program.bytes + Int(field.absent.begin), Int(field.absent.count))
                continue
            }
            do throws(EventFault) {
                if field.stamp == .no {
                    try value(program, field.node, at, tape)
                } else {
                    try stamp(program, field, at, tape)
                }
            } catch {
                throw error.within(program.string(field.name), sent: text(at - 1, tape))
            }
        }
    }

    private func text(_ place: Int, _ tape: JSONTape) -> String {
        let (bytes, count) = tape.string(place)
        return String(decoding: UnsafeBufferPointer(start: bytes, count: min(count, 256)), as: UTF8.self)
    }

    private func unknown(_ key: Int, _ tape: JSONTape) -> EventFault {
        EventFault("unknown_field", "the schema has no such field").within(text(key, tape))
    }

    private func ambiguous(
        _ program: EventProgram, _ field: EventProgram.Field, _ first: Int, _ second: Int, _ tape: JSONTape
    ) -> EventFault {
        let names = [text(first, tape), text(second, tape)].map { EventFault.plain($0, most: 120) }
        return EventFault("ambiguous_field", "it was sent twice, as \"\(names[0])\" and as \"\(names[1])\"")
            .within(program.string(field.name))
    }

    /// The field that a key means, -1 for none.
    @inline(__always)
    private func find(
        _ program: EventProgram, _ node: EventProgram.Node, _ fields: UnsafePointer<EventProgram.Field>, _ tape: JSONTape,
        _ key: Int, _ guess: Int
    ) -> Int {
        let count = Int(node.count)
        let (bytes, length) = tape.string(key)
        if guess < count, isCalled(program, fields[guess].name, bytes, length) { return guess }
        for index in 0..<count where isCalled(program, fields[index].name, bytes, length) { return index }
        switch node.role {
        case .plain: return -1
        case .attributes: return stampField(program, node, bytes, length)
        case .event:
            guard length == 7, memcmp(bytes, "headers", 7) == 0 else { return -1 }
            let attributes: StaticString = "attributes"
            for index in 0..<count where isCalled(program, fields[index].name, attributes.utf8Start, 10) { return index }
            return -1
        }
    }

    @inline(__always)
    func isCalled(
        _ program: EventProgram, _ name: EventProgram.Text, _ bytes: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        Int(name.count) == count && memcmp(program.bytes + Int(name.begin), bytes, count) == 0
    }

    // MARK: numbers

    private func number(_ place: Int, _ tape: JSONTape) throws(EventFault) -> Double {
        switch tape.tag(place) {
        case Tag.double: return tape.double(place)
        case Tag.int64: return Double(tape.int64(place))
        case Tag.uint64: return Double(tape.uint64(place))
        default: throw wrong("a number", place, tape)
        }
    }

    private func integer(
        _ place: Int, _ tape: JSONTape, _ expected: String, _ range: ClosedRange<Int64>
    ) throws(EventFault) -> Int64 {
        if tape.tag(place) == Tag.int64 {
            let value = tape.int64(place)
            if range ~= value { return value }
        } else if let value = Int64(exactly: try exact(place, tape, expected)), range ~= value {
            return value
        }
        throw outOfRange(expected, place, tape)
    }

    /// An integer however it is written, `1.0` and `1e3`, too.
    private func exact(_ place: Int, _ tape: JSONTape, _ expected: @autoclosure () -> String) throws(EventFault) -> Int128 {
        switch tape.tag(place) {
        case Tag.int64: return Int128(tape.int64(place))
        case Tag.uint64: return Int128(tape.uint64(place))
        case Tag.double: break
        default: throw wrong(expected(), place, tape)
        }
        switch JSONNumber.exact(tape.number(place)) {
        case .integer(let value): return value
        case .fraction: throw wrong(expected(), place, tape)
        case .large: throw outOfRange(expected(), place, tape)
        }
    }

    /// The fewest bytes in two's complement, the highest first.
    private func decimal(_ digits: Int, _ place: Int, _ tape: JSONTape) throws(EventFault) {
        if tape.tag(place) == Tag.int64, digits >= 19 { return write(Int128(tape.int64(place))) }
        func expected() -> String { "an integer of at most \(digits) digits" }
        if tape.tag(place) == Tag.uint64, digits >= 20 { return write(Int128(tape.uint64(place))) }
        let value = try exact(place, tape, expected())
        var bound: Int128 = 1
        for _ in 0..<digits { bound *= 10 }
        guard -bound < value, value < bound else { throw outOfRange(expected(), place, tape) }
        write(value)
    }

    private func write(_ value: Int128) {
        var count = 1
        while count < 16, value >> (8 * count - 1) != 0, value >> (8 * count - 1) != -1 { count += 1 }
        output.appendLong(Int64(count))
        for index in (0..<count).reversed() { output.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }

    // MARK: other types

    private func enumeration(
        _ program: EventProgram, _ node: EventProgram.Node, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        if tape.tag(place) == Tag.string {
            let (bytes, count) = tape.string(place)
            for index in 0..<Int(node.count) where isCalled(program, program.texts[Int(node.first) + index], bytes, count) {
                return output.appendLong(Int64(index))
            }
        }
        let symbols = (0..<min(8, Int(node.count))).map { program.string(program.texts[Int(node.first) + $0]) }
        let more = Int(node.count) > symbols.count ? ", …" : ""
        throw wrong("one of \(EventFault.plain(symbols.joined(separator: ", "), most: 160))\(more)", place, tape)
    }

    private func array(
        _ program: EventProgram, _ node: EventProgram.Node, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        let count = tape.count(place)
        if count > 0 { output.appendLong(Int64(count)) }
        var at = place + 1
        for index in 0..<count {
            do throws(EventFault) { try value(program, node.first, at, tape) } catch { throw error.within("[\(index)]") }
            at = tape.after(at)
        }
        output.appendLong(0)
    }

    private func map(
        _ program: EventProgram, _ node: EventProgram.Node, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        let count = tape.count(place)
        if count > 0 { output.appendLong(Int64(count)) }
        var at = place + 1
        for _ in 0..<count {
            let (bytes, length) = tape.string(at)
            output.appendLong(Int64(length))
            output.append(bytes, length)
            do throws(EventFault) { try value(program, node.first, at + 1, tape) } catch { throw error.within(text(at, tape)) }
            at = tape.after(at + 1)
        }
        output.appendLong(0)
    }

    /// The first branch that fits.
    private func union(
        _ program: EventProgram, _ node: EventProgram.Node, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        let tag = tape.tag(place)
        let branches = program.branches + Int(node.first)
        let candidates = (0..<Int(node.count)).filter { program.nodes[Int(branches[$0])].kind.takes(tag) }
        let start = output.count
        for index in candidates {
            triesLeft -= 1
            if triesLeft < 0 { throw EventFault("wrong_type", "the unions are nested too deep to be tried out") }
            output.count = start
            output.appendLong(Int64(index))
            do throws(EventFault) { return try value(program, branches[index], place, tape) } catch {
                if candidates.count == 1 || triesLeft < 0 { throw error }
            }
        }
        throw wrong("one of the types of the union", place, tape)
    }
}

extension EventProgram.Kind {
    /// Whether a JSON value of this kind may be one of the type.
    fileprivate func takes(_ tag: UInt8) -> Bool {
        switch self {
        case .null: tag == Tag.null
        case .boolean: tag == Tag.yes || tag == Tag.no
        case .int, .long, .float, .double, .decimal: tag == Tag.int64 || tag == Tag.uint64 || tag == Tag.double
        case .string, .enumeration: tag == Tag.string
        case .array: tag == Tag.array
        case .map, .record: tag == Tag.object
        case .optional, .union: true
        }
    }
}
