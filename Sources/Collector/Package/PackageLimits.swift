/// What a package may be at the most; more is answered with 413.
public struct PackageLimits: Sendable, Equatable {
    /// Bytes of a body, as sent and unpacked.
    public var bodyBytes = 16 << 20
    /// Events in a package; never above 1,048,575, which the ordinal's 20 bits can count.
    public var events = 10_000
    /// Levels of arrays and objects, the package's own array not counted.
    public var depth = 32
    /// Bytes of one event's text.
    public var eventBytes = 256 << 10
    /// Unpacked bytes for a packed one, from 64 KiB on.
    public var gzipRatio = 100

    public init() {}
}
