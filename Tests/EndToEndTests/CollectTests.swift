import Foundation
import Kafka
import Testing

extension EndToEnd {
    /// The collector's promises: what was answered with 200 is in Kafka, whatever comes between.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct CollectTests {
        @Test func eachEventIsOneMessage() async throws {
            try await Collecting.with { collecting, _ in
                let bad = Collecting.event(amount: #""12.5""#)
                let answer = try await collecting.post([Collecting.event(), bad, Collecting.event(), "7"])
                #expect(answer.status == 200, "\(answer)")
                let receipt = try answer.object()
                let package = try #require(receipt["packageId"] as? String)
                #expect(receipt["accepted"] as? Int == 2 && receipt["rejected"] as? Int == 2)
                let ids = try #require(receipt["events"] as? [[String: Any]]).compactMap { $0["correlationId"] as? String }

                let events = try await collecting.events().sorted { $0.key < $1.key }
                #expect(events.map(\.key) == [ids[0], ids[2]])
                for (event, ordinal) in zip(events, ["1", "3"]) {
                    #expect(event.value.prefix(5) == [0, 0, 0, 0, 1], "magic and schema id")
                    #expect(event.headers["package"] == package && event.headers["packageSize"] == "4")
                    #expect(event.headers["ordinal"] == ordinal)
                    let time = try #require(event.headers["receivedAt"])
                    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
                    #expect(event.headers.count == 4)
                }
                let letters = try await collecting.letters().sorted { $0.key < $1.key }
                #expect(letters.map(\.key) == [ids[1], ids[3]])
                #expect(letters.map { String(decoding: $0.value, as: UTF8.self) } == [bad, "7"], "untouched")
                #expect(letters.map { $0.headers["code"] } == ["wrong_type", "not_an_object"])
                for (letter, ordinal) in zip(letters, ["2", "4"]) {
                    #expect(letter.headers["correlationId"] == letter.key && letter.headers["package"] == package)
                    #expect(letter.headers["packageSize"] == "4" && letter.headers["ordinal"] == ordinal)
                    #expect(letter.headers["origin"] == "collect" && letter.headers["error"]?.isEmpty == false)
                    #expect(letter.headers["receivedAt"] == events[0].headers["receivedAt"])
                    #expect(letter.headers.count == 8)
                }
            }
        }

        /// Every case of Tests/collector/door.py; afterwards the topics hold what the answers said, no event more or less.
        @Test func aClientMayDoAllThis() async throws {
            let limits = [
                "REQUEST_TIMEOUT": "2", "IDLE_TIMEOUT": "3", "MAX_CONNECTIONS": "200", "MAX_BODY": "2097152",
            ]
            try await Collecting.with(limits) { collecting, _ in
                let script = "\(TestStack.root)/Tests/collector/door.py"
                let cases = try await system(["/usr/bin/env", "python3", script, "list"]).split(separator: "\n")
                let outcome = try await Child(
                    "/usr/bin/env", ["python3", script, "\(collecting.port)", collecting.key], in: "/tmp"
                ).outcome(deadline: .seconds(240))
                for line in outcome.lines where line.hasPrefix("FAILED") { Issue.record("\(line)") }
                #expect(outcome.lines.filter { $0.hasPrefix("ok ") }.count == cases.count, "\(outcome.err)")
                #expect(cases.count >= 42)
                let accepted = try await collecting.metric(#"events_total{verdict="accepted""#)
                let rejected = try await collecting.metric(#"events_total{verdict="rejected""#)
                #expect(try await collecting.count(Collecting.topic, partitions: 3) == Int(accepted))
                #expect(try await collecting.count(Collecting.deadLetters, partitions: 1) == Int(rejected))
                #expect(collecting.child.isRunning)
            }
        }

        @Test func whatWasAnsweredSurvivesAKill() async throws {
            try await Collecting.with { collecting, _ in
                var ids: Set<String> = []
                for _ in 0..<5 {
                    let answer = try await collecting.post((0..<50).map { _ in Collecting.event() })
                    try #require(answer.status == 200)
                    ids.formUnion(try #require(try answer.object()["events"] as? [[String: Any]]).compactMap { $0["correlationId"] as? String })
                }
                collecting.child.signal(SIGKILL)
                #expect(try await collecting.child.outcome().signal == SIGKILL)
                #expect(Set(try await collecting.events().map(\.key)) == ids && ids.count == 250)
            }
        }

        /// Nobody is told 200 while the brokers are away, and the collector comes back by itself.
        @Test func brokersThatAreAway() async throws {
            try await Collecting.with(["ACK_TIMEOUT": "2"]) { collecting, cluster in
                #expect(try await collecting.post([Collecting.event()]).status == 200)
                try cluster.setDown()
                let answer = try await collecting.post([Collecting.event()])
                #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer)")
                #expect(try answer.code() == "broker_away")
                let ready = try await collecting.ask("/ready")
                #expect(ready.status == 503 && ready.body.contains("broker: "), "\(ready)")
                #expect(try await collecting.ask("/live").status == 200)
                try cluster.setUp()
                var accepted = 1
                try await eventually("events are taken again") {
                    guard try await collecting.post([Collecting.event()]).status == 200 else { return false }
                    accepted += 1
                    return true
                }
                try await eventually("it is ready again") { try await collecting.ask("/ready").status == 200 }
                #expect(try await collecting.events().count >= accepted, "what was refused may be there, what was taken must")
            }
        }

        @Test func sigtermFinishesWhatIsInHand() async throws {
            try await Collecting.with { collecting, cluster in
                try cluster.setRoundTrip(.milliseconds(1500))
                async let answer = collecting.post([Collecting.event()])
                try await eventually("it waits for the broker") { try await collecting.metric("in_flight_events ") == 1 }
                collecting.child.signal(SIGTERM)
                let outcome = try await collecting.child.outcome(deadline: .seconds(20))
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                #expect(try await answer.status == 200)
                try cluster.setRoundTrip(.zero)
                #expect(try await collecting.events().count == 1)
            }
        }

        @Test func idempotencySurvivesARestart() async throws {
            try await Collecting.with { collecting, _ in
                let events = [Collecting.event(), Collecting.event()]
                let first = try await collecting.post(events, headers: ["Idempotency-Key: order-7"])
                collecting.child.signal(SIGKILL)
                _ = try await collecting.child.outcome()
                let next = try await collecting.again()
                let second = try await next.post(events, headers: ["Idempotency-Key: order-7"])
                #expect(first.status == 200 && first.body == second.body)
                let other = try await Collecting.addKey(collecting.bench, sender: "other")
                let others = try await next.post(events, key: other, headers: ["Idempotency-Key: order-7"])
                #expect(others.status == 200 && others.body != first.body, "another sender's name is another name")
                next.child.signal(SIGTERM)
                #expect(try await next.child.outcome().exitCode == 0)
            }
        }

        @Test func keysComeAndGo() async throws {
            try await Collecting.with(["KEY_REFRESH": "0.2"]) { collecting, _ in
                let key = try await Collecting.addKey(collecting.bench, sender: "new")
                #expect(try await collecting.post([Collecting.event()], key: key).status == 200, "at once")
                _ = try await collecting.bench.run("collect", "keys", "revoke", "--sender", "new")
                try await eventually("the revoked key is refused", within: .seconds(5)) {
                    try await collecting.post([Collecting.event()], key: key).status == 401
                }
                #expect(try await collecting.post([Collecting.event()]).status == 200)
            }
        }

        @Test func eachKeyHasItsRate() async throws {
            try await Collecting.with(rate: "20") { collecting, _ in
                let other = try await Collecting.addKey(collecting.bench, sender: "other")
                // However slow this machine is just now, twenty come sooner than within twenty seconds.
                var answers: [Collecting.Answer] = []
                while answers.count < 20, answers.last?.status != 429 {
                    answers.append(try await collecting.post((0..<20).map { _ in Collecting.event() }))
                }
                let refused = try #require(answers.last)
                #expect(answers.first?.status == 200 && refused.status == 429, "\(answers.map(\.status))")
                let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
                #expect(1...3 ~= wait)
                #expect(try await collecting.post([Collecting.event()], key: other).status == 200)
                try await eventually("it may send again") { try await collecting.post([Collecting.event()]).status == 200 }
            }
        }

        /// Keys known go on working; what needs the database is told to come back.
        @Test func aDatabaseThatIsAway() async throws {
            try await Collecting.with(["KEY_REFRESH": "0.5"]) { collecting, _ in
                let bench = collecting.bench
                let key = try await Collecting.addKey(bench, sender: "unseen")
                try await bench.stack.admin("postgres") { admin in
                    try await admin.execute("alter database \(bench.database) allow_connections false")
                    try await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(bench.database)'")
                }
                #expect(try await collecting.post([Collecting.event()]).status == 200)
                let named = try await collecting.post([Collecting.event()], headers: ["Idempotency-Key: a"])
                #expect(named.status == 503 && named.headers["retry-after"] != nil, "\(named)")
                #expect(try named.code() == "database_away")
                let unknown = try await collecting.post([Collecting.event()], key: "emp_unknown")
                #expect(unknown.status == 503)
                try await bench.stack.admin("postgres") { try await $0.execute("alter database \(bench.database) allow_connections true") }
                #expect(try await collecting.post([Collecting.event()], key: key).status == 200)
                #expect(try await collecting.post([Collecting.event()], headers: ["Idempotency-Key: a"]).status == 200)
            }
        }

        @Test func aSchemaThatIsNotThereYet() async throws {
            try await Collecting.with(schemas: false) { collecting, _ in
                let answer = try await collecting.post([Collecting.event()])
                #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer)")
                #expect(try answer.code() == "registry_away")
                let ready = try await collecting.ask("/ready")
                #expect(ready.status == 503 && ready.body.contains("emporium schemas apply"), "\(ready)")
                #expect(collecting.child.err.contains("emporium schemas apply"))
                try await Collecting.registerSchemas(collecting.bench)
                try await eventually("it has the schema") { try await collecting.ask("/ready").status == 200 }
                #expect(try await collecting.post([Collecting.event()]).status == 200)
            }
        }
    }
}
