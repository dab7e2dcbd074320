/// The statements of an SQL file, split at the semicolons where psql would split them.
///
/// The lexer follows PostgreSQL's own (scan.l, and psqlscan.l for what ends a statement): `--` and nested `/* */`
/// comments, '…', E'…', "…", $tag$…$tag$, parentheses (`create rule … do (a; b)`) and `begin atomic … end` bodies.
/// It takes `standard_conforming_strings` to be on, as it is in every session of the migrator.
public struct SQLScript: Sendable, Equatable {
    public struct Statement: Sendable, Equatable {
        /// From the first token to the last one, the semicolon excluded; comments in between included.
        public let text: String
        /// Where it begins in the file, 1-based; the column counts Unicode scalars, as the server's positions do.
        public let line: Int
        public let column: Int
        /// Where psql would put in the value of a variable, in order.
        public let variables: [Variable]
        /// Its first tokens (at most `SQLScript.tokensKept`), for `SQLScript.Statement` to be recognised by.
        let tokens: [Token]
    }

    /// `:name`, `:'name'` or `:"name"` outside of quotes and comments; in SQL that is not for psql it may be something
    /// else, such as the bound of an array's slice.
    public struct Variable: Sendable, Equatable {
        public enum Form: Sendable { case bare, literal, identifier }
        public let name: String
        public let form: Form
        /// The bytes it takes in the statement's text, colon and quotes included.
        public let range: Range<Int>
    }

    /// What a statement is recognised by.
    struct Token: Sendable, Equatable {
        enum Kind: Sendable { case word, quotedIdentifier, string, number, symbol }
        let kind: Kind
        /// As it is written; quotes included.
        let text: String
        /// The line it begins on, 1-based in the file.
        let line: Int
        /// The bytes it takes in the statement's text.
        let range: Range<Int>

        /// Folded to lower case, for a word; empty for anything else, so that "select" in quotes is no keyword.
        var word: String { kind == .word ? foldCase(text) : "" }
        /// The name that an identifier stands for; nil for anything else, `U&"…"` included.
        var identifier: String? {
            switch kind {
            case .word: return foldCase(text)
            case .quotedIdentifier where text.hasPrefix("\""):
                return text.dropFirst().dropLast().split(separator: "\"\"", omittingEmptySubsequences: false)
                    .joined(separator: "\"")
            default: return nil
            }
        }
    }

    static let tokensKept = 64

    public let statements: [Statement]
    /// What stands behind `-- migrate:` on the first line, for example `no-transaction`; nil without such a line.
    public let directive: String?

    /// - Parameter commands: true: lines that are commands of psql (`\if`) are passed over where no statement is under
    ///   way; otherwise they are errors.
    /// - Throws: `SQLScriptError` where a quote or comment is never closed, where a directive does not stand on the
    ///   first line, or where a psql command (`\i`) stands between statements.
    public init(_ text: String, passingOverCommands commands: Bool = false) throws(SQLScriptError) {
        var lexer = SQLLexer(text, passingOverCommands: commands)
        try lexer.run()
        statements = lexer.statements
        directive = lexer.directive
    }
}

/// Why a file is no SQL script, with the place (1-based).
public struct SQLScriptError: Error, Sendable, Equatable {
    public let line: Int
    public let column: Int
    public let message: String
}

/// PostgreSQL folds ASCII letters only (in a UTF-8 database).
func foldCase(_ text: String) -> String {
    String(decoding: text.utf8.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 }, as: UTF8.self)
}
