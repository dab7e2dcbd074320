import Foundation
import Glibc
import Kafka
import Testing

private let webhooks = ["--only", "webhooks"]

extension EndToEnd.Relaying {
    private func with(signed: Bool = false, _ body: (DeadLetters, Receiver) async throws -> Void) async throws {
        let receiver = try Receiver(signed: signed)
        try await DeadLetters.with { dead, _ in try await body(dead, receiver) }
    }

    /// By the receiver, which knows the secret; a relay that does not is refused.
    @Test func aWebhooksPostsAreSignedAndKnownAgain() async throws {
        try await with(signed: true) { dead, receiver in
            try await dead.webhook("orders", receiver.url + "/hooks/hunter2?token=hunter2", on: "message")
            let row = try await dead.say(#"{"order": "ü"}"#, to: "orders")
            let unsigned = try await dead.run(webhooks + ["--once"])
            #expect(unsigned.exitCode == 1 && unsigned.err.contains("webhook orders: message \(row) waits"), "\(unsigned.err)")
            #expect(unsigned.err.contains("answered with 401") && unsigned.err.contains(receiver.url), "\(unsigned.err)")
            try await receiver.fault("/hooks/hunter2?token=hunter2", #"{"cut": true}"#)
            let secret = ["EMPORIUM_WEBHOOK_SECRET_ORDERS": Receiver.secret]
            let relay = try dead.start(webhooks + ["--json"], secret)
            try await eventually("delivery, after an answer that was lost") { try await dead.waiting() == 0 }
            relay.signal(SIGTERM)
            let outcome = try await relay.outcome()
            #expect(outcome.exitCode == 0 && !(outcome.err + unsigned.err).contains("hunter2"), "\(outcome.err)")
            #expect(try outcome.json()["posts"] as? Int == 1)
            let posts = try await receiver.log()
            #expect(posts.map(\.signed) == [false] + [Bool](repeating: true, count: posts.count - 1) && posts.last?.answer == 204)
            #expect(Set(posts.map(\.id)) == ["emporium-\(row)"], "the same at each attempt")
            #expect(posts.last?.body == #"{"order": "ü"}"# && posts.last?.headers["content-type"] == "application/json")
            let list = try await dead.run(["webhooks", "list"])
            #expect(list.out.contains("orders") && list.out.contains(receiver.url) && !list.out.contains("hunter2"), "\(list.out)")
            #expect(try await dead.bench.count("select count(*) from ops.outbox_message") == 0, "what was delivered is not kept")
        }
    }

    @Test func aReceiverThatAsksForTimeGetsIt() async throws {
        try await with { dead, receiver in
            try await dead.webhook("busy", receiver.url + "/busy", on: "message")
            try await dead.webhook("closed", receiver.url + "/closed", on: "message")
            try await receiver.fault("/busy", #"{"status": 429, "headers": {"Retry-After": "4"}}"#)
            try await receiver.fault("/closed", #"{"status": 503, "headers": {"Retry-After": "86400"}}"#, forEver: true)
            for webhook in ["busy", "closed"] { try await dead.say("{}", to: webhook) }
            let relay = try dead.start(webhooks)
            try await eventually("the second attempt") { try await receiver.log("/busy").count == 2 }
            try await eventually("it is booked") { try await dead.waiting() == 1 }
            let busy = try await receiver.log("/busy")
            #expect(busy[1].seconds - busy[0].seconds >= 4)
            #expect(try await receiver.log("/closed").count == 1)
            #expect(relay.err.contains("answered with 503; next try in 300.0 s"), "five minutes at most: \(relay.err)")
            relay.signal(SIGTERM)
            #expect(try await relay.outcome().exitCode == 0)
        }
    }

    /// What is refused is parked, holds up those of its key alone, says so, and goes on where it stood.
    @Test func whatIsRefusedIsParkedAndResumedInItsOrder() async throws {
        try await with { dead, receiver in
            let bench = dead.bench
            try await dead.set("outbox.attempts", "2")
            try await dead.webhook("shop", receiver.url + "/shop", on: "message")
            try await dead.webhook("people", receiver.url + "/people", on: "alert.raised", "alert.cleared")
            try await receiver.fault("/shop", #"{"status": 422}, {"status": 422}"#)
            let first = try await dead.say("1", to: "shop", key: "a")
            #expect(try await dead.run(webhooks + ["--once"]).exitCode == 1)
            for number in 2...3 { try await dead.say("\(number)", to: "shop", key: "a") }
            let relay = try dead.start(webhooks + ["--json"])
            try await eventually("it is parked, and somebody is told") { try await receiver.log("/people").count == 1 }
            try await dead.say("other", to: "shop", key: "b")
            try await eventually("others go on") { try await receiver.log("/shop").count == 3 }
            relay.signal(SIGTERM)
            let outcome = try await relay.outcome()
            #expect(outcome.err.contains("error webhook shop: message \(first) is parked"), "\(outcome.err)")
            #expect(try outcome.json()["parked"] as? Int == 1)

            let parked = try await dead.run(["parked", "--json", "--exit-code"])
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(parked.out.utf8)) as? [[String: Any]])
            #expect(parked.exitCode == 2 && rows.count == 1 && rows[0]["id"] as? Int64 == first && rows[0]["behind"] as? Int == 2)
            let alerts = try await dead.run(["alerts", "--exit-code"])
            #expect(alerts.exitCode == 2 && alerts.out.contains("outbox.parked") && alerts.out.contains("webhook:shop"), "\(alerts.out)")
            let status = try await bench.run("status")
            #expect(status.out.contains("1 rows are parked"), "\(status.out)")
            let idle = try await dead.run(webhooks + ["--once"])
            #expect(idle.exitCode == 0 && idle.out.hasPrefix("delivered 0 batches, 0 messages; 0 attempts failed"), "\(idle.out)\(idle.err)")

            #expect(try await dead.run(["resume", "999999"]).exitCode == 1)
            let resumed = try await dead.run(["resume", "\(first)"])
            #expect(resumed.out == "resumed 1 rows: a relay tries them now\n", "\(resumed.err)")
            #expect(try await dead.run(webhooks + ["--once"]).exitCode == 0)
            #expect(try await receiver.log("/shop").filter { $0.answer == 204 }.map(\.body) == ["other", "1", "2", "3"])
            let told = try await receiver.log("/people")
            #expect(told.count == 2 && told[0].body.contains("alert.raised") && told[1].body.contains("alert.cleared"), "\(told.map(\.body))")
            #expect(told[0].body.contains("webhook:shop") && !told[0].body.contains("hunter2"))
            #expect(try await dead.run(["alerts"]).out == "no alerts\n")
            #expect(try await dead.run(["resume", "--all"]).out == "nothing is parked\n")
        }
    }

    /// Two relays, and a receiver that fails now and then: each key's messages arrive in the order of their commits.
    @Test func messagesOfAKeyKeepTheirOrder() async throws {
        try await with { dead, receiver in
            try await dead.webhook("keyed", receiver.url + "/keyed", on: "message")
            try await receiver.fault("/keyed", (0..<30).map { $0 % 4 == 1 ? #"{"status": 500}"# : $0 % 7 == 3 ? #"{"cut": true}"# : "{}" }.joined(separator: ","))
            let relays = try (0..<2).map { _ in try dead.start(webhooks) }
            for number in 0..<24 { try await dead.say("\(number)", to: "keyed", key: "key \(number % 3)") }
            try await eventually("delivery", within: .seconds(100)) { try await dead.waiting() == 0 }
            for relay in relays { relay.signal(SIGTERM) }
            for relay in relays { #expect(try await relay.outcome().exitCode == 0) }
            let arrived = try await receiver.log("/keyed").filter { $0.answer == 204 }.compactMap { Int($0.body) }
            for key in 0..<3 {
                let own = arrived.filter { $0 % 3 == key }
                // One that was answered as its relay went is there twice, one after the other.
                #expect(own.reduce(into: [Int]()) { if $0.last != $1 { $0.append($1) } } == Array(stride(from: key, to: 24, by: 3)), "\(own)")
            }
        }
    }

    @Test func twoRelaysShareAWebhooksMessages() async throws {
        try await with { dead, receiver in
            try await dead.webhook("shared", receiver.url + "/shared", on: "message")
            for number in 0..<6 { try await dead.say("\(number)", to: "shared") }
            let hold = try await Hold(dead.bench)
            let relays = try (0..<2).map { _ in try dead.start(webhooks + ["--once", "--json"]) }
            try await eventually("both hold a message") { try await dead.held() == 2 }
            await hold.release()
            var posts: [Int] = []
            for relay in relays { posts.append(try #require(try await relay.outcome().json()["posts"] as? Int)) }
            #expect(posts.reduce(0, +) == 6 && posts.allSatisfy { $0 >= 1 }, "\(posts)")
            #expect(try await receiver.log("/shared").map(\.body).sorted() == (0..<6).map { "\($0)" })
        }
    }

    @Test func aShutdownLetsWhatIsInHandBeDelivered() async throws {
        try await with { dead, receiver in
            try await dead.webhook("slow", receiver.url + "/slow", on: "message")
            try await receiver.fault("/slow", #"{"delay": 1}"#, forEver: true)
            for number in 0..<3 { try await dead.say("\(number)", to: "slow") }
            let relay = try dead.start(webhooks)
            try await eventually("a POST on its way") { try await receiver.log("/slow").count == 1 }
            relay.signal(SIGTERM)
            let outcome = try await relay.outcome()
            #expect(outcome.exitCode == 0 && outcome.out == "delivered 0 batches, 0 messages, 1 posts; 0 attempts failed\n", "\(outcome.out)\(outcome.err)")
            #expect(try await receiver.log("/slow").count == 1)
            #expect(try await dead.waiting() == 2)
        }
    }

    @Test func onceTellsWhatIsAwayFromWhatRefuses() async throws {
        try await with { dead, receiver in
            try await dead.webhook("away", "http://127.0.0.1:1/", on: "message")
            try await dead.webhook("fine", receiver.url + "/fine", on: "message")
            for webhook in ["away", "fine"] { try await dead.say("{}", to: webhook) }
            let away = try await dead.run(webhooks + ["--once"])
            #expect(away.exitCode == 69 && away.err.contains("the outbox keeps it"), "\(away.err)")
            #expect(try await receiver.log("/fine").count == 1)
            try await receiver.fault("/fine", #"{"status": 301}"#)
            try await dead.say("{}", to: "fine")
            let refused = try await dead.run(webhooks + ["--once"])
            #expect(refused.exitCode == 1 && refused.err.contains("redirects are not followed"), "\(refused.err)")
        }
    }

    /// It has the message: another post would be a second one.
    @Test func aReceiverThatSaysTooMuchHasTheMessage() async throws {
        try await with { dead, receiver in
            try await dead.webhook("wordy", receiver.url + "/wordy", on: "message")
            try await dead.say("{}", to: "wordy")
            try await receiver.fault("/wordy", #"{"status": 200, "bytes": 2000000}"#)
            let relay = try await dead.run(webhooks + ["--once"])
            #expect(relay.exitCode == 0, "\(relay.err)")
            #expect(try await dead.waiting() == 0)
            #expect(try await receiver.log("/wordy").count == 1)
        }
    }

    @Test func wrongUseIsToldBeforeAnythingIsAsked() async throws {
        for (arguments, code, words) in [
            (["--only", "mail"], 64, "mail"), (["resume"], 64, "--all"), (["resume", "1", "--all"], 64, "--all"),
            (["webhooks", "add", "Orders", "http://h/", "--on", "message"], 64, "small letter"),
            (["webhooks", "add", "a", "http://user:hunter2@h/", "--on", "message"], 64, "no user"),
            (["webhooks", "add", "a", "http://h/", "--on", "everything"], 64, "alert.raised"),
            (["--only", "archive"], 78, "EMPORIUM_OBJECT_STORE"),
        ] as [([String], Int32, String)] {
            let outcome = try await Emporium.run(["relay"] + arguments, ["DATABASE_URL": "postgresql://127.0.0.1:1/none"], in: "/tmp")
            #expect(outcome.exitCode == code && outcome.err.contains(words) && !outcome.err.contains("hunter2"), "\(arguments): \(outcome.err)")
        }
        let outcome = try await Emporium.run(
            ["relay", "--only", "webhooks"], ["DATABASE_URL": "postgresql://127.0.0.1:1/none", "EMPORIUM_WEBHOOK_SECRET_A": "whsec_?hunter2"], in: "/tmp")
        #expect(outcome.exitCode == 78 && outcome.err.contains("EMPORIUM_WEBHOOK_SECRET_A") && !outcome.err.contains("hunter2"), "\(outcome.err)")
    }
}
