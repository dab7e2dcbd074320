/// Function calls in FROM, as the server prints them: `shop.price('a') p(sku, price)`.
///
/// The server writes down the names that the columns had, in their order, even where the author named none. Made again
/// over columns in another order such a list would give each name to another column, without a word; so where it only
/// repeats the function's own names, it is left out, and names find their columns by themselves again.
enum ResultColumns {
    /// - Parameters:
    ///   - function: its qualified name, quoted as in the definition.
    ///   - columns: what its columns are called, `sku, price`; nil for a function that gives one value.
    static func unpinned(_ definition: String, function: String, columns: String?) -> String {
        let bytes = Array(definition.utf8)
        let call = Array((function + "(").utf8)
        var lists: [Range<Int>] = []
        var at = 0
        while at < bytes.count {
            if bytes[at...].starts(with: call), at == 0 || !isPartOfName(bytes[at - 1]) {
                at += call.count  // and on: the arguments may hold a call, too
                if let end = closing(bytes, after: at), let list = aliasList(bytes, after: end, columns) {
                    lists.append(list)
                }
            } else {
                at = quoteEnd(bytes, at) ?? at + 1
            }
        }
        var result = bytes
        for list in lists.sorted(by: { $0.lowerBound > $1.lowerBound }) { result.removeSubrange(list) }
        return String(decoding: result, as: UTF8.self)
    }

    /// The call stands in `ROWS FROM(…)`, where one list names the columns of several functions.
    static func isAmongRows(_ definition: String, function: String) -> Bool {
        definition.contains("ROWS FROM(") && definition.contains(function + "(")
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "."),
            UInt8(ascii: "\""), 0x80...:
            true
        default: false
        }
    }

    /// Behind the parenthesis that closes what is open at `start`.
    private static func closing(_ bytes: [UInt8], after start: Int) -> Int? {
        var depth = 1
        var at = start
        while at < bytes.count {
            if let quote = quoteEnd(bytes, at) { at = quote; continue }
            if bytes[at] == UInt8(ascii: "(") { depth += 1 }
            if bytes[at] == UInt8(ascii: ")") { depth -= 1 }
            at += 1
            if depth == 0 { return at }
        }
        return nil
    }

    /// Behind a string or a quoted name that begins here; nil where none does.
    private static func quoteEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        let quote = bytes[start]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        let escapes = quote == UInt8(ascii: "'") && start > 0 && bytes[start - 1] == UInt8(ascii: "E")
        var at = start + 1
        while at < bytes.count {
            if escapes && bytes[at] == UInt8(ascii: "\\") { at += 2; continue }
            if bytes[at] == quote {
                guard at + 1 < bytes.count, bytes[at + 1] == quote else { return at + 1 }
                at += 1
            }
            at += 1
        }
        return bytes.count
    }

    /// Where the list of names stands behind a call and its alias, if it is the function's own.
    private static func aliasList(_ bytes: [UInt8], after end: Int, _ columns: String?) -> Range<Int>? {
        var at = end
        let ordinality = Array(" WITH ORDINALITY".utf8)
        let isCounted = bytes[at...].starts(with: ordinality)
        if isCounted { at += ordinality.count }
        guard at < bytes.count, bytes[at] == UInt8(ascii: " ") else { return nil }
        at += 1
        let alias = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "(") {
            if let quote = quoteEnd(bytes, at) { at = quote; continue }
            guard isPartOfName(bytes[at]) else { return nil }
            at += 1
        }
        guard at > alias, at < bytes.count else { return nil }
        let name = String(decoding: bytes[alias..<at], as: UTF8.self)
        let list = "(" + (columns ?? name) + (isCounted ? ", ordinality" : "") + ")"
        return bytes[at...].starts(with: Array(list.utf8)) ? at..<at + list.utf8.count : nil
    }
}
