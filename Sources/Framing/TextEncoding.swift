// What the first bytes say about a file's encoding.

extension Window {
    /// Takes a UTF-8 byte order mark off the front; nothing may have been framed yet.
    /// - Throws: ``UnreadableFile`` `utf16` or `utf32`, told by a byte order mark, or without one by the NUL in every
    ///   second byte of the first 64 (in half of these if there are 32 bytes or more) and none between.
    mutating func openText() throws {
        _ = try fill(upTo: 64)
        let count = min(64, end - start)
        let text = text + start
        func begins(_ mark: UInt8...) -> Bool {
            count >= mark.count && mark.indices.allSatisfy { text[$0] == mark[$0] }
        }
        if begins(0xef, 0xbb, 0xbf) {
            start += 3
            return
        }
        if begins(0xff, 0xfe, 0, 0) || begins(0, 0, 0xfe, 0xff) { throw Self.encoding("utf32", "UTF-32") }
        if begins(0xff, 0xfe) || begins(0xfe, 0xff) { throw Self.encoding("utf16", "UTF-16") }
        let pairs = count / 2
        if pairs < 2 { return }
        var nul = (even: 0, odd: 0)
        for pair in 0..<pairs {
            if text[2 * pair] == 0 { nul.even += 1 }
            if text[2 * pair + 1] == 0 { nul.odd += 1 }
        }
        if min(nul.even, nul.odd) == 0, max(nul.even, nul.odd) >= (pairs < 16 ? pairs : pairs / 2) {
            throw Self.encoding("utf16", "UTF-16")
        }
    }

    private static func encoding(_ code: String, _ name: String) -> UnreadableFile {
        UnreadableFile(
            code: code, reason: "the file is \(name), not UTF-8", hint: "save it as UTF-8, for example with iconv")
    }
}
