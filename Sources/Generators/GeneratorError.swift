import Glibc

/// A file that could not be written.
public struct GeneratorError: Error, Sendable, Equatable, CustomStringConvertible {
    public var action: String
    public var path: String
    public var errno: Int32

    public var description: String { "cannot \(action) \(path): \(String(cString: strerror(errno)))" }
}
