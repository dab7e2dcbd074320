import Framing

/// Bytes in memory, handed out in pieces: of one size, or of random sizes from a seed.
struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var at = 0
    private var random: Seeded?
    private let most: Int

    init(_ bytes: [UInt8], chunk: Int = .max) {
        self.bytes = bytes
        most = chunk
    }

    /// Pieces of 1 byte to 64 KiB, small ones as likely as large ones.
    init(_ bytes: [UInt8], seed: UInt64) {
        self.bytes = bytes
        random = Seeded(seed)
        most = 64 << 10
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = random?.size(most) ?? most
        let count = min(buffer.count, bytes.count - at, piece)
        buffer.copyBytes(from: bytes[at..<at + count])
        at += count
        return count
    }
}

/// Head, then a piece many times over, then a tail; nothing of it is held in memory.
struct RepeatingSource: ByteSource {
    let head: [UInt8]
    let piece: [UInt8]
    let times: Int
    let tail: [UInt8]
    private var at = 0
    private let block: [UInt8]

    init(head: String = "", piece: String, times: Int, tail: String = "") {
        self.head = Array(head.utf8)
        self.piece = Array(piece.utf8)
        self.times = times
        self.tail = Array(tail.utf8)
        block = Array(repeatElement(self.piece, count: max(1, (64 << 10) / piece.utf8.count)).joined())
    }

    var count: Int { head.count + piece.count * times + tail.count }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let body = piece.count * times
        let slice: ArraySlice<UInt8>
        if at < head.count {
            slice = head[at...]
        } else if at < head.count + body {
            let into = (at - head.count) % piece.count
            let left = head.count + body - at
            slice = block[into..<min(block.count, into + left)]
        } else {
            slice = tail[(at - head.count - body)...]
        }
        let count = min(slice.count, buffer.count)
        buffer.copyBytes(from: slice.prefix(count))
        at += count
        return count
    }
}

/// Throws once its bytes are out, as often as it is asked.
struct FailingSource: ByteSource {
    struct Failure: Error {}
    var inner: MemorySource
    var failures = Int.max

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = inner.read(into: buffer)
        if count == 0, failures > 0 {
            failures -= 1
            throw Failure()
        }
        return count
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// 1...most, each power of two as likely.
    mutating func size(_ most: Int) -> Int {
        let bits = below(Int.bitWidth - most.leadingZeroBitCount)
        return min(most, (1 << bits) + below(1 << bits))
    }

    mutating func pick<C: RandomAccessCollection>(_ items: C) -> C.Element {
        items[items.index(items.startIndex, offsetBy: below(items.count))]
    }
}

/// A framed record by value.
struct Framed: Equatable, CustomStringConvertible {
    var position: Int64
    var line: Int64
    var payload: [UInt8]
    var defect: Defect?
    var fields: [[UInt8]]?

    var text: String { String(decoding: payload, as: UTF8.self) }
    var fieldTexts: [String]? { fields?.map { String(decoding: $0, as: UTF8.self) } }
    var description: String {
        "#\(position) line \(line) \(defect?.rawValue ?? "ok") \(text.debugDescription) \(fieldTexts ?? [])"
    }

    init(_ record: FramedRecord) {
        position = record.position
        line = record.line
        payload = Array(record.payload)
        defect = record.defect
        fields = record.fields.map { $0.map { Array($0) } }
    }

    init(position: Int64, line: Int64, payload: [UInt8], defect: Defect?, fields: [[UInt8]]?) {
        self.position = position
        self.line = line
        self.payload = payload
        self.defect = defect
        self.fields = fields
    }
}

extension CSVOptions {
    func chunked(_ bytes: Int) -> CSVOptions {
        var options = self
        options.chunkBytes = bytes
        return options
    }
}

extension JSONOptions {
    func chunked(_ bytes: Int) -> JSONOptions {
        var options = self
        options.chunkBytes = bytes
        return options
    }
}

func frameCSV(_ source: consuming some ByteSource & ~Copyable, _ options: CSVOptions = CSVOptions()) throws -> [Framed]
{
    var framer = CSVFramer(source, options: options)
    _ = try framer.header()
    var records: [Framed] = []
    while let record = try framer.next() { records.append(Framed(record)) }
    return records
}

/// The records behind a header of two columns, which is line 1.
func frameCSV(_ body: String, _ options: CSVOptions = CSVOptions()) throws -> [Framed] {
    try frameCSV(MemorySource(Array("a,b\n".utf8) + Array(body.utf8)), options)
}

func frameJSON(_ source: consuming some ByteSource & ~Copyable, _ options: JSONOptions = JSONOptions()) throws
    -> [Framed]
{
    var framer = JSONFramer(source, options: options)
    var records: [Framed] = []
    while let record = try framer.next() { records.append(Framed(record)) }
    return records
}

func frameJSON(_ text: String, _ options: JSONOptions = JSONOptions()) throws -> [Framed] {
    try frameJSON(MemorySource(Array(text.utf8)), options)
}

/// The code of the ``UnreadableFile`` that the body throws.
func unreadable(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as UnreadableFile {
        return error.code
    } catch {
        return "\(error)"
    }
}
