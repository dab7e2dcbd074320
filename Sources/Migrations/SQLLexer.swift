/// Splits a text into statements; see `SQLScript`.
struct SQLLexer {
    private(set) var statements: [SQLScript.Statement] = []
    private(set) var directive: String?

    private let bytes: [UInt8]
    private let passesOverCommands: Bool
    private var at = 0
    private var line = 1
    private var lineStart = 0

    // The statement under way.
    private var start: (offset: Int, line: Int, column: Int)?
    private var end = 0
    private var tokens: [SQLScript.Token] = []
    private var variables: [SQLScript.Variable] = []
    private var parentheses = 0
    private var atomicDepth = 0
    /// The last two tokens' words, so that `begin atomic` and `as end` are seen.
    private var previous = ""

    init(_ text: String, passingOverCommands: Bool = false) {
        var text = text
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        bytes = Array(text.utf8)
        passesOverCommands = passingOverCommands
    }

    mutating func run() throws(SQLScriptError) {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"): newline()
            case 0x20, 0x09, 0x0C, 0x0D, 0x0B: at += 1
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): try lineComment()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): try blockComment()
            case UInt8(ascii: "\\") where passesOverCommands && start == nil:
                while let next = peek(), next != UInt8(ascii: "\n") { at += 1 }
            case UInt8(ascii: ";") where parentheses == 0 && atomicDepth == 0:
                at += 1
                finishStatement()
            default: try token(byte)
            }
        }
        finishStatement()
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

    private mutating func newline() {
        at += 1
        line += 1
        lineStart = at
    }

    private func column(of offset: Int) -> Int {
        bytes[lineStart..<offset].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func failure(_ message: String) -> SQLScriptError {
        SQLScriptError(line: line, column: column(of: at), message: message)
    }

    private mutating func finishStatement() {
        if let start {
            statements.append(
                SQLScript.Statement(
                    text: text(start.offset..<end), line: start.line, column: start.column, variables: variables,
                    tokens: tokens))
        }
        start = nil
        tokens = []
        variables = []
        parentheses = 0
        atomicDepth = 0
        previous = ""
    }

    // MARK: Comments

    private mutating func lineComment() throws(SQLScriptError) {
        let from = at
        while let byte = peek(), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { at += 1 }
        let comment = text(from..<at)
        guard comment.hasPrefix("-- migrate:") || comment.hasPrefix("--migrate:") else { return }
        guard from == 0 else {
            at = from
            throw failure("a `-- migrate:` directive must be the file's first line")
        }
        directive = String(comment.drop { $0 != ":" }.dropFirst()).trimmingSpaces
    }

    private mutating func blockComment() throws(SQLScriptError) {
        let opened = failure("this comment is never closed (comments nest)")
        var depth = 0
        repeat {
            switch (peek(), peek(1)) {
            case (nil, _): throw opened
            case (UInt8(ascii: "/"), UInt8(ascii: "*")): depth += 1; at += 2
            case (UInt8(ascii: "*"), UInt8(ascii: "/")): depth -= 1; at += 2
            case (UInt8(ascii: "\n"), _): newline()
            default: at += 1
            }
        } while depth > 0
    }

    // MARK: Tokens

    private mutating func token(_ byte: UInt8) throws(SQLScriptError) {
        let from = at
        let fromLine = line
        if start == nil { start = (from, line, column(of: from)) }
        let kind: SQLScript.Token.Kind
        switch byte {
        case UInt8(ascii: "'"):
            try quoted(byte, escapes: false, "string")
            kind = .string
        case UInt8(ascii: "\""):
            try quoted(byte, escapes: false, "identifier")
            kind = .quotedIdentifier
        case UInt8(ascii: "$"): kind = try dollar()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            while let next = peek(), isIdentifier(next) || next == UInt8(ascii: ".") { at += 1 }
            kind = .number
        case _ where isIdentifierStart(byte): kind = try word(byte)
        case UInt8(ascii: "\\"):
            throw failure("this is a command of psql; a file here holds nothing but SQL")
        case UInt8(ascii: ":"): colon(); kind = .symbol
        case UInt8(ascii: "("): parentheses += 1; at += 1; kind = .symbol
        case UInt8(ascii: ")"): parentheses = max(0, parentheses - 1); at += 1; kind = .symbol
        default: at += 1; kind = .symbol
        }
        end = at
        let first = start?.offset ?? from
        let token = SQLScript.Token(kind: kind, text: text(from..<at), line: fromLine, range: from - first..<at - first)
        if kind == .word { follow(token.word) }
        previous = kind == .word ? token.word : kind == .symbol ? token.text : ""
        if tokens.count < SQLScript.tokensKept { tokens.append(token) }
    }

    /// Keeps the depth of `begin atomic … end`. Inside, CASE ends with END, too; after AS or a dot both are names.
    private mutating func follow(_ word: String) {
        if word == "atomic" && previous == "begin" && isRoutine {
            atomicDepth += 1
        } else if atomicDepth > 0 && previous != "as" && previous != "." {
            if word == "case" { atomicDepth += 1 }
            if word == "end" { atomicDepth -= 1 }
        }
    }

    /// `create [or replace] {function | procedure}`.
    private var isRoutine: Bool {
        let words = tokens.prefix(4).map(\.word)
        guard words.first == "create" else { return false }
        let object = words.count > 3 && words[1] == "or" ? words[3] : words.count > 1 ? words[1] : ""
        return object == "function" || object == "procedure"
    }

    private func isIdentifierStart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    private func isIdentifier(_ byte: UInt8) -> Bool {
        isIdentifierStart(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// An identifier or keyword, or the prefix of a literal: E'…', B'…', X'…', N'…', U&'…', U&"…".
    private mutating func word(_ first: UInt8) throws(SQLScriptError) -> SQLScript.Token.Kind {
        let quote = UInt8(ascii: "'")
        switch (first | 0x20, peek(1), peek(2)) {
        case (UInt8(ascii: "e"), quote, _):
            at += 1
            try quoted(quote, escapes: true, "string")
            return .string
        case (UInt8(ascii: "b"), quote, _), (UInt8(ascii: "x"), quote, _), (UInt8(ascii: "n"), quote, _):
            at += 1
            try quoted(quote, escapes: false, "string")
            return .string
        case (UInt8(ascii: "u"), UInt8(ascii: "&"), quote):
            at += 2
            try quoted(quote, escapes: false, "string")
            return .string
        case (UInt8(ascii: "u"), UInt8(ascii: "&"), UInt8(ascii: "\"")):
            at += 2
            try quoted(UInt8(ascii: "\""), escapes: false, "identifier")
            return .quotedIdentifier
        default:
            while let next = peek(), isIdentifier(next) || next == UInt8(ascii: "$") { at += 1 }
            return .word
        }
    }

    /// From the opening quote past the closing one; a doubled quote stands for itself.
    private mutating func quoted(_ quote: UInt8, escapes: Bool, _ what: String) throws(SQLScriptError) {
        let opened = failure("this quoted \(what) is never closed")
        at += 1
        while true {
            guard let byte = peek() else { throw opened }
            if byte == UInt8(ascii: "\n") { newline(); continue }
            if escapes && byte == UInt8(ascii: "\\") {
                at += 1
                if peek() == UInt8(ascii: "\n") { newline() } else { at += 1 }
                continue
            }
            at += 1
            guard byte == quote else { continue }
            if peek() == quote { at += 1; continue }
            // 'a' <newline> 'b' is one string: the second part keeps the first one's escapes.
            guard escapes, continues() else { return }
            at += 1
        }
    }

    /// Moves on to the quote that continues a string on a later line, or stays where it is.
    private mutating func continues() -> Bool {
        let before = (at, line, lineStart)
        var sawNewline = false
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"): newline(); sawNewline = true
            case UInt8(ascii: "\r"): at += 1; sawNewline = true
            case 0x20, 0x09, 0x0C, 0x0B: at += 1
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
                while let next = peek(), next != UInt8(ascii: "\n"), next != UInt8(ascii: "\r") { at += 1 }
            case UInt8(ascii: "'") where sawNewline: return true
            default:
                (at, line, lineStart) = before
                return false
            }
        }
        (at, line, lineStart) = before
        return false
    }

    /// `::`, or a variable of psql, or a lone colon.
    private mutating func colon() {
        let from = at
        at += 1
        guard let next = peek(), let start, next != UInt8(ascii: ":") else { at += peek() == nil ? 0 : 1; return }
        let form: SQLScript.Variable.Form =
            next == UInt8(ascii: "'") ? .literal : next == UInt8(ascii: "\"") ? .identifier : .bare
        let nameStart = form == .bare ? at : at + 1
        var nameEnd = nameStart
        while nameEnd < bytes.count, isIdentifier(bytes[nameEnd]) { nameEnd += 1 }
        let closed = form == .bare || nameEnd < bytes.count && bytes[nameEnd] == next
        guard nameEnd > nameStart, isIdentifierStart(bytes[nameStart]), closed else { return }
        at = form == .bare ? nameEnd : nameEnd + 1
        variables.append(
            SQLScript.Variable(
                name: text(nameStart..<nameEnd), form: form, range: from - start.offset..<at - start.offset))
    }

    /// `$tag$…$tag$`, or `$1`, or a lone dollar.
    private mutating func dollar() throws(SQLScriptError) -> SQLScript.Token.Kind {
        var tagEnd = at + 1
        if tagEnd < bytes.count, isIdentifierStart(bytes[tagEnd]) {
            while tagEnd < bytes.count, isIdentifier(bytes[tagEnd]) { tagEnd += 1 }
        }
        guard tagEnd < bytes.count, bytes[tagEnd] == UInt8(ascii: "$") else {
            at += 1
            while let next = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= next { at += 1 }
            return .symbol
        }
        let tag = bytes[at...tagEnd]
        let opened = failure("this \(text(at..<tagEnd + 1)) is never closed")
        at = tagEnd + 1
        while let byte = peek() {
            if byte == UInt8(ascii: "\n") { newline(); continue }
            if byte == UInt8(ascii: "$"), bytes[at...].starts(with: tag) {
                at += tag.count
                return .string
            }
            at += 1
        }
        throw opened
    }
}

extension String {
    var trimmingSpaces: String {
        var view = self[...]
        while let last = view.last, last.isWhitespace { view.removeLast() }
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        return String(view)
    }
}
