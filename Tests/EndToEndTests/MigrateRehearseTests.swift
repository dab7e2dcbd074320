import Foundation
import Glibc
import Postgres
import Testing

extension EndToEnd { @Suite struct MigrateRehearse {} }

extension EndToEnd.MigrateRehearse {
    /// An empty database and a small project of its own, applied once, then with a file pending that sleeps.
    private func withProject(_ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            try write(bench, "0001_create_sale", "create schema shop;\ncreate table shop.sale (id int primary key, amount int);")
            let applied = try await bench.run("migrate", "--owner-role", "")
            try #require(applied.exitCode == 0, "\(applied.err)")
            try await body(bench)
        }
    }

    private func write(_ bench: Bench, _ name: String, _ sql: String) throws {
        try FileManager.default.createDirectory(atPath: bench.folder + "/migrations", withIntermediateDirectories: true)
        try sql.write(toFile: "\(bench.folder)/migrations/\(name).sql", atomically: true, encoding: .utf8)
    }

    private func rehearse(_ bench: Bench, _ more: String...) async throws -> Emporium.Outcome {
        try await Emporium.run(
            ["migrate", "rehearse", "--owner-role", ""] + more, bench.environment, in: bench.folder)
    }

    @Test func whatItShows() async throws {
        try await withProject { bench in
            let nothing = try await rehearse(bench)
            #expect(nothing.exitCode == 0 && nothing.out.isEmpty && nothing.err.contains("nothing is pending"), "\(nothing)")
            try write(bench, "0002_change_sale", "select 1;\n\nalter table shop.sale alter column id type bigint;")
            for how in ["clone", "transaction"] {
                let shown = try await rehearse(bench, "--how", how)
                #expect(shown.exitCode == 0, "\(shown)")
                #expect(shown.lines.first?.hasPrefix("migrations/0002_change_sale.sql  versioned") == true, "\(shown.out)")
                #expect(shown.out.contains("    line 3: alter table shop.sale") && !shown.out.contains("line 1:"), "\(shown.out)")
                #expect(shown.out.contains("locks ACCESS EXCLUSIVE (readers and writers wait): shop.sale"), "\(shown.out)")
                #expect(shown.out.contains("rewrites shop.sale"), "\(shown.out)")
                #expect(shown.out.contains("changed  column shop.sale.id"), "\(shown.out)")
                #expect(try await rehearse(bench, "--how", how, "--verbose").out.contains("line 1: select 1"))
                let json = try await rehearse(bench, "--how", how, "--json")
                let report = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
                #expect(report["how"] as? String == how && report["error"] == nil)
                let files = try #require(report["files"] as? [[String: Any]])
                let statements = try #require(files.first?["statements"] as? [[String: Any]])
                #expect(files.count == 1 && statements.map { $0["line"] as? Int } == [1, 3])
                #expect((statements[1]["locks"] as? [[String: String]])?.first == ["relation": "shop.sale", "mode": "ACCESS EXCLUSIVE"])
                #expect((statements[1]["duration_ms"] as? Double ?? -1) >= 0)
            }
            #expect(try await bench.run("migrate", "status", "--exit-code", "--owner-role", "").exitCode == 2)
        }
    }

    @Test func exitCodes() async throws {
        try await withProject { bench in
            try write(bench, "0002_break_sale", "select 1;\nalter table shop.nope add column a int;")
            for how in ["clone", "transaction"] {
                let failed = try await rehearse(bench, "--how", how)
                #expect(failed.exitCode == 1 && failed.err.contains("migrations/0002_break_sale.sql:2"), "\(failed)")
                let json = try await rehearse(bench, "--how", how, "--json")
                let report = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
                let failure = try #require(report["error"] as? [String: Any])
                #expect(json.exitCode == 1 && failure["line"] as? Int == 2 && failure["sqlstate"] as? String == "42P01")
                #expect(failure["exit_code"] as? Int == 1 && (report["files"] as? [Any])?.count == 1, "\(json.out)")
            }
            #expect(try await rehearse(bench, "--how", "elsewhere").exitCode == 64)
            try write(bench, "0002_break_sale", "select 1;")
            try await bench.stack.admin(bench.database) { clerk in
                let refused = try await rehearse(bench, "--how", "clone")
                #expect(refused.exitCode == 75 && refused.err.contains("pid \(clerk.backendPID)"), "\(refused)")
                let other = try await rehearse(bench)
                #expect(other.exitCode == 0 && other.err.contains("pid \(clerk.backendPID)"), "\(other)")
                #expect(other.err.contains("in the database itself"), "\(other)")
            }
        }
    }

    @Test(arguments: ["clone", "transaction"]) func killedItLeavesNothing(_ how: String) async throws {
        try await withProject { bench in
            try write(bench, "0002_change_sale", "alter table shop.sale add column colour text;\nselect pg_sleep(600);")
            let child = try bench.start("migrate", "rehearse", "--owner-role", "", "--how", how)
            var place = ""
            try await eventually("it sleeps") {
                let found = try await bench.stack.admin("postgres") {
                    try await $0.query(
                        "select datname from pg_stat_activity where wait_event = 'PgSleep' and query like '%pg_sleep(600)%'")
                }
                place = found.first?.text("datname") ?? ""
                return !place.isEmpty || !child.isRunning
            }
            try #require(!place.isEmpty)
            #expect((place == bench.database) == (how == "transaction"))
            child.signal(SIGKILL)
            _ = try await child.outcome()
            // The server notices by itself that its client is gone.
            try await eventually("nobody is left in it") {
                try await bench.stack.admin("postgres") {
                    try await $0.query("select from pg_stat_activity where datname = $1", [.text(place)]).rows.isEmpty
                }
            }
            try write(bench, "0002_change_sale", "alter table shop.sale add column colour text;")
            let next = try await rehearse(bench, "--how", "clone")
            #expect(next.exitCode == 0, "\(next)")
            let left = try await bench.stack.admin("postgres") {
                try await $0.query("select datname from pg_database where starts_with(datname, 'emporium_scratch_')").rows
                    .map { $0.text("datname") }
            }
            #expect(left.isEmpty)
            #expect(try await bench.count("select count(*) from pg_attribute where attrelid = 'shop.sale'::regclass and attname = 'colour'") == 0)
            #expect(try await bench.run("migrate", "--owner-role", "").exitCode == 0)
        }
    }
}
