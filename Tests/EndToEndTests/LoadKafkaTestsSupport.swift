import Foundation
import Kafka
import Logging
import Postgres
import Synchronization
import Testing

/// Brokers in this process, loaders of their topic `customers`, and a database of their own.
struct Loading: Sendable {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let bench: Bench
    var brokers: String
    private let started = Started()

    init(bench: Bench, brokers: String) {
        self.bench = bench
        self.brokers = brokers
    }

    /// The loaders of a test, to be ended with it however it ends.
    private final class Started: Sendable {
        private let all = Mutex<[Child]>([])
        func add(_ child: Child) { all.withLock { $0.append(child) } }
        deinit { for child in all.withLock({ $0 }) { child.signal(SIGKILL) } }
    }

    struct Sent: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header] = []
        var partition: Int32 = 0
    }

    static func with(
        _ stack: TestStack? = nil, partitions: Int32 = 3, _ body: (Loading, borrowing MockCluster) async throws -> Void
    ) async throws {
        let cluster = try cluster(partitions: partitions)
        try await Bench.with(stack) { try await body(Loading(bench: $0, brokers: cluster.bootstrapServers), cluster) }
    }

    static func cluster(partitions: Int32 = 3) throws -> MockCluster {
        let cluster = try MockCluster(logger: quiet)
        try cluster.createTopic("customers", partitions: partitions)
        return cluster
    }

    // MARK: The command

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        // A broker that comes back is found at once.
        let own = ["KAFKA_BOOTSTRAP_SERVERS": brokers, "KAFKA_RECONNECT_BACKOFF_MAX_MS": "200"]
        return bench.environment.merging(own) { $1 }.merging(more) { $1 }
    }

    func start(_ arguments: [String] = [], _ more: [String: String] = [:]) throws -> Child {
        let child = try Child(Emporium.path, ["load", "kafka"] + arguments, environment(more), in: bench.folder)
        started.add(child)
        return child
    }

    func run(_ arguments: [String] = [], _ more: [String: String] = [:]) async throws -> Emporium.Outcome {
        try await start(arguments, more).outcome()
    }

    /// `--once --json`, to a good end; the numbers it tells.
    @discardableResult
    func once(_ arguments: [String] = [], at location: SourceLocation = #_sourceLocation) async throws -> Told {
        let outcome = try await run(["--once", "--json"] + arguments)
        #expect(outcome.exitCode == 0, "\(outcome.out)\(outcome.err)", sourceLocation: location)
        return try Told(outcome)
    }

    struct Told: Equatable {
        var read: Int, stored: Int, rejected: Int, duplicate: Int
        init(read: Int, stored: Int, rejected: Int = 0, duplicate: Int = 0) {
            (self.read, self.stored, self.rejected, self.duplicate) = (read, stored, rejected, duplicate)
        }
        init(_ outcome: Emporium.Outcome) throws {
            let json = try outcome.json()
            func number(_ name: String) throws -> Int { try #require(json[name] as? Int, "\(name) of \(json)") }
            read = try number("read")
            stored = try number("stored")
            rejected = try number("rejected")
            duplicate = try number("duplicate")
            #expect(try number("pending") == 0 && json["balances"] as? Bool == true)
        }
    }

    /// Generates customers' messages onto the topic.
    func generate(_ count: Int, _ more: String...) async throws -> [String: Any] {
        let arguments = ["generate", "customers", "--json", "--rate", "max", "--count", "\(count)", "--start", "2024-01-01T00:00:00Z"]
        let outcome = try await Emporium.run(arguments + more, environment(), in: bench.folder)
        try #require(outcome.exitCode == 0, "\(outcome.err)")
        return try outcome.json()
    }

    // MARK: Messages

    /// A message that every rule accepts.
    static func customer(_ id: Int, partition: Int32 = 0, _ change: [String: String] = [:], headers: [Header] = []) -> Sent {
        var parts = [
            "customer_id": "\(id)", "first_name": "\"Ada\"", "last_name": "\"Byron\"", "age": "36",
            "email": "\"ada\(id)@example.com\"", "country": "\"GB\"", "city": "\"London\"", "postal_code": "\"SW1\"",
            "phone_number": "\"+442071838750\"", "registration_date": "\"2024-01-01T00:00:00Z\"",
            "last_login_date": "null", "event_time": "\"2024-01-02T00:00:00Z\"",
        ]
        parts.merge(change) { $1 }
        let text = "{" + parts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        return Sent(key: Array("\(id)".utf8), value: Array(text.utf8), headers: headers, partition: partition)
    }

    /// One message for each number, spread over partitions.
    static func customers(_ ids: some Sequence<Int>, partitions: Int = 3) -> [Sent] {
        ids.map { customer($0, partition: Int32($0 % partitions)) }
    }

    func send(_ messages: [Sent], _ properties: [String: String] = [:]) async throws {
        let producer = try Producer(
            KafkaConfiguration(["bootstrap.servers": brokers].merging(properties) { $1 }), logger: Self.quiet)
        for one in messages {
            try await producer.send(
                topic: "customers", key: one.key, value: one.value, headers: one.headers, partition: one.partition)
        }
        try await producer.close(within: .seconds(60))
    }

    /// First offset of a partition, and the one after its last.
    func marks(_ partition: Int32 = 0) async throws -> (low: Int64, high: Int64) {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": brokers]), logger: Self.quiet)
        defer { Task { await consumer.close() } }
        return try await consumer.watermarks(topic: "customers", partition: partition, within: .seconds(20))
    }

    // MARK: What the database has

    func stored() async throws -> Int { try await bench.count("select count(*) from shop.customer_event") }

    /// Rejects and duplicates by their codes.
    func codes() async throws -> [String: Int] {
        let rows = try await bench.sql("select array_to_string(codes, '+'), count(*) from staging.reject group by 1")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] ?? "", Int($0[1] ?? "") ?? 0) })
    }

    /// Next offset by partition, of the newest cluster.
    func positions() async throws -> [Int] {
        try await bench.sql(
            """
            select coalesce(next_offset, -1) from ops.kafka_position join ops.kafka_cluster using (cluster_id)
            where first_seen_at = (select max(first_seen_at) from ops.kafka_cluster) order by partition
            """
        ).compactMap { Int($0[0] ?? "") }
    }

    func admin(_ sql: String) async throws { _ = try await bench.sql(sql) }

    /// What is stored is exactly the customers `ids`, each once, and all books agree.
    func expectExactly(_ ids: Range<Int>, at location: SourceLocation = #_sourceLocation) async throws {
        let sums = try await bench.sql(
            "select count(*), count(distinct customer_id), min(customer_id), max(customer_id) from shop.customer_event")
        #expect(sums == [["\(ids.count)", "\(ids.count)", "\(ids.lowerBound)", "\(ids.upperBound - 1)"]], sourceLocation: location)
        #expect(try await bench.count("select count(*) from shop.customers") == ids.count, sourceLocation: location)
        #expect(try await codes() == [:], "nothing came twice", sourceLocation: location)
        try await expectBalance(at: location)
    }

    func expectBalance(at location: SourceLocation = #_sourceLocation) async throws {
        let apart = try await bench.sql("select * from ops.reconcile('shop.customer')")
        #expect(apart == [], "ops.reconcile", sourceLocation: location)
        let sums = try await bench.sql("select coalesce(sum(abs(difference)), 0), coalesce(sum(pending), 0) from ops.accounting")
        #expect(sums == [["0", "0"]], "ops.accounting", sourceLocation: location)
    }
}

extension Child {
    /// Lines of the log that hold `text`.
    func lines(_ text: String) -> Int { err.split(separator: "\n").count { $0.contains(text) } }

    /// SIGTERM, and a clean end.
    @discardableResult
    func stop(within limit: Duration = .seconds(30), at location: SourceLocation = #_sourceLocation) async throws -> Emporium.Outcome {
        signal(SIGTERM)
        let outcome = try await outcome(deadline: limit, at: location)
        #expect(outcome.exitCode == 0, "\(outcome.err)", sourceLocation: location)
        return outcome
    }
}

extension Loading {
    /// A session that holds an advisory lock until it is closed.
    func hold(_ number: Int) async throws -> Connection {
        let connection = try await Connection.connect(
            ConnectionConfiguration(
                conninfo: TestStack.url(bench.stack.adminURL, database: bench.database), applicationName: "hold"),
            logger: Self.quiet)
        try await connection.execute("select pg_advisory_lock(\(number))")
        return connection
    }
}
