import Framing

/// How files are read and landed.
public struct LoadOptions: Sendable {
    /// The feed, as in ops.feed.
    public var feed: String
    /// One byte between CSV fields.
    public var delimiter: UInt8 = UInt8(ascii: ",")
    /// Bytes; a larger record is a reject, and only its beginning is kept.
    public var maxRecordBytes = 1 << 20
    /// Rows in one transaction at the most.
    public var batchRows = 20_000
    /// Bytes in one transaction at about the most.
    public var batchBytes = 4 << 20
    /// Compressed files beyond these are taken for bombs.
    public var gzipLimits = GzipLimits()
    /// Overrides what file names say.
    public var format: FileFormat?

    /// The order system that sent the files, of feeds `source.…`; empty for others.
    public var source = ""

    public init(feed: String) { self.feed = feed }
}

/// What a load did with files and records; records are those landed by this process.
public struct LoadReport: Sendable, Equatable {
    public var files = 0
    /// Files whose content was in already.
    public var known: [String] = []
    /// Files that cannot be read as a whole, with the reason.
    public var failed: [(name: String, reason: String)] = []
    public var records: Int64 = 0
    /// Stopped before everything was read.
    public var interrupted = false

    public static func == (a: LoadReport, b: LoadReport) -> Bool {
        a.files == b.files && a.known == b.known && a.records == b.records && a.interrupted == b.interrupted
            && a.failed.elementsEqual(b.failed) { $0 == $1 }
    }
}
