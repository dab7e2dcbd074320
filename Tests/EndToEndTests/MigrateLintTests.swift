import Foundation
import Testing

extension EndToEnd { @Suite struct MigrateLint {} }

extension EndToEnd.MigrateLint {
    /// squawk as the tests' requirements pin it, and nothing else, on PATH.
    private static let path = "\(TestStack.root)/.venv-tools/bin:/usr/bin:/bin"

    private func lint(_ bench: Bench, _ more: [String], path: String = path) async throws -> Emporium.Outcome {
        try await Emporium.run(["migrate", "lint"] + more, bench.environment.merging(["PATH": path]) { $1 }, in: bench.folder)
    }

    @Test func ourOwnSQLHasNoFinding() async throws {
        try await Bench.with { bench in
            let outcome = try await lint(bench, ["--root", TestStack.root, "--squawk", "require", "--json"])
            let report = try outcome.json()
            #expect(outcome.exitCode == 0, "\(outcome.out.suffix(3000))\n\(outcome.err)")
            #expect((report["findings"] as? [Any])?.isEmpty == true)
            #expect(report["squawk"] as? Bool == true && report["catalog"] as? String == "scratch")
            #expect((report["files"] as? Int ?? 0) > 400 && (report["notes"] as? [String])?.isEmpty == true)
            // A clone has not the grants of the database that it was cloned from.
            try await bench.stack.admin("postgres") { try await $0.execute("revoke all on database \(bench.database) from public") }
            let live = try await lint(bench, ["--root", TestStack.root, "--live", "--squawk", "require"])
            #expect(live.exitCode == 0 && live.out.isEmpty, "\(live.out)\n\(live.err)")
        }
    }

    @Test func findingsAreSaidWithTheirPlaceAndExitCodeIs1() async throws {
        try await Bench.with { bench in
            let root = bench.folder + "/project"
            func write(_ path: String, _ text: String) throws {
                let url = URL(fileURLWithPath: root + "/" + path)
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            try write(
                "sql/roles/00_database.sql",
                """
                do $$ begin execute format('revoke all on database %I from public', current_database()); end $$;
                revoke all on schema public from public;
                revoke usage on language sql, plpgsql from public;
                """)
            try write("migrations/0001_create_t.sql", "create table t (\n    a bigint constraint t_pkey primary key\n);\n")
            let all = ["--root", root, "--owner-role", ""]
            let sound = try await lint(bench, all + ["--squawk", "require"])
            #expect(sound.exitCode == 0 && sound.out.isEmpty, "\(sound.out)\n\(sound.err)")

            try write(
                "migrations/0002_spoil_t.sql",
                "alter table t add column b varchar(10);\n\nalter table t add check (a > 0);\ncreate view v as select a from t;\n")
            let spoilt = try await lint(bench, all + ["--squawk", "require"])
            #expect(spoilt.exitCode == 1)
            for said in [
                "migrations/0002_spoil_t.sql:1:28: ", "[prefer-text-field]", "migrations/0002_spoil_t.sql:3:19: ", "[unnamed-constraint]",
                "[constraint-missing-not-valid]", "public.v: ", "[view-security-invoker]",
            ] { #expect(spoilt.out.contains(said), "\(said) in \(spoilt.out)") }
            // The migrator's own doing is no finding of a project that has chosen no rules.
            for needless in ["lock-timeout", "statement-timeout", "robust-stmts"] { #expect(!spoilt.out.contains(needless)) }

            let without = try await lint(bench, all + ["--squawk", "off", "--json"])
            #expect(without.exitCode == 1)
            let rules = (try without.json()["findings"] as? [[String: Any]] ?? []).compactMap { $0["rule"] as? String }
            #expect(Set(rules) == ["unnamed-constraint", "view-security-invoker"], "\(rules)")

            let missing = try await lint(bench, all + ["--squawk", "require"], path: "/usr/bin:/bin")
            #expect(missing.exitCode == 78 && missing.err.contains("pip install squawk-cli"), "\(missing.err)")
            let left = try await lint(bench, all, path: "/usr/bin:/bin")
            #expect(left.exitCode == 1 && left.err.contains("squawk is not installed"), "\(left.err)")

            try write("sql/lint-exceptions", "unnamed-constraint migrations/0002_spoil_t.sql\n")
            let reasonless = try await lint(bench, all)
            #expect(reasonless.exitCode == 78 && reasonless.err.contains("sql/lint-exceptions:1: "), "\(reasonless.err)")
        }
    }
}
