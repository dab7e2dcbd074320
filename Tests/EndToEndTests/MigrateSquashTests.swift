import Foundation
import Testing

extension EndToEnd { @Suite struct MigrateSquash {} }

/// One file of many, through the built command, over our own project and over small ones.
extension EndToEnd.MigrateSquash {
    private typealias Verbs = EndToEnd.MigrateVerbs

    /// What pg_dump says of a database, the ledger left out; `\restrict` lines differ each time. Without parentheses: a
    /// server writes `a between 1 and 2 and b` with some more before it went through a dump. Without times: a row that a
    /// file put there with now() has that of the squash.
    private func dump(_ bench: Bench, _ database: String, _ more: [String] = []) async throws -> [String] {
        let text = try await system(
            ["/usr/bin/pg_dump", "--no-password", "--column-inserts", "--dbname=\(TestStack.url(bench.stack.adminURL, database: database))"]
                + ["migration", "migration_object", "migration_event"].map { "--exclude-table=ops.\($0)" } + more)
        return text.split(separator: "\n").filter { !$0.hasPrefix("\\") }.map {
            $0.filter { !"()".contains($0) }.replacing(/'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00'/, with: "'a time'")
        }
    }

    /// Further databases of a test, empty, dropped at its end.
    private func withDatabases(
        _ bench: Bench, _ names: [String], _ body: ([String]) async throws -> Void
    ) async throws {
        let names = names.map { "\(bench.database)_\($0)" }
        try await bench.stack.admin("postgres") { for name in names { try await $0.execute("create database \(name) template template0") } }
        let result: Result<Void, any Error>
        do { result = .success(try await body(names)) } catch { result = .failure(error) }
        try await bench.stack.admin("postgres") { for name in names { try await $0.execute("drop database \(name) with (force)") } }
        try result.get()
    }

    private func migrate(_ bench: Bench, _ database: String, _ arguments: String...) async throws -> Emporium.Outcome {
        try await Emporium.run(
            ["migrate"] + arguments,
            bench.environment.merging(["EMPORIUM_ADMIN_URL": TestStack.url(bench.stack.adminURL, database: database)]) { $1 },
            in: bench.folder)
    }

    private func scratchDatabases(_ bench: Bench) async throws -> Int {
        try await bench.count("select count(*) from pg_database where datname like 'emporium\\_scratch%'")
    }

