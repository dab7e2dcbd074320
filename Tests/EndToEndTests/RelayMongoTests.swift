import Foundation
import Glibc
import Postgres
import Testing
import TestSupport

extension EndToEnd {
    /// The set of due customers in a document store, read by another client.
    @Suite(.serialized) struct RelayMongoTests {
        @Test func theCollectionIsTheSetAndFollowsIt() async throws {
            try await DueStore.with { store, _ in
                let dry = try await store.run("--dry-run", "--as-of", DueStore.days[0], "--json")
                #expect(dry.exitCode == 0, "\(dry.err)")
                #expect(try await store.held().isEmpty, "a dry run changes nothing")

                let first = try await store.run("--as-of", DueStore.days[0], "--json")
                #expect(first.exitCode == 0, "\(first.err)")
                try await store.expectEqual(DueStore.days[0])
                let (report, before) = (try first.json(), try await store.held())
                #expect(report["added"] as? Int == before.count && report["documents"] as? Int == before.count)
                #expect(try dry.json()["added"] as? Int == before.count && (try dry.json()["run"]) == nil)

                // A later day, which is that of the latest order, and so the default.
                let second = try await store.run("--json")
                #expect(second.exitCode == 0, "\(second.err)")
                try await store.expectEqual(DueStore.days[1])
                let after = try await store.held()
                let gone = Set(before.keys).subtracting(after.keys), stayed = Set(before.keys).intersection(after.keys)
                #expect(!gone.isEmpty && !stayed.isEmpty && after.count > stayed.count, "or this proves nothing")
                #expect(try second.json()["removed"] as? Int == gone.count && (try second.json()["replaced"] as? Int) == stayed.count)
                #expect(try second.json()["asOf"] as? String == DueStore.days[1])

                // Another window and model, and the same again.
                for _ in 0..<2 {
                    let third = try await store.run("--days", "30", "--model", "mean_interval", "--as-of", DueStore.days[0])
                    #expect(third.exitCode == 0, "\(third.err)")
                    #expect(try await store.held() == (try await store.due(DueStore.days[0], 30, model: "mean_interval")))
                }
                let books = try await store.bench.sql("select run_id, documents, completed_at is not null from ops.document_run order by run_id")
                #expect(books.map { $0[0] } == ["1", "2", "3", "4"] && books.allSatisfy { $0[2] == "t" })
            }
        }

        @Test func aModelThatDidNotConvergeChangesNothing() async throws {
            try await DueStore.with { store, _ in
                #expect(try await store.run("--as-of", DueStore.days[1]).exitCode == 0)
                let none = try await store.run("--as-of", "1990-01-01")
                #expect(none.exitCode == 1 && none.err.contains("EM411") && none.err.contains("did not converge: nobody has bought again"), "\(none.err)")
                try await store.expectEqual(DueStore.days[1])
            }
        }

