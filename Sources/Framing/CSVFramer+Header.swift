extension CSVFramer {
    /// Most bytes of a header.
    static let maxHeaderBytes = 64 << 10

    /// Reads the names of the columns: trimmed of blanks and tabs, dequoted. Further calls give the same answer.
    /// - Throws: ``UnreadableFile`` `utf16`, `utf32`, `empty_file` (nothing, or only blank lines), `header_too_large`
    ///   (64 KiB), `header_quote`, `header_nul`, `header_not_utf8`, `header_too_many_fields`, `empty_header_name`,
    ///   `duplicate_header` (case aside); and what the source throws.
    public mutating func header() throws -> [String] {
        if let names { return names }
        if let unreadable { throw unreadable }
        do {
            let names = try readHeader()
            self.names = names
            return names
        } catch let error as UnreadableFile {
            unreadable = error
            throw error
        }
    }

    private mutating func readHeader() throws -> [String] {
        if !isOpen { try window.openText() }
        isOpen = true
        limit = Self.maxHeaderBytes
        defer {
            limit = options.maxRecordBytes
            position = 0
        }
        guard let record = try frame() else {
            throw UnreadableFile(
                code: "empty_file", reason: "the file is empty", hint: "send a file whose first line names the columns")
        }
        if let defect = record.defect { throw Self.unreadableHeader(defect) }
        let names = split(record)
        try Self.check(names)
        return names
    }

    private func split(_ record: FramedRecord) -> [String] {
        if let fields = record.fields { return fields.map(Self.trimmed) }
        return record.payload.split(separator: options.delimiter, omittingEmptySubsequences: false)
            .map { Self.trimmed(UnsafeRawBufferPointer(rebasing: $0)) }
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> String {
        var name = bytes[...]
        while let byte = name.first, byte == Byte.space || byte == Byte.tab { name.removeFirst() }
        while let byte = name.last, byte == Byte.space || byte == Byte.tab { name.removeLast() }
        return String(decoding: name, as: UTF8.self)
    }

    private static func check(_ names: [String]) throws {
        var seen: [String: Int] = [:]
        for (index, name) in names.enumerated() {
            if name.isEmpty {
                throw UnreadableFile(
                    code: "empty_header_name", reason: "column \(index + 1) of the header has no name",
                    hint: "name every column, and leave no delimiter at the end of the header")
            }
            if let first = seen.updateValue(index, forKey: name.lowercased()) {
                throw UnreadableFile(
                    code: "duplicate_header",
                    reason: "columns \(first + 1) and \(index + 1) of the header have the same name",
                    hint: "give every column a name of its own")
            }
        }
    }

    private static func unreadableHeader(_ defect: Defect) -> UnreadableFile {
        let (code, reason): (String, String) =
            switch defect {
            case .recordTooLarge: ("header_too_large", "the header is longer than \(maxHeaderBytes) bytes")
            case .openQuote, .strayQuote: ("header_quote", "the quotes of the header do not match")
            case .nulByte: ("header_nul", "the header holds a NUL byte")
            case .tooManyFields: ("header_too_many_fields", "the header has too many columns")
            default: ("header_not_utf8", "the header is not UTF-8")
            }
        return UnreadableFile(
            code: code, reason: reason,
            hint: "check that this is a CSV file in UTF-8 whose first line names the columns")
    }
}
