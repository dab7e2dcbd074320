import Digests
import Postgres
import Testing

@testable import Migrations

@Suite struct ExcerptTests {
    @Test(arguments: [
        ("select nope", 1, 8, "    1 | select nope\n      |        ^"),
        ("a\nb c\n", 2, 3, "    2 | b c\n      |   ^"),
        // A tab stays a tab, so that both lines jump alike.
        ("\tselect\t'x',\tnope", 1, 14, "    1 | \tselect\t'x',\tnope\n      | \t      \t    \t^"),
        // One cell, no cell (a combining acute), two cells.
        ("é, e\u{301}, 日本, x", 1, 11, "    1 | é, e\u{301}, 日本, x\n      |            ^"),
        // The end of the input, also behind a newline.
        ("select", 1, 7, "    1 | select\n      |       ^"), ("select\n", 2, 1, "    2 | \n      | ^"),
        ("select 1\r\nfrom", 1, 8, "    1 | select 1\n      |        ^"),
        ("a\u{1B}[2Jb", 1, 1, "    1 | a\u{FFFD}[2Jb\n      | ^"),
        ("a", 9, 1, "    9 | \n      | ^"),
    ])
    func puts(_ text: String, _ line: Int, _ column: Int, _ expected: String) {
        #expect(SourceExcerpt(text: text, line: line, column: column).rendered == expected)
    }

    @Test func showsTheLineAloneWhereNoColumnIsKnown() {
        #expect(SourceExcerpt(text: "a\nb", line: 2, column: nil).rendered == "    2 | b")
    }

    @Test(arguments: [1, 60, 200, 399, 401]) func cutsLongLinesAroundTheColumn(_ column: Int) throws {
        var scalars = Array(String(repeating: ".", count: 400))
        if column <= 400 { scalars[column - 1] = "X" }
        let lines = SourceExcerpt(text: String(scalars), line: 1, column: column).rendered.split(separator: "\n")
        #expect(lines[0].count <= SourceExcerpt.width + 10)
        let caret = try #require(lines[1].firstIndex(of: "^"))
        let at = lines[1].distance(from: lines[1].startIndex, to: caret)
        if column <= 400 { #expect(Array(lines[0])[at] == "X") } else { #expect(at == lines[0].count) }
    }

    // MARK: Places

    private func place(_ sql: String, statement: Int = 0, _ error: PostgresError) throws -> [Int?] {
        let place = try SQLScript(sql).statements[statement].place(of: error)
        return [place.line, place.column]
    }

    private func error(position: Int? = nil, query: String? = nil, inner: Int? = nil, context: String? = nil)
        -> PostgresError
    {
        var error = PostgresError(sqlState: "42601", message: "syntax error")
        error.position = position
        error.internalQuery = query
        error.internalPosition = inner
        error.context = context
        return error
    }

    @Test func countsCharactersFromTheStatementsBegin() throws {
        #expect(try place("select 1;  select é,\n 日, x", statement: 1, error(position: 8)) == [1, 19])
        #expect(try place("select 1;  select é,\n 日, x", statement: 1, error(position: 15)) == [2, 5])
        #expect(try place("select 1", error(position: 9)) == [1, 9])
        #expect(try place("\n\n select 1", error(position: 99)) == [3, nil])
        #expect(try place("\n\n select 1", error()) == [3, nil])
    }

    @Test func findsAnInnerQueryThatStandsInTheStatement() throws {
        let sql = "do $$ begin\n  execute 'selec 1';\nend $$"
        #expect(try place(sql, error(query: "selec 1", inner: 1)) == [2, 12])
        // Twice: which one is not known; the context's line is.
        let context =
            "SQL statement \"x\"\nPL/pgSQL function f() line 9 at PERFORM\nPL/pgSQL function inline_code_block line 2 at EXECUTE"
        #expect(try place("\n" + sql, error(query: "e", inner: 1, context: context)) == [3, nil])
        #expect(try place("select f();", error(context: context)) == [1, nil])
    }

    // MARK: What is shown of the server's words

    @Test func quotesNoRows() {
        var server = PostgresError(sqlState: "23505", message: "duplicate key \"secret\"", detail: "Key (a)=(secret)")
        server.constraint = "a_b_key"
        server.context = "secret"
        var error = MigrationError(.statementFailed, MigrationError.headline(server))
        error.path = "migrations/0001_add_a.sql"
        error.line = 3
        error.server = server
        #expect(error.description == "migrations/0001_add_a.sql:3: ERROR 23505: unique violation (constraint a_b_key)")
        server.sqlState = "42P01"
        error.server = server
        error.message = MigrationError.headline(server)
        #expect(error.description.contains("detail: Key (a)=(secret)"))
    }

    @Test func exitCodes() {
        let codes: [(MigrationError.Code, Int32)] = [
            (.usage, 64), (.configuration, 78), (.refused, 1), (.statementFailed, 1), (.unavailable, 69),
            (.lockNotObtained, 75), (.busy, 75), (.lockLost, 1), (.init(rawValue: "other"), 1),
        ]
        for (code, expected) in codes { #expect(MigrationError(code, "").exitCode == expected) }
        #expect(MigrationError(PostgresError(sqlState: "08001", message: ""), during: "x").exitCode == 69)
        #expect(MigrationError(PostgresError(sqlState: "28000", message: ""), during: "x").exitCode == 78)
        #expect(MigrationError(PostgresError(sqlState: "3D000", message: ""), during: "x").exitCode == 78)
    }
}

/// Vectors of FIPS 180-4's examples.
@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func vectors(_ text: String, _ expected: String) {
        #expect(sha256Hex(text) == expected)
        #expect(sha256Hex(Array(text.utf8)) == expected)
    }

    @Test func piecesAndEmptyPiecesMakeNoDifference() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        var hash = SHA256()
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            for size in [0, 1, 63, 64, 65, 100_000, 0, 1_000_000] {
                hash.update(UnsafeRawBufferPointer(rebasing: rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
        }
        #expect(hash.finishHex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
