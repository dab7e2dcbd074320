/// Finds facts of the bytes of records that come whole, one JSON text each: messages of a queue, bodies of requests. It
/// keeps nothing of them and judges nothing; limits and defects are those of ``JSONFramer``.
public struct JSONInspector: ~Copyable {
    public let options: JSONOptions
    private var scanner: JSONScanner

    public init(options: JSONOptions = JSONOptions()) {
        self.options = options
        scanner = JSONScanner(maxDepth: options.maxDepth, maxElements: options.maxElements)
    }

    /// The first of: above the record limit, a NUL byte, not UTF-8, what RFC 8259 or the limits refuse; nil when there is
    /// nothing. A byte order mark is no JSON.
    public mutating func defect(of record: UnsafeRawBufferPointer) -> Defect? {
        guard let base = record.baseAddress, !record.isEmpty else { return .invalidJSON }
        guard record.count <= options.maxRecordBytes else { return .recordTooLarge }
        let text = base.assumingMemoryBound(to: UInt8.self)
        if text.find(0, 0, record.count) < record.count { return .nulByte }
        if !isValidUTF8(text, record.count) { return .invalidUTF8 }
        return scanner.defect(text, record.count)
    }
}

extension JSONScanner {
    /// What keeps `count` bytes from being one JSON text with nothing but blanks around it.
    mutating func defect(_ text: UnsafePointer<UInt8>, _ count: Int) -> Defect? {
        switch scan(text, count, final: true) {
        case .broken(let defect): defect
        case .incomplete: .invalidJSON
        case .value(let end, let defect): (end..<count).allSatisfy { isBlank(text[$0]) } ? defect : .invalidJSON
        }
    }
}
