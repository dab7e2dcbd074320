import Avro
import Foundation
import Glibc
import Kafka
import Stack
import Testing

extension EndToEnd {
    /// `load kafka --topic events.raw` and `events.dead.letter` as a user runs them, from brokers in this process.
    @Suite(.timeLimit(.minutes(3))) struct LoadEvents {}
}

extension EndToEnd.LoadEvents {
    private typealias Event = EventLoading.Event

    @Test func eventsAreStoredAsTheyWereSent() async throws {
        try await EventLoading.with { loading, _ in
            let id = try await loading.register()
            var full = Event(id: "q\"uote", amount: -0.25, platform: "web", track: [0] + [UInt8](repeating: 0xFF, count: 8), device: "ios")
            full.messageID = "018f2f6a-0000-7000-8000-000000000001"
            try await loading.send([full.avro(schemaID: id), Event().avro(schemaID: id)], package: 1)
            #expect(try await loading.once() == .init(read: 2, stored: 2))
            let rows = try await loading.bench.sql(
                """
                select data ->> 'id', data ->> 'amount', request_platform, amplitude_track_id, amplitude_tracked_device, schema_id,
                    package_size, correlation_id, publish_time > now() - interval '1 minute', type
                from public.events where message_id_stamp = '018f2f6a-0000-7000-8000-000000000001'
                """)
            #expect(rows == [[
                "q\"uote", "-0.25", "web", "18446744073709551615", "ios", "\(id)", "2",
                EventLoading.correlationID(package: 1, ordinal: 1), "t", "invoice.created",
            ]])
            #expect(try await loading.once() == .init(read: 0, stored: 0))
            try await loading.expectBalance()
        }
    }

    /// Each defect under its rule, with the bytes as they came; good neighbours are stored.
    @Test func whatIsWrongIsRejectedAndTheRestStored() async throws {
        try await EventLoading.with { loading, _ in
            let id = try await loading.register()
            let good = try Event().avro(schemaID: id)
            let unknown = EventLoading.frame(4711, Array(good.dropFirst(5)))
            let bad: [(String, [UInt8]?)] = [
                ("tombstone", nil), ("empty_payload", []), ("bad_magic_byte", [1] + good.dropFirst()), ("bad_magic_byte", [0, 0, 0]),
                ("unknown_schema", unknown), ("malformed_avro", Array(good.dropLast())), ("malformed_avro", good + [0]),
                ("number_not_finite", try Event(amount: .infinity).avro(schemaID: id)),
                ("nul_byte", try Event(id: "a\0b").avro(schemaID: id)),
                ("record_too_large", try Event(id: String(repeating: "x", count: 2 << 20)).avro(schemaID: id)),
                ("timestamp_malformed", try Event(timestamp: "yesterday").avro(schemaID: id)),
            ]
            try await loading.send(bad.map(\.1) + (0..<20).map { _ in try Event().avro(schemaID: id) }, package: 1)
            #expect(try await loading.once() == .init(read: 31, stored: 20, rejected: 11))
            let codes = try await loading.bench.sql("select codes[1], count(*) from staging.reject group by 1 order by codes[1] collate \"C\"")
            let expected = Dictionary(grouping: bad, by: \.0).mapValues { "\($0.count)" }.sorted { $0.key < $1.key }
            #expect(codes == expected.map { [$0.key, $0.value] })
            let kept = try await loading.bench.sql(
                "select encode(payload, 'hex'), schema_id, package_size, published_at is not null from staging.reject where codes = '{unknown_schema}'")
            #expect(kept == [[unknown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(), "4711", "31", "t"]])
            try await loading.expectBalance()
        }
    }

    /// The registry is a port where nobody listens, then one that answers. Nothing is rejected, and nothing lost.
    @Test func whileTheRegistryIsAwayMessagesWait() async throws {
        try await EventLoading.with { loading, _ in
            let registry = try OneSchemaRegistry(id: 9, schema: EventLoading.schema)
            try await loading.send(try (0..<300).map { _ in try Event().avro(schemaID: 9) }, package: 1)
            let away = ["SCHEMA_REGISTRY_URL": registry.url]
            let loader = try loading.start(["load", "kafka", "--topic", "events.raw"], away)
            defer { loader.signal(SIGKILL) }
            let other = try loading.start(["load", "kafka", "--topic", "events.raw", "--workers", "0"], away)
            try await eventually("a word of it") { loader.lines("schema 9:") + other.lines("schema 9:") >= 1 }
            // A stop is a stop, whoever is away.
            #expect(try await other.outcome(deadline: .seconds(30), stopping: true).exitCode == 0, "\(other.err)")
            try await eventually("the other's partitions are ours, and wait") { loader.lines("schema 9:") >= 1 }
            #expect(try await loading.bench.count("select count(*) from ops.batch") == 0 && loader.isRunning)
            try registry.start()
            try await eventually("all of it") { try await loading.stored() == 300 }
            let outcome = try await loader.stop()
            #expect(outcome.err.split(separator: "\n").count < 12, "it floods: \(outcome.err)")
            #expect(try await loading.bench.count("select count(*) from staging.reject") == 0)
            // An id that this registry does not have is a reject, now that it says so.
            try await loading.send([try Event().avro(schemaID: 10)], package: 2)
            let told = try await loading.start(["load", "kafka", "--topic", "events.raw", "--once", "--json"], away).outcome()
            #expect(try Loading.Told(told) == .init(read: 1, stored: 0, rejected: 1), "\(told.err)")
            try await loading.expectBalance()
        }
    }

    /// Two share the partitions while schemas change under them; one is killed.
    @Test func twoLoadersAndANewSchema() async throws {
        try await EventLoading.with(partitions: 4) { loading, _ in
            let first = try await loading.register()
            let wider = EventLoading.schema.replacingOccurrences(
                of: #"{"name": "amount", "type": "double"}"#,
                with: #"{"name": "amount", "type": "double"}, {"name": "currency", "type": ["null", "string"], "default": null}"#)
            try #require(wider != EventLoading.schema)
            let loaders = try (0..<2).map { _ in try loading.start(["load", "kafka", "--topic", "events.raw", "--batch-rows", "100"]) }
            defer { for loader in loaders { loader.signal(SIGKILL) } }
            try await loading.send(try (0..<1000).map { _ in try Event().avro(schemaID: first) }, package: 1)
            try await eventually("some of it") { try await loading.stored() > 0 }
            let second = try await loading.register(wider)
            #expect(second != first)
            // Written by the wider schema, with the field null: left out, and so an event as before.
            var encoder = Encoder()
            try encoder.encode(.union(0, .null), as: Schema(#"["null","string"]"#))
            let wide = try (0..<1000).map { _ in
                let old = Array(try Event().avro(schemaID: second))
                return Array(old.prefix(5 + 1 + 1 + 8)) + encoder.bytes + old.dropFirst(5 + 1 + 1 + 8)
            }
            loaders[0].signal(SIGKILL)
            try await loading.send(wide, package: 2)
            try await eventually("all of it") { try await loading.stored() == 2000 }
            try await loaders[1].stop()
            let schemas = try await loading.bench.sql("select schema_id, count(*) from public.events group by 1 order by 1")
            #expect(schemas == [["\(first)", "1000"], ["\(second)", "1000"]])
            #expect(try await loading.bench.count("select count(*) from staging.reject") == 0)
            try await loading.expectBalance()
        }
    }

    @Test func deadLettersAreRejectsWithTheirReasons() async throws {
        try await EventLoading.with { loading, _ in
            func headers(_ code: String, _ error: String, origin: String = "collect") -> [Header] {
                [Header("code", Array(code.utf8)), Header("error", Array(error.utf8)), Header("origin", Array(origin.utf8))]
            }
            let why = "data.amount: a number was expected, a string (\"12.5\") was found"
            try await loading.send([Array(#"{"data":{"amount":"12.5"}}"#.utf8)], package: 1, topic: "events.dead.letter", headers: headers("wrong_type", why))
            try await loading.send([Array("{".utf8)], package: 2, topic: "events.dead.letter", headers: headers("not_an_object", "an object was expected"))
            try await loading.send([[0, 1, 2]], package: 3, topic: "events.dead.letter", headers: headers("malformed_avro", "…", origin: "promote"))
            #expect(try await loading.once("events.dead.letter") == .init(read: 3, stored: 0, rejected: 2, duplicate: 1))
            let rejects = try await loading.bench.sql(
                "select codes[1], reasons[1], convert_from(payload, 'UTF8'), package_size from staging.reject where disposition = 'rejected' order by codes[1] collate \"C\"")
            #expect(rejects == [["not_an_object", "an object was expected", "{", "1"], ["wrong_type", why, #"{"data":{"amount":"12.5"}}"#, "1"]])
            try await loading.expectBalance()
        }
    }

    /// By the embedded broker and its database: what `down` does with events it still holds.
    @Test func downLoadsEvents() async throws {
        var template = Array("/tmp/emporium-events-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        chmod(folder, 0o755)
        let home = folder + "/home"
        Leftovers.remove(folder, atExitWith: StackLayout(home: home).pgdata)
        func needs(_ arguments: String...) async throws -> String {
            let outcome = try await Emporium.run(arguments, ["EMPORIUM_HOME": home], in: folder)
            try #require(outcome.exitCode == 0, "\(arguments): \(outcome.err)")
            return outcome.out
        }
        _ = try await needs("up", "--root", TestStack.root)
        _ = try await needs("migrate", "--root", TestStack.root)
        _ = try await needs("schemas", "apply", "--folder", TestStack.root + "/topics")
        let text = try String(contentsOfFile: home + "/kafka/broker", encoding: .utf8)
        let brokers = try #require(text.split(separator: "\n").first { $0.hasPrefix("bootstrap ") }?.dropFirst(10))
        let producer = try Producer(KafkaConfiguration(["bootstrap.servers": String(brokers)]), logger: Loading.quiet)
        for number in 1...200 {
            try await producer.send(
                topic: "events.raw", key: Array(EventLoading.correlationID(package: 77, ordinal: number).utf8), value: try Event().avro(schemaID: 1))
        }
        try await producer.close()
        #expect(try await needs("down").contains("events.raw: all messages are in PostgreSQL\n"))
        _ = try await needs("up", "--root", TestStack.root)
        let url = try await needs("url", "--admin").trimmingCharacters(in: .newlines)
        let stack = TestStack(folder: folder, home: home, url: url, adminURL: url)
        let stored = try await stack.admin("ecommerce") { try await $0.query("select count(*) from public.events").first?[0] }
        #expect(stored == "200")
        _ = try await needs("down")
    }
}

extension Child {
    fileprivate func outcome(deadline: Duration, stopping: Bool) async throws -> Emporium.Outcome {
        if stopping { signal(SIGTERM) }
        return try await outcome(deadline: deadline)
    }
}

extension EndToEnd.LoadEvents {
    @Test func anEventIsTracedFromItsPackageToItsRow() async throws {
        try await EventLoading.with { loading, _ in
            let id = try await loading.register()
            try await loading.send(
                [Event(messageID: "018f2f6a-0000-7000-8000-000000000001").avro(schemaID: id), [0]], package: 5)
            func trace(_ id: String, _ more: String...) async throws -> Emporium.Outcome {
                try await loading.start(["trace", "event", id] + more).outcome()
            }
            let event = EventLoading.correlationID(package: 5, ordinal: 1)
            let before = try await trace(event)
            #expect(before.exitCode == 1 && before.err.contains("hint:") && before.out.contains("outcome    unknown\n"), "\(before)")
            _ = try await loading.once()
            let told = try await trace(event.uppercased())
            #expect(told.exitCode == 0, "\(told.err)")
            for line in [
                "package    \(EventLoading.correlationID(package: 5, ordinal: 0))", "ordinal    1", "outcome    stored", "topic      events.raw",
                "schema     \(id)",
            ] { #expect(told.lines.contains(line), "\(line): \(told.out)") }
            for name in ["received", "partition", "offset", "batch", "run", "landed", "promoted"] {
                #expect(told.lines.contains { $0.hasPrefix(name.padding(toLength: 11, withPad: " ", startingAt: 0)) }, "\(name): \(told.out)")
            }
            #expect(told.lines.contains { $0.hasPrefix("row ") && $0.hasSuffix(" 018f2f6a-0000-7000-8000-000000000001") }, "\(told.out)")
            let rejected = try await trace(EventLoading.correlationID(package: 5, ordinal: 2), "--json")
            let places = try #require(try JSONSerialization.jsonObject(with: Data(rejected.out.utf8)) as? [[String: Any]])
            #expect(places.count == 1 && places[0]["outcome"] as? String == "rejected" && places[0]["codes"] as? [String] == ["bad_magic_byte"])
            for wrong in ["nonsense", UUID().uuidString, EventLoading.correlationID(package: 5, ordinal: 0)] {
                #expect(try await trace(wrong).exitCode == 64, "\(wrong)")
            }
        }
    }
}
