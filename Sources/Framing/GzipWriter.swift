import CZlib

/// One gzip member (RFC 1952) in the making: the same bytes for the same content, whenever and wherever it is made with the same
/// zlib. So it names no time, no file and no system.
public struct GzipWriter: ~Copyable {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    private static let roomBytes = 64 << 10
    /// As gzip(1) has it.
    private static let level: Int32 = 6
    /// An operating system that is not known (RFC 1952).
    private static let unknownSystem: Int32 = 255

    /// On the heap, because zlib keeps their addresses.
    private let stream: UnsafeMutablePointer<z_stream>
    private let header: UnsafeMutablePointer<gz_header>
    private let room: UnsafeMutablePointer<UInt8>

    /// - Throws: `Failed`: no memory.
    public init() throws(Failed) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        header = .allocate(capacity: 1)
        header.initialize(to: gz_header())
        room = .allocate(capacity: Self.roomBytes)
        header.pointee.os = Self.unknownSystem
        // 16 + MAX_WBITS: a gzip header and trailer; 8: zlib's own default of memory.
        let code = deflateInit2_(
            stream, Self.level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK, deflateSetHeader(stream, header) == Z_OK else { throw Failed(description: "zlib could not start (\(code))") }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        header.deinitialize(count: 1)
        header.deallocate()
        room.deallocate()
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) throws(Failed) {
        guard !bytes.isEmpty else { return }
        try run(bytes, Z_NO_FLUSH, &output)
    }

    /// Ends the member.
    public mutating func finish(to output: inout [UInt8]) throws(Failed) {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, &output)
    }

    private mutating func run(_ bytes: UnsafeRawBufferPointer, _ flush: Int32, _ output: inout [UInt8]) throws(Failed) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        while true {
            stream.pointee.next_out = room
            stream.pointee.avail_out = UInt32(Self.roomBytes)
            let code = deflate(stream, flush)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw Failed(description: "zlib gave \(code)") }
            let made = Self.roomBytes - Int(stream.pointee.avail_out)
            output.append(contentsOf: UnsafeBufferPointer(start: room, count: made))
            if flush == Z_FINISH ? code == Z_STREAM_END : stream.pointee.avail_out > 0 { return }
        }
    }
}
