import Foundation
import Testing

extension EndToEnd {
    /// What the benchmark of the door posts goes all the way: events that are refused behind it cost something else.
    @Suite(.timeLimit(.minutes(2))) struct BenchmarkEvents {
        @Test func everyEventIsStoredOrADuplicate() async throws {
            try await Collecting.with { collecting, _ in
                let posted = try await Child(
                    "/usr/bin/env",
                    ["wrk", "-t", "1", "-c", "2", "-d", "1s", "-s", "\(TestStack.root)/Benchmarks/events/post.lua", "http://127.0.0.1:\(collecting.port)"],
                    ["PATH": "/usr/bin:/bin", "EMPORIUM_API_KEY": collecting.key], in: collecting.bench.folder
                ).outcome(deadline: .seconds(30))
                #expect(posted.exitCode == 0 && posted.err.isEmpty && !posted.out.contains("Non-2xx"), "\(posted)")
                let loaded = try await Child(
                    Emporium.path, ["load", "kafka", "--topic", Collecting.topic, "--once", "--json"],
                    collecting.bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": collecting.brokers]) { $1 }, in: collecting.bench.folder
                ).outcome(deadline: .seconds(90))
                #expect(loaded.exitCode == 0, "\(loaded)")
                let reasons = try await collecting.bench.sql("select distinct unnest(codes) from staging.reject")
                #expect(reasons == [] || reasons == [["duplicate_event"]], "\(reasons)")
                #expect(try await collecting.bench.count("select count(*) from public.events") > 0)
            }
        }
    }
}
