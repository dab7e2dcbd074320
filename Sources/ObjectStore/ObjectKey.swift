/// What a key may be: see `ObjectStore`.
enum ObjectKey {
    static let mostBytes = 1024

    /// - Returns: its segments.
    /// - Throws: `StoreError`, refused.
    static func segments(_ key: String) throws(StoreError) -> [String] {
        guard !key.isEmpty, key.utf8.count <= mostBytes else {
            throw StoreError(.refused, "a key of \(key.utf8.count) bytes: it has between 1 and \(mostBytes)")
        }
        guard key.unicodeScalars.allSatisfy(isVisible) else {
            throw StoreError(.refused, "a key with a blank or a control character in it")
        }
        let segments = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String($0) ?? "" }
        guard segments.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw StoreError(.refused, "key \"\(key)\": between its slashes stands nothing, \".\" or \"..\"")
        }
        return segments
    }

    /// What a list begins with, or comes after: any bytes of a key.
    /// - Throws: `StoreError`, refused.
    static func check(prefix: String) throws(StoreError) {
        guard prefix.utf8.count <= mostBytes, prefix.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw StoreError(.refused, "a prefix of keys is longer than \(mostBytes) bytes, or has a control character in it")
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .unassigned, .privateUse, .surrogate: false
        default: true
        }
    }
}

extension String {
    /// As stores order keys: by their bytes.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
    func begins(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
