import Framing
import Glibc

/// Unpacks bodies sent with `Content-Encoding: gzip`.
public enum Gzip {
    /// A small body may be packed as well as it likes.
    private static let ratioFrom = 64 << 10
    private static let pieceBytes = 64 << 10

    /// The plain bytes of a body that is one gzip member (RFC 1952) and nothing else.
    ///
    /// Memory grows with what comes out, never with what the body says it holds.
    /// - Throws: `corrupt_gzip` (400); `body_too_large` above `limits.bodyBytes`, and `gzip_ratio` when more than
    ///   `limits.gzipRatio` bytes come out for one, from 64 KiB on (413).
    public static func inflate(_ body: UnsafeRawBufferPointer, limits: PackageLimits) throws(Refusal) -> [UInt8] {
        if body.count > limits.bodyBytes { throw .bodyTooLarge(limits.bodyBytes) }
        var source = GzipSource(MemorySource(body), limits: GzipLimits(maxRatio: .max, maxBytes: .max))
        var plain: [UInt8] = []
        while true {
            let count = plain.count
            if count == plain.capacity {
                // One byte above the limit is enough to know.
                let wanted = min(max(16 << 10, min(4 * body.count, limits.bodyBytes), 2 * count), limits.bodyBytes + 1)
                plain.reserveCapacity(wanted)
            }
            let room = min(pieceBytes, plain.capacity - count, limits.bodyBytes + 1 - count)
            if try read(&source, into: &plain, most: room) == 0 { break }
            if plain.count > limits.bodyBytes { throw .bodyTooLarge(limits.bodyBytes) }
            if plain.count > ratioFrom, plain.count / max(1, limits.gzipRatio) > body.count {
                throw .large("gzip_ratio", "the body unpacks to more than \(limits.gzipRatio) times its size")
            }
        }
        // The trailer's last 4 bytes count the plain ones: with anything behind the member they are something else.
        guard body.count >= 18, isLength(body, plain.count) else {
            throw .bad("corrupt_gzip", "the body is not one gzip member; something follows it")
        }
        return plain
    }

    private static func isLength(_ body: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        UInt32(littleEndian: body.loadUnaligned(fromByteOffset: body.count - 4, as: UInt32.self)) == UInt32(truncatingIfNeeded: count)
    }

    private static func read(_ source: inout GzipSource, into plain: inout [UInt8], most: Int) throws(Refusal) -> Int {
        let count = plain.count
        var failure: (any Error)?
        withUnsafeTemporaryAllocation(byteCount: most, alignment: 8) { buffer in
            do { plain.append(contentsOf: buffer[..<(try source.read(into: buffer))]) } catch { failure = error }
        }
        if let failure {
            throw .bad("corrupt_gzip", (failure as? UnreadableFile)?.reason ?? "the body cannot be unpacked")
        }
        return plain.count - count
    }
}

/// Bytes in memory, valid as long as they are read.
private struct MemorySource: ByteSource {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        if count > 0 { memcpy(buffer.baseAddress!, bytes.baseAddress! + offset, count) }
        offset += count
        return count
    }
}
