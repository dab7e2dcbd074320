import CPGQuery
import Foundation

/// A piece of a text as PostgreSQL 15's own scanner cuts it.
public struct SQLToken: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// `-- …` or `/* … */`.
        case comment
        /// A word of SQL's grammar, also where it stands for a name.
        case keyword
        /// A name, quoted (`"…"`, `U&"…"`) or not.
        case identifier
        /// `'…'`, `E'…'`, `U&'…'`, `B'…'`, `X'…'`, `$tag$…$tag$`; with the parts that continue it on later lines.
        case string
        case number
        /// `$1`.
        case parameter
        /// An operator, a punctuation mark, or a byte that SQL has no use for.
        case symbol
    }

    public let kind: Kind
    /// Bytes of the text's UTF-8, counted from 0.
    public let range: Range<Int>

    public var isComment: Bool { kind == .comment }
    public var isKeyword: Bool { kind == .keyword }
}

extension PGQuery {
    /// The tokens of a text, comments included, in order; white space is what lies between them.
    ///
    /// Unlike libpg_query's own answer, the ranges of `U&'…'` and `U&"…"` are right, and a string that goes on behind
    /// a comment (`'a' -- why` and `'b'` on the next line) is one token, as it is to the server.
    /// - Throws: `PGQueryError` where a quote or comment is never closed, where something is no token (`12ab`), and for
    ///   a NUL byte or more than 2 GB.
    public static func scan(_ sql: String) throws(PGQueryError) -> [SQLToken] { try scan(bytes: Array(sql.utf8)) }

    static func scan(bytes: [UInt8]) throws(PGQueryError) -> [SQLToken] {
        guard bytes.count < Int(Int32.max) else { throw PGQueryError(message: "the text is too long", position: nil) }
        var bytes = bytes
        // Each round takes one comment out of the way of a string; a text with more of them than this is a strange one.
        for _ in 0..<32 {
            let raw = try scanOnce(bytes)
            switch joinStrings(raw, bytes) {
            case .tokens(let tokens): return tokens
            case .blank(let comments):
                for range in comments { for at in range { bytes[at] = UInt8(ascii: " ") } }
            }
        }
        throw PGQueryError(message: "too many strings are continued behind comments", position: nil)
    }

    private static func scanOnce(_ bytes: [UInt8]) throws(PGQueryError) -> [SQLToken] {
        let answer: PgQueryScanResult? = (bytes + [0]).withUnsafeBufferPointer { text in
            text.withMemoryRebound(to: CChar.self) {
                guard let start = $0.baseAddress, strlen(start) == bytes.count else { return nil }
                return pg_query_scan(start)
            }
        }
        guard let result = answer else { throw PGQueryError(message: "the text holds a NUL byte", position: nil) }
        defer { pg_query_free_scan_result(result) }
        if let error = result.error { throw PGQueryError(error.pointee) }
        let packed = UnsafeRawPointer(result.pbuf.data)?.assumingMemoryBound(to: UInt8.self)
        guard let scan = pg_query__scan_result__unpack(nil, result.pbuf.len, packed) else {
            throw PGQueryError(message: "libpg_query gave no tokens", position: nil)
        }
        defer { pg_query__scan_result__free_unpacked(scan, nil) }
        var tokens: [SQLToken] = []
        tokens.reserveCapacity(scan.pointee.n_tokens)
        for index in 0..<scan.pointee.n_tokens {
            guard let token = scan.pointee.tokens[index]?.pointee else { continue }
            let start = Int(token.start)
            var end = Int(token.end)
            let kind = kind(of: token)
            let code = token.token.rawValue
            if code == PG_QUERY__TOKEN__UIDENT.rawValue || code == PG_QUERY__TOKEN__USCONST.rawValue {
                end = QuotedText(bytes, from: start, acrossComments: false).end
            }
            guard start <= end, end <= bytes.count, start >= tokens.last?.range.upperBound ?? 0 else {
                throw PGQueryError(message: "libpg_query's tokens overlap", position: nil)
            }
            tokens.append(SQLToken(kind: kind, range: start..<end))
        }
        return tokens
    }

