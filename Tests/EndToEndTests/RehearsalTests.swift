import Foundation
import Testing

extension EndToEnd {
    /// The rehearsal in small, on debug builds: it is the proofs that are tested here, no speed.
    @Suite(.serialized, .timeLimit(.minutes(4))) struct RehearsalTests {
        /// A look that rounding puts at a step's very end is shown in that step, so its backlog is divided by that step's arrivals.
        @Test func whatIsBehindIsCountedInTheArrivalsOfItsStep() async throws {
            let script = """
                import sys; sys.path.insert(0, "Benchmarks/rehearsal")
                import argparse, report
                look = lambda at: dict(at=at, total=1, idle=1, written=0, cpu={}, memory={}, waits={}, waiting=0, order_locks=0, dead=0, multixact=0,
                    checkpoints=0, took=0, feeds={}, lag={"shop.customer": 2000}, archive=dict(rows=0, age=0, pending=0))
                steps = [dict(factor=20, seconds=0.5), dict(factor=10, seconds=0.25), dict(factor=1, seconds=5)]
                options = argparse.Namespace(posts=1, customers=1)
                rows = report.series([look(at) for at in (0.4, 0.5004, 0.7504, 0.756)], [(0.1, 1000)], steps, options)
                print([(row["at"], row["events_behind"], row["customers_behind"]) for row in rows])
                """
            let outcome = try await Child("/usr/bin/env", ["python3", "-B", "-c", script], in: TestStack.root).outcome(deadline: .seconds(20))
            #expect(outcome.out == "[(0.4, 5.0, 100.0), (0.5, 5.0, 100.0), (0.75, 10.0, 200.0), (0.76, 100.0, 2000.0)]\n", "\(outcome)")
        }

        @Test func itProvesWhatItSays() async throws {
            let collector = try Collecting.program()
            var template = Array("/tmp/emporium-rehearsed-XXXXXX".utf8CString)
            let folder = String(cString: try #require(mkdtemp(&template)))
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let outcome = try await Child(
                "/usr/bin/env",
                [
                    "python3", "-B", "\(TestStack.root)/Benchmarks/rehearsal/rehearse.py", Emporium.path, collector, "--seconds", "20",
                    "--curve", "1,10,1", "--orders", "3", "--posts", "2", "--customers", "10", "--shop-customers", "300", "--alone", "0",
                    "--ask-every", "5", "--limit-ms", "60000", "--limit-behind", "60", "--sabotage", "--results", folder,
                ], in: TestStack.root
            ).outcome(deadline: .seconds(200))
            try #require(outcome.exitCode == 0, "\(outcome.out.suffix(3000))\(outcome.err.suffix(3000))")

            let figures = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: folder + "/rehearsal.json"))) as? [String: Any])
            let proofs = try #require(figures["proofs"] as? [String: [String: Any]])
            #expect(proofs.count >= 13)
            for (name, proof) in proofs { #expect(proof["holds"] as? Bool == true, "\(name)") }
            for counted in ["every acknowledged order is there, with its lines", "every acknowledged event is in public.events",
                "every acknowledged customer message is stored, rejected or a duplicate"] {
                let proof = try #require(proofs[counted])
                #expect(try #require(proof["found"] as? Int) > 100, "\(counted)")
            }
            let sabotage = try #require(figures["sabotage"] as? [String: Bool])
            #expect(sabotage.count == 4)
            for (what, isFound) in sabotage { #expect(isFound, "nobody noticed that \(what) was taken away") }

            let steps = try #require(figures["steps"] as? [[String: Any]])
            #expect(steps.map { $0["factor"] as? Double } == [1, 10, 1])
            let orders = try steps.map { try #require($0["orders"] as? [String: Any]) }
            for step in orders { #expect(step["p95"] is Double && step["refused"] as? Int == 0, "\(step)") }
            let page = try String(contentsOfFile: folder + "/rehearsal.md", encoding: .utf8)
            #expect(page.contains("| 10x |") && page.contains("full bar:") && page.contains("Nothing broke"), "\(page)")
        }
    }
}
