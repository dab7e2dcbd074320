import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd.Relaying {
    /// Brokers that say nothing for as long as they like hold up neither objects nor webhooks, and one webhook no other.
    @Test func oneThatHangsHoldsUpNobody() async throws {
        try await DeadLetters.with(archived: true) { dead, cluster in
            let bench = dead.bench
            let receiver = try Receiver()
            for name in ["fine", "hangs"] { try await dead.webhook(name, receiver.url + "/\(name)", on: "message") }
            try await receiver.fault("/hangs", #"{"delay": 60}"#, forEver: true)
            try await dead.set("archive.object.age", "0 seconds")
            try cluster.setDown()
            try await dead.post(100)
            try await dead.say("{}", to: "hangs")
            let relay = try dead.start(cluster, ["--patience", "100s", "--json"], dead.store)
            try await eventually("a POST that hangs") { try await receiver.log("/hangs").count == 1 }
            // Locked rows are those in hand.
            try await eventually("a batch that hangs") {
                let free = "select count(*) from (select from ops.outbox where carrier = 'kafka' for update skip locked) o"
                return try await bench.count(free) == 0
            }
            for number in 0..<5 { try await dead.say("\(number)", to: "fine") }
            try await eventually("others are delivered meanwhile") {
                try await bench.sql("select carrier, destination, sum(attempts) from ops.outbox where state = 'waiting' group by 1, 2 order by 1")
                    == [["kafka", DeadLetters.topic, "0"], ["webhook", "hangs", "0"]]
            }
            #expect(try await bench.count("select count(*) from ops.archive_object where delivered_at is not null") == 1)
            try await eventually("the hanging one is given up, and tried again") { try await receiver.log("/hangs").count == 2 }
            try cluster.setUp()
            try await eventually("brokers are back") { try await bench.count("select count(*) from ops.outbox where carrier = 'kafka' and state = 'waiting'") == 0 }
            relay.signal(SIGTERM)
            let outcome = try await relay.outcome()
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            let json = try outcome.json()
            #expect(json["batches"] as? Int == 1 && json["objects"] as? Int == 1 && json["posts"] as? Int == 5, "\(outcome.out)")
            #expect(outcome.err.contains("webhook hangs: message"), "\(outcome.err)")
        }
    }

    @Test func messagesGoToTopicsWithTheirKeysAndHeaders() async throws {
        try await DeadLetters.with { dead, cluster in
            let posted = try await dead.bench.sql(
                "select ops.post_message('kafka', $1, '\\x00ff', 'k' || n, array['team', 'a'], 'application/octet-stream') from generate_series(1, 3) n",
                [.text(DeadLetters.topic)]).compactMap { $0[0] }
            let outcome = try await dead.run(cluster, ["--once", "--only", "kafka"])
            #expect(outcome.exitCode == 0 && outcome.out == "delivered 0 batches, 3 messages; 0 attempts failed\n", "\(outcome.out)\(outcome.err)")
            let letters = try await dead.read(cluster)
            #expect(letters.map(\.value) == [[0, 255], [0, 255], [0, 255]] && letters.map(\.key) == (1...3).map { Array("k\($0)".utf8) })
            #expect(letters.map(\.origin) == posted.map { "outbox:\($0)" })
            #expect(letters[0].headers.map(\.name) == ["team", "content-type", "origin"])
        }
    }

    /// What a relay that has nothing to do costs: one session that asks.
    @Test func anIdleRelayHasOneSession() async throws {
        try await DeadLetters.with(archived: true) { dead, cluster in
            let relay = try dead.start(cluster, [], dead.store)
            let sessions = "select count(*) from pg_stat_activity where usename is not null and pid <> pg_backend_pid() and datname = current_database() and query like '%ops.due_destinations()%'"
            try await eventually("it asks") { try await dead.bench.count(sessions) == 1 }
            let all = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            #expect(try await dead.bench.count(all) == 1)
            try await dead.post(2)
            try await eventually("delivery") { try await dead.waiting() == 0 }
            try await eventually("its worker's session goes again") { try await dead.bench.count(all) == 1 }
            relay.signal(SIGTERM)
            #expect(try await relay.outcome().exitCode == 0)
        }
    }
}
