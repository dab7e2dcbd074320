import Avro
import Foundation
import HTTPClient
import Kafka
import Schemas
import Testing

extension EndToEnd {
    /// A schema's second version comes while events are on their way: from the file by plan and apply to the registry, by the door to the
    /// topic, by the loader to the table.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct EvolutionTests {
        private static let first = EventLoading.schema
        private static let amount = #"{"name": "amount", "type": "double"}"#
        /// `first`, and a field more in `data`.
        private static func wider(_ field: String) -> String {
            first.replacingOccurrences(of: amount, with: "\(amount),\n          \(field)")
        }
        private static let second = wider(#"{"name": "currency", "type": ["null", "string"], "default": null}"#)

        private func file(_ bench: Bench, _ text: String) throws {
            try FileManager.default.createDirectory(atPath: "\(bench.folder)/topics", withIntermediateDirectories: true)
            try text.write(toFile: "\(bench.folder)/topics/events.raw.avsc", atomically: true, encoding: .utf8)
        }

        /// An event for the door, with its own message id; `more` goes into its data.
        private func event(_ more: String = "") -> String {
            Collecting.event(amount: "12.5\(more)")
                .replacingOccurrences(of: "9f9d31a5-7f9f-4d6e-9f4e-2f1f4b2b7a13", with: UUID().uuidString.lowercased())
                .replacingOccurrences(of: "2026-11-21T10:00:00.123Z", with: Date().ISO8601Format())
        }

        private func accepted(_ answer: Collecting.Answer) throws -> Int {
            try #require(answer.status == 200, "\(answer)")
            return try #require(try answer.object()["accepted"] as? Int)
        }

        @Test func oldAndNewSideBySide() async throws {
            try await Collecting.with(schemas: false) { collecting, _ in
                let bench = collecting.bench
                try file(bench, Self.first)
                let registered = try await bench.run("schemas", "apply")
                try #require(registered.exitCode == 0 && Self.second != Self.first, "\(registered.err)")
                let euro = #","currency":"EUR""#
                try await eventually("the door has the schema") { try await collecting.post([event()]).status == 200 }
                // The door knows no currency yet: such an event is a dead letter.
                let answer = try await collecting.post([event(), event(euro), event()])
                #expect(try accepted(answer) == 2 && answer.body.contains("unknown_field"), "\(answer.body)")

                try file(bench, Self.second)
                let plan = try await bench.run("schemas", "plan", "--exit-code")
                #expect(plan.exitCode == 2 && plan.out.contains("1 → 2") && plan.out.contains("BACKWARD"), "\(plan.out)\(plan.err)")
                let before = try await bench.run("schemas", "drift", "--files")
                #expect(before.exitCode == 0 && before.out.contains("as in its file and public.events agree"), "\(before.out)\(before.err)")
                let apply = try await bench.run("schemas", "apply")
                #expect(apply.exitCode == 0, "\(apply.err)")
                let after = try await bench.run("schemas", "drift")
                #expect(after.exitCode == 0 && after.out == "events.raw-value version 2 and public.events agree\n", "\(after.out)\(after.err)")

                // Collectors take the new version by themselves; one that has not yet, and writers of old, go on with the first.
                var rejected = 1
                try await eventually("the door takes the second version") {
                    if try accepted(try await collecting.post([event(euro)])) == 1 { return true }
                    rejected += 1
                    return false
                }
                #expect(try accepted(try await collecting.post([event(), event(#","currency":null"#), event(euro)])) == 3)
                try await produceOld(collecting, count: 5)

                let outcome = try await Emporium.run(
                    ["load", "kafka", "--topic", "events.raw", "--once", "--json"],
                    bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": collecting.brokers]) { $1 }, in: bench.folder)
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                // 1 before all, 2 of three, 1 as soon as it was taken, 3, 5 of old.
                let rows = try await bench.sql(
                    """
                    select s.version, count(*), count(*) filter (where e.data ? 'currency'), count(*) filter (where e.data ->> 'currency' = 'EUR')
                    from public.events e join registry.subject_version s using (schema_id)
                    where s.subject = 'events.raw-value' group by 1 order by 1
                    """)
                #expect(rows == [["1", "8", "0", "0"], ["2", "4", "2", "2"]], "\(rows)")
                let told = try await bench.sql(
                    """
                    select event #>> '{metadata,schemaId}' = e.schema_id::text and (event -> 'data') = e.data and e.data ->> 'amount' = '12.5', count(*)
                    from events.enriched n join public.events e using (correlation_id) group by 1
                    """)
                #expect(told == [["t", "12"]], "\(told)")
                #expect(try await bench.sql("select count(*) from ops.reconcile('events.raw')") == [["0"]])
                #expect(try await collecting.letters().count == rejected)
                try await expectReaders(collecting, old: 8, new: 4)
            }
        }

        /// As an application that has not heard of the second version: its schema's id is in its messages.
        private func produceOld(_ collecting: Collecting, count: Int) async throws {
            let client = try SchemaRegistryClient(urls: "http://127.0.0.1:\(collecting.port)", transport: HTTPClient())
            let id = try await client.version(subject: "events.raw-value", 1).schema.id
            let producer = try Producer(KafkaConfiguration(["bootstrap.servers": collecting.brokers]), logger: Collecting.quiet)
            for number in 1...count {
                try await producer.send(
                    topic: Collecting.topic, key: Array(EventLoading.correlationID(package: 3, ordinal: number).utf8),
                    value: try EventLoading.Event().avro(schemaID: id), headers: [Header("packageSize", Array("\(count)".utf8))])
            }
            try await producer.flush(within: .seconds(60))
            try await producer.close()
        }

        /// Each message in the topic, by its writer's schema out of the registry, as readers with the first and with the second see it.
        private func expectReaders(_ collecting: Collecting, old: Int, new: Int) async throws {
            let registry = try SchemaRegistryClient(urls: "http://127.0.0.1:\(collecting.port)", transport: HTTPClient())
            let readers = [try Schema(Self.first), try Schema(Self.second)]
            var seen = ["1": 0, "2": 0]
            for message in try await collecting.events() {
                let id = message.value.dropFirst().prefix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
                let writer = try await registry.schema(id: id)
                let isNew = writer.text == Self.second
                seen[isNew ? "2" : "1", default: 0] += 1
                var currencies: [Value?] = []
                for reader in readers {
                    let resolution = Resolution(writer: writer.schema, reader: reader)
                    #expect(resolution.incompatibilities.isEmpty)
                    let value = try Array(message.value.dropFirst(5)).withUnsafeBytes { bytes throws(AvroError) in
                        var decoder = Decoder(bytes)
                        let value = try resolution.decode(&decoder)
                        try decoder.expectEnd()
                        return value
                    }
                    guard case .record(let parts) = value, case .record(let data)? = parts.first else {
                        Issue.record("no record: \(value)")
                        return
                    }
                    #expect(data.count == (currencies.isEmpty ? 2 : 3) && data[1] == .double(12.5))
                    currencies.append(data.count > 2 ? data[2] : nil)
                }
                #expect(currencies[0] == nil, "the old reader does without")
                let sent: [Value] = isNew ? [.union(0, .null), .union(1, .string("EUR"))] : [.union(0, .null)]
                #expect(currencies[1].map { sent.contains($0) } == true, "the new reader has what was sent, or the default: \(currencies)")
            }
            #expect(seen == ["1": old, "2": new], "\(seen)")
        }

        /// What readers could not read is refused before anything happens, by the plan, by apply and by the API alike; events go on.
        @Test(arguments: [
            (#"{"name": "tax", "type": "double"}"#, "tax"), (#"{"name": "currency", "type": "int", "default": 0}"#, "currency"),
        ])
        func anIncompatibleVersion(_ field: String, _ name: String) async throws {
            try await Collecting.with(schemas: false) { collecting, _ in
                let bench = collecting.bench
                for text in [Self.first, Self.second] {
                    try file(bench, text)
                    try #require(try await bench.run("schemas", "apply").exitCode == 0)
                }
                let state = "select array_agg((subject, version, schema_id)), (select count(*) from registry.schema) from registry.subject_version"
                let before = try await bench.sql(state)
                let third = name == "tax"
                    ? Self.second.replacingOccurrences(of: Self.amount, with: "\(Self.amount), \(field)") : Self.wider(field)
                try file(bench, third)
                for verb in ["plan", "apply"] {
                    for environment in [[:], ["SCHEMA_REGISTRY_URL": "http://127.0.0.1:\(collecting.port)"]] {
                        let refused = try await Emporium.run(["schemas", verb], bench.environment.merging(environment) { $1 }, in: bench.folder)
                        #expect(refused.exitCode == 1 && refused.out.contains("refuse"), "\(refused.out)\(refused.err)")
                        #expect(refused.err.contains("events.raw-value: cannot read what version 2 wrote: ") && refused.err.contains("data.\(name)"), "\(refused.err)")
                        #expect(refused.err.contains("nothing is applied"))
                    }
                }
                let body = try JSONSerialization.data(withJSONObject: ["schema": third])
                let posted = try await HTTPClient().send(
                    HTTPRequest(
                        "POST", "http://127.0.0.1:\(collecting.port)/subjects/events.raw-value/versions",
                        headers: [(name: "Content-Type", value: "application/vnd.schemaregistry.v1+json")], body: [UInt8](body)))
                let said = String(decoding: posted.body, as: UTF8.self)
                #expect(posted.status == 409 && said.contains(name), "\(said)")
                #expect(try await bench.sql(state) == before, "nothing has happened")
                try await eventually("events are taken as before") {
                    let answer = try await collecting.post([event(#","currency":"EUR""#)])
                    return try answer.status == 200 && accepted(answer) == 1
                }
            }
        }
    }
}
