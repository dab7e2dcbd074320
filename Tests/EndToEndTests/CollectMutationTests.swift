import Foundation
import Glibc
import Kafka
import Testing

extension EndToEnd {
    /// Whatever comes at the built collector's door: it lives, answers by the contract, and what it said holds in the database.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct CollectMutationTests {
        private static let packages = 10_000
        private static let senders = 6

        @Test func mutatedPackages() async throws {
            let seed = testSeed
            try await MutatedDoor.with { door in
                let packed = try await door.packed(seed: seed)
                let began = ContinuousClock.now
                var tally = MutationTally()
                await withTaskGroup(of: MutationTally.self) { group in
                    for worker in 0..<Self.senders {
                        group.addTask {
                            await door.post(Self.packages / Self.senders + 1, seed: seed, worker: worker, packed: packed)
                        }
                    }
                    for await one in group { tally.add(one) }
                }
                let posted = ContinuousClock.now
                #expect(tally.wrong.isEmpty, "\(tally.wrong.count) wrong answers, seed \(seed): \(tally.wrong.prefix(10).joined(separator: "\n"))")
                #expect(door.collecting.child.isRunning, "\(door.collecting.child.err.suffix(2000))")
                let memory = door.memory
                let proof = try await door.proof(tally)
                #expect(proof.wrong.isEmpty, "\(proof.wrong.count) wrong ends, seed \(seed): \(proof.wrong.prefix(10).joined(separator: "\n"))")
                let codes = tally.codes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                print(
                    """
                    mutated packages: \(tally.sent) sent over \(tally.connections) connections in \((posted - began).components.seconds) s, \
                    \(tally.taken) taken with \(tally.events.count) events: \(proof.stored) stored, \(proof.rejected) rejected by SQL, \
                    \(proof.refused) refused at the door, \(proof.duplicates) duplicates; \((ContinuousClock.now - posted).components.seconds) s to the end; \
                    VmHWM of the collector \(memory / 1024) MiB; answers: \(codes); verdicts: \(proof.verdicts); seed \(seed)
                    """)
                // The mutations reach what they are for.
                #expect(tally.sent >= Self.packages && tally.taken > Self.packages / 5)
                #expect(proof.stored > 1000 && proof.refused > 1000 && proof.rejected > 50 && proof.duplicates > 50)
                let rare = ["bad_request", "body_too_large", "byte_order_mark", "corrupt_gzip", "gzip_ratio", "idempotency_conflict", "event_too_large"]
                let more = ["lone_surrogate", "number_out_of_range", "duplicate_key", "nul_escape", "not_an_array", "too_deep", "too_many_events"]
                for code in rare + more + ["malformed_json", "not_utf8", "empty_package", "headers_too_large", "wrong_content_type"] {
                    #expect(tally.codes[code, default: 0] > 0, "\(code) was never the answer; seed \(seed)")
                }
                #expect(memory < 160 << 10, "KiB that the collector held")
            }
        }

        /// Tests/fixtures/json/cases.tsv: each text as a body, and each that is good as lines.
        @Test func conformance() async throws {
            try await MutatedDoor.with { door in
                let cases = try MutatedDoor.cases()
                #expect(cases.count >= 300)
                var tally = MutationTally()
                let connection = CollectConnection(port: door.collecting.port)
                for one in cases {
                    let head = """
                        POST /collect HTTP/1.1\r\nHost: a\r\nX-API-Key: \(door.collecting.key)\r\nContent-Type: application/json\r\n\
                        Content-Length: \(one.body.count)\r\n\r\n
                        """
                    try connection.send(Array(head.utf8) + one.body)
                    let reply = try connection.reply()
                    let said = tally.read(reply, MutatedPackages.Request(bytes: [], unpacked: one.body.count))
                    #expect(said == one.outcome, "\(one.name)")
                }
                #expect(tally.wrong == [])
                #expect(connection.made == 1, "no case costs its sender the connection")
                #expect(tally.taken == cases.count { $0.outcome == "ok" })
                let proof = try await door.proof(tally)
                #expect(proof.wrong == [])
                #expect(proof.refused == tally.events.count, "none of them is an event")
            }
        }
    }
}

/// What was answered.
struct MutationTally: Sendable {
    /// By correlation id: nil for accepted, else code and sentence.
    var events: [String: Refused?] = [:]
    /// Messages that Kafka must have: more than events, where packages came again.
    var accepted = 0
    var rejected = 0
    var sent = 0
    var taken = 0
    var connections = 0
    var codes: [String: Int] = [:]
    var wrong: [String] = []

    struct Refused: Sendable, Equatable {
        var code: String
        var error: String
    }

