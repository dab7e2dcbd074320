/// A strict scanner of one JSON text (RFC 8259) over bytes. It builds nothing and does not recurse; whether bytes above
/// 0x7f are UTF-8 is not its business (outside strings they are no JSON).
struct JSONScanner: ~Copyable {
    enum Outcome: Equatable {
        /// A value ends before this byte. The defect is one that leaves the syntax whole: the first of `nulByte`,
        /// `jsonEscape`, `jsonNumber`, `duplicateKey`.
        case value(count: Int, defect: Defect?)
        /// The bytes end inside a value, or where a number may go on.
        case incomplete
        /// No JSON (`invalidJSON`), or a limit is passed (`jsonDepth`, `jsonElements`): whichever comes first.
        case broken(Defect)
    }

    private enum Expect { case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd }

    private let maxDepth: Int
    private let maxElements: Int
    /// For each open container whether it is an object.
    private let isObject: UnsafeMutablePointer<Bool>
    private var keys = KeyTable()
    var soft: Defect?
    var scanned: Int64 = 0

    static let maxDigits = 400
    static let maxExponent = 308

    init(maxDepth: Int, maxElements: Int) {
        self.maxDepth = maxDepth
        self.maxElements = maxElements
        isObject = .allocate(capacity: maxDepth + 1)
    }

    deinit { isObject.deallocate() }

    var bufferedBytes: Int { keys.bufferedBytes }

    /// Scans a value at `text`, blanks before it allowed.
    /// - Parameter final: nothing follows the `count` bytes, so what is incomplete is broken and a number may end there.
    mutating func scan(_ text: UnsafePointer<UInt8>, _ count: Int, final: Bool) -> Outcome {
        soft = nil
        keys.reset()
        let (end, stop) = walk(text, count, final: final)
        scanned += Int64(end)
        switch stop {
        case .done: return .value(count: end, defect: soft)
        case .short: return final ? .broken(.invalidJSON) : .incomplete
        case .fault(let defect): return .broken(defect)
        }
    }

    enum Stop {
        case done, short
        case fault(Defect)
    }

    private mutating func walk(_ text: UnsafePointer<UInt8>, _ count: Int, final: Bool) -> (Int, Stop) {
        var index = 0
        var depth = 0
        var elements = 0
        var expect = Expect.value
        while true {
            while index < count, isBlank(text[index]) { index &+= 1 }
            if index == count { return (index, .short) }
            let byte = text[index]
            switch expect {
            case .colon:
                if byte != Byte.colon { return (index, .fault(.invalidJSON)) }
                index &+= 1
                expect = .value
                continue
            case .key, .keyOrEnd:
                if byte == Byte.quote {
                    elements &+= 1
                    if elements > maxElements { return (index, .fault(.jsonElements)) }
                    var escaped = false
                    let begin = index &+ 1
                    if let stop = string(text, count, &index, &escaped) { return (index, stop) }
                    if keys.add(text, begin, index &- 1, escaped: escaped) { note(.duplicateKey) }
                    // The usual `":` without blanks.
                    if index < count, text[index] == Byte.colon {
                        index &+= 1
                        expect = .value
                    } else {
                        expect = .colon
                    }
                    continue
                }
                if byte != Byte.closeBrace || expect == .key { return (index, .fault(.invalidJSON)) }
                index &+= 1
            case .commaOrEnd:
                let inObject = isObject[depth &- 1]
                if byte == Byte.comma {
                    index &+= 1
                    expect = inObject ? .key : .value
                    continue
                }
                if byte != (inObject ? Byte.closeBrace : Byte.closeBracket) { return (index, .fault(.invalidJSON)) }
                index &+= 1
            case .value, .valueOrEnd:
                if byte == Byte.closeBracket, expect == .valueOrEnd {
                    index &+= 1
                    break
                }
                if depth > 0, !isObject[depth &- 1] {
                    elements &+= 1
                    if elements > maxElements { return (index, .fault(.jsonElements)) }
                }
                switch byte {
                case Byte.quote:
                    var escaped = false
                    if let stop = string(text, count, &index, &escaped) { return (index, stop) }
                case Byte.openBrace, Byte.openBracket:
                    if depth == maxDepth { return (index, .fault(.jsonDepth)) }
                    let object = byte == Byte.openBrace
                    isObject[depth] = object
                    depth &+= 1
                    index &+= 1
                    if object { keys.open() }
                    expect = object ? .keyOrEnd : .valueOrEnd
                    continue
                default:
                    if let stop = scalar(text, count, &index, final: final) { return (index, stop) }
                }
                if depth == 0 { return (index, .done) }
                expect = .commaOrEnd
                continue
            }
            // A container was closed.
            depth &-= 1
            if isObject[depth], keys.close(text) { note(.duplicateKey) }
            if depth == 0 { return (index, .done) }
            expect = .commaOrEnd
        }
    }

    /// The first defect that leaves the syntax whole counts.
    @inline(__always)
    mutating func note(_ defect: Defect) {
        if soft == nil { soft = defect }
    }

    /// A number or literal. Nil when it is passed.
    private mutating func scalar(
        _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int, final: Bool
    ) -> Stop? {
        switch text[index] {
        case UInt8(ascii: "t"): return literal("true", text, count, &index)
        case UInt8(ascii: "f"): return literal("false", text, count, &index)
        case UInt8(ascii: "n"): return literal("null", text, count, &index)
        case Byte.minus, 0x30...0x39: return number(text, count, &index, final: final)
        default: return .fault(.invalidJSON)
        }
    }

    private func literal(
        _ word: StaticString, _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int
    ) -> Stop? {
        for offset in 0..<word.utf8CodeUnitCount {
            if index == count { return .short }
            if text[index] != word.utf8Start[offset] { return .fault(.invalidJSON) }
            index &+= 1
        }
        return nil
    }

    private mutating func number(
        _ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int, final: Bool
    ) -> Stop? {
        if text[index] == Byte.minus { index &+= 1 }
        var digits = 0
        if index < count, text[index] == 0x30 {
            index &+= 1
            digits = 1
        } else {
            digits = Self.digits(text, count, &index)
            if digits == 0 { return index == count ? .short : .fault(.invalidJSON) }
        }
        if index < count, text[index] == 0x2e {
            index &+= 1
            let more = Self.digits(text, count, &index)
            if more == 0 { return index == count ? .short : .fault(.invalidJSON) }
            digits &+= more
        }
        var exponent = 0
        if index < count, text[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < count, text[index] == Byte.minus || text[index] == 0x2b { index &+= 1 }
            let begin = index
            let more = Self.digits(text, count, &index)
            if more == 0 { return index == count ? .short : .fault(.invalidJSON) }
            digits &+= more
            for position in begin..<index where exponent <= Self.maxExponent {
                exponent = exponent &* 10 &+ Int(text[position] &- 0x30)
            }
        }
        // More digits may follow what is buffered.
        if index == count, !final { return .short }
        if digits > Self.maxDigits || exponent > Self.maxExponent { note(.jsonNumber) }
        return nil
    }

    @inline(__always)
    private static func digits(_ text: UnsafePointer<UInt8>, _ count: Int, _ index: inout Int) -> Int {
        let begin = index
        while index < count, text[index] &- 0x30 < 10 { index &+= 1 }
        return index &- begin
    }
}
