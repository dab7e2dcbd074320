import Foundation
import Glibc
import Testing
import TestSupport

extension EndToEnd.RelayMongoTests {
    @Test func aStoreThatIsAwayIsWaitedFor() async throws {
        try await DueStore.with { store, server in
            #expect(try await store.run("--as-of", DueStore.days[0]).exitCode == 0)

            // Frozen while a run begins: it waits, says so once, and goes on.
            server.signal(SIGSTOP)
            let waiting = try store.start("--as-of", DueStore.days[1], "--patience", "60s")
            try await eventually("its word") { waiting.err.contains("MongoDB is away, waiting: MongoDB at 127.0.0.1:\(store.port)/emporium: ") }
            #expect(waiting.isRunning)
            let impatient = try await store.run("--as-of", DueStore.days[1], "--patience", "1s")
            #expect(impatient.exitCode == 69, "\(impatient.err)")
            server.signal(SIGCONT)
            let done = try await waiting.outcome()
            #expect(done.exitCode == 0, "\(done.err)")
            #expect(done.err.split(separator: "\n").filter { $0.contains("is away") }.count == 1, "\(done.err)")
            try await store.expectEqual(DueStore.days[1])
        }
    }

    @Test func aStoreThatStartsLateGetsItsSet() async throws {
        try await Bench.with { bench in
            #expect(try await bench.run("generate", "shop", "--customers", "800", "--orders", "6000").exitCode == 0)
            var server: PythonServer? = try PythonServer("mongo/nx27017.py")
            let store = DueStore(bench: bench, port: try #require(server).port)
            server = nil
            let service = try store.start("--every", "1h")
            try await eventually("its word") { service.err.contains("MongoDB is away") }
            // SIGTERM is heard while it waits, and nothing was under way.
            let other = try store.start("--every", "1h")
            try await eventually("its word") { other.err.contains("MongoDB is away") }
            other.signal(SIGTERM)
            #expect(try await other.outcome(deadline: .seconds(20)).exitCode == 0)
            server = try PythonServer("mongo/nx27017.py", ["--port", "\(store.port)"])
            try await eventually("the set") { !service.out.isEmpty }
            try await store.expectEqual(DueStore.days[1])
            service.signal(SIGTERM)
            #expect(try await service.outcome().exitCode == 0)
            _ = server
        }
    }

    @Test func aCollectionOfOthersIsLeftAlone() async throws {
        try await DueStore.with { store, _ in
            try await store.documents("insert", #"{"_id": "theirs", "x": 1}"#)
            let refused = try await store.run("--as-of", DueStore.days[0])
            #expect(refused.exitCode == 1 && refused.err.contains("holds 1 documents that this database did not write"), "\(refused.err)")
            #expect(try await store.documents("read") == #"[{"_id": "theirs", "x": 1}]"# + "\n")
            let elsewhere = try await store.run("--as-of", DueStore.days[0], "--collection", "other")
            #expect(elsewhere.exitCode == 0, "\(elsewhere.err)")
            let taken = try await store.run("--as-of", DueStore.days[0], "--take-over")
            #expect(taken.exitCode == 0, "\(taken.err)")
            try await store.expectEqual(DueStore.days[0])

            // One of theirs among ours, even under a key of the set.
            let before = try await store.held()
            try await store.documents("insert", #"{"_id": {"$oid": "6b01ea822bb66f1edf537c02"}, "emporium": {"run": 1, "owner": "somebody"}}"#)
            #expect(try await store.run("--as-of", DueStore.days[1]).exitCode == 1)
            #expect(try await store.run("--as-of", DueStore.days[1], "--take-over").exitCode == 0)
            try await store.expectEqual(DueStore.days[1])
            #expect(try await store.held() != before)

            // Another database of the same server has documents of its own.
            try await DueStore.with { other, _ in
                let foreign = try await Emporium.run(
                    ["relay", "mongo"], other.bench.environment.merging(["MONGODB_URI": "mongodb://127.0.0.1:\(store.port)"]) { $1 }, in: other.bench.folder)
                #expect(foreign.exitCode == 1 && foreign.err.contains("did not write"), "\(foreign.err)")
            }
            try await store.expectEqual(DueStore.days[1])
        }
    }

    @Test func whatOthersChangeIsMendedAndWhoGoesOnIsNamed() async throws {
        try await DueStore.with { store, _ in
            #expect(try await store.run("--as-of", DueStore.days[0]).exitCode == 0)
            try await store.documents("set", #"{"probability_of_order": 2.0, "note": "by hand"}"#)
            #expect(try await store.run("--as-of", DueStore.days[0]).exitCode == 0)
            try await store.expectEqual(DueStore.days[0])

            do {
                let meddler = try PythonServer("mongo/documents.py", ["\(store.port)", "due_customers", "meddle"])
                // Somebody who writes on and on is told of; between two of his writes a run may end well.
                var told = 0
                for _ in 0..<8 where told == 0 {
                    let ended = try await store.run("--as-of", DueStore.days[0])
                    if ended.exitCode == 1 { told += ended.err.contains("somebody else writes there") ? 1 : 0 }
                }
                #expect(told == 1)
                _ = meddler
            }
            #expect(try await store.run("--as-of", DueStore.days[0]).exitCode == 0)
            try await store.expectEqual(DueStore.days[0])
        }
    }

    @Test func noIsAnErrorThatNamesNoPassword() async throws {
        try await DueStore.with(["--refuse", "saslStart=18", "--refuse", "update=13"]) { store, _ in
            for (environment, what) in [
                (store.environment("&authMechanism=SCRAM-SHA-256", user: "relay:hunter2secret@"), "Authentication failed"), (store.environment(), "not authorized"),
            ] {
                let refused = try await store.run("--as-of", DueStore.days[0], environment: environment)
                #expect(refused.exitCode == 1 && refused.err.contains(what) && refused.err.contains("127.0.0.1:\(store.port)"), "\(refused.err)")
                #expect(!refused.err.contains("hunter2"), "\(refused.err)")
            }
            var environment = store.environment()
            environment["MONGODB_URI"] = "mongodb://relay:hunter2/secret@127.0.0.1/"
            let unusable = try await store.run(environment: environment)
            #expect(unusable.exitCode == 78 && unusable.err.contains("MONGODB_URI") && !unusable.err.contains("hunter2"), "\(unusable.err)")
            environment["MONGODB_URI"] = nil
            #expect(try await store.run(environment: environment).exitCode == 78)
            for wrong in [["--as-of", "2025-02-30"], ["--days", "0"], ["--model", "crystal_ball"], ["--collection", "system.users"], ["--every", "10ms"]] {
                let usage = try await Emporium.run(["relay", "mongo"] + wrong, store.environment(), in: store.bench.folder)
                #expect(usage.exitCode == 64, "\(wrong): \(usage.err)")
            }
        }
    }
}
