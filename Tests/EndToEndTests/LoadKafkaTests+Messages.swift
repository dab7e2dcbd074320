import Foundation
import Kafka
import Testing

extension EndToEnd.LoadKafka {
    @Test func oddMessagesAreRejectsAndTheBatchGoesOn() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            let good = Loading.customer(1)
            let other = Loading.customer(2)
            let huge = Array("{\"customer_id\":3,\"padding\":\"".utf8) + [UInt8](repeating: 0x78, count: 4_900_000) + Array("\"}".utf8)
            let text = Array("not UTF-8: ".utf8)
            let sent: [Loading.Sent] = [
                good, .init(key: [1], value: nil), .init(key: nil, value: []), .init(key: nil, value: good.value),
                .init(key: [UInt8](repeating: 0xff, count: 10_000), value: other.value),
                .init(key: nil, value: text + [0xff]), .init(key: [], value: Array("\u{feff}{}".utf8)),
                .init(key: nil, value: Array("[]".utf8)), .init(key: nil, value: [0]),
                // Origins: one that is kept, and what is none.
                .init(key: nil, value: Array("1".utf8), headers: [Header("origin", Array("c/customers:0:7".utf8))]),
                .init(key: nil, value: Array("2".utf8), headers: [Header("origin", [0x61, 0xff])]),
                .init(key: nil, value: Array("3".utf8), headers: [Header("origin", nil), Header("other", text)]),
                .init(key: nil, value: Array("4".utf8), headers: [Header("origin", [])]),
                .init(key: nil, value: Array("5".utf8), headers: [Header("origin", [0x61, 0])]),
                .init(key: nil, value: Array("6".utf8), headers: [Header("origin", [UInt8](repeating: 0x61, count: 5000))]),
                Loading.customer(4, headers: [Header("origin", Array("c/customers:0:8".utf8))]),
            ]
            try await loading.send(sent)
            #expect(try await loading.once() == .init(read: 16, stored: 2, rejected: 13, duplicate: 1))
            let rows = try await loading.bench.sql(
                """
                select position, array_to_string(codes, '+'), coalesce(origin, '-'), coalesce(length(message_key), -1), length(payload)
                from staging.reject order by position
                """)
            let size = String(good.value?.count ?? 0)
            #expect(
                rows == [
                    ["1", "tombstone", "-", "1", "0"], ["2", "empty_payload", "-", "-1", "0"],
                    ["3", "key_mismatch", "-", "-1", size], ["4", "key_mismatch", "-", "4096", size],
                    ["5", "invalid_utf8", "-", "-1", "12"], ["6", "invalid_json", "-", "0", "5"],
                    ["7", "not_an_object", "-", "-1", "2"], ["8", "nul_byte", "-", "-1", "1"],
                    ["9", "returned_dead_letter+not_an_object", "c/customers:0:7", "-1", "1"],
                    ["10", "not_an_object", "-", "-1", "1"], ["11", "not_an_object", "-", "-1", "1"],
                    ["12", "not_an_object", "-", "-1", "1"], ["13", "not_an_object", "-", "-1", "1"],
                    ["14", "not_an_object", "-", "-1", "1"],
                ])
            // As large as these brokers keep one, between two that are fine.
            try await loading.send(
                [Loading.customer(5), .init(key: Array("3".utf8), value: huge), Loading.customer(6)],
                ["queue.buffering.max.kbytes": "65536"])
            try #require(try await loading.marks().low <= 16, "the brokers have dropped messages")
            #expect(try await loading.once() == .init(read: 3, stored: 2, rejected: 1))
            let large = try await loading.bench.sql("select array_to_string(codes, '+'), length(payload) from staging.reject where position = 17")
            #expect(large == [["record_too_large", "\(huge.count)"]])
            try await loading.expectBalance()
        }
    }

    /// Rejected, delivered, sent back in as it is: known, and not sent out again; mended, it is stored.
    @Test func deadLettersThatComeBack() async throws {
        try await Loading.with(partitions: 1) { loading, cluster in
            try cluster.createTopic(DeadLetters.topic, partitions: 1)
            let bad = Loading.customer(7, ["country": "\"Atlantis\""])
            try await loading.send([Loading.customer(1), bad, Loading.customer(8, ["age": "131"])])
            #expect(try await loading.once() == .init(read: 3, stored: 1, rejected: 2))
            func relay() async throws -> String {
                let outcome = try await Emporium.run(["relay", "--once"], loading.environment(), in: loading.bench.folder)
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                return outcome.out
            }
            #expect(try await relay() == "delivered 1 batches, 2 messages; 0 attempts failed\n")
            let letters = try await DeadLetters(bench: loading.bench).read(cluster)
            #expect(letters.map { $0.header("rule") } == ["country_unknown", "age_impossible"] && letters[0].value == bad.value)

            try await loading.send(letters.map { .init(key: $0.key, value: $0.value, headers: $0.headers) })
            #expect(try await loading.once() == .init(read: 2, stored: 0, rejected: 0, duplicate: 2))
            #expect(
                try await loading.codes() == [
                    "country_unknown": 1, "age_impossible": 1, "returned_dead_letter+country_unknown": 1,
                    "returned_dead_letter+age_impossible": 1,
                ])
            let origins = try await loading.bench.sql("select origin from staging.reject where origin is not null order by position").map { $0[0] }
            #expect(origins == letters.map(\.origin))
            #expect(try await relay() == "delivered 0 batches, 0 messages; 0 attempts failed\n")
            #expect(try await DeadLetters(bench: loading.bench).read(cluster).count == 2)

            let mended = Loading.customer(7)
            try await loading.send([.init(key: mended.key, value: mended.value, headers: letters[0].headers)])
            #expect(try await loading.once() == .init(read: 1, stored: 1))
            try await loading.expectBalance()
        }
    }

    @Test func rejectsAreReplayedOnceTheirRuleIsMended() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            let soon = Date().addingTimeInterval(2 * 86_400).formatted(.iso8601)
            try await loading.send([
                Loading.customer(1, ["event_time": "\"\(soon)\""]), Loading.customer(2, ["country": "\"Albion\"", "phone_number": "null"]),
                Loading.customer(3, ["age": "200"]), Loading.customer(4),
            ])
            #expect(try await loading.once() == .init(read: 4, stored: 1, rejected: 3))
            func replay(_ code: String, dry: Bool) async throws -> [String?] {
                try await loading.bench.sql(
                    "select replayed, stored, rejected from ops.replay('shop.customer', '{\"code\": \"\(code)\"}', \(dry))")[0]
            }
            try await loading.admin("update ops.setting set value = '10 days' where name = 'customers.clock_skew'")
            #expect(try await replay("event_time_in_future", dry: true) == ["1", "1", "0"])
            #expect(try await loading.stored() == 1, "a dry run")
            #expect(try await replay("event_time_in_future", dry: false) == ["1", "1", "0"])
            try await loading.admin("insert into shop.country_alias (alias, country) values ('albion', 'GB')")
            #expect(try await replay("country_unknown", dry: false) == ["1", "1", "0"])
            #expect(try await replay("age_impossible", dry: false) == ["1", "0", "1"])
            #expect(try await loading.bench.sql("select customer_id, country from shop.customers order by 1") == [["1", "GB"], ["2", "GB"], ["4", "GB"]])
            #expect(try await loading.codes() == ["age_impossible": 1])
            try await loading.expectBalance()

            // And a stored row tells where it came from.
            let from = try await loading.bench.sql(
                """
                select p.source, p.position, p.outcome, (select cluster_id || '/customers:0' from ops.kafka_cluster)
                from shop.customer_event e cross join ops.provenance(e.batch_id, e.position) p where e.customer_id = 2
                """)
            #expect(from.count == 1 && from[0][0] == from[0][3] && from[0][1] == "1" && from[0][2] == "stored in shop.customer_event", "\(from)")
        }
    }

    @Test func theLagIsInTheDatabase() async throws {
        try await Loading.with(partitions: 1) { loading, _ in
            func lag() async throws -> [[String?]] {
                try await loading.bench.stack.admin(loading.bench.database) { admin in
                    try await admin.execute("set role promoter")
                    return try await admin.query(
                        "select partition, next_offset, high_offset, lag, owner is null, waiting_batches, waiting_records from ops.kafka_lag"
                    ).rows.map { row in (0..<row.count).map { row[$0] } }
                }
            }
            try await loading.send(Loading.customers(1...50, partitions: 1))
            #expect(try await loading.run(["--limit", "20"]).exitCode == 0)
            #expect(try await lag() == [["0", "20", "50", "30", "t", "0", "0"]])
            #expect(try await loading.run(["--limit", "10", "--workers", "0"]).exitCode == 0)
            #expect(try await lag() == [["0", "30", "50", "20", "t", "1", "10"]])
            let loader = try loading.start()
            try await eventually("all") { try await lag() == [["0", "50", "50", "0", "f", "0", "0"]] }
            try await loader.stop()
            try await loading.expectExactly(1..<51)
        }
    }

    @Test func sixtyMegabytesWaitingInBoundedMemory() async throws {
        try await Loading.with(partitions: 12) { loading, _ in
            let count = 12 * 9600
            let padding = "\"" + String(repeating: "x", count: 180) + "\""
            var bytes = 0
            for start in stride(from: 1, through: count, by: 4800) {
                let some = (start..<(start + 4800)).map { Loading.customer($0, partition: Int32($0 % 12), ["padding": padding]) }
                bytes += some.reduce(0) { $0 + ($1.value?.count ?? 0) }
                try await loading.send(some)
            }
            for partition in 0..<12 { try #require(try await loading.marks(Int32(partition)).low == 0, "the brokers have dropped messages") }
            let outcome = try await loading.run(["--once", "--json"])
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            print("load kafka with \(bytes >> 20) MiB of \(bytes / count) bytes waiting: VmHWM \(outcome.peak) KiB")
            #expect(outcome.peak < 256 << 10)
            #expect(try Loading.Told(outcome) == .init(read: count, stored: count))
            try await loading.expectBalance()
        }
    }
}
