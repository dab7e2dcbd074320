/// Bytes on their way to a file: grows never, is emptied by its owner when less than `rowBytes` are free.
public struct RowBuffer: ~Copyable {
    /// More than any row has.
    public static let rowBytes = 2048

    private let start: UnsafeMutableRawPointer
    private let capacity: Int
    public private(set) var count = 0

    public init(capacity: Int = 256 << 10) {
        precondition(capacity >= Self.rowBytes)
        self.capacity = capacity
        start = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { start.deallocate() }

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
    public var isFull: Bool { capacity - count < Self.rowBytes }
    public mutating func empty() { count = 0 }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        precondition(count < capacity)
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    mutating func append(_ word: UnsafeRawBufferPointer) {
        precondition(word.count <= capacity - count)
        guard let from = word.baseAddress else { return }
        (start + count).copyMemory(from: from, byteCount: word.count)
        count += word.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) { append(text.bytes) }

    /// A word with its ASCII letters in lower case.
    mutating func appendLowercased(_ word: UnsafeRawBufferPointer) {
        for byte in word { append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) }
    }

    /// A word with its ASCII letters in upper case.
    mutating func appendUppercased(_ word: UnsafeRawBufferPointer) {
        for byte in word { append(byte >= 0x61 && byte <= 0x7A ? byte & 0xDF : byte) }
    }

    /// A number in exactly `digits` decimal digits.
    @inline(__always)
    mutating func append(_ number: Int, digits: Int) {
        precondition(digits <= capacity - count)
        var rest = number
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            start.storeBytes(of: digit, toByteOffset: count + place, as: UInt8.self)
            rest /= 10
        }
        count += digits
    }
}

extension StaticString {
    @inline(__always)
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
