/// A pull source of bytes.
///
/// A source fills as much of the buffer as it has at hand and says how many bytes it wrote; it may write fewer than it
/// was offered. 0 means the end and nothing else (the buffer offered is never empty). After an error the framers may
/// call again: a source whose failure is final throws it again.
public protocol ByteSource: ~Copyable {
    /// Writes up to `buffer.count` bytes and returns how many, 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Reading failed in the operating system. This is an outage (retry, alert), not a verdict on the file; the verdict is
/// ``UnreadableFile``.
public struct SourceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `errno` of the call that failed.
    public let errno: Int32
    /// The system call, such as `read`.
    public let call: String

    public init(errno: Int32, call: String) {
        self.errno = errno
        self.call = call
    }

    public var description: String {
        var text = "error \(errno)"
        if let message = strerrordesc(errno) { text += " (\(message))" }
        return "\(call) failed: \(text)"
    }
}

/// A source with its type erased, so that the framers are plain (never unspecialised) code; it is called once a chunk.
class AnySource {
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { 0 }
}

final class SourceBox<Source: ByteSource & ~Copyable>: AnySource {
    private var source: Source

    init(_ source: consuming Source) { self.source = source }

    override func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try source.read(into: buffer) }
}
