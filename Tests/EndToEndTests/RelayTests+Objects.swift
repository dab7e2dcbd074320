import Digests
import Foundation
import Glibc
import Kafka
import Postgres
import TestSupport
import Testing

private let archive = ["--only", "archive", "--once", "--json"]

extension EndToEnd.Relaying {
    private struct Object {
        var key: String
        var records: Int
        var sha256: String?
        var isDelivered: Bool
    }

    private func objects(_ dead: DeadLetters) async throws -> [Object] {
        try await dead.bench.sql("select object_key, records, encode(sha256, 'hex'), delivered_at is not null from ops.archive_object order by object_id")
            .map { Object(key: $0[0] ?? "", records: Int($0[1] ?? "") ?? 0, sha256: $0[2], isDelivered: $0[3] == "t") }
    }

    private func bytes(_ dead: DeadLetters, _ key: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(dead.folder)/\(key)"))
    }

    /// Which file it is, and when it was last changed: both change when it is put again.
    private func identity(_ dead: DeadLetters, _ key: String) throws -> String {
        var status = stat()
        try #require(stat("\(dead.folder)/\(key)", &status) == 0)
        return "\(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    private func lines(_ data: Data) throws -> [[String: Any]] {
        try data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }

    @Test func rejectsBecomeObjectsUnderTheirKeys() async throws {
        try await DeadLetters.with(archived: true) { dead, _ in
            try await dead.set("archive.object.records", "400")
            var posted: [Int64: Int] = [:]
            for count in [300, 1, 950] { posted[try await dead.post(count)] = count }
            let outcome = try await dead.run(archive, dead.store)
            let json = try outcome.json()
            #expect(outcome.exitCode == 0 && json["records"] as? Int == 1251 && json["failures"] as? Int == 0, "\(outcome.out)\(outcome.err)")
            let objects = try await objects(dead)
            #expect(objects.count >= 4 && json["objects"] as? Int == objects.count)
            var seen: [Int64: Int] = [:]
            var total = 0
            for object in objects {
                #expect(object.isDelivered && object.records > 0 && object.records <= 400)
                #expect(object.key.wholeMatch(of: /dead-letter\/dt=\d{4}-\d\d-\d\d\/shop\.customer-\d{12}-\d{12}-\d{12}\.jsonl/) != nil, "\(object.key)")
                let data = try bytes(dead, object.key)
                total += data.count
                #expect(sha256Hex([UInt8](data)) == object.sha256)
                let lines = try lines(data)
                #expect(lines.count == object.records)
                for line in lines {
                    seen[try #require(line["batch"] as? Int64), default: 0] += 1
                    #expect(line["codes"] as? [String] == ["bad_thing"] && (line["payload"] as? String)?.hasPrefix("hunter2") == true)
                }
            }
            #expect(seen == posted && json["bytes"] as? Int == total)
            #expect(try await dead.bench.count("select count(*) from ops.archive_pending") == 0)
            // Nothing is due any more.
            let again = try await dead.run(archive, dead.store)
            #expect(again.exitCode == 0, "\(again.err)")
            #expect(try again.json()["objects"] as? Int == 0)
        }
    }

    /// Killed after the PUT and before the commit, several times: it is put once, and booked as it lies there.
    @Test(arguments: ["none", "gzip"]) func anObjectIsPutOnceAlthoughItsRelayDied(_ compression: String) async throws {
        try await DeadLetters.with(archived: true) { dead, _ in
            try await dead.set("archive.compression", compression)
            try await dead.post(700)
            var first: String?
            for _ in 0..<3 {
                let hold = try await Hold(dead.bench)
                let relay = try dead.start(archive, dead.store)
                try await eventually("a relay between PUT and commit") { try await dead.held() == 1 }
                let key = try #require(try await objects(dead).first?.key)
                let identity = try identity(dead, key)
                #expect(first == nil || first == identity, "not put again")
                first = identity
                relay.signal(SIGKILL)
                #expect(try await relay.outcome().signal == SIGKILL)
                await hold.release()
            }
            try await eventually("the next one books it") {
                guard try await dead.run(archive, dead.store).exitCode == 0 else { return false }
                return try await objects(dead).allSatisfy(\.isDelivered)
            }
            let object = try #require(try await objects(dead).first)
            #expect(try identity(dead, object.key) == first)
            var data = try bytes(dead, object.key)
            #expect(object.isDelivered && sha256Hex([UInt8](data)) == object.sha256)
            if compression == "gzip" {
                #expect(object.key.hasSuffix(".jsonl.gz"))
                data = Data(try await system(["/usr/bin/gzip", "-dc", "\(dead.folder)/\(object.key)"]).utf8)
            }
            #expect(try lines(data).count == 700)
        }
    }

    /// Something else lies there: it stays, the row is parked, and a person is told.
    @Test func anObjectIsNeverOverwrittenByAnother() async throws {
        try await DeadLetters.with(archived: true) { dead, _ in
            let receiver = try Receiver()
            try await dead.webhook("people", receiver.url + "/people", on: "alert.raised", "object.delivered")
            try await dead.post(10)
            let hold = try await Hold(dead.bench)
            let relay = try dead.start(archive, dead.store)
            try await eventually("a relay between PUT and commit") { try await dead.held() == 1 }
            relay.signal(SIGKILL)
            _ = try await relay.outcome()
            await hold.release()
            let key = try #require(try await objects(dead).first?.key)
            // Under its key lies another one, from a database that is none of ours.
            _ = try await dead.bench.sql("update staging.reject set payload = 'swapped'")
            try await eventually("the row is free") { try await dead.run(archive, dead.store).exitCode == 1 }
            let alerts = try await dead.run(["alerts", "--json"])
            #expect(alerts.out.contains("object.differs") && alerts.out.contains(key), "\(alerts.out)")
            #expect(try String(decoding: bytes(dead, key), as: UTF8.self).contains("hunter2"))
            #expect(try await dead.run(["--only", "webhooks", "--once"]).exitCode == 0)
            #expect(try await receiver.log("/people").map { $0.body.contains("object.differs") } == [true])

            // Once it is mended, it is booked.
            _ = try await dead.bench.sql("update staging.reject set payload = convert_to(rpad('hunter2 ' || (position % 100000), 40, 'x'), 'UTF8')")
            #expect(try await dead.run(["resume", "--all"]).exitCode == 0)
            let mended = try await dead.run(archive, dead.store)
            #expect(mended.exitCode == 0, "\(mended.err)")
            #expect(try await objects(dead).map(\.isDelivered) == [true])
            #expect(try await dead.run(["alerts"]).out == "no alerts\n")
            #expect(try await dead.run(["--only", "webhooks", "--once"]).exitCode == 0)
            let told = try await receiver.log("/people")
            #expect(told.count == 2 && told.last?.body.contains("object.delivered") == true && told.last?.body.contains(key) == true)
        }
    }

    /// Lines that are gone before their object was made are missed, never left out without a word.
    @Test func anObjectThatWouldHaveLessInItIsNotPut() async throws {
        try await DeadLetters.with(archived: true) { dead, _ in
            try await dead.post(10)
            #expect(try await dead.bench.sql("select ops.seal_archive(true)") == [["1"]])
            _ = try await dead.bench.sql("delete from staging.reject where position % 100000 = 3")
            let less = try await dead.run(archive, dead.store)
            #expect(less.exitCode == 1 && less.err.contains("has 9 of the 10 lines"), "\(less.err)")
            _ = try await dead.bench.sql("delete from staging.reject")
            _ = try await dead.bench.sql("update ops.outbox set next_attempt_at = now() where object_id is not null")
            let none = try await dead.run(archive, dead.store)
            #expect(none.exitCode == 1 && none.err.contains("is parked") && none.err.contains("has 0 of the 10 lines"), "\(none.err)")
            let key = try #require(try await objects(dead).first?.key)
            #expect(access("\(dead.folder)/\(key)", F_OK) != 0)
        }
    }

    @Test func largeObjectsInBoundedMemory() async throws {
        try await DeadLetters.with(archived: true) { dead, _ in
            for _ in 0..<3 { try await dead.post(20_000, bytes: 1300) }
            for compression in ["none", "gzip"] {
                try await dead.set("archive.compression", compression)
                let outcome = try await dead.run(archive, dead.store)
                #expect(outcome.exitCode == 0, "\(outcome.err)")
                #expect(try outcome.json()["records"] as? Int == 60_000, "\(outcome.out)")
                print("relay of 60,000 records, \(try outcome.json()["bytes"] as? Int ?? 0) bytes (\(compression)): VmHWM \(outcome.peak) KiB")
                #expect(outcome.peak < 160 << 10)
                for _ in 0..<3 { try await dead.post(20_000, bytes: 1300) }
            }
        }
    }

    /// An S3 store that is away, then takes the object and loses its answer: the next attempt finds it there.
    @Test func aBucketThatIsAwayIsWaitedForAndHasTheObjectOnce() async throws {
        let bucket = try PythonServer("objects/nanio.py")
        let proxy = try PythonServer("objects/proxy.py", [bucket.url])
        func fault(_ text: String) async throws { try await system(["/usr/bin/curl", "-sS", "-f", "-d", text, "\(proxy.url)/_fault"]) }
        try await DeadLetters.with(archived: true) { dead, _ in
            let store = [
                "EMPORIUM_OBJECT_STORE": "s3://emporium/shop", "AWS_ENDPOINT_URL_S3": proxy.url, "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "secretsecret",
            ]
            try await dead.post(50)
            try await fault(#"{"mode": "down"}"#)
            let away = try await dead.run(archive, store)
            #expect(away.exitCode == 69 && away.err.contains("the outbox keeps it") && !away.err.contains("secretsecret"), "\(away.err)")
            try await fault(#"{"mode": "lose_answer", "methods": ["PUT"], "count": 1}"#)
            _ = try await dead.bench.sql("update ops.outbox set next_attempt_at = now()")
            try await eventually("delivery") {
                _ = try await dead.run(archive, store)
                return try await objects(dead).allSatisfy(\.isDelivered)
            }
            #expect(try await objects(dead).map(\.records) == [50])
            let log = try await system(["/usr/bin/curl", "-sS", "\(proxy.url)/_log"])
            struct Request: Decodable { var method: String, path: String, fault: String? }
            let requests = try JSONDecoder().decode([Request].self, from: Data(log.utf8)).filter { $0.fault != "down" }
            #expect(Set(requests.map(\.path)).count == 1 && requests.allSatisfy { $0.path.hasPrefix("/emporium/shop/dead-letter/") })
            #expect(requests.contains { $0.method == "PUT" && $0.fault == "lose_answer" })
        }
    }

    @Test func withoutAStoreObjectsWaitAndItIsSaidOnce() async throws {
        try await DeadLetters.with(archived: true) { dead, cluster in
            try await dead.post(3)
            let outcome = try await dead.run(cluster, ["--once"])
            #expect(outcome.exitCode == 0 && outcome.out == "delivered 1 batches, 3 messages; 0 attempts failed\n", "\(outcome.err)")
            #expect(outcome.err.components(separatedBy: "EMPORIUM_OBJECT_STORE is not set").count == 2, "\(outcome.err)")
            #expect(try await dead.bench.count("select sum(records) from ops.archive_pending") == 3)
            let status = try await Emporium.run(["status", "--json"], dead.bench.environment, in: dead.bench.folder)
            #expect(status.out.contains(#""pending" : 3"#), "\(status.out)")
        }
    }
}
