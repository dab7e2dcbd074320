import CSimdJSON
import Glibc

/// How events are lined up in a package.
public enum PackageFormat: Sendable {
    /// One JSON array.
    case array
    /// NDJSON: a JSON text a line, LF or CR LF; blank lines count for nothing.
    case lines
}

/// A list of JSON texts, parsed and checked for everything that refuses it as a whole. Its memory is used again.
///
/// simdjson judges the syntax and UTF-8; what it takes but PostgreSQL or another reader would not (a key twice, `\u0000`,
/// halves of surrogate pairs, numbers that become zero) is found here, in one pass over the tape. When simdjson refuses a
/// text, `JSONSyntax` reads it again, slowly, to say why and where.
final class JSONDocument {
    /// An element of the list: its place on the tape and its bytes in the text.
    struct Element: BitwiseCopyable {
        var place: UInt32
        var begin: UInt32
        var end: UInt32
    }

    struct Key: BitwiseCopyable {
        var place: UInt32
        /// Equal for equal keys.
        var print: UInt64
    }

    private let parser: OpaquePointer
    private var parsed = csj_document()
    /// A `[`, the text, a `]` and padding: lines become the elements of an array.
    private var text = Buffer<UInt8>(capacity: 4096)
    private var offsets = Buffer<UInt32>(capacity: 1024)
    private var source = UnsafeRawBufferPointer(start: nil, count: 0)
    var elements = Buffer<Element>()
    var keys = Buffer<Key>()
    /// For each open container how many keys stand before it.
    var open = Buffer<UInt32>()
    var table = KeyTable()
    /// The first fault of the text.
    private var fault: Refusal?

    /// What texts up to this size take is kept.
    private static let usual = 1 << 20
    private var isLarge = false
    private static let padding = csj_padding()

    init() {
        guard let parser = csj_new() else { fatalError("out of memory") }
        self.parser = parser
    }

    deinit { csj_free(parser) }

    /// Valid while the text given to `load` is, and until the next.
    var tape: JSONTape {
        JSONTape(
            words: parsed.tape, strings: parsed.strings, offsets: UnsafePointer(offsets.base),
            source: source.baseAddress!.assumingMemoryBound(to: UInt8.self), sourceCount: source.count)
    }

    /// - Throws: the first fault of the text; `elements` and `tape` are then of no use.
    func load(_ body: UnsafeRawBufferPointer, format: PackageFormat, limits: PackageLimits) throws(Refusal) {
        do throws(Refusal) { try read(body, format: format, limits: limits) } catch {
            var error = error
            if format == .lines, let position = error.position { error.line = 1 + body[..<position].count { $0 == 0x0A } }
            throw error
        }
    }

    private func read(_ body: UnsafeRawBufferPointer, format: PackageFormat, limits: PackageLimits) throws(Refusal) {
        source = body
        elements.count = 0
        fault = nil
        guard let start = body.baseAddress?.assumingMemoryBound(to: UInt8.self), !body.isEmpty else { throw .empty() }
        guard body.count <= limits.bodyBytes, body.count < 1 << 31 else { throw .bodyTooLarge(limits.bodyBytes) }
        if start[0] == 0xEF, body.count >= 3, start[1] == 0xBB, start[2] == 0xBF {
            throw .bad("byte_order_mark", "the body begins with a byte order mark", at: 0)
        }
        if body.count > Self.usual { isLarge = true }
        text.count = 0
        text.append(UInt8(ascii: "["))
        text.append(start, body.count)
        let separators = format == .lines ? try joinLines(body.count) : 0
        text.append(UInt8(ascii: "]"))
        text.reserve(text.count + Self.padding)
        (text.base + text.count).update(repeating: 0x20, count: Self.padding)
        let depth = limits.depth + 1
        if !parse(body.count, format, depth: depth) {
            var syntax = JSONSyntax(start, body.count, limits: limits)
            let large = try syntax.check(format)
            // What it cannot fault may hold integers of more than 64 bits, which simdjson does not take.
            guard !large.isEmpty else { throw .malformed("the text cannot be read", at: nil) }
            for number in large { shorten(number) }
            guard parse(body.count, format, depth: depth) else { throw .malformed("the text cannot be read", at: nil) }
        }
        try index(format, separators: separators, limits: limits)
        if let fault { throw fault }
        if elements.count == 0 { throw .empty() }
    }