        /// Wherever it is cut off, one more run makes the set whole; and who is due on both days is there all the time. Every other
        /// moment is after the run's number is booked, between its first message and its last.
        @Test func killedAnywhereTheNextRunCompletesTheSet() async throws {
            try await DueStore.with { store, _ in
                let clock = ContinuousClock()
                let days = 90  // a set of some hundred, so that a delivery takes a while
                func deliver(_ day: String) async throws -> Int32? { try await store.run("--as-of", day, "--days", "\(days)").exitCode }
                for day in DueStore.days { #expect(try await deliver(day) == 0) }
                let whole = try await clock.measure { _ = try await deliver(DueStore.days[0]) }
                let seconds = try await store.bench.value(
                    "select extract(epoch from completed_at - started_at) from ops.document_run order by run_id desc limit 1")
                let delivery = Duration.seconds(try #require(seconds.flatMap { Double($0) }))
                let lasting = Set(try await store.due(DueStore.days[0], days).keys).intersection(try await store.due(DueStore.days[1], days).keys)
                try #require(lasting.count > 100, "\(lasting.count)")
                var random = Seeded(20251231)
                var killed = 0
                for moment in 0..<80 where killed < 20 {
                    try await eventually("no lock of one that was killed") {
                        try await store.bench.count(
                            "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())") == 0
                    }
                    let begun = try await store.bench.count("select count(*) from ops.document_run")
                    let child = try store.start("--as-of", DueStore.days[moment % 4 < 2 ? 1 : 0], "--days", "\(days)")
                    if moment % 2 == 0 {
                        try await eventually("its number") {
                            if !child.isRunning { return true }
                            return try await store.bench.count("select count(*) from ops.document_run") > begun
                        }
                        try await Task.sleep(for: delivery * Double.random(in: 0...0.9, using: &random))
                    } else {
                        try await Task.sleep(for: whole * Double.random(in: 0.05...0.95, using: &random))
                    }
                    child.signal(SIGKILL)
                    guard try await child.outcome().signal == SIGKILL else { continue }  // it was faster
                    killed += 1
                    let there = try await store.held()
                    #expect(lasting.isSubset(of: there.keys), "moment \(moment): none of these is away for a moment")
                    if killed % 5 == 0 {
                        let day = DueStore.days[Int(random.next() % 2)]
                        try await eventually("a run, once the killed one's lock has gone") { try await deliver(day) == 0 }
                        try await store.expectEqual(day, days)
                    }
                }
                #expect(killed == 20, "killed while they ran")
                let cut = try await store.bench.count("select count(*) from ops.document_run where completed_at is null")
                #expect(cut >= 3, "\(cut) of them in the middle of a delivery")
            }
        }

        /// One that was frozen, lost its session, and wakes after another has run.
        @Test func aZombieUndoesNothing() async throws {
            try await DueStore.with { store, _ in
                let clock = ContinuousClock()
                for day in DueStore.days { #expect(try await store.run("--as-of", day).exitCode == 0) }
                let whole = try await clock.measure { _ = try await store.run("--as-of", DueStore.days[0]) }
                var random = Seeded(7)
                for moment in 0..<8 {
                    let zombie = try store.start("--as-of", DueStore.days[0], "--patience", "0s")
                    try await Task.sleep(for: whole * Double.random(in: 0.3...0.95, using: &random))
                    zombie.signal(SIGSTOP)
                    _ = try await store.bench.sql(
                        "select pg_terminate_backend(l.pid) from pg_locks l where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())")
                    try await eventually("a run in its place") { try await store.run("--as-of", DueStore.days[1]).exitCode == 0 }
                    try await store.expectEqual(DueStore.days[1])
                    zombie.signal(SIGCONT)
                    let ended = try await zombie.outcome()
                    if ended.exitCode == 0 { continue }  // it had ended, or begun anew, as the newest
                    #expect(ended.exitCode == 69 || ended.exitCode == 75, "moment \(moment): \(ended.exitCode ?? -1) \(ended.err)")
                    let (held, due) = (try await store.held(), try await store.due(DueStore.days[1]))
                    for (key, document) in due { #expect(held[key] == document, "moment \(moment): what the later run wrote is as it wrote it") }
                    #expect(try await store.run("--as-of", DueStore.days[1]).exitCode == 0)
                    try await store.expectEqual(DueStore.days[1])
                }
            }
        }

        /// Its documents were on their way when it was thought dead, and arrive after those of the run in its place.
        @Test func aMessageThatComesLateReplacesNothing() async throws {
            try await DueStore.with { store, _ in
                for day in DueStore.days { #expect(try await store.run("--as-of", day).exitCode == 0) }
                let gate = store.bench.folder + "/late-\(store.port)"
                let proxy = try PythonServer("mongo/holding.py", ["\(store.port)", gate])
                let zombie = try store.start(
                    "--as-of", DueStore.days[0], "--patience", "0s",
                    environment: store.environment().merging(["MONGODB_URI": "mongodb://127.0.0.1:\(proxy.port)/?socketTimeoutMS=60000"]) { $1 })
                try await eventually("a message on its way") { FileManager.default.fileExists(atPath: gate + ".held") }
                _ = try await store.bench.sql(
                    "select pg_terminate_backend(l.pid) from pg_locks l where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())")
                try await eventually("a run in its place") { try await store.run("--as-of", DueStore.days[1]).exitCode == 0 }
                try await store.expectEqual(DueStore.days[1])
                #expect(FileManager.default.createFile(atPath: gate, contents: nil))
                let ended = try await zombie.outcome()
                #expect(ended.exitCode == 69 || ended.exitCode == 75, "\(ended.exitCode ?? -1) \(ended.err)")
                let (held, due) = (try await store.held(), try await store.due(DueStore.days[1]))
                for (key, document) in due { #expect(held[key] == document, "what the later run wrote is as it wrote it") }
                #expect(try await store.run("--as-of", DueStore.days[1]).exitCode == 0)
                try await store.expectEqual(DueStore.days[1])
            }
        }

        @Test func oneRunsAtATime() async throws {
            try await DueStore.with { store, _ in
                let holder = try await store.bench.stack.admin(store.bench.database) { admin in
                    _ = try await admin.query("select pg_advisory_lock(hashtextextended('relay mongo emporium.due_customers', 0))")
                    let refused = try await store.run("--as-of", DueStore.days[0])
                    #expect(refused.exitCode == 75 && refused.err.contains("session \(admin.backendPID) "), "\(refused.err)")
                    #expect(try await store.held().isEmpty)
                    // One that goes on for ever waits for its turn.
                    return try store.start("--as-of", DueStore.days[0], "--every", "1h")
                }
                try await eventually("its turn") { !holder.out.isEmpty }
                holder.signal(SIGTERM)
                #expect(try await holder.outcome().exitCode == 0)
                try await store.expectEqual(DueStore.days[0])

                for _ in 0..<4 {
                    let both = try (0..<2).map { _ in try store.start("--as-of", DueStore.days[1]) }
                    var codes: [Int32?] = []
                    for child in both { codes.append(try await child.outcome().exitCode) }
                    #expect(codes.contains(0) && codes.allSatisfy { $0 == 0 || $0 == 75 }, "\(codes)")
                    try await store.expectEqual(DueStore.days[1])
                }
            }
        }
    }
}
