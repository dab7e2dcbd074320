import Digests
import Framing
import Postgres
import Synchronization

/// What an object is made of: its bytes as they are put, and what is booked of them.
struct ObjectContent: Sendable, Equatable {
    var lines: Int64
    /// As they are put.
    var body: [UInt8]
    var sha256: [UInt8]
    /// Of the lines, uncompressed.
    var plainBytes: Int64
    var plainSHA256: [UInt8]
}

/// Makes an object of the lines that a COPY brings, each with a newline after it.
///
/// In memory is the object as it is put, and 256 KiB of lines on their way into it.
final class ObjectWriter: Sendable {
    /// A setting beyond all reason; the machine's memory is for more than this.
    static let mostBytes = 512 << 20

    enum Compression: String { case none, gzip }

    struct TooLarge: Error {}

    fileprivate static let pieceBytes = 256 << 10

    /// `@unchecked Sendable`: what zlib and libcrypto keep for it is on the heap and nobody else's, and it cannot be copied.
    fileprivate struct State: ~Copyable, @unchecked Sendable {
        var reader = CopiedColumn()
        var lines: Int64 = 0
        /// Lines that are not in `body` yet; only where they are compressed.
        var pending: [UInt8] = []
        var body: [UInt8] = []
        var plainBytes: Int64 = 0
        var plain = SHA256()
        var gzip: GzipWriter?
    }

    private let state: Mutex<State>

    /// - Parameter expected: bytes of content, so that the buffer need not grow: what is not used is not occupied, either.
    /// - Throws: `GzipWriter.Failed`.
    init(_ compression: Compression, expected: Int = 36 << 20) throws {
        var state = State()
        if compression == .gzip {
            state.gzip = try GzipWriter()
            state.pending.reserveCapacity(Self.pieceBytes)
        } else {
            state.body.reserveCapacity(expected)
        }
        self.state = Mutex(state)
    }

    /// A piece of the COPY's data.
    /// - Throws: `CopiedColumn.Malformed`, `TooLarge`, `GzipWriter.Failed`.
    func take(_ bytes: UnsafeRawBufferPointer) throws { try state.withLock { try $0.take(bytes) } }

    /// Once all of the data is taken.
    func finish() throws -> ObjectContent { try state.withLock { try $0.finish() } }
}

extension ObjectWriter.State {
    fileprivate mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = reader
        try reader.take(bytes) { try append($0) } end: { isNull in
            guard !isNull else { throw CopiedColumn.Malformed() }
            lines += 1
            try withUnsafeBytes(of: UInt8(ascii: "\n")) { try append($0) }
        }
        self.reader = reader
    }

    fileprivate mutating func finish() throws -> ObjectContent {
        guard reader.isWhole else { throw CopiedColumn.Malformed() }
        try flush()
        try gzip?.finish(to: &body)
        var made: [UInt8] = []
        swap(&made, &body)
        var hash = SHA256()
        made.withUnsafeBytes { hash.update($0) }
        let digest = hash.finish()
        var plainDigest = digest
        if gzip != nil {
            var inner = SHA256()
            swap(&inner, &plain)
            plainDigest = inner.finish()
        }
        return ObjectContent(lines: lines, body: made, sha256: digest, plainBytes: plainBytes, plainSHA256: plainDigest)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        plainBytes += Int64(bytes.count)
        guard plainBytes <= ObjectWriter.mostBytes else { throw ObjectWriter.TooLarge() }
        if gzip == nil {
            body.append(contentsOf: bytes)
        } else {
            pending.append(contentsOf: bytes)
            if pending.count >= ObjectWriter.pieceBytes { try flush() }
        }
    }

    private mutating func flush() throws {
        guard !pending.isEmpty else { return }
        var lines: [UInt8] = []
        swap(&lines, &pending)
        try lines.withUnsafeBytes { bytes in
            plain.update(bytes)
            try gzip?.append(bytes, to: &body)
        }
        lines.removeAll(keepingCapacity: true)
        swap(&lines, &pending)
    }
}
