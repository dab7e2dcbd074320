import Digests
import Foundation
import Framing

/// The lines of an object of the archive, unpacked piece by piece: what is in memory is the object as it lies in the store and
/// its longest line.
///
/// `@unchecked`: the source it reads is its own, nobody else has it, and zlib's stream is no thread's.
struct ObjectLines: ~Copyable, @unchecked Sendable {
    /// Bytes that are unpacked at a time.
    private static let piece = 256 << 10

    /// Lines given so far.
    private(set) var count: Int64 = 0
    /// Bytes unpacked so far.
    private(set) var contentBytes: Int64 = 0
    /// Whether the last line has no newline after it.
    private(set) var isUnterminated = false
    private var source: any ByteSource & ~Copyable
    private var digest: SHA256? = SHA256()
    private var window: [UInt8] = []
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    /// - Parameters:
    ///   - compression: as in ops.archive_object: `none`, `gzip`.
    ///   - limit: bytes that it may unpack to.
    init(_ bytes: [UInt8], compression: String, limit: Int64) {
        if compression == "gzip" {
            // A line that repeats itself packs a thousand times: the limit in bytes is the one that counts.
            source = GzipSource(MemorySource(bytes), limits: GzipLimits(maxRatio: 2000, maxBytes: limit))
        } else {
            source = MemorySource(bytes)
        }
    }

    /// Gives the next line without its newline; nil after the last.
    /// - Throws: `UnreadableFile`: it is no gzip stream, ends too soon, or is longer than the limit.
    mutating func next<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T? {
        var scanned = start
        while true {
            let newline = window.withUnsafeBytes { bytes -> Int? in
                guard scanned < end, let base = bytes.baseAddress, let found = memchr(base + scanned, 0x0A, end - scanned) else { return nil }
                return UnsafeRawPointer(found) - base
            }
            if let newline {
                defer { start = newline + 1 }
                count += 1
                return try window.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<newline])) }
            }
            scanned = end
            if isAtEnd {
                guard start < end else { return nil }
                isUnterminated = true
                count += 1
                defer { start = end }
                return try window.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            }
            scanned -= try pull()
        }
    }

    /// Reads on.
    /// - Returns: by how much what was there has moved to the front.
    private mutating func pull() throws -> Int {
        let moved = start
        if start > 0 {
            window.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        }
        if window.count - end < Self.piece { grow() }
        let count = try window.withUnsafeMutableBytes { try source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[end...])) }
        window.withUnsafeBytes { digest?.update(UnsafeRawBufferPointer(rebasing: $0[end..<end + count])) }
        end += count
        contentBytes += Int64(count)
        isAtEnd = count == 0
        return moved
    }

    private mutating func grow() {
        let size = max(window.count * 2, Self.piece)
        window = [UInt8](unsafeUninitializedCapacity: size) { larger, count in
            guard let base = larger.baseAddress else { return }
            memset(base, 0, size)
            window.withUnsafeBytes { if let start = $0.baseAddress { memcpy(base, start, end) } }
            count = size
        }
    }

    /// The SHA-256 of what was unpacked, 64 hexadecimal digits; only once.
    mutating func finishHex() -> String { digest.take()?.finishHex() ?? "" }
}

/// Bytes that are in memory already.
struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - place)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[place..<place + count])) }
        place += count
        return count
    }
}
