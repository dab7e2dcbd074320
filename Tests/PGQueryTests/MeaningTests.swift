import Testing

@testable import PGQuery

@Suite struct MeaningTests {
    private func meaning(_ sql: String) -> String {
        String(decoding: PGQuery.meaning(ofSQL: sql), as: UTF8.self).replacing("\0", with: "·")
    }

    @Test(arguments: [
        ("select 1", "SELECT\r\n\t1 -- one"), ("select 1", "\u{FEFF}/* a /* b */ ' */ select 1"),
        ("a/**/-1", "a -1"), ("a - -1", "a-/**/-1"), ("f(a,b)", "f ( a , b )"), ("select 'a'\n  'b'", "select 'a' -- x\r\n'b'"),
        ("select E'a'\n 'b\\t  '", "select E'a' -- x\n 'b\\t  '  -- y"), ("n'x'", "nchar 'x'"),
        ("select u&'a' -- x\n'b' uescape '!'", "select u&'a'\n'b'UESCAPE'!'"),
        (
            "create function f() returns int as $$ select 1 $$ language sql",
            "create function f() returns int as $$\r\nSELECT 1 -- one\r\n$$ language sql"
        ),
        (
            "create or replace procedure p(a text default 'x') language 'plpgsql' as $x$ begin null; end $x$",
            "create or replace procedure p(a text default 'x') language 'plpgsql' as $x$ Begin Null; -- no\n END $x$"
        ),
        ("do $$ begin raise notice 'a  b'; end $$", "do $$BEGIN RAISE NOTICE 'a  b';END$$"),
        ("do language plpgsql $$ begin end $$", "DO LANGUAGE plpgsql $$ /* */ begin end $$"),
        (
            "create function f() returns int begin atomic select 1; end",
            "create function f() returns int\nbegin atomic\n  select 1;\n-- x\nend"
        ),
    ])
    func layoutDoesNotCount(_ one: String, _ other: String) {
        #expect(PGQuery.meaning(ofSQL: one) == PGQuery.meaning(ofSQL: other), "\(meaning(one)) \(meaning(other))")
    }

    @Test(arguments: [
        ("select 1", "select 2"), ("select a", "select A"), ("select a", "select \"a\""), ("select 'a b'", "select 'a  b'"),
        ("select 'a\nb'", "select 'a\r\nb'"), ("select 'a--b'", "select 'a--c'"), ("select '/*a*/'", "select '/*b*/'"),
        ("select 'a' 'b'", "select 'a'\n'b'"), ("select 'a'\n'b'", "select 'ab'"), ("select 1.", "select 1 ."),
        ("select 1.5", "select 1 .5"), ("select a-1", "select a--1"), ("select a - - 1", "select a -- 1"),
        ("select @-1", "select @ -1"), ("select @/**/-1", "select @-1"), ("select a::b", "select a: :b"),
        ("select $1", "select $ 1"), ("select e'a'", "select e 'a'"), ("select n'a'", "select n 'a'"),
        ("select u&'a  b'", "select u&'a b'"), ("select u&\"a  b\"", "select u&\"a b\""), ("select u&'a'", "select u & 'a'"),
        ("select E'a\\'  b'", "select E'a\\' b'"), ("select E'a' -- c\n'b\\'  '", "select E'a' -- c\n'b\\' '"),
        ("select E'a' -- c\n'b\\' , ' , '  '", "select E'a' -- c\n'b\\' ,  ' , '  '"),
        ("select ab", "select a b"), ("select a/**/b", "select ab"), ("select 1", "select 1;"), ("a\u{0B}b", "a b"),
        ("select 'é'", "select 'e\u{301}'"), ("select b'01'", "select b '01'"), ("select \"a\"\"b\"", "select \"a\" \"b\""),
        // Strings that are no bodies, and bodies in other languages.
        ("comment on table a is $$ a  b $$", "comment on table a is $$ a b $$"),
        ("do language plpython3u $$ a  b $$", "do language plpython3u $$ a b $$"),
        (
            "create function f() returns int language plpython3u as $$ if a:\n  b $$",
            "create function f() returns int language plpython3u as $$ if a:\n b $$"
        ),
        (
            "create function f(a text default $$ a  b $$) returns int language sql as $$ select 1 $$",
            "create function f(a text default $$ a b $$) returns int language sql as $$ select 1 $$"
        ),
        (
            "create function f() returns int language sql as $$ select 1 $$",
            "create function f() returns int language sql as $$ select 2 $$"
        ),
        (
            "create function f() returns int language sql as 'select  1'",
            "create function f() returns int language sql as 'select 1'"
        ),
        ("do $$ begin execute $q$ a  b $q$; end $$", "do $$ begin execute $q$ a b $q$; end $$"),
        ("do $$ begin a := 'x  y'; end $$", "do $$ begin a := 'x y'; end $$"),
        ("do $$ begin perform Foo(); end $$", "do $$ begin perform foo(); end $$"),
        ("do $$ it's not closed  $$", "do $$ it's not closed $$"), ("select 'a  b", "select 'a b"), ("\0 a", "\0  a"),
        (
            "create function f() returns int language \"SQL\" as $$ select  1 $$",
            "create function f() returns int language \"SQL\" as $$ select 1 $$"
        ),
    ])
    func everythingElseCounts(_ one: String, _ other: String) {
        #expect(PGQuery.meaning(ofSQL: one) != PGQuery.meaning(ofSQL: other), "\(meaning(one)) \(meaning(other))")
    }

