import Foundation
import Testing

extension EndToEnd { @Suite struct MigratePlaceholders {} }

extension EndToEnd.MigratePlaceholders {
    private func withProject(_ files: [String: String], _ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            for (path, text) in files { try write(bench, path, text) }
            try await body(bench)
        }
    }

    private func write(_ bench: Bench, _ path: String, _ text: String) throws {
        let url = URL(filePath: bench.folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func migrate(_ bench: Bench, _ arguments: String..., environment: [String: String] = [:]) async throws
        -> Emporium.Outcome
    {
        try await Emporium.run(
            ["migrate"] + arguments + ["--owner-role", ""], bench.environment.merging(environment) { $1 }, in: bench.folder)
    }

    @Test func valuesComeFromTheCommandTheEnvironmentAndTheList() async throws {
        let files = [
            "placeholders.yaml": "tenant:\n  pattern: '[a-z]{2,8}'\nlimit_rows: {default: 010}\n",
            "migrations/0001_create_tenant.sql": "create schema ${tenant};\ncreate table ${tenant}.a (x int);",
            "sql/functions/f.sql":
                "create or replace view ${tenant}.v as select '${tenant}'::text as tenant, ${limit_rows} as rows, '${2}' as plain;",
        ]
        try await withProject(files) { bench in
            let missing = try await migrate(bench, "apply")
            #expect(missing.exitCode == 1, "\(missing.err)")
            #expect(missing.err.contains("migrations/0001_create_tenant.sql:1:15: ${tenant} has no value"), "\(missing.err)")
            #expect(missing.err.contains("sql/functions/f.sql:1:24: ${tenant} has no value"), "\(missing.err)")
            #expect(missing.err.contains("EMPORIUM_PLACEHOLDER_TENANT"))

            let wrong = try await migrate(bench, "apply", "--placeholder", "tenant=x; drop table y")
            #expect(wrong.exitCode == 1 && wrong.err.contains("does not match [a-z]{2,8}"), "\(wrong.err)")
            let unknown = try await migrate(bench, "plan", "--placeholder", "tenat=north")
            #expect(unknown.exitCode == 64 && unknown.err.contains("there is no placeholder tenat"), "\(unknown.err)")
            #expect(try await migrate(bench, "apply", "--placeholder", "tenant").exitCode == 64)

            let first = try await migrate(bench, "apply", environment: ["EMPORIUM_PLACEHOLDER_TENANT": "north"])
            #expect(first.exitCode == 0, "\(first.err)")
            #expect(try await bench.count("select rows from north.v where tenant = 'north' and plain = '${2}'") == 10)

            // The command line comes first. What runs once is not run again for another value; what runs again is.
            try write(bench, "sql/functions/f.sql", "create or replace view north.v as select '${tenant}'::text as tenant, ${limit_rows} as rows, '${2}' as plain;")
            let second = try await migrate(
                bench, "apply", "--placeholder", "tenant=south", "--placeholder", "limit_rows=20",
                environment: ["EMPORIUM_PLACEHOLDER_TENANT": "north"])
            #expect(second.exitCode == 0 && second.lines.count == 1, "\(second.out)\(second.err)")
            #expect(try await bench.count("select rows from north.v where tenant = 'south'") == 20)
            let third = try await migrate(bench, "status", "--exit-code", "--placeholder", "tenant=south", "--placeholder", "limit_rows=20")
            #expect(third.exitCode == 0, "\(third.out)\(third.err)")
            #expect(try await migrate(bench, "status", "--exit-code", "--placeholder", "tenant=south").exitCode == 2)
        }
    }

    @Test func withoutAListTheyAreText() async throws {
        try await withProject(["migrations/0001_create_a.sql": "create table public.a as select '${tenant}'::text as t;"]) { bench in
            #expect(try await migrate(bench, "apply", environment: ["EMPORIUM_PLACEHOLDER_TENANT": "north"]).exitCode == 0)
            #expect(try await bench.count("select count(*) from public.a where t = '${tenant}'") == 1)
            let given = try await migrate(bench, "status", "--placeholder", "tenant=north")
            #expect(given.exitCode == 64 && given.err.contains("the project has no placeholders.yaml"), "\(given.err)")
        }
    }

    @Test(arguments: [
        ("tenant: north", "placeholders.yaml:1: tenant: default and pattern are expected"),
        ("tenant: {default: a, patern: b}", "tenant: patern is neither default nor pattern"),
        ("Tenant: {}", "Tenant is no name for a placeholder"), ("tenant: {pattern: '['}", "is no regular expression"),
        ("tenant: {default: a b}", "is \"a b\", which does not match [A-Za-z0-9_.-]+"), ("- tenant", "it is not a list of names"),
        ("tenant: {", "it is not YAML"),
    ])
    func aBadListIsABadConfiguration(_ list: String, _ expected: String) async throws {
        try await withProject(["placeholders.yaml": list, "migrations/0001_create_a.sql": "select 1"]) { bench in
            let outcome = try await migrate(bench, "plan")
            #expect(outcome.exitCode == 78 && outcome.err.contains(expected), "\(outcome.err)")
        }
    }
}
