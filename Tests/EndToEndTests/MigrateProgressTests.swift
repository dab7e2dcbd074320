import Foundation
import Testing

extension EndToEnd.Migrate {
    /// Whoever reads along goes away, or the disk that it is written to is full: the run goes on.
    @Test(arguments: ["2> >(exec true)", "2>/dev/full", "2>&-", ">/dev/full 2>/dev/full", "2>&1 | true"])
    func noReaderFailsARun(_ output: String) async throws {
        try await EndToEnd.MigrateVerbs.withProject { bench in
            let command = "\(Emporium.path) migrate apply --owner-role '' --verbose --progress ndjson \(output)"
            let outcome = try await Child("/bin/bash", ["-o", "pipefail", "-c", command], bench.environment, in: bench.folder).outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(try await bench.run("migrate", "status", "--exit-code", "--owner-role", "").exitCode == 0)
        }
    }

    /// Whoever reads stderr as NDJSON can read each of its lines, whatever goes wrong.
    @Test func progressIsNothingButNDJSON() async throws {
        try await MigrateProof.with(rows: 10) { proof in
            func lines(_ outcome: Emporium.Outcome) throws -> [[String: Any]] {
                try outcome.err.split(separator: "\n").map { line in
                    try #require(
                        try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "no JSON: \(line)")
                }
            }
            func names(_ lines: [[String: Any]]) -> [String] { lines.compactMap { $0["event"] as? String } }

            let first = try await proof.start("--verbose").outcome()
            #expect(first.exitCode == 0, "\(first.err)")
            #expect(first.lines.count == 13 && first.out.contains("migrations/0002_index_customer.sql"))
            let told = names(try lines(first))
            #expect(told.count { $0 == "file_applied" } == 13 && told.last == "run_finished")
            #expect(told.contains("log"))
            let recorded = try await proof.bench.count("select count(*) from ops.migration_event")
            #expect(recorded == told.count { $0 != "log" })

            try proof.write("migrations/0010_break_it.sql", "select 1;\nselect nope;\n")
            let failed = try await proof.start().outcome()
            #expect(failed.exitCode == 1 && failed.out.isEmpty)
            let failure = try lines(failed)
            #expect(names(failure).suffix(3) == ["file_failed", "run_failed", "error"], "\(failed.err)")
            let detail = try #require(failure.last?["detail"] as? [String: Any])
            #expect(detail["exit_code"] as? Int == 1)
            #expect((detail["message"] as? String)?.contains("migrations/0010_break_it.sql:2:8") == true, "\(detail)")
            #expect(failure[failure.count - 3]["line"] as? Int == 2)

            // People's form is what it was.
            let plain = try await Emporium.run(
                ["migrate", "apply", "--owner-role", proof.owner], proof.bench.environment, in: proof.bench.folder)
            #expect(plain.exitCode == 1 && plain.err.hasPrefix("migrations/0010_break_it.sql:2:8"), "\(plain.err)")
            #expect(try await proof.start("--progress", "loud").outcome().exitCode == 64)
        }
    }
}
