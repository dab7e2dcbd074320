import Foundation
import Kafka
import Logging
import Testing

/// A collector of its own, with a database and brokers of its own.
struct Collecting: Sendable {
    static let topic = "events.raw"
    static let deadLetters = "events.dead.letter"
    /// A rate that no test reaches.
    static let freely = "1000000"

    let bench: Bench
    let brokers: String
    let key: String
    let child: Child
    let port: Int

    /// EMPORIUM_COLLECTOR, else where scripts/test builds it. Not being there is a failure: nobody would see a skipped door.
    static func program() throws -> String {
        let path = ProcessInfo.processInfo.environment["EMPORIUM_COLLECTOR"]
            ?? "\(TestStack.root)/.build-collector/debug/emporium-collector"
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            """
            \(path) is not there; build it: \
            swift build --traits Collector --product emporium-collector --scratch-path .build-collector
            """)
        return path
    }

    /// - Parameters:
    ///   - settings: `EMPORIUM_COLLECT_…` without that beginning.
    ///   - schemas: whether the schema of events is registered.
    static func with(
        _ settings: [String: String] = [:], schemas: Bool = true, rate: String = freely, on stack: TestStack? = nil,
        _ body: (Collecting, borrowing MockCluster) async throws -> Void
    ) async throws {
        _ = try program()
        let cluster = try MockCluster(logger: quiet)
        try cluster.createTopic(topic, partitions: 3)
        try cluster.createTopic(deadLetters, partitions: 1)
        try await Bench.with(stack) { bench in
            if schemas { try await registerSchemas(bench) }
            let key = try await addKey(bench, rate: rate)
            let collecting = try await start(bench, brokers: cluster.bootstrapServers, key: key, settings)
            var failure: (any Error)?
            do { try await body(collecting, cluster) } catch { failure = error }
            collecting.child.signal(SIGKILL)
            _ = try await collecting.child.outcome()
            if let failure { throw failure }
        }
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func registerSchemas(_ bench: Bench) async throws {
        let outcome = try await bench.run("schemas", "apply", "--folder", "\(TestStack.root)/topics")
        try #require(outcome.exitCode == 0, "\(outcome.err)")
    }

    static func addKey(_ bench: Bench, sender: String = "test", rate: String = freely) async throws -> String {
        let outcome = try await bench.run("collect", "keys", "add", "--sender", sender, "--rate", rate)
        try #require(outcome.exitCode == 0, "\(outcome.err)")
        return outcome.out.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Started by `emporium collect`, and listening.
    static func start(
        _ bench: Bench, brokers: String, key: String, _ settings: [String: String] = [:]
    ) async throws -> Collecting {
        var environment = bench.environment
        environment["KAFKA_BOOTSTRAP_SERVERS"] = brokers
        environment["EMPORIUM_COLLECTOR"] = try program()
        for (name, value) in settings { environment["EMPORIUM_COLLECT_\(name)"] = value }
        let child = try Child(Emporium.path, ["collect", "--port", "0"], environment, in: bench.folder)
        return Collecting(bench: bench, brokers: brokers, key: key, child: child, port: try await port(of: child))
    }

    static func port(of child: Child) async throws -> Int {
        try await eventually("the collector listens") { child.err.contains("collecting events") || !child.isRunning }
        let line = try #require(child.err.firstMatch(of: /collecting events address=127\.0\.0\.1:(\d+)\s/), "\(child.err)")
        return try #require(Int(line.1))
    }

    /// The same once more, after its end.
    func again(_ settings: [String: String] = [:]) async throws -> Collecting {
        try await Self.start(bench, brokers: brokers, key: key, settings)
    }

    // MARK: Asking

    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: String

        func object() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(body)")
        }
        func code() throws -> String { try #require(try object()["code"] as? String, "\(body)") }
    }

    /// By curl, a process a request: what comes back is what any client sees.
    /// - Parameter more: curl's own options.
    func ask(
        _ path: String, post: String? = nil, key: String? = nil, headers: [String] = [], more: [String] = [], limit: Int = 60,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        var arguments = ["-sS", "-i", "-m", "\(limit)"]
        if let post {
            let file = "\(bench.folder)/body-\(UInt64.random(in: 0 ... .max))"
            try post.write(toFile: file, atomically: false, encoding: .utf8)
            arguments += ["-H", "Content-Type: application/json", "-H", "X-API-Key: \(key ?? self.key)", "-H", "Expect:", "--data-binary", "@\(file)"]
        }
        for header in headers { arguments += ["-H", header] }
        arguments += more
        let outcome = try await Child("/usr/bin/curl", arguments + ["http://127.0.0.1:\(port)\(path)"], in: bench.folder).outcome()
        try #require(outcome.exitCode == 0, "curl: \(outcome.err)", sourceLocation: location)
        let parts = outcome.out.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = try #require(parts.first, sourceLocation: location).split(separator: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }, sourceLocation: location)
        let headers = lines.dropFirst().compactMap { line -> (String, String)? in
            let pair = line.split(separator: ":", maxSplits: 1)
            return pair.count == 2 ? (pair[0].lowercased(), pair[1].trimmingCharacters(in: .whitespaces)) : nil
        }
        return Answer(
            status: status, headers: Dictionary(headers, uniquingKeysWith: { $1 }), body: parts.count > 1 ? String(parts[1]) : "")
    }

    /// Posts events as they are.
    func post(_ events: [String], key: String? = nil, headers: [String] = [], limit: Int = 60) async throws -> Answer {
        try await ask("/collect", post: "[\(events.joined(separator: ","))]", key: key, headers: headers, limit: limit)
    }

    static func event(_ id: String = UUID().uuidString.lowercased(), amount: String = "12.5") -> String {
        let (infrastructure, core) = (
            #"X-Message-Stamp-Holded\\Shared\\Infrastructure\\Messenger\\Stamp\\"#, #"X-Message-Stamp-Holded\\Core\\Messaging\\Messenger\\Stamp\\"#
        )
        return """
            {"data":{"id":"\(id)","amount":\(amount)},"attributes":{"type":"invoice.created","targetSubscription":"amplitude",\
            "\(infrastructure)NewContextStamp":{"accountId":"9f9d31a5-7f9f-4d6e-9f4e-2f1f4b2b7a11","userId":"9f9d31a5-7f9f-4d6e-9f4e-2f1f4b2b7a12"},\
            "\(core)TimestampStamp":"2026-11-21T10:00:00.123Z","\(core)MessageIdStamp":"9f9d31a5-7f9f-4d6e-9f4e-2f1f4b2b7a13"}}
            """
    }

    // MARK: What is in the topics

    struct Message: Sendable {
        var key: String
        var value: [UInt8]
        var headers: [String: String]
    }

    static func read(_ topic: String, _ brokers: String, partitions: Int32) async throws -> [Message] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": brokers]), logger: quiet)
        var wanted: Int64 = 0
        for partition in 0..<partitions {
            let marks = try await consumer.watermarks(topic: topic, partition: partition, within: .seconds(10))
            try #require(marks.low == 0, "the mock broker has dropped messages")
            wanted += marks.high
        }
        try await consumer.assign((0..<partitions).map { Position(topic: topic, partition: $0, offset: 0) })
        var messages: [Message] = []
        while messages.count < wanted {
            let message = try await consumer.poll(within: .seconds(10)) { message in
                Message(
                    key: String(decoding: message.key.map { [UInt8]($0) } ?? [], as: UTF8.self),
                    value: message.value.map { [UInt8]($0) } ?? [],
                    headers: Dictionary(
                        try message.headers().map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) },
                        uniquingKeysWith: { $1 }))
            }
            messages.append(try #require(message))
        }
        await consumer.close()
        return messages
    }

    func events() async throws -> [Message] { try await Self.read(Self.topic, brokers, partitions: 3) }
    func letters() async throws -> [Message] { try await Self.read(Self.deadLetters, brokers, partitions: 1) }

    /// How many messages were ever put there.
    func count(_ topic: String, partitions: Int32) async throws -> Int {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": brokers]), logger: Self.quiet)
        var sum: Int64 = 0
        for partition in 0..<partitions {
            sum += try await consumer.watermarks(topic: topic, partition: partition, within: .seconds(10)).high
        }
        await consumer.close()
        return Int(sum)
    }

    /// The sum of a metric's samples.
    func metric(_ name: String) async throws -> Double {
        try await ask("/metrics").body.split(separator: "\n").filter { $0.hasPrefix("emporium_collector_\(name)") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