    @Test func bytesAsTheyShouldBe() {
        #expect(meaning("") == "" && meaning(" -- a\n/* b */\r\n") == "")
        #expect(meaning("Select A+1;") == "select·A·+·1·;")
        #expect(meaning("DO $a$ Begin Raise Info '%  ', X; end $a$") == "do·$a$·begin·raise·info·'%  '·,·X·;·end·$a$")
        #expect(meaning("do $$$$") == "do·$$··$$")
        // What cannot be scanned stands for itself, byte order mark and all.
        #expect(Array("\u{FEFF}select  'a".utf8) == PGQuery.meaning(ofSQL: "\u{FEFF}select  'a"))
    }

    @Test func bodiesByThemselves() {
        let body = "\nBEGIN -- a\n  Perform F( 'a  b' );\nend"
        #expect(PGQuery.meaning(ofBody: body, language: "plpgsql") == "begin perform F ( 'a  b' ) ; end")
        #expect(PGQuery.meaning(ofBody: " select  1", language: "sql") == "select 1")
        #expect(PGQuery.meaning(ofBody: " a  b", language: "plpython3u") == " a  b")
        #expect(PGQuery.meaning(ofBody: "select  'a", language: "sql") == "select  'a")
    }

    @Test func tokensHaveTheirBytes() throws {
        let sql = "select U&\"ä  b\" uescape '!', u&'a''  b' -- x\n  'c', E'\\'', $1 /* c */"
        let tokens = try PGQuery.scan(sql)
        #expect(
            tokens.map { String(decoding: Array(sql.utf8)[$0.range], as: UTF8.self) } == [
                "select", "U&\"ä  b\"", "uescape", "'!'", ",", "u&'a''  b' -- x\n  'c'", ",", "E'\\''", ",", "$1", "/* c */",
            ])
        #expect(
            tokens.map(\.kind) == [
                .keyword, .identifier, .keyword, .string, .symbol, .string, .symbol, .string, .symbol, .parameter, .comment,
            ])
        #expect(throws: PGQueryError.self) { try PGQuery.scan("select '") }
        #expect(throws: PGQueryError.self) { try PGQuery.scan("select \0") }
        #expect(throws: PGQueryError.self) { try PGQuery.scan("select 12ab") }
        #expect(try PGQuery.scan("").isEmpty)
    }

    /// Neither a large file nor deep nesting nor many parts of one string bring it down.
    @Test func hugeTexts() throws {
        let rows = (0..<60_000).map { "(\($0), 'text  \($0)')" }.joined(separator: ",\n")
        let one = PGQuery.meaning(ofSQL: "insert into t values \(rows)")
        #expect(one == PGQuery.meaning(ofSQL: "insert into t values \(rows.replacing("\n", with: " "))"))
        #expect(one != PGQuery.meaning(ofSQL: "insert into t values \(rows.replacing("text  59999", with: "text 59999"))"))
        let nested = String(repeating: "/*", count: 20_000) + String(repeating: "*/", count: 20_000)
        #expect(PGQuery.meaning(ofSQL: "select 1 " + nested) == PGQuery.meaning(ofSQL: "select 1"))
        let parts = String(repeating: "'a' -- c\n", count: 20_000)
        #expect(PGQuery.meaning(ofSQL: "select " + parts) == PGQuery.meaning(ofSQL: "select " + parts.replacing(" -- c", with: "")))
        // More escape strings behind comments than is sane: the file counts byte by byte, and quickly.
        let escapes = "select E'a' " + String(repeating: "-- c\n'\\' ' ", count: 200)
        #expect(PGQuery.meaning(ofSQL: escapes) == Array(escapes.utf8))
    }
}
