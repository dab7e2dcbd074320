import Glibc

/// Reads an open file descriptor from `offset` on.
///
/// A regular file is read with `pread`, so the descriptor's own offset is neither used nor moved (the same descriptor may
/// have been hashed before); what has no offset (a pipe) is read with `read`. Interrupted calls are repeated.
public struct FileSource: ByteSource, ~Copyable {
    private let fd: Int32
    private let owned: Bool
    private var offset: Int64
    private var remaining: Int64
    private var seekable = true
    private var head: (UInt32, Int) = (0, 0)

    /// - Parameters:
    ///   - fd: open for reading. It stays open unless `owned`.
    ///   - owned: whether the source closes it.
    ///   - offset: the byte to begin at, for what can seek.
    ///   - maxBytes: reads as if the file ended after that many bytes: a file that grows while it is read ends where it
    ///     ended when it was claimed.
    public init(fd: Int32, owned: Bool = false, offset: Int64 = 0, maxBytes: Int64 = .max) {
        self.fd = fd
        self.owned = owned
        self.offset = offset
        self.remaining = maxBytes
    }

    deinit { if owned { _ = close(fd) } }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if head.1 > 0 {
            let count = min(head.1, buffer.count)
            for index in 0..<count {
                buffer[index] = UInt8(truncatingIfNeeded: head.0)
                head.0 >>= 8
            }
            head.1 -= count
            return count
        }
        return try pull(buffer)
    }

    /// Up to the first four bytes, the first in the lowest bits, and how many there are. They stay to be read.
    mutating func peek() throws -> (bytes: UInt32, count: Int) {
        while head.1 < 4 {
            var byte: UInt8 = 0
            if try withUnsafeMutableBytes(of: &byte, { try pull($0) }) == 0 { break }
            head.0 |= UInt32(byte) << (8 * UInt32(head.1))
            head.1 += 1
        }
        return (head.0, head.1)
    }

    private mutating func pull(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let wanted = Int(min(Int64(buffer.count), remaining))
        if wanted <= 0 { return 0 }
        while true {
            let count =
                seekable
                ? pread(fd, buffer.baseAddress, wanted, off_t(offset)) : Glibc.read(fd, buffer.baseAddress, wanted)
            if count >= 0 {
                offset += Int64(count)
                remaining -= Int64(count)
                return count
            }
            switch errno {
            case EINTR: continue
            case ESPIPE where seekable: seekable = false
            case let code: throw SourceError(errno: code, call: seekable ? "pread" : "read")
            }
        }
    }
}

/// The plain bytes of a file, whatever its compression.
public struct PlainSource: ByteSource, ~Copyable {
    private let source: AnySource
    /// Whether the bytes come out of gzip.
    public let isCompressed: Bool

    init(_ source: AnySource, isCompressed: Bool) {
        self.source = source
        self.isCompressed = isCompressed
    }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try source.read(into: buffer)
    }
}

/// Whether bytes begin with the gzip magic 1f 8b.
public func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
}

/// Whether a regular file begins with the gzip magic; its offset is left alone.
/// - Throws: ``SourceError``.
public func isGzip(fd: Int32) throws -> Bool {
    var source = FileSource(fd: fd, maxBytes: 2)
    return try source.peek() == (0x8b1f, 2)
}

/// A source of the plain bytes of an open file. Compression is told by content, never by name.
/// - Parameters:
///   - fd: open for reading at its beginning; it stays open and must outlive the source.
///   - maxBytes: how much of the file to read, see ``FileSource``.
/// - Throws: ``SourceError``, or ``UnreadableFile`` `compression_unsupported` for zip, zstd and xz.
public func openSource(fd: Int32, maxBytes: Int64 = .max, limits: GzipLimits = GzipLimits()) throws -> PlainSource {
    var file = FileSource(fd: fd, maxBytes: maxBytes)
    let head = try file.peek()
    if head.count >= 2, head.bytes & 0xffff == 0x8b1f {
        return PlainSource(SourceBox(GzipSource(file, limits: limits)), isCompressed: true)
    }
    let foreign: String? =
        switch head.count == 4 ? head.bytes : 0 {
        case 0x0403_4b50: "zip"
        case 0xfd2f_b528: "zstd"
        case 0x587a_37fd: "xz"
        default: nil
        }
    if let foreign {
        throw UnreadableFile(
            code: "compression_unsupported", reason: "the file is compressed with \(foreign)",
            hint: "compress it with gzip or leave it plain")
    }
    return PlainSource(SourceBox(file), isCompressed: false)
}

func strerrordesc(_ code: Int32) -> String? { strerror(code).map { String(cString: $0) } }
