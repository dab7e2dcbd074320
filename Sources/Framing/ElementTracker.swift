/// Finds where an element of a JSON array ends that the strict scanner did not pass: one that is broken, or above the
/// record limit. It goes forward only, a byte at a time, so its work is linear however broken the file.
///
/// The element ends
/// - outside its own brackets at a comma (`separator`) or at `]` (`arrayEnd`);
/// - before a `{` that begins a line where no value can stand: outside its brackets, or straight in an object and not
///   behind a colon (`nextElement`). A brace left out costs one element.
///
/// A closing bracket closes what it matches, and all that is open within; if nothing matches it is a byte like any other.
/// A string that is open at the end of a line is broken JSON: from there the brackets mean nothing, and the element ends
/// before the next `{` that begins a line (`nextElement`).
struct ElementTracker {
    enum End { case separator, arrayEnd, nextElement }

    /// The innermost 64 levels are typed, deeper ones only counted.
    private var depth = 0
    private var objects: UInt64 = 0
    private var insideString = false
    private var skipsOne = false
    private var beginsLine = false
    private var begun = false
    /// The last byte that is not blank; a string counts as its closing quote.
    private(set) var last: UInt8 = 0
    /// Brackets mean nothing any more.
    var lost = false
    var scanned: Int64 = 0

    /// Starts on another element.
    mutating func reset() {
        let scanned = scanned
        self = ElementTracker()
        self.scanned = scanned
    }

    /// Goes on over [from, to).
    /// - Returns: where the element ends (the index of the comma, `]` or `{`), nil when it goes on.
    mutating func feed(_ text: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> (index: Int, end: End)? {
        var index = from
        defer { scanned += Int64(index - from) }
        while index < to {
            if insideString {
                if skipsOne {
                    skipsOne = false
                    if text[index] != Byte.lf { index += 1 }
                }
                let begin = index
                index = text.findStringSpecial(index, to)
                keepLast(text, begin, index)
                if index == to { break }
                switch text[index] {
                case Byte.quote:
                    insideString = false
                    last = Byte.quote
                case Byte.backslash:
                    skipsOne = true
                    last = Byte.backslash
                case Byte.lf:
                    insideString = false
                    lost = true
                    beginsLine = true
                default: break
                }
                index += 1
                continue
            }
            let byte = text[index]
            switch byte {
            case Byte.lf: beginsLine = true
            case Byte.space, Byte.tab, Byte.cr: break
            default:
                if let end = see(byte) { return (index, end) }
                begun = true
                beginsLine = false
                last = byte
            }
            index += 1
        }
        return nil
    }

    /// The string may prove open: then what it ends with counts.
    private mutating func keepLast(_ text: UnsafePointer<UInt8>, _ from: Int, _ to: Int) {
        var index = to
        while index > from {
            index -= 1
            if !isBlank(text[index]) {
                last = text[index]
                return
            }
        }
    }

    private mutating func see(_ byte: UInt8) -> End? {
        let inObject = depth > 0 && depth <= 64 && objects >> UInt64(depth - 1) & 1 == 1
        if byte == Byte.openBrace, beginsLine, begun, lost || depth == 0 || (inObject && last != Byte.colon) {
            return .nextElement
        }
        if lost { return nil }
        switch byte {
        case Byte.quote: insideString = true
        case Byte.openBrace, Byte.openBracket: open(isObject: byte == Byte.openBrace)
        case Byte.closeBrace: close(isObject: true)
        case Byte.closeBracket:
            if depth == 0 { return .arrayEnd }
            close(isObject: false)
        case Byte.comma where depth == 0: return .separator
        default: break
        }
        return nil
    }

    private mutating func open(isObject: Bool) {
        if depth < 64 {
            let bit: UInt64 = 1 << UInt64(depth)
            objects = isObject ? objects | bit : objects & ~bit
        }
        depth += 1
    }

    private mutating func close(isObject: Bool) {
        if depth > 64 {
            depth -= 1
            return
        }
        let open: UInt64 = depth == 64 ? .max : (1 << UInt64(depth)) - 1
        let partners = (isObject ? objects : ~objects) & open
        if partners != 0 { depth = 63 - partners.leadingZeroBitCount }
    }
}
