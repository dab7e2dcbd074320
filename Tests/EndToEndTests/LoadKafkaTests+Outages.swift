import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd.LoadKafka {
    @Test func brokersThatAreAwayAtTheStart() async throws {
        try await Loading.with { loading, cluster in
            try await loading.send(Loading.customers(1...30))
            try cluster.setDown()
            let loader = try loading.start()
            let other = try loading.start()
            try await eventually("an attempt that failed") { other.lines("next try in") >= 1 }
            other.signal(SIGTERM)
            try await eventually("an attempt of the other") { loader.lines("next try in") >= 1 }
            #expect(loader.isRunning)
            // A stop is a stop, whoever is away.
            #expect(try await other.outcome(deadline: .seconds(30)).exitCode == 0, "\(other.err)")
            try cluster.setUp()
            try await eventually("all of it") { try await loading.stored() == 30 }
            let outcome = try await loader.stop()
            // An attempt takes five seconds; beside ours only librdkafka's own complaint.
            #expect(outcome.err.split(separator: "\n").count < 15, "it floods: \(outcome.err)")
            try await loading.expectExactly(1..<31)
        }
    }

    /// Cut in the middle of a load, many times; nothing that the books do not explain.
    @Test func brokersThatComeAndGo() async throws {
        try await Loading.with { loading, cluster in
            try await loading.send(Loading.customers(1...6000))
            let loader = try loading.start(["--batch-rows", "200"])
            for round in 1...4 {
                try await eventually("progress; round \(round)") { try await loading.stored() >= round * 1000 }
                try cluster.setDown()
                try cluster.setUp()
            }
            try await eventually("all of it") { try await loading.stored() == 6000 }
            let outcome = try await loader.stop()
            #expect(outcome.err.split(separator: "\n").count < 40, "it floods: \(outcome.err)")
            try await loading.expectExactly(1..<6001)
        }
    }

    /// --once must not wait for an end that it was told of before the brokers went.
    @Test func onceEndsThoughBrokersWentAway() async throws {
        try await Loading.with(partitions: 12) { loading, cluster in
            try await loading.send(Loading.customers(1...6000, partitions: 2))
            let loader = try loading.start(["--once", "--batch-rows", "100"])
            try await eventually("progress") { try await loading.stored() >= 500 }
            for _ in 0..<3 {
                try cluster.setDown()
                try cluster.setUp()
            }
            let outcome = try await loader.outcome(deadline: .seconds(60))
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            try await loading.expectExactly(1..<6001)
        }
    }

    /// Partitions that have ended are told of once, and not again after an answer that is an error.
    @Test func onceEndsThoughFetchesFailed() async throws {
        try await Loading.with(partitions: 12) { loading, cluster in
            let padding = ["padding": "\"" + String(repeating: "x", count: 1000) + "\""]
            try await loading.send((1...3000).map { Loading.customer($0, padding) })
            // 3 is a topic that is not there, 6 a leader that is none any more, 7 a time-out, 56 a disk; every other one is well.
            cluster.failNext(request: 1, with: [0, 7, 0, 6, 0, 7, 0, 3, 56, 7, 0, 7])
            let outcome = try await loading.start(["--once", "--json"]).outcome(deadline: .seconds(60))
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            #expect(outcome.err.split(separator: "\n").count < 8, "it floods: \(outcome.err)")
            try await loading.expectExactly(1..<3001)
        }
    }

    @Test func theDatabaseGoesAndComesBack() async throws {
        let stack = try await TestStack.make(durable: true)
        try await Loading.with(stack) { loading, _ in
            let loader = try loading.start(["--batch-rows", "200"])
            try await loading.send(Loading.customers(1...2000))
            try await eventually("progress") { try await loading.stored() >= 200 }
            try await stack.stopImmediately()
            try await loading.send(Loading.customers(2001...3000))
            try await eventually("it says when it tries next") { loader.err.contains("next try in") }
            try await stack.up()
            try await eventually("all of it, by the same process") { try await loading.stored() == 3000 }
            let outcome = try await loader.stop()
            // Five sessions wait, each for longer and longer, up to five seconds.
            #expect(outcome.err.components(separatedBy: "next try in").count < 100, "it floods: \(outcome.err)")
            #expect(outcome.err.contains("the database is back"))
            try await loading.expectExactly(1..<3001)
        }
    }

    /// Sessions ended from outside, as a server does that shuts down, over and over.
    @Test func sessionsThatAreEnded() async throws {
        try await Loading.with { loading, _ in
            let loader = try loading.start(["--batch-rows", "100"])
            for round in 1...6 {
                try await loading.send(Loading.customers((round * 500 - 499)...(round * 500)))
                try await eventually("progress; round \(round)") { try await loading.stored() > round * 500 - 500 }
                try await loading.admin(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            }
            try await eventually("all of it") { try await loading.stored() == 3000 }
            #expect(loader.isRunning)
            try await loader.stop()
            try await loading.expectExactly(1..<3001)
        }
    }

    @Test func withoutServersItIsTold() async throws {
        try await Loading.with { loading, _ in
            let nowhere = ["KAFKA_BOOTSTRAP_SERVERS": "", "EMPORIUM_HOME": loading.bench.folder + "/nowhere"]
            var outcome = try await loading.run(["--once"], nowhere)
            #expect(outcome.exitCode == 69 && outcome.err.contains("KAFKA_BOOTSTRAP_SERVERS"), "\(outcome.err)")
            outcome = try await loading.run(["--once"], ["KAFKA_GROUP_ID": "mine"])
            #expect(outcome.exitCode == 78 && outcome.err.contains("KAFKA_GROUP_ID"), "\(outcome.err)")
            outcome = try await loading.run(["--once"], ["KAFKA_ENABLE_AUTO_COMMIT": "true"])
            #expect(outcome.exitCode == 78 && outcome.err.contains("KAFKA_ENABLE_AUTO_COMMIT"), "\(outcome.err)")
        }
    }
}
