import Testing

@testable import Migrations

@Suite struct SQLScriptTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let statements: [String]
        init(_ name: String, _ sql: String, _ statements: [String]) {
            (testDescription, self.sql, self.statements) = (name, sql, statements)
        }
    }

    static let cases = [
        Case("nothing", " \n-- only a comment\n/* and another */ ;;", []),
        Case("two, the last without semicolon", "select 1;\nselect 2", ["select 1", "select 2"]),
        Case(
            "comments nest", "select /* a; /* b; */ c; */ 1; select 2", ["select /* a; /* b; */ c; */ 1", "select 2"]),
        Case("a comment ends a line only", "select 1 -- a; b\n; select 2", ["select 1", "select 2"]),
        Case("quotes", "select 'a;''b;'; select 2", ["select 'a;''b;'", "select 2"]),
        Case("a backslash is itself", #"select 'a\'; select 2"#, [#"select 'a\'"#, "select 2"]),
        Case("escapes", #"select E'a\';b', e'\\'; select 2"#, [#"select E'a\';b', e'\\'"#, "select 2"]),
        Case(
            "escapes go on on the next line", "select E'a'\n  'b\\';'; select 2",
            ["select E'a'\n  'b\\';'", "select 2"]),
        Case(
            "no escapes in an ordinary string's next part", "select 'a'\n'b\\'; select 2",
            ["select 'a'\n'b\\'", "select 2"]),
        Case("a name that ends in e", #"select name'a\'; select 2"#, [#"select name'a\'"#, "select 2"]),
        Case(
            "other prefixes", #"select N'a;\', B'1;', x'f;', U&'d\0061;', U&"a;"; select 2"#,
            [#"select N'a;\', B'1;', x'f;', U&'d\0061;', U&"a;""#, "select 2"]),
        Case("quoted names", #"select "a;""b;" ; select 2"#, [#"select "a;""b;""#, "select 2"]),
        Case(
            "dollar quotes", "do $$ begin; ' \" end $$; select $a$ $$ ; $b$ ; $a$",
            ["do $$ begin; ' \" end $$", "select $a$ $$ ; $b$ ; $a$"]),
        Case(
            "no dollar quotes: parameters, names", "select $1, a$b$; select c$b$", ["select $1, a$b$", "select c$b$"]),
        Case("tags beyond ASCII", "select $é$ ; $é$; select 2", ["select $é$ ; $é$", "select 2"]),
        Case(
            "parentheses", "create rule r as on insert to t do (select 1; select 2); select 3",
            ["create rule r as on insert to t do (select 1; select 2)", "select 3"]),
        Case(
            "begin atomic",
            "create or replace function f() returns int begin atomic select case when a then 1 else 2 end; select 2; end; select 3",
            [
                "create or replace function f() returns int begin atomic select case when a then 1 else 2 end; select 2; end",
                "select 3",
            ]),
        Case(
            "begin atomic, names that look like keywords",
            "create procedure p() begin atomic select 1 as end, t.case from t; END; select 3",
            ["create procedure p() begin atomic select 1 as end, t.case from t; END", "select 3"]),
        Case("begin without atomic", "select begin from t; end; select 1", ["select begin from t", "end", "select 1"]),
        Case("atomic elsewhere", "select begin atomic; select 2", ["select begin atomic", "select 2"]),
        Case("no function", "create table f (begin atomic); select 2", ["create table f (begin atomic)", "select 2"]),
        Case(
            "operators", "select a->'b', 2-1, 4/2, a*/**/b; select 2", ["select a->'b', 2-1, 4/2, a*/**/b", "select 2"]),
        Case("line ends of all kinds", "select 1 -- a;\r\n;\rselect 2;\n", ["select 1", "select 2"]),
        Case("a byte order mark", "\u{FEFF}select 1;", ["select 1"]),
    ]

    @Test(arguments: cases) func splits(_ each: Case) throws {
        #expect(try SQLScript(each.sql).statements.map(\.text) == each.statements)
    }

    @Test func tellsWhereStatementsBegin() throws {
        let script = try SQLScript("-- a\n\n  select 1;\n/* é */ select\n 2; select 3")
        #expect(script.statements.map { [$0.line, $0.column] } == [[3, 3], [4, 9], [5, 5]])
    }

    @Test(arguments: [
        ("select 'a", 1, 8, "string"), ("select 1;\n\"b;\n", 2, 1, "identifier"), ("\n/* a /* b */", 2, 1, "comment"),
        ("do $x$ \n $X$", 1, 4, "$x$"), ("select E'a\\'", 1, 9, "string"), ("select 1;\n  \\i a.sql", 2, 3, "psql"),
        ("select 1;\n-- migrate: no-transaction\n", 2, 1, "first line"),
    ])
    func saysWhatIsNeverClosed(_ sql: String, _ line: Int, _ column: Int, _ part: String) throws {
        let error = try #require(throws: SQLScriptError.self) { try SQLScript(sql) }
        #expect([error.line, error.column] == [line, column])
        #expect(error.message.contains(part))
    }

    @Test func readsTheDirective() throws {
        #expect(try SQLScript("-- migrate: no-transaction  \r\nselect 1").directive == "no-transaction")
        #expect(try SQLScript("--migrate: x\n").directive == "x")
        #expect(try SQLScript("-- a migration\nselect '-- migrate: x'").directive == nil)
    }

    @Test(arguments: [
        ("begin", true), ("BEGIN isolation level serializable", true), ("start transaction", true), ("commit", true),
        ("commit prepared 'x'", true), ("end", true), ("abort", true), ("rollback", true), ("rollback work", true),
        ("rollback to savepoint a", false), ("rollback work to a", false), ("savepoint a", false), ("release a", false),
        ("prepare transaction 'x'", true), ("prepare p as select 1", false), ("do $$ begin end $$", false),
        ("\"begin\"", false),
    ])
    func seesTransactionControl(_ sql: String, _ expected: Bool) throws {
        #expect(try SQLScript(sql).statements[0].controlsTransaction == expected)
    }

    @Test(arguments: [
        ("copy t from stdin", true), ("copy s.t (a, b) from stdin with (format csv)", true),
        ("copy t to stdout", false),
        ("copy (select 1 from stdin) to stdout", true), ("copy t from '/tmp/stdin'", false), ("select stdin", false),
    ])
    func seesCopyFromStandardInput(_ sql: String, _ expected: Bool) throws {
        // The fourth is a sub-select on a table of that name: too careful, and nobody's loss.
        #expect(try SQLScript(sql).statements[0].copiesFromStandardInput == expected)
    }

    typealias Concurrent = SQLScript.Statement.Concurrent
    @Test(
        arguments: [
            ("create index concurrently a_b_idx on s.a (b)", Concurrent.createIndex(index: "a_b_idx", table: "s.a")),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS A_Key ON ONLY \"S\".a (b)",
                .createIndex(index: "a_key", table: "\"S\".a")
            ),
            ("create index /* x */ concurrently \"A \"\"b\" on a (b)", .createIndex(index: "A \"b", table: "a")),
            ("create index concurrently on a (b)", .createIndex(index: nil, table: "a")),
            ("drop index concurrently if exists s.a_b_idx cascade", .dropIndex(index: "s.a_b_idx")),
            ("reindex (verbose, tablespace x) table concurrently s.a", .reindex(.table("s.a"))),
            ("reindex (concurrently) index s.a_idx", .reindex(.index("s.a_idx"))),
            ("reindex schema concurrently s", .reindex(.schema("s"))),
            ("reindex database concurrently d", .reindex(.database)),
            ("alter table s.a detach partition s.a_1 concurrently", .detach(parent: "s.a", partition: "s.a_1")),
        ] as [(String, Concurrent)])
    func recognisesConcurrentOperations(_ sql: String, _ expected: Concurrent) throws {
        #expect(try SQLScript(sql).statements[0].concurrent == expected)
    }

    @Test(arguments: [
        "create index a_b_idx on a (b)", "refresh materialized view concurrently v", "select 'concurrently'",
        "drop index a_b_idx", "alter table a detach partition b", "create table concurrently (a int)",
    ])
    func leavesOthersAlone(_ sql: String) throws { #expect(try SQLScript(sql).statements[0].concurrent == nil) }

    @Test(arguments: [
        ("select :a, :'b_2', :\"c\"", [":a", ":'b_2'", ":\"c\""]), ("select ':a', \":b\", $$:c$$, E'\\':d' -- :e\n/* :f */ from t", []),
        ("select a::text, :a::integer", [":a"]), ("select x[1:2], x[:2], x[1:n]", [":n"]), ("f(a := 1, b => :b)", [":b"]),
        ("select : a, :'a b', :1, :", []), ("select (:a+:b)*:a", [":a", ":b", ":a"]), ("é :a", [":a"]),
    ])
    func findsVariables(_ sql: String, _ expected: [String]) throws {
        let statement = try SQLScript(sql).statements[0]
        let bytes = Array(statement.text.utf8)
        let found = statement.variables.map { String(decoding: bytes[$0.range], as: UTF8.self) }
        #expect(found == expected)
    }

    @Test func passesOverCommandsOfPsql() throws {
        let text = "-- x\n\\if :{?a}\n\\else\n    \\set a 'it''s;'\n\\endif\nselect :a;\n\\echo done\n"
        let script = try SQLScript(text, passingOverCommands: true)
        #expect(script.statements.map(\.text) == ["select :a"])
        #expect(script.statements[0].line == 6 && script.statements[0].variables.map(\.name) == ["a"])
        #expect(throws: SQLScriptError.self) { try SQLScript(text) }
        #expect(throws: SQLScriptError.self) { try SQLScript("select 1\n\\gset\n", passingOverCommands: true) }
    }
}
