import Testing

extension EndToEnd {
    /// The judgement of Avro schemas in SQL, held against fastavro, Apache's Python and a judge of its own over random pairs.
    @Suite(.timeLimit(.minutes(3))) struct AvroDifferential {
        @Test(arguments: [1, 2]) func othersJudgeAlike(seed: Int) async throws {
            try await Bench.with { bench in
                let script = "\(TestStack.root)/Tests/registry/avro_differential.py"
                let url = TestStack.url(bench.stack.adminURL, database: bench.database)
                let outcome = try await Child(
                    "\(TestStack.root)/.venv-tools/bin/python", [script, url, "--seed", "\(seed)", "--pairs", "150"], in: bench.folder
                ).outcome()
                #expect(outcome.exitCode == 0, "\(outcome.out.suffix(3000))\(outcome.err.suffix(3000))")
                #expect(outcome.out.contains("150"), "so many were compared: \(outcome.out)")
            }
        }
    }
}
