import Framing

/// The records of one file, whatever its format: one face over the framers.
final class RecordReader {
    private var csv: CSVFramer?
    private var json: JSONFramer?
    /// The header's names as they stand in a CSV file; nil for JSON.
    let header: [String]?

    /// - Throws: `UnreadableFile` when no record of the file can be read; `SourceError` when the system failed.
    init(fd: Int32, size: Int64, format: FileFormat, options: LoadOptions) throws {
        let source = try openSource(fd: fd, maxBytes: size, limits: options.gzipLimits)
        switch format {
        case .csv:
            var framer = CSVFramer(
                source, options: CSVOptions(delimiter: options.delimiter, maxRecordBytes: options.maxRecordBytes))
            header = try framer.header()
            csv = consume framer
        case .json:
            header = nil
            json = JSONFramer(source, options: JSONOptions(maxRecordBytes: options.maxRecordBytes))
        }
    }

    func next() throws -> FramedRecord? {
        if csv != nil { return try csv!.next() }
        return try json!.next()
    }

    func skip(records: Int64) throws {
        if csv != nil { try csv!.skip(records: records) } else { try json!.skip(records: records) }
    }

    /// Bytes read of the file's plain content, for progress.
    var bytesRead: Int64 {
        // A noncopyable value inside an optional is reached by inout only.
        func of(_ framer: inout CSVFramer) -> Int64 { framer.bytesRead }
        func of(_ framer: inout JSONFramer) -> Int64 { framer.bytesRead }
        return csv != nil ? of(&csv!) : of(&json!)
    }
}
