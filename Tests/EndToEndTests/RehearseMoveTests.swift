import Testing

extension EndToEnd { @Suite struct RehearseMove {} }

extension EndToEnd.RehearseMove {
    /// docs/cloud.md's cut-over with two MariaDB servers: equal checksums, one changed value found, orders taken meanwhile there after
    /// the way back.
    @Test func theMoveAndTheWayBack() async throws {
        let outcome = try await Child(
            "/usr/bin/timeout", ["--kill-after=20", "240", "\(TestStack.root)/scripts/mysql/rehearse-move"], ["EMPORIUM_BIN": Emporium.path],
            in: TestStack.root
        ).outcome(deadline: .seconds(280))
        #expect(outcome.exitCode == 0, "\(outcome.err)\n\(outcome.out.suffix(2000))")
        #expect(outcome.lines.last == "== both orders are at the old server, nothing was landed twice")
    }
}
