import Foundation
import Synchronization
import Testing

@testable import Migrations

/// What the text of the files decides, exceptions, and squawk.
@Suite(.timeLimit(.minutes(2))) struct LintTests {
    private func judge(_ text: String, path: String = "migrations/0001_create_t.sql") throws -> [LintFinding] {
        let kind: MigrationKind = path.hasPrefix("migrations/") ? .versioned : .repeatable
        let read = MigrationFile.read(path: path, kind: kind, bytes: Array(text.utf8))
        return StaticRules.judge(try #require(read.file)).findings
    }

    @Test(arguments: [
        ("create table t (a int primary key)", 1, 23), ("create table t (\n  a int unique\n)", 2, 9),
        ("create table t (a int,\n  check (a > 0))", 2, 3), ("alter table t add foreign key (a) references u", 1, 19),
        ("alter table t add column b int references u", 1, 32),
        ("create table t (a int, exclude using gist (a with =))", 1, 24),
        ("create domain d as int check (value > 0)", 1, 24), ("alter domain d add check (value > 0)", 1, 20),
        ("create foreign table t (a int check (a > 0)) server s", 1, 31),
        ("select 1;\n\n -- é\n  create table t (a int primary key)", 4, 25),
    ]) func aConstraintWithoutANameIsFound(_ sql: String, _ line: Int, _ column: Int) throws {
        let findings = try judge(sql)
        #expect(findings.count == 1, "\(findings)")
        let finding = try #require(findings.first)
        #expect(finding.rule == "unnamed-constraint")
        #expect([finding.line, finding.column] == [line, column], "\(finding)")
    }

    @Test(arguments: [
        "create table t (a int constraint t_a_pkey primary key, b int not null default 3, c int generated always as identity)",
        "create table t (a int, constraint t_a_check check (a > 0), d int generated always as (a + 1) stored)",
        "alter table t add constraint t_a_key unique using index t_a_idx", "alter table t add unique using index t_a_idx",
        "create temporary table t (a int primary key)", "alter table t alter a set not null",
        "create domain d as int not null constraint d_check check (value > 0)", "create index t_a_idx on t (a)",
        "select 'create table t (a int primary key)'",
    ]) func aNamedOneIsNot(_ sql: String) throws {
        #expect(try judge(sql) == [])
    }

    @Test func anIndexWithoutANameIsFound() throws {
        let findings = try judge("create table t (a int);\ncreate index on t (a)")
        #expect(findings.map(\.rule) == ["unnamed-index"] && findings.first?.line == 2)
    }

    @Test func repeatableFilesMakeNoTables() throws {
        #expect(try judge("create table t (a int primary key)", path: "sql/functions/t.sql") == [])
    }

    @Test func whatTheParserDoesNotKnowIsSaid() throws {
        let read = MigrationFile.read(
            path: "migrations/0001_a_b.sql", kind: .versioned, bytes: Array("select 1;\nsome later syntax".utf8))
        let judged = StaticRules.judge(try #require(read.file))
        #expect(judged.findings.isEmpty)
        #expect(judged.notes.count == 1 && judged.notes[0].hasPrefix("migrations/0001_a_b.sql:2: names not judged:"))
    }

    // MARK: Exceptions

    @Test(arguments: [
        ("shop.orders", "shop.orders", true), ("shop.orders", "shop.*", true), ("shop.orders", "*", true),
        ("shop.orders", "*.orders", true), ("shop.orders", "s*p.o*s", true), ("shop.orders", "shop.order", false),
        ("shop.orders", "shop", false), ("shop.orders", "hop.orders", false), ("shop.orders", "*x*", false),
        ("f(bigint, text)", "f(*)", true), ("aXbXc", "a*X*c", true), ("aab", "*ab", true), ("", "*", true), ("", "a", false),
        ("ends_b", "*a", false),
    ]) func aStarStandsForAnything(_ text: String, _ pattern: String, _ matches: Bool) {
        #expect(LintExceptions.Entry.matches(Array(text.utf8)[...], Array(pattern.utf8)[...]) == matches)
    }

    @Test func anExceptionTakesItsFindingAndNoOther() throws {
        let exceptions = try LintExceptions(
            text: """
                # a comment

                no-primary-key   staging.*                   -- found by batch -- and position
                definer-search-path ops.f(bigint, text)      -- it is frozen
                ban-drop-function migrations/0002_drop_f.sql -- nobody calls it
                invalid-index shop.gone_idx                  -- mended long ago
                """)
        #expect(exceptions.entries.first?.reason == "found by batch -- and position")
        let findings = [
            LintFinding(rule: "no-primary-key", object: "staging.raw", message: "m"),
            LintFinding(rule: "no-primary-key", object: "shop.raw", message: "m"),
            LintFinding(rule: "definer-search-path", object: "ops.f(bigint, text)", message: "m"),
            LintFinding(rule: "partition-grant", object: "staging.raw", message: "m"),
        ]
        let all = exceptions.applied(to: findings) { _ in true }
        #expect(all.excepted == 2)
        #expect(all.findings.prefix(2) == [findings[1], findings[3]])
        let unused = all.findings.dropFirst(2)
        #expect(unused.map(\.rule) == ["unused-exception", "unused-exception"] && unused.map(\.line) == [5, 6])
        #expect(unused.allSatisfy { $0.path == "sql/lint-exceptions" })
        // squawk was not asked, so its exception cannot be told to be of no use.
        #expect(exceptions.applied(to: findings) { $0 != "ban-drop-function" }.findings.count == 3)
    }

    @Test(arguments: ["no-primary-key staging.raw", "no-primary-key -- why", "no-primary-key staging.raw -- ", "word"])
    func anExceptionHasAReason(_ line: String) throws {
        let error = try #require(throws: MigrationError.self) { try LintExceptions(text: "# one\n" + line) }
        #expect(error.code == .configuration && error.description.hasPrefix("sql/lint-exceptions:2: "), "\(error)")
    }

    // MARK: squawk

    @Test func squawksAnswerIsRead() throws {
        let json = """
            [{"file":"migrations/0002_a_b.sql","line":2,"column":18,"level":"Warning","message":"By default","help":"Use it.",
              "rule_name":"constraint-missing-not-valid","column_end":32,"line_end":2},
             {"file":"a.sql","line":0,"column":0,"level":"Error","message":"m","help":null,"rule_name":"syntax-error"}]
            """
        let findings = try Squawk.findings(Data(json.utf8))
        #expect(
            findings.map(\.description) == [
                "migrations/0002_a_b.sql:3:19: By default [constraint-missing-not-valid]\n  Use it.",
                "a.sql:1:1: m [syntax-error]",
            ])
        let error = try #require(throws: MigrationError.self) { try Squawk.findings(Data("{}".utf8)) }
        #expect(error.code == .configuration)
    }

    @Test func squawkSeesTheFilesAsTheMigratorReadsThem() async throws {
        let bench = try await Bench.make(Self.sound)
        try bench.write("migrations/0002_index_t.sql", "-- migrate: no-transaction\ncreate index concurrently t_a_idx on t (a)")
        try bench.write("sql/functions/x[1]/f.sql", "create or replace function f() returns int language sql as 'select 1'")
        let calls = Mutex<[[String]]>([])
        let squawk = Squawk(program: "/opt/squawk") { arguments, folder in
            let seen = try String(contentsOfFile: folder + "/migrations/0001_create_t.sql", encoding: .utf8)
            calls.withLock { $0.append(arguments + [seen]) }
            return Squawk.Answer(status: 1, output: Data("[]".utf8), errors: "")
        }
        let project = try MigrationProject(root: bench.root)
        #expect(try await squawk.judge(project) == [])
        let first = calls.withLock { $0 }
        #expect(first.count == 2)
        #expect(first[0].first == "/opt/squawk" && first[0].contains("--exclude") && !first[0].contains("--config"))
        #expect(first[0].contains("--assume-in-transaction") && !first[1].contains("--assume-in-transaction"))
        #expect(first[0].dropLast().suffix(2) == ["migrations/0001_create_t.sql", "sql/functions/x[[]1]/f.sql"])
        #expect(first[1].dropLast().last == "migrations/0002_index_t.sql")
        #expect(first[0].last == Self.sound["migrations/0001_create_t.sql"])
        // What pg_dump wrote for empty databases is not judged as if somebody used them.
        let parts = (3...4).map { "-- of: migrations/000\($0)_a_b.sql \(String(repeating: "0", count: 64))\n" }.joined()
        try bench.write(
            "migrations/0004_create_base.sql",
            "-- migrate: squash 0003-0004\n\(parts)create domain d as int check (value > 0)")
        _ = try await squawk.judge(try MigrationProject(root: bench.root))
        #expect(calls.withLock { calls in calls[2...].allSatisfy { !$0.contains("migrations/0004_create_base.sql") } })
        calls.withLock { $0.removeLast(2) }
        // The project's own choice of rules wins.
        try bench.write(".squawk.toml", "excluded_rules = []")
        #expect(try await squawk.judge(project) == [])
        #expect(calls.withLock { $0[2] }.contains("--config") && !calls.withLock { $0[2] }.contains("--exclude"))
        let broken = Squawk(program: "/opt/squawk") { _, _ in
            Squawk.Answer(status: 2, output: Data(), errors: "error: invalid rule name")
        }
        let error = try await #require(throws: MigrationError.self) { try await broken.judge(project) }
        #expect(error.exitCode == 78 && error.description.contains("invalid rule name"), "\(error)")
    }

    @Test func squawkIsLookedForOnThePath() {
        #expect(Squawk.find(path: "/nowhere:/dev") == nil)
    }

    // MARK: The whole

    private static let sound = [
        "migrations/0001_create_t.sql": """
        revoke all on schema public from public;
        create table t (a bigint constraint t_a_pkey primary key);
        """
    ]

    @Test func theConnectedDatabaseIsJudgedAsItIs() async throws {
        let bench = try await Bench.make(Self.sound)
        try await bench.apply()
        try await bench.execute("revoke all on database \(bench.database) from public")
        try await bench.execute("revoke usage on language sql, plpgsql from public")
        let sound = try await bench.migrator().lint(live: true)
        #expect(sound.findings == [] && sound.catalog == .live && sound.files == 1 && !sound.squawk)
        try await bench.execute("create table grown (a int)")
        let spoilt = try await bench.migrator().lint(live: true)
        #expect(spoilt.findings.map(\.description).first?.hasPrefix("public.grown: ") == true, "\(spoilt.findings)")
        try bench.write("sql/lint-exceptions", "no-primary-key public.grown -- made by hand, for this test")
        let excepted = try await bench.migrator().lint(live: true)
        #expect(excepted.findings == [] && excepted.excepted == 1)
        try await bench.execute("drop table grown")
        #expect(try await bench.migrator().lint(live: true).findings.map(\.rule) == ["unused-exception"])
    }

    @Test func theFilesAreJudgedByWhatTheyMake() async throws {
        let bench = try await Bench.make(Self.sound)
        try bench.write(
            "sql/roles/01_database.sql",
            """
            do $$ begin execute format('revoke all on database %I from public', current_database()); end $$;
            revoke usage on language sql, plpgsql from public;
            create role \(bench.database)_only_there;
            """)
        try bench.write("migrations/0002_index_t.sql", "-- migrate: no-transaction\ncreate index concurrently t_a_idx on t (a)")
        // What somebody made by hand is not the files'.
        try await bench.execute("create table by_hand (a int)")
        let sound = try await bench.migrator().lint(live: false)
        #expect(sound.findings == [] && sound.catalog == .scratch && sound.files == 3)

        try bench.write("migrations/0003_create_u.sql", "create table u (a bigint);\ncreate view v as select a from u")
        let spoilt = try await bench.migrator().lint(live: false)
        #expect(spoilt.findings.map { [$0.rule, $0.object] } == [["no-primary-key", "public.u"], ["view-security-invoker", "public.v"]])
        // Nothing is left of it.
        #expect(try await bench.values("select relname from pg_class where relname in ('t', 'u')") == [])
        #expect(try await bench.value("select count(*) from pg_roles where rolname = '\(bench.database)_only_there'") == "0")

        try bench.write("migrations/0004_break_it.sql", "create table w (a nosuch)")
        let migrator = try bench.migrator()
        let error = try await #require(throws: MigrationError.self) { try await migrator.lint(live: false) }
        #expect(error.code == .statementFailed && error.path == "migrations/0004_break_it.sql" && error.line == 1)
    }

    /// What a managed server gives a deployer: languages, which it cannot close, are not held against it.
    @Test func aUserWithoutSuperuserCanLint() async throws {
        let bench = try await Bench.make(Self.sound)
        try bench.write(
            "sql/roles/01_database.sql",
            "do $$ begin execute format('revoke all on database %I from public', current_database()); end $$")
        let user = "\(bench.database)_deploy"
        try await bench.execute("create role \(user) login createdb; alter database \(bench.database) owner to \(user)")
        var deploy = bench.superuser
        deploy.overrides["user"] = user
        let report = try await bench.migrator(as: deploy).lint(live: false)
        #expect(report.findings == [] && report.catalog == .scratch)
        try await bench.execute("alter role \(user) nocreatedb")
        let migrator = try bench.migrator(as: deploy)
        let error = try await #require(throws: MigrationError.self) { try await migrator.lint(live: false) }
        #expect(error.code == .configuration && error.description.contains("createdb"), "\(error)")
    }

    @Test func aFileThatIsNoneIsAFinding() async throws {
        let bench = try await Bench.make(Self.sound)
        try bench.write("migrations/2_bad.sql", "select 1")
        let report = try await bench.migrator().lint(live: false)
        #expect(report.findings.map(\.rule) == ["bad-file"] && report.catalog == .none)
        #expect(report.notes.contains { $0.contains("catalog was not judged") })
    }
}