    private static func kind(of token: PgQuery__ScanToken) -> SQLToken.Kind {
        // Numbers rather than C's enumeration: comparing that is ten times slower in a debug build.
        let code = token.token.rawValue
        if token.keyword_kind.rawValue != PG_QUERY__KEYWORD_KIND__NO_KEYWORD.rawValue { return .keyword }
        if code < PG_QUERY__TOKEN__IDENT.rawValue { return .symbol }
        if code <= PG_QUERY__TOKEN__UIDENT.rawValue { return .identifier }
        switch token.token {
        case PG_QUERY__TOKEN__SQL_COMMENT, PG_QUERY__TOKEN__C_COMMENT: return .comment
        case PG_QUERY__TOKEN__SCONST, PG_QUERY__TOKEN__USCONST, PG_QUERY__TOKEN__BCONST, PG_QUERY__TOKEN__XCONST:
            return .string
        case PG_QUERY__TOKEN__ICONST, PG_QUERY__TOKEN__FCONST: return .number
        case PG_QUERY__TOKEN__PARAM: return .parameter
        default: return .symbol
        }
    }

    private enum Joined {
        case tokens([SQLToken])
        /// These comments stand inside a string with escapes: what follows them was cut without regard to that.
        case blank([Range<Int>])
    }

    /// libpg_query makes tokens of comments and so ends a string before each; the server reads on behind them.
    private static func joinStrings(_ raw: [SQLToken], _ bytes: [UInt8]) -> Joined {
        var tokens: [SQLToken] = []
        tokens.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            var token = raw[index]
            index += 1
            while token.kind == .string, bytes[token.range.lowerBound] != UInt8(ascii: "$"),
                let next = continuation(of: token, raw, index, bytes)
            {
                if bytes[token.range.lowerBound] | 0x20 == UInt8(ascii: "e") {
                    return .blank(raw[index..<next].map(\.range))
                }
                token = SQLToken(kind: .string, range: token.range.lowerBound..<raw[next].range.upperBound)
                index = next + 1
            }
            tokens.append(token)
        }
        return .tokens(tokens)
    }

    /// The index of the string that the server takes for a part of this one; nil where the string ends.
    private static func continuation(
        of token: SQLToken, _ raw: [SQLToken], _ from: Int, _ bytes: [UInt8]
    ) -> Int? {
        var next = from
        while next < raw.count, raw[next].isComment, bytes[raw[next].range.lowerBound] == UInt8(ascii: "-") { next += 1 }
        guard next > from, next < raw.count, raw[next].kind == .string,
            bytes[raw[next].range.lowerBound] == UInt8(ascii: "'")
        else { return nil }
        return next
    }
}

/// A quoted text, read from its prefix or first quote to its end, over all parts that continue it.
struct QuotedText {
    /// Each from quote to quote; the first with the prefix (`E`, `U&`, …).
    private(set) var parts: [Range<Int>] = []
    var end: Int { parts.last?.upperBound ?? 0 }

    /// - Parameters:
    ///   - from: where the prefix, or the quote, stands. The text is known to be closed.
    ///   - acrossComments: go on behind comments, as the server does and libpg_query does not.
    init(_ bytes: [UInt8], from: Int, to limit: Int? = nil, acrossComments: Bool = true) {
        let limit = limit ?? bytes.count
        var at = from
        while at < limit, bytes[at] != UInt8(ascii: "'"), bytes[at] != UInt8(ascii: "\"") { at += 1 }
        guard at < limit else { parts = [from..<limit]; return }
        let quote = bytes[at]
        let escapes = quote == UInt8(ascii: "'") && bytes[from] | 0x20 == UInt8(ascii: "e")
        var start = from
        while true {
            at += 1
            while at < limit {
                if escapes && bytes[at] == UInt8(ascii: "\\") { at += 2; continue }
                if bytes[at] == quote {
                    guard at + 1 < limit, bytes[at + 1] == quote else { break }
                    at += 1
                }
                at += 1
            }
            at = min(at + 1, limit)
            parts.append(start..<at)
            guard quote == UInt8(ascii: "'"), let next = Self.continuation(bytes, at, limit, acrossComments) else {
                return
            }
            start = next
            at = next
        }
    }

    /// The quote that opens the next part: behind blanks and `--` comments with a line's end among them.
    private static func continuation(
        _ bytes: [UInt8], _ from: Int, _ limit: Int, _ acrossComments: Bool
    ) -> Int? {
        var at = from
        var sawNewline = false
        while at < limit {
            switch bytes[at] {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): sawNewline = true; at += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0C: at += 1
            case UInt8(ascii: "-") where acrossComments && at + 1 < limit && bytes[at + 1] == UInt8(ascii: "-"):
                while at < limit, bytes[at] != UInt8(ascii: "\n"), bytes[at] != UInt8(ascii: "\r") { at += 1 }
            case UInt8(ascii: "'") where sawNewline: return at
            default: return nil
            }
        }
        return nil
    }
}