    @Test(arguments: [26, 14]) func ourOwnProject(_ last: Int) async throws {
        try await Verbs.withProject([:]) { bench in
            for name in ["sql", "migrations"] {
                try FileManager.default.copyItem(atPath: "\(TestStack.root)/\(name)", toPath: "\(bench.folder)/\(name)")
                try FileManager.default.copyItem(atPath: "\(TestStack.root)/\(name)", toPath: "\(bench.folder)/before/\(name)", making: true)
            }
            let digits = String(format: "%04d", last)
            let path = "migrations/\(digits)_create_base.sql"
            try await withDatabases(bench, ["fresh", "half"]) { names in
                let (fresh, half) = (names[0], names[1])
                let first = try await bench.run("migrate")
                #expect(first.exitCode == 0, "\(first.err)")
                let catalog = try await dump(bench, bench.database, ["--schema-only"])

                let files = try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/migrations").count
                let squashed = try await bench.run("migrate", "squash", "--to", digits, "--json")
                try #require(squashed.exitCode == 0, "\(squashed.err)")
                let report = try squashed.json()
                #expect(report["path"] as? String == path && (report["removed"] as? [String])?.count == last)
                #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/migrations").count == files - last + 1)
                #expect(try await scratchDatabases(bench) == 0)

                // Who has them all takes it, and nothing runs.
                let applied = "select coalesce(max(applied_order), 0) from ops.migration"
                let before = try await bench.value(applied)
                #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 2)
                let taken = try await bench.run("migrate")
                #expect(taken.exitCode == 0 && taken.out.isEmpty && taken.err.contains("\(path): taken as applied"), "\(taken.err)")
                #expect(try await bench.value(applied) == before)
                #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 0)
                #expect(
                    try await bench.sql("select path, kind, version from ops.migration where version <= \(last)")
                        == [[path, "baseline", String(last)]])
                #expect(try await dump(bench, bench.database, ["--schema-only"]) == catalog)
                let verified = try await bench.run("migrate", "verify")
                #expect(verified.exitCode == 0, "\(verified.out)")

                // From empty it comes to the same, rows included.
                let whole = try await migrate(bench, fresh, "apply")
                try #require(whole.exitCode == 0, "\(whole.err)")
                #expect(whole.lines.contains { $0.hasPrefix("\(path) ") })
                #expect(try await dump(bench, fresh, ["--schema-only"]) == catalog)
                let rows = try await dump(bench, fresh, ["--data-only"])
                let expected = try await dump(bench, bench.database, ["--data-only"])
                #expect(rows == expected, "\(rows.difference(from: expected))")

                guard last == 14 else { return }  // the rest is long, and the same for each
                // Half of them is neither.
                #expect(try await migrate(bench, half, "apply", "--root", "before", "--target", "9").exitCode == 0)
                let tables = try await dump(bench, half)
                let refused = try await migrate(bench, half, "apply")
                #expect(refused.exitCode == 1 && refused.err.contains("0010_create_sample.sql"), "\(refused.err)")
                #expect(try await migrate(bench, half, "plan", "--exit-code").exitCode == 1)
                #expect(try await dump(bench, half) == tables)
                #expect(try await migrate(bench, half, "apply", "--root", "before", "--target", digits).exitCode == 0)
                let mended = try await migrate(bench, half, "apply")
                #expect(mended.exitCode == 0, "\(mended.err)")
                #expect(try await dump(bench, half, ["--schema-only"]) == catalog)
            }
        }
    }

    @Test func rowsSequencesPartitionsAndGeneratedColumns() async throws {
        let files = [
            "migrations/0001_create_things.sql": """
            create schema probe;
            create type probe.mood as enum ('fine', 'bad');
            create domain probe.code as text constraint code_check check (value ~ '^[A-Z]+$');
            create table probe.thing (
                id bigint generated always as identity (start with 100 increment by 10) constraint thing_pkey primary key,
                code probe.code not null,
                mood probe.mood not null default 'fine',
                twice text generated always as (upper(code) || code) stored,
                tags text[], stamp timestamptz not null default now(), blob bytea
            );
            comment on column probe.thing.twice is 'a; b ''c'' \\ d';
            insert into probe.thing (code, tags, blob) values
                ('A', array['x;y', E'line\\nbreak', '\\back'], '\\x00ff'), ('B', null, null);
            insert into probe.thing (code) select 'C' from generate_series(1, 250);
            create sequence probe.free start with 7;
            select nextval('probe.free'), nextval('probe.free');
            """,
            "migrations/0002_create_log.sql": """
            create table probe.log (day date not null, thing bigint constraint log_thing_fkey references probe.thing,
                note text, constraint log_pkey primary key (day, thing)) partition by range (day);
            create table probe.log_2025 partition of probe.log for values from ('2025-01-01') to ('2026-01-01');
            create index log_note_idx on probe.log (note);
            insert into probe.log values ('2025-05-05', 100, $$it's; a note$$);
            create function probe.stamp() returns trigger language plpgsql as $f$ begin new.note := coalesce(new.note, ';'); return new; end $f$;
            create trigger t100_stamp before insert on probe.log for each row execute function probe.stamp();
            create view probe.moods with (security_invoker) as select mood, count(*) from probe.thing group by mood;
            create materialized view probe.codes as select distinct code from probe.thing;
            alter table probe.thing enable row level security;
            create policy everybody on probe.thing using (code <> 'Z');
            """,
            "migrations/0003_index_mood.sql": """
            -- migrate: no-transaction
            create index concurrently thing_mood_idx on probe.thing (mood) where mood = 'bad'
            """,
            "migrations/0004_spoil_mood.sql": "update probe.thing set mood = 'bad' where code = 'B'; alter type probe.mood add value 'so so' before 'bad'",
            "sql/functions/10_a/one.sql": "create or replace function probe.one() returns bigint language sql begin atomic select count(*) from probe.codes; end",
        ]
        try await Verbs.withProject(files) { bench in
            try await withDatabases(bench, ["fresh"]) { names in
                #expect(try await Verbs.migrate(bench, ["apply"]).exitCode == 0)
                let proven = try await Verbs.migrate(bench, ["squash", "--to", "4", "--dry-run"])
                #expect(proven.exitCode == 0 && proven.err.contains("nothing was written"), "\(proven.err)")
                #expect(bench.names("migrations").count == 4)
                let squashed = try await Verbs.migrate(bench, ["squash", "--to", "4", "--name", "create_probe"])
                try #require(squashed.exitCode == 0, "\(squashed.err)")
                #expect(squashed.lines == ["migrations/0004_create_probe.sql"])
                #expect(bench.names("migrations") == ["0004_create_probe.sql"])
                let apply = try await migrate(bench, names[0], "apply", "--owner-role", "")
                #expect(apply.exitCode == 0, "\(apply.err)")
                let all = "select id, code, mood, twice, tags, encode(blob, 'hex') from probe.thing order by id"
                let expected = try await bench.sql(all)
                #expect(expected.count == 252)
                for database in names {
                    let rows = try await bench.stack.admin(database) { admin in
                        try await admin.query(all).rows.map { row in (0..<row.count).map { row[$0] } }
                    }
                    #expect(rows == expected)
                    #expect(try await dump(bench, database, ["--schema-only"]) == dump(bench, bench.database, ["--schema-only"]))
                    let next = try await bench.stack.admin(database) {
                        try await $0.query("insert into probe.thing (code) values ('D') returning id || ' ' || nextval('probe.free') as next").first?.text("next")
                    }
                    #expect(next == "2620 9")
                }
            }
        }
    }

    /// What pg_dump does not carry over, or the migrator would not give: refused, with all files as they were.
    @Test(arguments: [
        ("grant select on probe.a to public", "probe.a"),
        (
            "do $$ begin execute format('alter database %I set work_mem = ''5MB''', current_database()); end $$", "work_mem"
        ),
    ])
    func whatWouldComeOutDifferentlyIsRefused(_ sql: String, _ name: String) async throws {
        try await Verbs.withProject { bench in
            try Verbs.write(bench, "migrations/0003_do_it.sql", sql)
            #expect(try await Verbs.migrate(bench, ["apply"]).exitCode == 0)
            let before = bench.names("migrations")
            let refused = try await Verbs.migrate(bench, ["squash", "--to", "3"])
            #expect(refused.exitCode == 1 && refused.err.contains(name) && refused.out.isEmpty, "\(refused.err)")
            #expect(bench.names("migrations") == before && before.count == 3)
            #expect(try await scratchDatabases(bench) == 0)
            // Up to the file before it all is well.
            let squashed = try await Verbs.migrate(bench, ["squash", "--to", "2"])
            #expect(squashed.exitCode == 0, "\(squashed.err)")
            #expect(bench.names("migrations") == ["0002_create_base.sql", "0003_do_it.sql"])
            #expect(try await Verbs.migrate(bench, ["apply"]).exitCode == 0)
            #expect(try await Verbs.migrate(bench, ["status", "--exit-code"]).exitCode == 0)
        }
    }

    /// A server writes some checks in other words once they went through a dump; that is no drift, before and after.
    @Test func otherWordsOfOneMeaningAreNoDrift() async throws {
        try await Verbs.withProject { bench in
            try Verbs.write(
                bench, "migrations/0003_create_words.sql",
                """
                create table probe.word (s varchar(3) constraint word_s_check check (s in ('x', 'y')), n int,
                    constraint word_n_check check (n between 1 and 9 and n <> 5));
                create function probe.judge(n int) returns boolean language sql return n between 1 and 9 and n <> 5;
                """)
            #expect(try await Verbs.migrate(bench, ["apply"]).exitCode == 0)
            let squashed = try await Verbs.migrate(bench, ["squash", "--to", "3"])
            #expect(squashed.exitCode == 0, "\(squashed.err)")
            #expect(try await Verbs.migrate(bench, ["apply"]).exitCode == 0)
            let verified = try await Verbs.migrate(bench, ["verify"])
            #expect(verified.exitCode == 0, "\(verified.out) \(verified.err)")
            // Another meaning is.
            try await bench.stack.admin(bench.database) {
                try await $0.execute(
                    "alter table probe.word drop constraint word_n_check, add constraint word_n_check check (n between 1 and 9 and n <> 6)")
            }
            let drifted = try await Verbs.migrate(bench, ["verify"])
            #expect(drifted.exitCode == 2 && drifted.out.contains("word_n_check"), "\(drifted.out)")
        }
    }

    @Test func rolesThatWereNeverMadeAreNotMadeByASquash() async throws {
        try await Verbs.withProject { bench in
            let role = "\(bench.database)_squash_probe"
            try Verbs.write(bench, "sql/roles/00_roles.sql", "create role \(role)")
            let refused = try await Verbs.migrate(bench, ["squash", "--to", "2"])
            #expect(refused.exitCode == 1 && refused.err.contains("sql/roles/00_roles.sql"), "\(refused.err)")
            #expect(try await bench.count("select count(*) from pg_roles where rolname = '\(role)'") == 0)
        }
    }
}

extension FileManager {
    fileprivate func copyItem(atPath path: String, toPath other: String, making: Bool) throws {
        try createDirectory(atPath: (other as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try copyItem(atPath: path, toPath: other)
    }
}
