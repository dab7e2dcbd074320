import Glibc

// The envelope: stamps go by the names and in the forms that PHP's Messenger component and its bridges give them.
extension EventEncoder {
    private static var prefix: StaticString { "X-Message-Stamp-" }

    /// The field of a stamp by its class's name with prefix: `X-Message-Stamp-Any\Space\TimestampStamp` is
    /// `timestampStamp`. -1 for none.
    func stampField(
        _ program: EventProgram, _ node: EventProgram.Node, _ key: UnsafePointer<UInt8>, _ count: Int
    ) -> Int {
        let prefix = Self.prefix
        guard count > prefix.utf8CodeUnitCount, memcmp(key, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0 else { return -1 }
        var begin = count
        while begin > prefix.utf8CodeUnitCount, key[begin - 1] != UInt8(ascii: "\\") { begin -= 1 }
        guard begin < count, 0x41...0x5A ~= key[begin] else { return -1 }
        let length = count - begin
        for index in 0..<Int(node.count) {
            let field = program.fields[Int(node.first) &+ index]
            guard field.stamp != .no, Int(field.name.count) == length else { continue }
            let name = program.bytes + Int(field.name.begin)
            if name[0] == key[begin] | 0x20, memcmp(name + 1, key + begin + 1, length - 1) == 0 { return index }
        }
        return -1
    }

    /// Writes a stamp in any of its forms.
    func stamp(_ program: EventProgram, _ field: EventProgram.Field, _ place: Int, _ tape: JSONTape) throws(EventFault) {
        var node = field.node
        if program.nodes[Int(node)].kind == .optional {
            output.appendLong(Int64(program.nodes[Int(node)].count))
            node = program.nodes[Int(node)].first
        }
        switch field.stamp {
        case .record:
            if tape.tag(place) != Tag.string { return try value(program, node, place, tape) }
            let element = try list(place, tape)
            try value(program, node, element, inner.tape)
        case .string where field.inner.count > 0:
            if tape.tag(place) == Tag.object { return try unwrap(program, field, node, place, tape) }
            guard tape.tag(place) == Tag.string, beginsList(place, tape) else { return try value(program, node, place, tape) }
            let element = try list(place, tape)
            try unwrap(program, field, node, element, inner.tape)
        default: try value(program, node, place, tape)
        }
    }

    /// The one member of an object around a string stamp.
    private func unwrap(
        _ program: EventProgram, _ field: EventProgram.Field, _ node: Int32, _ place: Int, _ tape: JSONTape
    ) throws(EventFault) {
        var at = place + 1
        var found = 0
        while at < tape.end(place) {
            let (bytes, count) = tape.string(at)
            guard isCalled(program, field.inner, bytes, count) else {
                let name = String(decoding: UnsafeBufferPointer(start: bytes, count: min(count, 256)), as: UTF8.self)
                throw EventFault("unknown_field", "only \"\(program.string(field.inner))\" was expected").within(name)
            }
            found = at + 1
            at = tape.after(at + 1)
        }
        if found == 0 { throw EventFault("missing_field", "the field is missing").within(program.string(field.inner)) }
        do throws(EventFault) { try value(program, node, found, tape) } catch { throw error.within(program.string(field.inner)) }
    }

    private func beginsList(_ place: Int, _ tape: JSONTape) -> Bool {
        let (bytes, count) = tape.string(place)
        var index = 0
        while index < count, isBlank(bytes[index]) { index += 1 }
        return index < count && bytes[index] == UInt8(ascii: "[")
    }

    /// The only element, an object, of the list that a string holds; its place is on `inner.tape`.
    private func list(_ place: Int, _ tape: JSONTape) throws(EventFault) -> Int {
        let (bytes, count) = tape.string(place)
        let expected = "a JSON list of one object was expected"
        do throws(Refusal) {
            try inner.load(UnsafeRawBufferPointer(start: bytes, count: count), format: .array, limits: limits)
        } catch {
            let position = error.position.map { " at byte \($0) of the text" } ?? ""
            let reason = error.code == "empty_package" ? "it is empty" : error.detail
            throw EventFault("malformed_stamp", "\(expected), \(tape.found(place)) was found: \(reason)\(position)")
        }
        guard inner.elements.count == 1 else {
            throw EventFault("malformed_stamp", "\(expected), a list of \(inner.elements.count) elements was found")
        }
        let element = Int(inner.elements.base[0].place)
        guard inner.tape.tag(element) == Tag.object else {
            throw EventFault("malformed_stamp", "\(expected), \(inner.tape.found(element)) was found in the list")
        }
        return element
    }
}
