import CZlib

/// What a compressed file may unfold to.
public struct GzipLimits: Sendable {
    /// Most plain bytes per compressed byte, over all read so far. It counts once `ratioFrom` plain bytes are out.
    public var maxRatio: Int
    /// Most plain bytes.
    public var maxBytes: Int64
    /// A small file may be compressed as well as it likes.
    static let ratioFrom: Int64 = 1 << 20

    public init(maxRatio: Int = 200, maxBytes: Int64 = 64 << 30) {
        self.maxRatio = maxRatio
        self.maxBytes = maxBytes
    }
}

/// The plain bytes of a gzip stream (RFC 1952) that another source yields.
///
/// As gzip(1) does: members follow one another, and what stands after a member and does not begin with the magic (zero
/// padding, garbage) is ignored. Plain bytes that precede an error are delivered first, except when a limit is passed.
///
/// Throws ``UnreadableFile`` `gzip_truncated`, `gzip_corrupt` (also a wrong checksum) or `gzip_bomb`, again and again.
public struct GzipSource: ByteSource, ~Copyable {
    private static let inputBytes = 64 << 10

    private let upstream: AnySource
    private let limits: GzipLimits
    /// On the heap, because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutablePointer<UInt8>
    private var upstreamEnded = false
    private var members = 0
    private var insideMember = false
    private var finished = false
    private var failure: UnreadableFile?
    private var bytesIn: Int64 = 0
    private var bytesOut: Int64 = 0

    public init(_ upstream: consuming some ByteSource & ~Copyable, limits: GzipLimits = GzipLimits()) {
        self.upstream = SourceBox(upstream)
        self.limits = limits
        input = .allocate(capacity: Self.inputBytes)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 + MAX_WBITS: a gzip header and trailer, nothing else. It fails only without memory.
        let code = inflateInit2_(stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if code != Z_OK {
            failure = UnreadableFile(
                code: "gzip_corrupt", reason: "zlib could not start (\(code))", hint: "check the machine's memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        input.deallocate()
    }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if buffer.isEmpty { return 0 }
        while true {
            if let failure { throw failure }
            if finished { return 0 }
            if stream.pointee.avail_in == 0 { try pull(keeping: 0) }
            if !insideMember {
                try enterMember()
                continue
            }
            let produced = inflateOnce(buffer)
            if bytesOut > limits.maxBytes { throw fail(bomb("\(limits.maxBytes) bytes")) }
            if bytesOut > GzipLimits.ratioFrom, bytesOut / Int64(max(1, limits.maxRatio)) > bytesIn {
                throw fail(bomb("\(limits.maxRatio) times its size"))
            }
            if produced > 0 { return produced }
        }
    }

    /// Between members: is there another one?
    private mutating func enterMember() throws {
        if stream.pointee.avail_in == 1, !upstreamEnded {
            input[0] = stream.pointee.next_in[0]
            try pull(keeping: 1)
        }
        let magic = UnsafeRawBufferPointer(start: stream.pointee.next_in, count: Int(stream.pointee.avail_in))
        guard members == 0 || isGzip(magic) else {
            finished = true
            return
        }
        inflateReset(stream)
        members += 1
        insideMember = true
    }

    private mutating func inflateOnce(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let room = UInt32(min(buffer.count, 1 << 30))
        let before = stream.pointee.avail_in
        stream.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        let code = inflate(stream, Z_NO_FLUSH)
        let produced = Int(room - stream.pointee.avail_out)
        bytesIn += Int64(before - stream.pointee.avail_in)
        bytesOut += Int64(produced)
        switch code {
        case Z_STREAM_END:
            insideMember = false
        case Z_OK, Z_BUF_ERROR:
            // zlib may still hold output when its input is used up, hence "nothing produced".
            if produced == 0, stream.pointee.avail_in == 0, upstreamEnded {
                failure = UnreadableFile(
                    code: "gzip_truncated", reason: "the gzip stream ends in the middle of a member",
                    hint: "fetch the file again; it is incomplete")
            }
        default:
            failure = UnreadableFile(
                code: "gzip_corrupt",
                reason: "the gzip stream is damaged near compressed byte \(bytesIn) (zlib \(code))",
                hint: "fetch the file again or compress it anew")
        }
        return produced
    }

    private mutating func pull(keeping kept: Int) throws {
        if upstreamEnded { return }
        let room = UnsafeMutableRawBufferPointer(start: input + kept, count: Self.inputBytes - kept)
        let count = try upstream.read(into: room)
        if count == 0 { upstreamEnded = true }
        stream.pointee.next_in = input
        stream.pointee.avail_in = UInt32(kept + count)
    }

    private mutating func fail(_ error: UnreadableFile) -> UnreadableFile {
        failure = error
        return error
    }

    private func bomb(_ limit: String) -> UnreadableFile {
        UnreadableFile(
            code: "gzip_bomb", reason: "gzip bomb: the file unfolds to more than \(limit)",
            hint: "raise the limit if the file is meant to be like that")
    }
}
