import Glibc

/// The kinds of simdjson's tape.
enum Tag {
    static let object = UInt8(ascii: "{")
    static let objectEnd = UInt8(ascii: "}")
    static let array = UInt8(ascii: "[")
    static let arrayEnd = UInt8(ascii: "]")
    static let string = UInt8(ascii: "\"")
    static let int64 = UInt8(ascii: "l")
    static let uint64 = UInt8(ascii: "u")
    static let double = UInt8(ascii: "d")
    static let yes = UInt8(ascii: "t")
    static let no = UInt8(ascii: "f")
    static let null = UInt8(ascii: "n")
}

/// A parsed JSON text, as simdjson left it: words with a tag in the upper 8 bits and a payload in the lower 56. A place in
/// it is the position of a value's first word. Valid until its document is loaded again.
struct JSONTape {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    /// For each word that begins a value or a key, where it stands in `source`.
    let offsets: UnsafePointer<UInt32>
    /// The text as it was sent.
    let source: UnsafePointer<UInt8>
    let sourceCount: Int

    @inline(__always)
    func tag(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: words[place] >> 56) }

    @inline(__always)
    private func payload(_ place: Int) -> Int { Int(truncatingIfNeeded: words[place] & 0x00FF_FFFF_FFFF_FFFF) }

    /// A string or a key, unescaped; a NUL follows.
    @inline(__always)
    func string(_ place: Int) -> (bytes: UnsafePointer<UInt8>, count: Int) {
        let begin = strings + payload(place)
        return (begin + 4, Int(UnsafeRawPointer(begin).loadUnaligned(as: UInt32.self)))
    }

    /// The place behind a value.
    @inline(__always)
    func after(_ place: Int) -> Int {
        switch tag(place) {
        case Tag.object, Tag.array: payload(place) & 0xFFFF_FFFF
        case Tag.int64, Tag.uint64, Tag.double: place &+ 2
        default: place &+ 1
        }
    }

    /// The place of a container's closing word.
    @inline(__always)
    func end(_ place: Int) -> Int { (payload(place) & 0xFFFF_FFFF) &- 1 }

    /// How many elements or members a container has.
    func count(_ place: Int) -> Int {
        let told = payload(place) >> 32
        // simdjson counts no further.
        if told < 0xFF_FFFF { return told }
        let step = tag(place) == Tag.object ? 1 : 0
        var counted = 0
        var index = place + 1
        while index < end(place) {
            index = after(index + step)
            counted += 1
        }
        return counted
    }

    @inline(__always)
    func int64(_ place: Int) -> Int64 { Int64(bitPattern: words[place &+ 1]) }

    @inline(__always)
    func uint64(_ place: Int) -> UInt64 { words[place &+ 1] }

    @inline(__always)
    func double(_ place: Int) -> Double { Double(bitPattern: words[place &+ 1]) }

    /// The text of a number as it was sent.
    func number(_ place: Int) -> UnsafeBufferPointer<UInt8> {
        let begin = Int(offsets[place])
        return UnsafeBufferPointer(start: source + begin, count: JSONNumber.end(source, begin, sourceCount) - begin)
    }

    @inline(__always)
    func equals(_ place: Int, _ name: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let own = string(place)
        return own.count == count && memcmp(own.bytes, name, count) == 0
    }
}

@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