    /// Keeps the fault that stands first.
    func note(_ found: Refusal) {
        if let fault, (fault.position ?? 0) <= (found.position ?? 0) { return }
        fault = found
    }

    /// Gives back what a large text took; elements and tape are gone then.
    func shrink() {
        if !isLarge { return }
        csj_shrink(parser)
        text.shrink(to: Self.usual)
        offsets.shrink(to: Self.usual)
        elements.shrink(to: 1 << 14)
        keys.shrink(to: 1 << 14)
        table.shrink()
        isLarge = false
    }

    private func parse(_ count: Int, _ format: PackageFormat, depth: Int) -> Bool {
        let (begin, length) = format == .lines ? (0, count + 2) : (1, count)
        // simdjson's own limit only has to be above ours, which gives the position.
        let code = csj_parse(parser, text.base + begin, length, depth + 2, &parsed)
        if code == csj_no_memory { fatalError("out of memory") }
        return code == csj_ok
    }

    /// Makes a comma of the line feed between two lines that are not blank, as many as are returned.
    private func joinLines(_ count: Int) throws(Refusal) -> Int {
        let body = text.base + 1
        var lineFeed: Int?
        var hasLine = false
        var separators = 0
        var index = 0
        while index < count {
            let hit = memchr(body + index, 0x0A, count - index)
            let end = hit.map { UnsafeRawPointer($0) - UnsafeRawPointer(body) } ?? count
            while index < end, isBlank(body[index]) { index += 1 }
            if index < end {
                if hasLine, let lineFeed {
                    body[lineFeed] = UInt8(ascii: ",")
                    separators += 1
                }
                hasLine = true
                lineFeed = end
            }
            index = end + 1
        }
        if !hasLine { throw .empty() }
        return separators
    }

    /// Writes an integer of more than 64 bits (20 characters or more) as a double of no more characters, blanks behind it.
    private func shorten(_ number: Range<Int>) {
        let at = text.base + 1 + number.lowerBound
        let digits = UnsafeBufferPointer(start: UnsafePointer(at), count: number.count)
        let value = JSONNumber.double(digits)
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { written in
            // 17 significant digits always read back the same: `-1.2345678901234567e+45` becomes `-12345678901234567e29`.
            withVaList([value]) { _ = vsnprintf(written.baseAddress!, 32, "%.16e", $0) }
            var from = 0
            var to = 0
            while written[from] != CChar(bitPattern: UInt8(ascii: "e")) {
                if written[from] != CChar(bitPattern: UInt8(ascii: ".")) {
                    at[to] = UInt8(bitPattern: written[from])
                    to += 1
                }
                from += 1
            }
            var exponent = atoi(written.baseAddress! + from + 1) - 16
            let exponentDigits = exponent < 10 ? 1 : exponent < 100 ? 2 : 3
            at[to] = UInt8(ascii: "e")
            for index in stride(from: exponentDigits, to: 0, by: -1) {
                at[to + index] = 0x30 + UInt8(exponent % 10)
                exponent /= 10
            }
            for index in (to + 1 + exponentDigits)..<number.count { at[index] = 0x20 }
        }
    }

    // MARK: the pass over the tape

