import Glibc

/// The buffered stretch of a source: [start, end) is read and not yet framed, `offset` is where byte 0 of the buffer
/// stands in the file.
///
/// The buffer grows to twice the longest record that may have to stand in it whole. So when it is full, what must be
/// moved to its front is at most half of it, and moving costs less than a byte per byte read.
///
/// `lf`, `cr`, `quote` and `suspect` remember where the next such byte stands, so that a file without quotes, say, is
/// searched for them once a chunk and not once a record. Each holds: there is none between where the search began (at or
/// before `start`) and here; what stands here may be unsearched (`end` has grown since).
struct Window: ~Copyable {
    private let source: AnySource
    private let chunk: Int
    private let most: Int
    private(set) var capacity: Int
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    var start = 0
    private(set) var end = 0
    private(set) var offset: Int64 = 0
    private(set) var atEnd = false
    private var lf = 0
    private var cr = 0
    private var quote = 0
    private var suspect = 0
    /// Bytes looked at, for the tests that bound the work.
    var scanned: Int64 = 0

    /// - Parameters:
    ///   - longest: the most bytes from `start` on that a caller needs at once.
    ///   - chunk: bytes read at a time.
    init(_ source: AnySource, longest: Int, chunk: Int) {
        self.source = source
        self.chunk = max(chunk, 16)
        most = max(2 * max(longest, 64), self.chunk)
        capacity = self.chunk
        bytes = .allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    /// The buffer; indices are those of `start` and `end`.
    var text: UnsafePointer<UInt8> {
        @inline(__always) get { UnsafePointer(bytes) }
    }

    /// Bytes taken from the source.
    var bytesRead: Int64 { offset + Int64(end) }

    /// Reads more behind `end`; false at the end of the source. Moves the buffer: pointers and indices become invalid.
    mutating func fill() throws -> Bool {
        if atEnd { return false }
        if start == end || (end == capacity && (start >= capacity / 2 || capacity >= most)) {
            moveToFront()
        } else if end == capacity {
            grow()
        }
        let room = UnsafeMutableRawBufferPointer(start: bytes + end, count: min(chunk, capacity - end))
        precondition(room.count > 0, "a caller waits for more than fits")
        let count = try source.read(into: room)
        precondition(count >= 0 && count <= room.count, "a source must not overrun its buffer")
        end += count
        atEnd = count == 0
        return count > 0
    }

    /// Reads until `count` bytes stand at `start` or the source ends; false in the latter case.
    mutating func fill(upTo count: Int) throws -> Bool {
        while end - start < count {
            if try !fill() { return false }
        }
        return true
    }

    private mutating func moveToFront() {
        let shift = start
        if shift == 0 { return }
        memmove(bytes, bytes + shift, end - shift)
        offset += Int64(shift)
        end -= shift
        start = 0
        lf = max(0, lf - shift)
        cr = max(0, cr - shift)
        quote = max(0, quote - shift)
        suspect = max(0, suspect - shift)
    }

    private mutating func grow() {
        capacity = min(2 * capacity, most)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, bytes, end)
        bytes.deallocate()
        bytes = larger
    }

    /// Index of the first LF at or after `start`, else `end`.
    @inline(__always) mutating func nextLF() -> Int {
        if lf >= end || (lf >= start && bytes[lf] == Byte.lf) { return lf }
        lf = search(Byte.lf, from: max(lf, start))
        return lf
    }

    /// Index of the first CR at or after `start`, else `end`.
    @inline(__always) mutating func nextCR() -> Int {
        if cr >= end || (cr >= start && bytes[cr] == Byte.cr) { return cr }
        cr = search(Byte.cr, from: max(cr, start))
        return cr
    }

    /// Index of the first quote at or after `start`, else `end`.
    @inline(__always) mutating func nextQuote() -> Int {
        if quote >= end || (quote >= start && bytes[quote] == Byte.quote) { return quote }
        quote = search(Byte.quote, from: max(quote, start))
        return quote
    }

    /// Index of the first byte at or after `start` that is 0 or not ASCII, else `end`.
    @inline(__always) mutating func nextSuspect() -> Int {
        if suspect >= end || (suspect >= start && (bytes[suspect] == 0 || bytes[suspect] > 0x7f)) { return suspect }
        let from = max(suspect, start)
        suspect = text.findSuspect(from, end)
        scanned += Int64(suspect - from)
        return suspect
    }

    private mutating func search(_ byte: UInt8, from: Int) -> Int {
        let hit = text.find(byte, from, end)
        scanned += Int64(hit - from)
        return hit
    }

    /// The byte facts of [start, to): a NUL byte, else whether it is UTF-8.
    @inline(__always) mutating func byteDefect(to: Int) -> Defect? {
        let first = nextSuspect()
        return first < to ? byteDefect(from: first, to: to) : nil
    }

    private mutating func byteDefect(from first: Int, to: Int) -> Defect? {
        scanned += Int64(2 * (to - first))
        if text.find(0, first, to) < to { return .nulByte }
        return isValidUTF8(text + first, to - first) ? nil : .invalidUTF8
    }

    func slice(_ from: Int, _ to: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + from, count: to - from)
    }
}
