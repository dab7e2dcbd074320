import Foundation
import Glibc
import Testing

extension EndToEnd { @Suite struct Migrate {} }

extension EndToEnd.Migrate {
    /// An empty database and a copy of the project's SQL in the bench's folder.
    private func withProject(_ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            for name in ["sql", "migrations"] {
                try FileManager.default.copyItem(atPath: "\(TestStack.root)/\(name)", toPath: "\(bench.folder)/\(name)")
            }
            try await body(bench)
        }
    }

    @Test func appliesOnceAndSaysSo() async throws {
        try await withProject { bench in
            #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 2)
            #expect(try await bench.run("migrate", "plan", "--exit-code").exitCode == 2)
            let first = try await bench.run("migrate")
            #expect(first.exitCode == 0, "\(first.err)")
            #expect(first.out.contains("migrations/0001_create_schemas.sql") && first.err.contains("applied "))
            let second = try await bench.run("migrate")
            #expect(second.exitCode == 0 && second.out.isEmpty && second.err.contains("nothing to apply"))
            #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 0)
            let files = try #require(
                try JSONSerialization.jsonObject(with: Data(try await bench.run("migrate", "status", "--json").out.utf8))
                    as? [[String: Any]])
            #expect(files.count > 50 && files.allSatisfy { $0["state"] as? String == "applied" })

            // A comment changes nothing.
            let path = bench.folder + "/sql/functions/10_ops/ops.is_landed.sql"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try (text + "\n-- changed\n").write(toFile: path, atomically: true, encoding: .utf8)
            let commented = try await bench.run("migrate")
            #expect(commented.exitCode == 0 && commented.out.isEmpty, "\(commented.out)\(commented.err)")

            // A repeatable that changes runs again, and then the grants.
            try (text + "\nselect 1;\n").write(toFile: path, atomically: true, encoding: .utf8)
            let third = try await bench.run("migrate")
            #expect(third.exitCode == 0, "\(third.err)")
            #expect(third.lines.first?.hasPrefix("sql/functions/10_ops/ops.is_landed.sql ") == true, "\(third.out)")
            #expect(third.lines.dropFirst().allSatisfy { $0.hasPrefix("sql/roles/9") }, "\(third.out)")
        }
    }

    @Test func anEditedMigrationIsRefused() async throws {
        try await withProject { bench in
            #expect(try await bench.run("migrate").exitCode == 0)
            let path = bench.folder + "/migrations/0001_create_schemas.sql"
            try (try String(contentsOfFile: path, encoding: .utf8) + "create schema sneaked;\n").write(
                toFile: path, atomically: true, encoding: .utf8)
            try "create schema after_it;".write(
                toFile: bench.folder + "/migrations/9000_create_after_it.sql", atomically: true, encoding: .utf8)
            let outcome = try await bench.run("migrate")
            #expect(outcome.exitCode == 1 && outcome.err.contains("0001_create_schemas.sql"), "\(outcome.err)")
            #expect(try await bench.count("select count(*) from pg_namespace where nspname in ('sneaked', 'after_it')") == 0)
        }
    }

    @Test func aSyntaxErrorIsShownInItsPlace() async throws {
        try await withProject { bench in
            #expect(try await bench.run("migrate").exitCode == 0)
            try "-- é\ncreate table ops.fine (a int);\ncreate table ops.broken (\n    a int,\n    b itn nut null\n);\n".write(
                toFile: bench.folder + "/migrations/9000_create_broken.sql", atomically: true, encoding: .utf8)
            let outcome = try await bench.run("migrate")
            #expect(outcome.exitCode == 1)
            #expect(outcome.err.contains("migrations/9000_create_broken.sql:5:"), "\(outcome.err)")
            let lines = outcome.err.split(separator: "\n")
            let source = try #require(lines.firstIndex { $0.contains("b itn nut null") }, "\(outcome.err)")
            let caret = try #require(lines.dropFirst(source + 1).first)
            #expect(caret.contains("^"), "\(outcome.err)")
            #expect(try await bench.value("select to_regclass('ops.fine')::text") == nil)
            #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 2)
        }
    }

    @Test func twoAtOnce() async throws {
        try await withProject { bench in
            let both = try (0..<2).map { _ in try bench.start("migrate") }
            let outcomes = try await both.asyncMap { try await $0.outcome() }
            for outcome in outcomes { #expect(outcome.exitCode == 0, "\(outcome.err)") }
            #expect(try await bench.count("select count(*) - count(distinct path) from ops.migration") == 0)
            #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 0)
        }
    }

    @Test func killedAtAnyMomentTheNextOneFinishes() async throws {
        try await withProject { bench in
            var generator = SeededGenerator(seed: testSeed)
            for _ in 0..<4 {
                let child = try bench.start("migrate")
                let reach = Int.random(in: 1...60, using: &generator)
                try await eventually("\(reach) files, or the end") { child.out.split(separator: "\n").count >= reach || !child.isRunning }
                child.signal(SIGKILL)
                _ = try await child.outcome()
            }
            let outcome = try await bench.run("migrate")
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try await bench.run("migrate", "status", "--exit-code").exitCode == 0)
        }
    }

    @Test func noServer() async throws {
        let stack = try await TestStack.shared.value
        let outcome = try await Emporium.run(
            ["migrate", "--root", TestStack.root], ["EMPORIUM_ADMIN_URL": "postgresql:///x?host=/nonexistent"],
            in: stack.folder)
        #expect(outcome.exitCode == 69, "\(outcome.err)")
    }
}