    private func index(_ format: PackageFormat, separators: Int, limits: PackageLimits) throws(Refusal) {
        let shift: UInt32 = format == .lines ? 1 : 0
        let text = UnsafePointer(self.text.base) + (format == .lines ? 0 : 1)
        let body = source.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let words = parsed.tape!
        let structurals = parsed.structurals!
        let last = Int(words[0] & 0xFFFF_FFFF) - 1
        offsets.reserve(last + 1)
        let offsets = self.offsets.base
        let strings = parsed.strings!
        if UInt8(truncatingIfNeeded: words[1] >> 56) != Tag.array {
            throw .bad("not_an_array", "the body is one JSON value, but no array", at: Int(structurals[0]))
        }
        keys.count = 0
        open.count = 0
        var place = 1
        var token = 0
        var found = 0
        while place < last {
            let word = words[place]
            let at = structurals[token]
            offsets[place] = at &- shift
            token &+= 1
            let next = text[Int(structurals[token])]
            let tag = UInt8(truncatingIfNeeded: word >> 56)
            if tag == Tag.string, next == UInt8(ascii: ":") {
                let begin = strings + Int(truncatingIfNeeded: word & 0x00FF_FFFF_FFFF_FFFF)
                keys.append(Key(place: UInt32(truncatingIfNeeded: place), print: KeyTable.print(begin)))
                token &+= 1
                place &+= 1
                continue
            }
            if open.count == 1, tag != Tag.arrayEnd {
                if elements.count == limits.events { throw firstOf(.tooManyEvents(limits.events, at: Int(at &- shift))) }
                elements.append(Element(place: UInt32(truncatingIfNeeded: place), begin: at &- shift, end: 0))
            }
            switch tag {
            case Tag.object, Tag.array:
                if open.count > limits.depth { note(.tooDeep(limits.depth, at: Int(at &- shift))) }
                open.append(UInt32(truncatingIfNeeded: keys.count))
                place &+= 1
                continue
            case Tag.objectEnd, Tag.arrayEnd:
                open.count &-= 1
                if tag == Tag.objectEnd { closeObject(strings, words, offsets) }
                place &+= 1
            case Tag.double:
                if words[place &+ 1] &<< 1 == 0 { checkZero(Int(at &- shift)) }
                place &+= 2
            case Tag.int64, Tag.uint64: place &+= 2
            default: place &+= 1
            }
            // Behind a value: a comma or an end.
            if open.count == 1 {
                let separator = structurals[token]
                // By the source: a number that was shortened has blanks behind it that are not the sender's.
                var end = Int(separator &- shift)
                while isBlank(body[end &- 1]) { end &-= 1 }
                let index = elements.count &- 1
                elements.base[index].end = UInt32(truncatingIfNeeded: end)
                let bytes = end &- Int(elements.base[index].begin)
                if bytes > limits.eventBytes { note(.eventTooLarge(limits.eventBytes, at: Int(elements.base[index].begin))) }
                if next == UInt8(ascii: ","), shift == 1 {
                    found &+= 1
                    if body[Int(separator &- shift)] != 0x0A { throw try notLines(limits) }
                }
            }
            if next == UInt8(ascii: ",") { token &+= 1 }
        }
        // Line feeds that became commas within a string, an array or an object.
        if found != separators { throw try notLines(limits) }
        if csj_has_unicode_escape(body, source.count) != 0 { checkEscapes(body, source.count) }
    }

    private func firstOf(_ found: Refusal) -> Refusal {
        note(found)
        return fault ?? found
    }

    /// Why lines that are an array when they are joined by commas are no JSON texts each.
    private func notLines(_ limits: PackageLimits) throws(Refusal) -> Refusal {
        var syntax = JSONSyntax(source.baseAddress!.assumingMemoryBound(to: UInt8.self), source.count, limits: limits)
        _ = try syntax.check(.lines)
        return .malformed("a line is not one JSON text", at: nil)
    }

    /// A double that is zero, though not every digit is.
    private func checkZero(_ begin: Int) {
        let body = source.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let number = UnsafeBufferPointer(start: body + begin, count: JSONNumber.end(body, begin, source.count) - begin)
        if JSONNumber.isNonZero(number) { note(.outOfRange(at: begin)) }
    }

    /// In a text that is JSON: each backslash begins an escape.
    private func checkEscapes(_ text: UnsafePointer<UInt8>, _ count: Int) {
        var index = 0
        func unit(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 4 | JSONSyntax.hexDigit(text[at + $1]) } }
        while index < count, let hit = memchr(text + index, Int32(UInt8(ascii: "\\")), count - index) {
            let at = UnsafeRawPointer(hit) - UnsafeRawPointer(text)
            index = at + 2
            if text[at + 1] != UInt8(ascii: "u") { continue }
            index = at + 6
            let high = unit(at + 2)
            if high == 0 { return note(.nul(at: at)) }
            if high & 0xF800 != 0xD800 { continue }
            let isPair = high < 0xDC00 && text[index] == UInt8(ascii: "\\") && text[index + 1] == UInt8(ascii: "u")
            guard isPair, unit(index + 2) & 0xFC00 == 0xDC00 else { return note(.loneSurrogate(at: at)) }
            index += 6
        }
    }

    /// Looks for a key that stands twice in the object that closes.
    @inline(__always)
    private func closeObject(
        _ strings: UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>, _ offsets: UnsafeMutablePointer<UInt32>
    ) {
        let first = Int(open.base[open.count])
        let own = UnsafeBufferPointer(start: UnsafePointer(keys.base + first), count: keys.count &- first)
        if let twice = table.repeated(own, strings, words) { note(.duplicateKey(at: Int(offsets[Int(twice)]))) }
        keys.count = first
    }
}
