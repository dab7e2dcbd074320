import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// A database that is there and answers nothing: worse than one that is away.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct CollectHangTests {
        @Test func aDatabaseThatHangsHangsNobody() async throws {
            let stack = try await TestStack.make(durable: false)
            try await Collecting.with(["KEY_REFRESH": "1"], on: stack) { collecting, _ in
                let postmaster = try #require(Leftovers.pid("\(stack.home)/data"))
                let server = try [postmaster] + children(of: postmaster)
                defer { for pid in server.reversed() { kill(pid, SIGCONT) } }
                for pid in server { kill(pid, SIGSTOP) }
                // Longer than keys and schema wait for it, twice.
                let deadline = ContinuousClock.now + .seconds(13)
                var rounds = 0
                while ContinuousClock.now < deadline {
                    let live = try await collecting.ask("/live", limit: 3)
                    let posted = try await collecting.post([Collecting.event()], limit: 3)
                    #expect(live.status == 200 && posted.status == 200, "\(posted)")
                    rounds += 1
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(rounds > 5)
                collecting.child.signal(SIGTERM)
                #expect(try await collecting.child.outcome(deadline: .seconds(30)).signal == nil, "it ends, too")
            }
        }

        private func children(of pid: pid_t) throws -> [pid_t] {
            try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8).split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
