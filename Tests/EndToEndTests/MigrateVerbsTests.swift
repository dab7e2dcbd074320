import Foundation
import Glibc
import Testing

extension EndToEnd { @Suite struct MigrateVerbs {} }

/// What each verb answers with, through the built command: exit code, and one JSON document on stdout.
extension EndToEnd.MigrateVerbs {
    static let small = [
        "migrations/0001_create_a.sql": "create schema if not exists probe; create table probe.a (x int)",
        "migrations/0002_add_y.sql": "alter table probe.a add y int",
        "sql/functions/10_a/one.sql": "create or replace function probe.one() returns int language sql return 1",
        "sql/roles/90_grants.sql": "revoke all on function probe.one() from public",
    ]

    /// An empty database and a small project.
    static func withProject(
        _ files: [String: String] = small, _ body: (Bench) async throws -> Void
    ) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            for (path, text) in files { try write(bench, path, text) }
            try await body(bench)
        }
    }

    static func write(_ bench: Bench, _ path: String, _ text: String) throws {
        let file = URL(filePath: "\(bench.folder)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    static func migrate(_ bench: Bench, _ arguments: [String], _ more: [String: String] = [:]) async throws -> Emporium.Outcome {
        var arguments = arguments
        if arguments.first != "new" { arguments += ["--owner-role", ""] }
        return try await Emporium.run(
            ["migrate"] + arguments, bench.environment.merging(more) { $1 }, in: bench.folder)
    }

    /// Runs a verb plainly and with --json, and wants the same exit code and one JSON document.
    static func expect(
        _ bench: Bench, _ arguments: [String], _ code: Int32, _ more: [String: String] = [:],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let plain = try await migrate(bench, arguments, more)
        #expect(plain.exitCode == code, "\(arguments): \(plain.err)", sourceLocation: location)
        let machine = try await migrate(bench, arguments + ["--json"], more)
        #expect(machine.exitCode == code, "\(arguments) --json: \(machine.err)", sourceLocation: location)
        if code != 0 && code != 2 { #expect(!plain.err.isEmpty && !machine.err.isEmpty, sourceLocation: location) }
        let value = try? JSONSerialization.jsonObject(with: Data(machine.out.utf8))
        #expect(value != nil, "\(arguments) --json: \(machine.out)", sourceLocation: location)
        // A plan tells problems and a code of its own; everything else says why it failed.
        if code != 0 && code != 2, arguments[0] != "plan" || code > 2, arguments[0] != "status" || code > 2 {
            let error = (value as? [String: Any])?["error"] as? [String: Any]
            #expect(error?["exit_code"] as? Int == Int(code), "\(arguments) --json: \(machine.out)", sourceLocation: location)
            #expect(error?["code"] is String && error?["message"] is String, sourceLocation: location)
        }
    }

    static let verbs = [
        ["apply"], ["plan"], ["status"], ["repair", "--dry-run"], ["baseline", "2"], ["squash", "--to", "2", "--dry-run"],
        ["verify"], ["rehearse"], ["lint", "--squawk", "off"],
    ]

    @Test(arguments: verbs) func noServerIs69(_ verb: [String]) async throws {
        try await Self.withProject { bench in
            try await Self.expect(bench, verb, 69, ["EMPORIUM_ADMIN_URL": "postgresql:///x?host=/nonexistent"])
        }
    }

    @Test(arguments: verbs + [["new", "add_z"]]) func noProjectIs78(_ verb: [String]) async throws {
        try await Self.withProject([:]) { try await Self.expect($0, verb, 78) }
    }

    @Test func wrongArgumentsAre64() async throws {
        try await Self.withProject { bench in
            for arguments in [
                ["apply", "--target", "9"], ["plan", "--target", "9"], ["baseline", "9"], ["squash", "--to", "9"],
                ["squash", "--to", "1"],
            ] {
                try await Self.expect(bench, arguments, 64)
            }
            // What the parser refuses is a document, too.
            for arguments in [
                ["apply", "--lock-retries", "-1"], ["apply", "--nonsense"], ["plan", "--target", "x"], ["baseline"], ["squash"],
                ["squash", "--to", "2", "--name", "Bad"], ["new", "Bad"], ["nonsense"], ["apply", "--placeholder", "x"],
                ["rehearse", "--how", "elsewhere"], ["lint", "--squawk", "maybe"],
            ] {
                try await Self.expect(bench, arguments, 64)
            }
            #expect(try await bench.value("select to_regnamespace('ops')::text") == nil)
        }
    }

    @Test func aLockThatIsHeldIs75() async throws {
        try await Self.withProject { bench in
            #expect(try await Self.migrate(bench, ["apply"]).exitCode == 0)
            try Self.write(bench, "migrations/0001_create_a.sql", "create table probe.a (x int, edited int)")
            try await bench.stack.admin(bench.database) { holder in
                try await holder.execute("select pg_advisory_lock(\(Int64(0x656D_706F_7269_756D)))")
                let wait = ["--lock-wait", "20ms"]
                try await Self.expect(bench, ["repair", "--yes"] + wait, 75)
                try await Self.expect(bench, ["baseline", "2", "--force"] + wait, 75)
                // Those that only look need no lock.
                try await Self.expect(bench, ["status"], 0)
                try await Self.expect(bench, ["repair", "--dry-run"], 0)
                try Self.write(bench, "migrations/0001_create_a.sql", Self.small["migrations/0001_create_a.sql"] ?? "")
                try Self.write(bench, "migrations/0003_create_c.sql", "create table probe.c ()")
                try await Self.expect(bench, ["apply"] + wait, 75)
                try await Self.expect(bench, ["plan", "--exit-code"], 2)
            }
            try await Self.expect(bench, ["apply"], 0)
        }
    }

    @Test func whatIsRefusedOrFailsIs1() async throws {
        try await Self.withProject { bench in
            try await Self.expect(bench, ["plan", "--exit-code"], 2)
            try await Self.expect(bench, ["status", "--exit-code"], 2)
            try await Self.expect(bench, ["plan"], 0)
            try Self.write(bench, "migrations/0003_break_it.sql", "select 1;\nselect nope")
            try await Self.expect(bench, ["apply"], 1)
            for how in ["clone", "transaction"] { try await Self.expect(bench, ["rehearse", "--how", how], 1) }
            for verb in [["verify"], ["lint", "--squawk", "off"]] { try await Self.expect(bench, verb, 1) }
            let error = try #require(try await Self.migrate(bench, ["apply", "--json"]).json()["error"] as? [String: Any])
            #expect(error["path"] as? String == "migrations/0003_break_it.sql" && error["line"] as? Int == 2)
            #expect(error["sqlstate"] as? String == "42703" && error["code"] as? String == "statement_failed")
            try await Self.expect(bench, ["baseline", "2"], 1)

            try FileManager.default.removeItem(atPath: bench.folder + "/migrations/0003_break_it.sql")
            try await Self.expect(bench, ["apply"], 0)
            try await Self.expect(bench, ["status", "--exit-code"], 0)
            try Self.write(bench, "migrations/0002_add_y.sql", "alter table probe.a add y bigint")
            for verb in [["apply"], ["plan"], ["plan", "--exit-code"]] { try await Self.expect(bench, verb, 1) }
            try await Self.expect(bench, ["status", "--exit-code"], 2)
            try Self.write(bench, "migrations/0004_unfinished_text.sql", "select 'x")
            for verb in [["repair", "--yes"], ["squash", "--to", "2"], ["baseline", "2"]] { try await Self.expect(bench, verb, 1) }
        }
    }

    @Test func newSaysItsPath() async throws {
        try await Self.withProject { bench in
            let plain = try await Self.migrate(bench, ["new", "add_z"])
            #expect(plain.exitCode == 0 && plain.lines == ["migrations/0003_add_z.sql"])
            let machine = try await Self.migrate(bench, ["new", "add_w", "--json"])
            #expect(try machine.json() as? [String: String] == ["path": "migrations/0004_add_w.sql"])
        }
    }

    @Test func aTargetIsSaidAndKept() async throws {
        try await Self.withProject { bench in
            let plan = try await Self.migrate(bench, ["plan", "--target", "0001"])
            #expect(plan.exitCode == 0 && plan.lines.count == 1 && plan.out.contains("0001_create_a.sql"))
            #expect(plan.err.contains("held back behind 0001: migrations/0002_add_y.sql"), "\(plan.err)")
            #expect(plan.err.contains("2 repeatable and grant files"), "\(plan.err)")
            let first = try await Self.migrate(bench, ["apply", "--target", "1", "--json"]).json()
            #expect((first["applied"] as? [[String: Any]])?.map { $0["path"] as? String } == ["migrations/0001_create_a.sql"])
            #expect((first["held_back"] as? [String])?.count == 3)
            let again = try await Self.migrate(bench, ["apply", "--target", "1"])
            #expect(again.exitCode == 0 && again.out.isEmpty && again.err.contains("nothing to apply up to the target"))
            #expect(try await Self.migrate(bench, ["plan", "--target", "1", "--exit-code"]).exitCode == 0)
            #expect(try await Self.migrate(bench, ["plan", "--exit-code"]).exitCode == 2)
            let rest = try await Self.migrate(bench, ["apply"])
            #expect(rest.exitCode == 0 && rest.lines.count == 3 && rest.lines[0].hasPrefix("migrations/0002_add_y.sql "))
        }
    }

    @Test func repairAsksOrIsTold() async throws {
        try await Self.withProject { bench in
            #expect(try await Self.migrate(bench, ["apply"]).exitCode == 0)
            let nothing = try await Self.migrate(bench, ["repair"])
            #expect(nothing.exitCode == 0 && nothing.err.contains("nothing to repair"))
            try Self.write(bench, "migrations/0001_create_a.sql", "create table never.made ()")
            let checksums = "select string_agg(checksum, ',' order by path) from ops.migration"
            let before = try await bench.value(checksums)

            // No terminal here: nothing happens without --yes, and what would happen is shown.
            for arguments in [["repair"], ["repair", "--json"]] {
                let asked = try await Self.migrate(bench, arguments)
                #expect(asked.exitCode == 64 && asked.err.contains("--yes"), "\(asked.err)")
                guard arguments.count > 1 else { continue }
                #expect((try asked.json()["error"] as? [String: Any])?["code"] as? String == "usage", "\(asked.out)")
            }
            let shown = try await Self.migrate(bench, ["repair", "--dry-run"])
            #expect(shown.exitCode == 0 && shown.lines.count == 1 && shown.out.hasPrefix("accept  migrations/0001_create_a.sql"))
            #expect(try await bench.value(checksums) == before)

            let done = try await Self.migrate(bench, ["repair", "--yes", "--json"]).json()
            #expect(done["done"] as? Bool == true)
            let action = try #require((done["actions"] as? [[String: Any]])?.first)
            #expect(action["action"] as? String == "accept" && action["path"] as? String == "migrations/0001_create_a.sql")
            #expect(try await bench.value(checksums) != before)
            #expect(try await Self.migrate(bench, ["status", "--exit-code"]).exitCode == 0)
            #expect(try await bench.value("select to_regnamespace('never')::text") == nil)
        }
    }

    @Test(arguments: [("y\n", Int32(0)), ("n\n", 1), ("\n", 1)])
    func repairAsksOnATerminal(_ answer: String, _ code: Int32) async throws {
        try await Self.withProject { bench in
            #expect(try await Self.migrate(bench, ["apply"]).exitCode == 0)
            try Self.write(bench, "migrations/0001_create_a.sql", "select 'edited'")
            // util-linux' script gives it a terminal, and types what stands on its own input.
            let child = try Child(
                "/bin/sh",
                [
                    "-c", "printf '\(answer == "\n" ? "\\n" : answer.prefix(1) + "\\n")' | script -qec \"$0 migrate repair --owner-role ''\" /dev/null",
                    Emporium.path,
                ], bench.environment, in: bench.folder)
            let outcome = try await child.outcome()
            #expect(outcome.exitCode == code, "\(outcome.out) \(outcome.err)")
            #expect(outcome.out.contains("Change 1 row of the ledger? [y/N]"), "\(outcome.out)")
            #expect(try await Self.migrate(bench, ["status", "--exit-code"]).exitCode == (code == 0 ? 0 : 2))
        }
    }
}
