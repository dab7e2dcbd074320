import Testing

@testable import Migrations

/// Where an error is said to be, by a real server.
@Suite(.timeLimit(.minutes(1))) struct ServerErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let place: [Int?]
        let parts: [String]
        init(_ name: String, _ sql: String, _ line: Int, _ column: Int?, _ parts: String...) {
            (testDescription, self.sql, place, self.parts) = (name, sql, [line, column], parts)
        }
    }

    static let cases = [
        Case("syntax", "select 1;\n\n  selec 2;", 3, 3, "42601", "    3 |   selec 2;\n      |   ^"),
        Case("behind wide characters and a tab", "select 'é日',\tnope", 1, 14, "42703", "      |              \t^"),
        Case("behind a comment", "select 1; /* é\n */ select\n nope", 3, 2, "42703"),
        Case("two statements on a line", "select 1; select 2; select nope", 1, 28, "42703"),
        Case(
            "PL/pgSQL", "create function f() returns int language plpgsql as $$\nbegin\n  return 1\nend $$", 4, 5,
            "42601"),
        Case("SQL function", "create function f() returns int language sql as $$\n  select nope\n$$", 2, 10, "42703"),
        Case(
            "begin atomic", "create function f() returns int\nbegin atomic\n  select 1;\n  select nope;\nend", 4, 10,
            "42703"),
        Case(
            "DO, at run time", "\ndo $$\nbegin\n  raise exception 'boom' using hint = 'so', detail = 'why';\nend $$", 4,
            nil,
            "P0001: boom", "detail: why", "hint: so", "context: PL/pgSQL"),
        Case("DO, its query", "do $$\nbegin\n  delete from nope;\nend $$", 3, 15, "42P01", "delete from nope"),
        Case("EXECUTE", "do $$ begin\n  execute 'selec 1';\nend $$", 2, 12, "42601"),
        Case(
            "a function that fails",
            "create function f() returns int language plpgsql as $$\nbegin return 1/0; end $$;\nselect 1;\n\nselect f();",
            5, nil, "22012: division by zero", "    5 | select f();"),
        Case("no position", "select 1;\ndrop\n table nope", 2, nil, "42P01", "    2 | drop"),
        Case("outside a transaction only", "select 1;\nvacuum", 2, nil, "25001", "-- migrate: no-transaction"),
        Case(
            "rows that are there",
            "create table t (secret text unique);\ninsert into t values ('classified');\ninsert into t\nvalues ('classified')",
            3, nil, "23505: unique violation", "t_secret_key"),
    ]

    @Test(arguments: cases) func isFound(_ each: Case) async throws {
        let bench = try await Bench.make(["migrations/0001_try_it.sql": each.sql])
        let error = try await bench.failure()
        #expect([error.line, error.column] == each.place, "\(error)")
        #expect(error.code == .statementFailed && error.exitCode == 1)
        let place = each.place.compactMap { $0.map(String.init) }.joined(separator: ":")
        #expect(error.description.hasPrefix("migrations/0001_try_it.sql:\(place): ERROR "), "\(error)")
        for part in each.parts { #expect(error.description.contains(part), "\(error)") }
        #expect(!error.description.contains("=(classified)"))
    }

    @Test func noServer() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        for (overrides, code) in [(["host": bench.root], Int32(69)), (["dbname": "nope"], 78), (["user": "nope"], 78)] {
            var user = bench.superuser
            user.overrides.merge(overrides) { $1 }
            let migrator = try bench.migrator(as: user)
            let error = try await #require(throws: MigrationError.self) { try await migrator.apply() }
            #expect(error.exitCode == code, "\(error)")
        }
    }
}
