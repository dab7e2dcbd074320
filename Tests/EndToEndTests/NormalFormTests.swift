import Foundation
import Kafka
import Postgres
import Testing

extension EndToEnd {
    /// The normal form is made twice: by the door, in Swift, as Avro; and by `events.normal_form()`, when a dead letter is judged
    /// again. Both must come to the same.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct NormalFormTests {
        private static let events = 4000
        private static let perPackage = 40

        @Test func theDoorAndTheDatabaseAgree() async throws {
            let seed = testSeed
            try await MutatedDoor.with { door in
                var events = SentEvents(seed: seed ^ 0x40F)
                let connection = CollectConnection(port: door.collecting.port)
                var sent: [Sent] = []
                var left = Self.events
                while left > 0 {
                    let texts = (0..<Self.perPackage).map { _ in (events.below(4) == 0 ? events.good() : events.changed()).bytes }
                    left -= texts.count
                    if let taken = try Self.post(texts, door, connection) {
                        sent += taken
                    } else {
                        // One of them keeps all of them out.
                        for text in texts { sent += try Self.post([text], door, connection) ?? [] }
                    }
                }
                let overlooked = try Self.overlooked()
                let verdicts = try #require(try Self.post(overlooked.map { Array($0.text.utf8) }, door, connection))
                for (one, verdict) in zip(overlooked, verdicts) { #expect((verdict.code ?? "accepted") == one.outcome, "\(one.name)") }
                sent += verdicts
                let refused = sent.filter { $0.code != nil }
                // A good one among the letters, so that it is seen that replay stores what is good.
                let good = overlooked[0].text.replacingOccurrences(of: "7b01", with: "7b00")
                let stray = Sent(id: "0199a000-0000-7000-8000-000000000001", raw: good, code: "refused")
                try await Self.deliver(stray, door)
                try await door.load()

                let (unlike, homeless) = try await Self.differences(sent, door.collecting.bench)
                #expect(unlike.isEmpty, "\(unlike.count) differ from the database's normal form, seed \(seed): \(unlike.prefix(5))")
                #expect(homeless.isEmpty, "\(homeless.count) accepted, and nowhere, seed \(seed): \(homeless.prefix(5))")

                let replayed = try await door.collecting.bench.sql(
                    "select replayed, stored from ops.replay('events.dead_letter', '{}', false)")
                #expect(replayed.first?[0] == "\(refused.count + 1)")
                let rows = try await door.collecting.bench.sql("select correlation_id from public.events").map { $0[0] ?? "" }
                let stored = Set(rows)
                #expect(stored.contains(stray.id), "replay stores what is good")
                let wrongly = refused.filter { stored.contains($0.id) }
                #expect(wrongly.isEmpty, "\(wrongly.count) refused at the door, stored by replay, seed \(seed): \(wrongly.prefix(5))")

                let codes = Dictionary(grouping: refused) { $0.code ?? "" }.mapValues(\.count)
                let told = codes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                print("normal form: \(sent.count - refused.count) accepted, \(refused.count) refused (\(told)); \(stored.count) stored; seed \(seed)")
                #expect(sent.count > Self.events / 2 && sent.count - refused.count > 1000 && refused.count > 800)
                for code in ["not_an_object", "missing_field", "unknown_field", "wrong_type", "out_of_range", "malformed_stamp", "ambiguous_field"] {
                    #expect(codes[code, default: 0] > 5, "\(code); seed \(seed)")
                }
            }
        }

        /// Tests/fixtures/events/overlooked.tsv.
        private static func overlooked() throws -> [(name: String, outcome: String, text: String)] {
            let text = try String(contentsOfFile: "\(TestStack.root)/Tests/fixtures/events/overlooked.tsv", encoding: .utf8)
            let time = Date(timeIntervalSinceNow: -86_400).ISO8601Format()
            return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
                let parts = line.split(separator: "\t").map(String.init)
                try #require(parts.count == 3, "\(line)")
                return (parts[0], parts[1], parts[2].replacingOccurrences(of: "$TIME", with: time))
            }
        }

