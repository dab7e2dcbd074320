// What a text of SQL says, apart from how it is laid out.

extension PGQuery {
    /// The bytes that two texts share when they differ in nothing but comments, white space, line endings, a byte
    /// order mark and the case of keywords; anything else that differs makes them differ.
    ///
    /// Comments are dropped, keywords folded to lower case, every other token stands as it is written (so the case of
    /// names counts, although the server folds it), with NUL between two tokens. The bodies of `do` blocks and of
    /// functions and procedures in the languages sql and plpgsql are taken the same way where they are dollar-quoted;
    /// a body in another language, and any other string, counts byte by byte.
    ///
    /// A text that PostgreSQL 15's scanner refuses stands for itself, byte by byte.
    public static func meaning(ofSQL sql: String) -> [UInt8] {
        let exact = Array(sql.utf8)
        let bytes = exact.starts(with: byteOrderMark) ? Array(exact.dropFirst(byteOrderMark.count)) : exact
        guard let tokens = try? scan(bytes: bytes) else { return exact }
        var writer = MeaningWriter(bytes: bytes, separator: 0)
        writer.write(tokens, bodies: bodies(of: tokens, bytes), language: .sql)
        return writer.output
    }

    /// The same of the body of one function, with one space between two tokens: fit for comparing `pg_proc.prosrc`
    /// and for showing.
    /// - Parameter language: as `pg_language.lanname` has it; any but `sql` and `plpgsql` gives the body as it is.
    public static func meaning(ofBody body: String, language: String) -> String {
        let bytes = Array(body.utf8)
        guard let language = BodyLanguage(rawValue: language), let tokens = try? scan(bytes: bytes) else { return body }
        var writer = MeaningWriter(bytes: bytes, separator: UInt8(ascii: " "))
        writer.write(tokens, bodies: [:], language: language)
        return String(decoding: writer.output, as: UTF8.self)
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The tokens that are bodies in a language that the scanner reads, by their index.
    private static func bodies(of tokens: [SQLToken], _ bytes: [UInt8]) -> [Int: BodyLanguage] {
        var found: [Int: BodyLanguage] = [:]
        var statement: [Int] = []
        var depth = 0
        func finish() {
            if let body = RoutineBody(statement.map { (index: $0, token: tokens[$0]) }, bytes) {
                found[body.index] = body.language
            }
            statement = []
        }
        for (index, token) in tokens.enumerated() where !token.isComment {
            if token.kind == .symbol, token.range.count == 1 {
                switch bytes[token.range.lowerBound] {
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth = max(0, depth - 1)
                case UInt8(ascii: ";") where depth == 0: finish(); continue
                default: break
                }
            }
            // What is in parentheses is neither the body nor its language: defaults, columns, signatures.
            if depth == 0 { statement.append(index) }
        }
        finish()
        return found
    }
}

/// A language whose bodies are cut into tokens by PostgreSQL's own scanner.
enum BodyLanguage: String {
    case sql, plpgsql
}

/// The dollar-quoted body of `create function`, `create procedure` or `do`.
private struct RoutineBody {
    let index: Int
    let language: BodyLanguage

    /// - Parameter statement: its tokens outside of parentheses, comments left out.
    init?(_ statement: [(index: Int, token: SQLToken)], _ bytes: [UInt8]) {
        func word(_ at: Int) -> String {
            guard at < statement.count, statement[at].token.isKeyword || statement[at].token.kind == .identifier else {
                return ""
            }
            return String(decoding: bytes[statement[at].token.range].map(lowerCased), as: UTF8.self)
        }
        func isBody(_ at: Int) -> Bool {
            at < statement.count && statement[at].token.kind == .string
                && bytes[statement[at].token.range.lowerBound] == UInt8(ascii: "$")
        }
        let body: Int?
        var name: String?
        if word(0) == "do" {
            body = statement.indices.first(where: isBody)
            name = "plpgsql"
        } else {
            let object = word(0) == "create" ? (word(1) == "or" && word(2) == "replace" ? word(3) : word(1)) : ""
            guard object == "function" || object == "procedure" else { return nil }
            body = statement.indices.first { word($0) == "as" && isBody($0 + 1) }.map { $0 + 1 }
        }
        guard let body else { return nil }
        for at in statement.indices.dropFirst() where statement[at].token.isKeyword && word(at) == "language" {
            guard at + 1 < statement.count else { break }
            name = word(at + 1)
            if statement[at + 1].token.kind != .keyword, name?.isEmpty != false || name?.first == "\"" {
                // `language 'plpgsql'`, `language "plpgsql"`: the quotes off, the case kept.
                name = String(decoding: bytes[statement[at + 1].token.range].dropFirst().dropLast(), as: UTF8.self)
            }
        }
        guard let language = name.flatMap(BodyLanguage.init) else { return nil }
        index = statement[body].index
        self.language = language
    }
}

private struct MeaningWriter {
    let bytes: [UInt8]
    let separator: UInt8
    var output: [UInt8] = []

