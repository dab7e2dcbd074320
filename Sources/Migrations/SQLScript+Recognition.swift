// What the migrator must know of a statement without asking the server.

extension SQLScript.Statement {
    private var words: [String] { tokens.map(\.word) }

    /// One line of at most `limit` characters, for logs and messages.
    func head(_ limit: Int = 72) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= limit ? line : line.prefix(limit - 1) + "…"
    }

    /// `begin`, `commit` and their like, which would break up the file's one transaction.
    /// Savepoints, and `rollback to` one, do not.
    var controlsTransaction: Bool {
        let words = words
        switch words.first {
        case "begin", "start", "commit", "end", "abort": return true
        case "rollback":
            let rest = words.dropFirst()
            return (rest.first == "work" || rest.first == "transaction" ? rest.dropFirst() : rest).first != "to"
        case "prepare": return words.count > 1 && words[1] == "transaction"
        default: return false
        }
    }

    /// `copy … from stdin`, whose data psql would take from the file; a connection would wait for it.
    var copiesFromStandardInput: Bool {
        let words = words
        guard words.first == "copy", let from = words.firstIndex(of: "from") else { return false }
        return words[from...].dropFirst().first == "stdin"
    }

    /// What PostgreSQL does in several transactions of its own, and so not inside ours.
    enum Concurrent: Equatable, Sendable {
        /// `index` is the name as the catalog has it, `table` as it is written.
        case createIndex(index: String?, table: String)
        /// As written.
        case dropIndex(index: String)
        case reindex(ReindexScope)
        /// As written.
        case detach(parent: String, partition: String)
    }

    /// The statement as it can run inside a transaction: without the word `concurrently`, where it is a concurrent
    /// operation; what it makes is the same.
    var textInTransaction: String {
        guard concurrent != nil else { return text }
        // `reindex (options) index concurrently name`, `alter table … detach partition … concurrently`: at any place,
        // and never as a name, which `concurrently` may be of no table and no index.
        var bytes = Array(text.utf8)
        for token in tokens.reversed() where token.word == "concurrently" { bytes.removeSubrange(token.range) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What `reindex` goes over; names as written.
    enum ReindexScope: Equatable, Sendable {
        case index(String), table(String), schema(String), database
    }

    var concurrent: Concurrent? {
        let words = words
        guard words.contains("concurrently") else { return nil }
        switch words.first {
        case "create": return createIndex
        case "drop":
            guard words.prefix(3) == ["drop", "index", "concurrently"] else { return nil }
            var reader = Reader(tokens.dropFirst(3))
            _ = reader.skip("if", "exists")
            return reader.name().map { .dropIndex(index: $0) }
        case "reindex":
            // reindex [(options)] { index | table | schema | database | system } [concurrently] name
            var reader = Reader(tokens.dropFirst(1))
            reader.skipParentheses()
            let kind = reader.word()
            _ = reader.skip("concurrently")  // it may have stood in the parentheses
            let name = reader.name()
            switch (kind, name) {
            case ("index", let name?): return .reindex(.index(name))
            case ("table", let name?): return .reindex(.table(name))
            case ("schema", let name?): return .reindex(.schema(name))
            default: return .reindex(.database)
            }
        case "alter":
            var reader = Reader(tokens.dropFirst(1))
            guard reader.skip("table") else { return nil }
            _ = reader.skip("if", "exists")
            guard let parent = reader.name(), reader.skip("detach", "partition"), let partition = reader.name(),
                reader.skip("concurrently")
            else { return nil }
            return .detach(parent: parent, partition: partition)
        default: return nil
        }
    }

    private var createIndex: Concurrent? {
        var reader = Reader(tokens.dropFirst(1))
        _ = reader.skip("unique")
        guard reader.skip("index", "concurrently") else { return nil }
        _ = reader.skip("if", "not", "exists")
        var index: String?
        if !reader.isAt("on") { index = reader.identifier() }
        guard reader.skip("on") else { return nil }
        _ = reader.skip("only")
        guard let table = reader.name() else { return nil }
        return .createIndex(index: index, table: table)
    }

    /// Reads keywords and names off the front of the tokens.
    private struct Reader {
        private var rest: ArraySlice<SQLScript.Token>
        init(_ tokens: ArraySlice<SQLScript.Token>) { rest = tokens }

        func isAt(_ word: String) -> Bool { rest.first?.word == word }

        /// Passes the words if they are next; else stays.
        mutating func skip(_ words: String...) -> Bool {
            guard rest.prefix(words.count).map(\.word) == words else { return false }
            rest = rest.dropFirst(words.count)
            return true
        }

        mutating func word() -> String { rest.popFirst()?.word ?? "" }

        /// Passes one pair, if one is next, and what is in it.
        mutating func skipParentheses() {
            guard rest.first?.text == "(", let end = rest.firstIndex(where: { $0.text == ")" }) else { return }
            rest = rest[(end + 1)...]
        }

        mutating func identifier() -> String? {
            guard let name = rest.first?.identifier else { return nil }
            rest = rest.dropFirst()
            return name
        }

        /// A name with or without its schema, as it is written.
        mutating func name() -> String? {
            guard let first = rest.first, first.identifier != nil else { return nil }
            rest = rest.dropFirst()
            var name = first.text
            while rest.first?.text == ".", let part = rest.dropFirst().first, part.identifier != nil {
                name += "." + part.text
                rest = rest.dropFirst(2)
            }
            return name
        }
    }
}