        /// An event that is safe, its text, and why the door refused it.
        struct Sent: Equatable, CustomStringConvertible {
            var id: String
            var raw: String
            var code: String?
            var description: String { "\(code ?? "accepted"): \(raw)" }
        }

        /// - Returns: nil when the package was refused.
        private static func post(_ texts: [[UInt8]], _ door: MutatedDoor, _ connection: CollectConnection) throws -> [Sent]? {
            let body = [UInt8(ascii: "[")] + texts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
            let head = """
                POST /collect HTTP/1.1\r\nHost: a\r\nX-API-Key: \(door.collecting.key)\r\nContent-Type: application/json\r\n\
                Content-Length: \(body.count)\r\n\r\n
                """
            try connection.send(Array(head.utf8) + body)
            let reply = try connection.reply()
            guard reply.status == 200 else {
                try #require(reply.status == 400, "\(String(decoding: reply.body, as: UTF8.self))")
                return nil
            }
            let answer = try #require(try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
            let verdicts = try #require(answer["events"] as? [[String: Any]])
            try #require(verdicts.count == texts.count)
            return try zip(verdicts, texts).map { verdict, text in
                Sent(
                    id: try #require(verdict["correlationId"] as? String), raw: String(decoding: text, as: UTF8.self),
                    code: verdict["code"] as? String)
            }
        }

        private static func deliver(_ letter: Sent, _ door: MutatedDoor) async throws {
            let producer = try Producer(KafkaConfiguration(["bootstrap.servers": door.collecting.brokers]), logger: Collecting.quiet)
            try await producer.send(
                topic: Collecting.deadLetters, key: Array(letter.id.utf8), value: Array(letter.raw.utf8),
                headers: [Header("code", Array("refused".utf8)), Header("origin", Array("collect".utf8))])
            try await producer.flush(within: .seconds(30))
            try await producer.close()
        }

        /// Accepted events that landed unlike their normal form in SQL, and those that landed nowhere. Amounts are compared as the
        /// doubles that they are by the schema; those below 1e-308 are rejects (json_number), as they are in any feed.
        private static func differences(_ sent: [Sent], _ bench: Bench) async throws -> (unlike: [String], homeless: [String]) {
            let accepted = sent.filter { $0.code == nil }
            let list = String(decoding: SentJSON.list(accepted.map { .object([("id", .text($0.id)), ("raw", .text($0.raw))]) }).bytes, as: UTF8.self)
            let rows = try await bench.sql(
                """
                with sent as materialized (
                    select s.id, events.normal_form(s.raw::jsonb) as form, s.raw
                    from json_to_recordset($1::json) as s (id uuid, raw text)
                ), landed as materialized (
                    select e.correlation_id as id, e.event - 'metadata' as form, null as defect from events.enriched e
                    union all
                    select convert_from(r.message_key, 'UTF8')::uuid,
                        case when r.defect is null then convert_from(r.payload, 'UTF8')::jsonb end, r.defect
                    from staging.reject r join ops.batch b using (batch_id)
                    where b.feed = 'events.raw'
                )
                select s.raw, s.form, l.form
                from sent s left join landed l using (id)
                where l.form is null
                        and not (l.defect = 'json_number' and abs((s.form #>> '{data,amount}')::numeric) < 1e-308) is true
                    or l.form is not null and (s.form #- '{data,amount}', (s.form #>> '{data,amount}')::float8)
                        is distinct from (l.form #- '{data,amount}', (l.form #>> '{data,amount}')::float8)
                """, [.text(list)])
            let unlike = rows.filter { $0[2] != nil }.map { "\($0[0] ?? "") normal form: \($0[1] ?? "") landed: \($0[2] ?? "")" }
            return (unlike, rows.filter { $0[2] == nil }.map { $0[0] ?? "" })
        }
    }
}