    init(bytes: [UInt8], separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
        output.reserveCapacity(bytes.count)
    }

    private mutating func write(_ item: ArraySlice<UInt8>) {
        if !output.isEmpty { output.append(separator) }
        output.append(contentsOf: item)
    }

    private mutating func write(_ item: [UInt8]) { write(item[...]) }

    mutating func write(_ tokens: [SQLToken], bodies: [Int: BodyLanguage], language: BodyLanguage) {
        var end = 0
        for index in tokens.indices {
            let token = tokens[index]
            gap(end..<token.range.lowerBound)
            end = token.range.upperBound
            switch token.kind {
            case .comment: break
            case .keyword: keyword(token)
            case .identifier where language == .plpgsql && isPLpgSQLKeyword(token):
                write(bytes[token.range].map(lowerCased))
            case .string:
                if let language = bodies[index] { body(token, language) } else { string(token) }
            default: write(bytes[token.range])
            }
        }
        gap(end..<bytes.count)
    }

    /// What the scanner has passed over without a word is kept as it is, lest it be lost.
    private mutating func gap(_ range: Range<Int>) {
        // A plain loop: this sees every byte between tokens, and a debug build is slow at closures.
        var at = range.lowerBound
        while at < range.upperBound, isBlank(bytes[at]) { at += 1 }
        if at < range.upperBound { write(bytes[range]) }
    }

    private mutating func keyword(_ token: SQLToken) {
        // `n'…'` is `nchar '…'`, while `n '…'` is a literal of the type n.
        if token.range.count == 1 { return write(Array("nchar".utf8)) }
        if !output.isEmpty { output.append(separator) }
        var at = token.range.lowerBound
        while at < token.range.upperBound {
            output.append(lowerCased(bytes[at]))
            at += 1
        }
    }

    /// Parts of one string that stand on several lines are parted by one line's end, whatever lies between them.
    private mutating func string(_ token: SQLToken) {
        guard bytes[token.range.lowerBound] != UInt8(ascii: "$") else { return write(bytes[token.range]) }
        let parts = QuotedText(bytes, from: token.range.lowerBound, to: token.range.upperBound).parts
        guard parts.count > 1 else { return write(bytes[token.range]) }
        write(Array(parts.map { bytes[$0] }.joined(separator: [UInt8(ascii: "\n")])))
    }

    private mutating func body(_ token: SQLToken, _ language: BodyLanguage) {
        let text = bytes[token.range]
        let tag = (text.dropFirst().firstIndex(of: UInt8(ascii: "$")) ?? text.startIndex) - text.startIndex + 1
        let inner = Array(text.dropFirst(tag).dropLast(tag))
        guard let tokens = try? PGQuery.scan(bytes: inner) else { return write(text) }
        write(text.prefix(tag))
        var writer = MeaningWriter(bytes: inner, separator: separator)
        writer.write(tokens, bodies: [:], language: language)
        write(writer.output)
        write(text.suffix(tag))
    }

    private func isPLpgSQLKeyword(_ token: SQLToken) -> Bool {
        token.range.count <= longestPLpgSQLKeyword
            && plpgsqlKeywords.contains(String(decoding: bytes[token.range].map(lowerCased), as: UTF8.self))
    }
}

/// The blanks of PostgreSQL 15's scanner.
private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0A ~= byte || 0x0C...0x0D ~= byte }

private func lowerCased(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte + 0x20 : byte }

/// Words of PL/pgSQL that are none of SQL (pl_reserved_kwlist.h and pl_unreserved_kwlist.h of PostgreSQL 15 to 17).
private let plpgsqlKeywords: Set<String> = [
    "alias", "assert", "backward", "column_name", "constant", "constraint_name", "continue", "datatype", "debug",
    "diagnostics", "dump", "elseif", "elsif", "errcode", "error", "exception", "exit", "foreach", "get", "hint", "if",
    "info", "log", "loop", "message", "message_text", "notice", "open", "perform", "pg_context", "pg_datatype_name",
    "pg_exception_context", "pg_exception_detail", "pg_exception_hint", "pg_routine_oid", "print_strict_params", "query",
    "raise", "returned_sqlstate", "reverse", "row_count", "rowtype", "schema_name", "slice", "sqlstate", "stacked",
    "strict", "table_name", "use_column", "use_variable", "variable_conflict", "warning", "while",
]
private let longestPLpgSQLKeyword = 20
