import Testing

@testable import emporium

/// Query files as values.
@Suite struct QueryParts {
    @Test func aFileBecomesAStatementWithParameters() throws {
        let text = """
            -- title:  T
            -- params: :n integer = 10, :d date = null, :t text
            -- answer: a, b (numeric, shop currency), c
            --
            -- Words about :x.
            \\if :{?n}
            \\else
                \\set n 10
            \\endif
            select :n as a, nullif(:'d', '')::date as b, :'t' || ':n' as c -- :n
            limit :n;
            """
        let query = try QueryFile(name: "t", path: "t.sql", text: text)
        #expect(
            query.sql == """
                select ($1::integer) as a, nullif(coalesce(($2::date)::text, ''), '')::date as b, \
                coalesce(($3::text)::text, '') || ':n' as c -- :n
                limit ($1::integer)
                """)
        #expect(query.answer.map(\.name) == ["a", "b", "c"] && query.answer[1].note == "numeric, shop currency")
        #expect(try query.values(["t=x=y"]) == [.text("10"), .null, .text("x=y")])
        #expect(try query.values(["t=", "n=+7", "d="]) == [.text("7"), .null, .text("")])
        #expect(throws: QueryFile.ParameterError.self) { try query.values([]) }
    }

    @Test(arguments: [
        ("select 1", "t.sql:1: the header has no line `-- title:`"),
        ("-- title: T\n-- params:\nselect 1", "t.sql:1: the header has no line `-- answer:`"),
        ("-- title: T\n-- params:\n-- answer:\nselect 1", "t.sql:3: the answer names no column"),
        ("-- title: T\n-- params: :n int\n-- answer: a\nselect :n", "t.sql:2: params: `:n int` is not"),
        ("-- title: T\n-- params: :n integer = x\n-- answer: a\nselect :n", "t.sql:2: params: the default of :n is no integer"),
        ("-- title: T\n-- params:\n-- answer: a\nselect 1; select 2", "t.sql:4: a query is one statement, and here are 2"),
        ("-- title: T\n-- params:\n-- answer: a\n", "t.sql:1: a query is one statement, and here are 0"),
        ("-- title: T\n-- params:\n-- answer: a\nselect :n", "t.sql:4: the header's params do not declare :n"),
        ("-- title: T\n-- params: :n integer\n-- answer: a\nselect 1", "t.sql:2: the statement does not use :n"),
        ("-- title: T\n-- params: :n integer\n-- answer: a\nselect :\"n\"", "t.sql:4: :\"n\" would be a name"),
        ("-- title: T\n-- params:\n-- answer: a\nselect 'x", "t.sql:4: this quoted string is never closed"),
    ])
    func aFileThatIsNoQueryIsToldSo(_ text: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try QueryFile(name: "t", path: "t.sql", text: text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func valuesAreOfTheirType() {
        typealias Kind = QueryFile.Parameter.Kind
        for (kind, good, bad) in [
            (Kind.integer, ["0", "-5", "2147483647"], ["2147483648", "1.0", " 1", "1e3", "x", "١"]),
            (.bigint, ["9223372036854775807"], ["9223372036854775808"]), (.numeric, ["1", "-.5", "1.", "0.10"], ["1e5", "NaN", "."]),
            (.date, ["2024-02-29", "1999-12-31"], ["2023-02-29", "2024-13-01", "24-01-01", "today", "2024-1-1"]),
            (.boolean, ["true", "FALSE"], ["t", "1"]), (.text, ["", "a'b"], ["a\0b"]),
        ] {
            for word in good { #expect(kind.value(word) != nil, "\(kind) \(word)") }
            for word in bad { #expect(kind.value(word) == nil, "\(kind) \(word)") }
        }
        #expect(Kind.date.value("") == .null && Kind.text.value("") == .text(""))
    }

    @Test func outputIsExact() {
        let output = QueryOutput(
            columns: ["n", "t"], types: [1700, 25],
            rows: [["12345678901234567890.10", "a,\"b\"\r\nc"], [nil, ""], ["NaN", "\u{1B}[2J\u{202E}"]])
        #expect(output.csv == "n,t\n12345678901234567890.10,\"a,\"\"b\"\"\r\nc\"\n,\"\"\nNaN,\u{1B}[2J\u{202E}\n")
        #expect(
            output.json == """
                [
                  {"n": 12345678901234567890.10, "t": "a,\\"b\\"\\r\\nc"},
                  {"n": null, "t": ""},
                  {"n": "NaN", "t": "\\u001b[2J\u{202E}"}
                ]

                """)
        #expect(output.cells == [["12345678901234567890.10", "a,\"b\"\\r\\nc"], ["∅", ""], ["NaN", "\\u{1b}[2J\\u{202e}"]])
    }
}