    private static let statuses: [String: Int] = {
        let groups: [(Int, [String])] = [
            (400, ["malformed_json", "not_an_array", "empty_package", "byte_order_mark", "not_utf8", "duplicate_key", "nul_escape", "lone_surrogate"]),
            (400, ["number_out_of_range", "corrupt_gzip", "bad_request"]), (401, ["no_api_key", "wrong_api_key"]), (404, ["not_found"]),
            (405, ["method_not_allowed"]), (413, ["body_too_large", "too_many_events", "event_too_large", "too_deep", "gzip_ratio"]),
            (415, ["wrong_content_type", "wrong_content_encoding"]), (422, ["idempotency_conflict"]), (431, ["headers_too_large"]),
        ]
        return Dictionary(uniqueKeysWithValues: groups.flatMap { status, codes in codes.map { ($0, status) } })
    }()
    /// What a body may lead to.
    private static let ofBody = Set(statuses.filter { $0.value == 400 || $0.value == 413 }.keys).subtracting(["bad_request", "body_too_large"])
    private static let ofGzip: Set = ["corrupt_gzip", "gzip_ratio"]

    mutating func add(_ other: MutationTally) {
        wrong += other.wrong
        for (id, verdict) in other.events where events.updateValue(verdict, forKey: id) != nil { wrong.append("\(id) was given twice") }
        accepted += other.accepted
        rejected += other.rejected
        sent += other.sent
        taken += other.taken
        connections += other.connections
        codes.merge(other.codes, uniquingKeysWith: +)
    }

    /// Checks an answer for itself.
    /// - Returns: `ok`, or its code.
    @discardableResult
    mutating func read(_ reply: CollectConnection.Reply, _ request: MutatedPackages.Request) -> String {
        sent += 1
        let json = (try? JSONSerialization.jsonObject(with: Data(reply.body))) as? [String: Any] ?? [:]
        var complaints: [String] = []
        func expect(_ holds: Bool, _ what: String) { if !holds { complaints.append(what) } }
        let code = reply.status == 200 ? "ok" : json["code"] as? String ?? ""
        if reply.status == 200 {
            take(json, reply, request, expect)
        } else {
            expect(reply.headers["content-type"] == "application/problem+json", "its type")
            expect(Self.statuses[code] == reply.status && json["status"] as? Int == reply.status, "status and code")
            expect(json["type"] as? String == "about:blank" && (json["title"] as? String)?.isEmpty == false, "title")
            expect((json["detail"] as? String)?.isEmpty == false, "detail")
            if let position = json["position"] {
                expect((position as? Int).map { 0...(request.unpacked ?? .max) ~= $0 } == true, "position")
                expect((json["line"] != nil) == request.isLines, "line")
            }
            if let line = json["line"] as? Int { expect(line >= 1 && request.isLines, "line") }
            if request.again?.isSame == false, code == "idempotency_conflict" {
            } else if request.codes.isEmpty {
                expect(Self.ofBody.contains(code) && (request.isPacked || !Self.ofGzip.contains(code)), "a code for this body")
            }
        }
        if !request.codes.isEmpty { expect(request.codes.contains(code), "one of \(request.codes)") }
        codes[code, default: 0] += 1
        if !complaints.isEmpty {
            let body = request.bytes.suffix(4000).map { 0x20...0x7E ~= $0 ? String(UnicodeScalar($0)) : "%\(String($0, radix: 16))" }.joined()
            wrong.append("\(complaints): \(reply.status) \(String(decoding: reply.body.prefix(600), as: UTF8.self)) to \(body)")
        }
        return code
    }

    private mutating func take(
        _ json: [String: Any], _ reply: CollectConnection.Reply, _ request: MutatedPackages.Request, _ expect: (Bool, String) -> Void
    ) {
        taken += 1
        let list = json["events"] as? [[String: Any]] ?? []
        let package = json["packageId"] as? String ?? ""
        var refused = 0
        expect(package.count == 36 && !list.isEmpty, "package and events")
        for (index, event) in list.enumerated() {
            let id = event["correlationId"] as? String ?? ""
            let digits = String(index + 1, radix: 16)
            expect(id == "\(package.prefix(31))\(String(repeating: "0", count: 5 - digits.count))\(digits)", "the id of event \(index + 1)")
            var verdict: Refused?
            if event["verdict"] as? String != "accepted" {
                let error = event["error"] as? String ?? ""
                verdict = Refused(code: event["code"] as? String ?? "", error: error)
                refused += 1
                expect(event["verdict"] as? String == "rejected" && 1...400 ~= error.utf8.count, "verdict")
            }
            let isNew = events.updateValue(verdict, forKey: id) == nil
            expect(isNew || request.again?.isSame == true, "an id twice")
        }
        expect(json["accepted"] as? Int == list.count - refused && json["rejected"] as? Int == refused, "the sums")
        accepted += list.count - refused
        rejected += refused
    }
}
