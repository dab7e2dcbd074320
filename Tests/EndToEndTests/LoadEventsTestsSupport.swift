import Avro
import Foundation
import Glibc
import Kafka
import Logging
import Synchronization
import Testing

/// Brokers in this process with the topics of events, loaders of them, and a database of their own.
struct EventLoading: Sendable {
    static let schema: String = {
        (try? String(contentsOfFile: TestStack.root + "/topics/events.raw.avsc", encoding: .utf8)) ?? ""
    }()

    let bench: Bench
    let brokers: String
    private let producer: Producer

    static func with(
        _ stack: TestStack? = nil, partitions: Int32 = 3, _ body: (EventLoading, borrowing MockCluster) async throws -> Void
    ) async throws {
        let cluster = try MockCluster(logger: Loading.quiet)
        try cluster.createTopic("events.raw", partitions: partitions)
        try cluster.createTopic("events.dead.letter", partitions: 1)
        let producer = try Producer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Loading.quiet)
        try await Bench.with(stack) {
            try await body(EventLoading(bench: $0, brokers: cluster.bootstrapServers, producer: producer), cluster)
        }
        try await producer.close()
    }

    // MARK: The command

    func start(_ arguments: [String], _ more: [String: String] = [:]) throws -> Child {
        let own = ["KAFKA_BOOTSTRAP_SERVERS": brokers, "KAFKA_RECONNECT_BACKOFF_MAX_MS": "200"]
        return try Child(Emporium.path, arguments, bench.environment.merging(own) { $1 }.merging(more) { $1 }, in: bench.folder)
    }

    @discardableResult
    func once(_ topic: String = "events.raw", at location: SourceLocation = #_sourceLocation) async throws -> Loading.Told {
        let outcome = try await start(["load", "kafka", "--topic", topic, "--once", "--json"]).outcome()
        #expect(outcome.exitCode == 0, "\(outcome.out)\(outcome.err)", sourceLocation: location)
        return try Loading.Told(outcome)
    }

    /// The schema of topics/, in the database's registry.
    /// - Returns: its id.
    func register(_ schema: String = EventLoading.schema, subject: String = "events.raw-value") async throws -> UInt32 {
        let rows = try await bench.sql("select schema_id from registry.register($1, $2)", [.text(subject), .text(schema)])
        return try #require(UInt32(rows.first?.first?.flatMap { $0 } ?? ""))
    }

    // MARK: Messages

    /// A package's ids: those of ordinal `n` say when it came and which event of it they mean.
    static func correlationID(package: Int, ordinal: Int) -> String {
        func hex(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: digits - text.count) + text
        }
        let digits = hex(started, 12) + "7abc" + "8" + hex(package, 10) + hex(ordinal, 5)
        let parts = [digits.prefix(8), digits.dropFirst(8).prefix(4), digits.dropFirst(12).prefix(4), digits.dropFirst(16).prefix(4), digits.dropFirst(20)]
        return parts.joined(separator: "-")
    }

    static let started = Int(Date().timeIntervalSince1970 * 1000)

    struct Event {
        var id = "a"
        var amount = 12.5
        var timestamp = Date().ISO8601Format()
        var messageID = UUID().uuidString.lowercased()
        var type = "invoice.created"
        var account = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
        var platform: String?
        /// Of the amplitudeTrackStamp: its decimal, big-endian.
        var track: [UInt8]?
        var device: String?

        func avro(schemaID: UInt32) throws -> [UInt8] {
            func optional(_ text: String?) -> Value { text.map { .union(1, .string($0)) } ?? .union(0, .null) }
            var encoder = Encoder()
            try encoder.encode(
                .record([
                    .record([.string(id), .double(amount)]),
                    .record([
                        .string(timestamp), .string(messageID), .string(type), .string("all"),
                        .record([.string(account), .string("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), optional(platform)]),
                        track.map { .union(1, .record([.bytes($0), optional(device)])) } ?? .union(0, .null),
                    ]),
                ]), as: Schema(EventLoading.schema))
            return EventLoading.frame(schemaID, encoder.bytes)
        }
    }

    static func frame(_ id: UInt32, _ body: [UInt8]) -> [UInt8] { [0] + withUnsafeBytes(of: id.bigEndian) { Array($0) } + body }

    /// As the door does: one package, all in one call.
    func send(
        _ values: [[UInt8]?], package: Int, topic: String = "events.raw", headers: [Header] = []
    ) async throws {
        for (index, value) in values.enumerated() {
            try await producer.send(
                topic: topic, key: Array(Self.correlationID(package: package, ordinal: index + 1).utf8), value: value,
                headers: [Header("packageSize", Array("\(values.count)".utf8))] + headers)
        }
        try await producer.flush(within: .seconds(60))
    }

    // MARK: What the database has

    func stored() async throws -> Int { try await bench.count("select count(*) from public.events") }

    func expectBalance(at location: SourceLocation = #_sourceLocation) async throws {
        for feed in ["events.raw", "events.dead_letter"] {
            #expect(try await bench.sql("select * from ops.reconcile('\(feed)')") == [], "\(feed)", sourceLocation: location)
        }
        let sums = try await bench.sql("select coalesce(sum(abs(difference)), 0), coalesce(sum(pending), 0) from ops.accounting")
        #expect(sums == [["0", "0"]], "ops.accounting", sourceLocation: location)
    }
}

/// A schema registry of Confluent's kind that knows one schema, on a port that may be closed at first.
final class OneSchemaRegistry: Sendable {
    let port: UInt16
    private let answer: String
    private let listener = Mutex<Int32?>(nil)

    var url: String { "http://127.0.0.1:\(port)" }

    init(id: UInt32, schema: String) throws {
        let text = String(decoding: try JSONSerialization.data(withJSONObject: ["schema": schema]), as: UTF8.self)
        answer = "\(id) \(text)"
        let probe = try Self.listening(on: 0)
        port = try Self.port(of: probe)
        close(probe)
    }

    deinit { stop() }

    func start() throws {
        let socket = try Self.listening(on: port)
        listener.withLock { $0 = socket }
        let answer = answer
        Thread.detachNewThread {
            while true {
                let client = accept(socket, nil, nil)
                guard client >= 0 else { return }
                Self.serve(client, answer)
                close(client)
            }
        }
    }

    func stop() {
        let socket = listener.withLock { $0.take() }
        guard let socket else { return }
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    /// One request a connection.
    private static func serve(_ client: Int32, _ answer: String) {
        var request: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(client, &part, part.count, 0)
            guard count > 0 else { return }
            request += part.prefix(count)
        }
        let parts = answer.split(separator: " ", maxSplits: 1)
        let path = String(decoding: request, as: UTF8.self).split(separator: " ").dropFirst().first ?? ""
        let isKnown = path.split(separator: "?").first?.hasSuffix("/schemas/ids/\(parts[0])") ?? false
        let body = isKnown ? String(parts[1]) : #"{"error_code":40403,"message":"Schema not found"}"#
        let head = "HTTP/1.1 \(isKnown ? "200 OK" : "404 Not Found")\r\nContent-Type: application/vnd.schemaregistry.v1+json\r\n"
        let all = Array("\(head)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)".utf8)
        _ = Glibc.send(client, all, all.count, Int32(MSG_NOSIGNAL))
    }

    private static func listening(on port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(bound == 0 && listen(socket, 16) == 0, "port \(port): \(errno)")
        return socket
    }

    private static func port(of socket: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        try #require(code == 0)
        return UInt16(bigEndian: address.sin_port)
    }
}
