import Foundation
import Testing

/// What the mock cluster does not keep. `scripts/real-broker` starts a broker and says what to set; docs/kafka.md.
extension EndToEnd {
    @Suite struct LoadKafkaRealBroker {
        private static let brokers = ProcessInfo.processInfo.environment["EMPORIUM_TEST_KAFKA"]

        /// 60,000 messages in three partitions are more than the mock keeps of them; then two more runs, of which the
        /// second finds nothing.
        @Test(
            .enabled(if: brokers != nil, "EMPORIUM_TEST_KAFKA names no broker: see docs/kafka.md, A real broker"),
            .timeLimit(.minutes(5)))
        func moreThanTheMockKeeps() async throws {
            try await Bench.with { bench in
                let environment = bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": Self.brokers ?? ""]) { $1 }
                func run(_ arguments: String...) async throws -> Emporium.Outcome {
                    let outcome = try await Emporium.run(arguments, environment, in: bench.folder)
                    try #require(outcome.exitCode == 0, "\(arguments): \(outcome.err)")
                    return outcome
                }
                _ = try await run("topics", "apply", "--file", "\(TestStack.root)/topics/main-topics")
                // Whatever earlier runs left in the topics is not this database's.
                _ = try await run("load", "kafka", "--once")
                let before = try await bench.count("select coalesce(sum(received), 0) from ops.batch")
                for seed in ["1", "2"] {
                    _ = try await run(
                        "generate", "customers", "--count", "30000", "--rate", "max", "--bad", "2%", "--seed", seed,
                        "--first-customer", "\(seed)000000")
                    let load = try await run("load", "kafka", "--once")
                    #expect(load.out.hasPrefix("read 30000 = "), "\(load.out)")
                }
                let again = try await run("load", "kafka", "--once")
                #expect(again.out.hasPrefix("read 0 = "), "\(again.out)")
                #expect(try await bench.count("select sum(received) from ops.batch") == before + 60_000)
                #expect(try await bench.value("select count(*) from ops.reconcile('shop.customer')") == "0")
                _ = try await run("relay", "--once")
                #expect(
                    try await bench.value("select count(*) from staging.reject where disposition = 'rejected'")
                        == bench.value("select sum(delivered) from ops.outbox"))
            }
        }
    }
}
