import Foundation
import Kafka
import Logging
import Postgres
import Testing

/// Rejects for a relay to deliver, and what a reader finds in the topic.
struct DeadLetters: Sendable {
    static let topic = "customers.dead.letter"
    let bench: Bench

    struct Letter: Sendable, Equatable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header]
        func header(_ name: String) -> String? {
            headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        var origin: String { header("origin") ?? "none" }
    }

    /// A bench whose outbox lets itself be held: a relay that books a delivery waits for advisory lock 42.
    /// - Parameter archived: whether rejects are saved in the archive, too.
    static func with(
        _ stack: TestStack? = nil, partitions: Int32 = 1, archived: Bool = false, _ body: (DeadLetters, borrowing MockCluster) async throws -> Void
    ) async throws {
        let cluster = try MockCluster(logger: quiet)
        try cluster.createTopic(topic, partitions: partitions)
        try await Bench.with(stack) { bench in
            let setting = "update ops.setting set value = '\(archived ? "on" : "off")' where name = 'archive.enabled';"
            _ = try await bench.stack.admin(bench.database) { try await $0.execute(setting + fixture) }
            try await body(DeadLetters(bench: bench), cluster)
        }
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static let fixture = """
        insert into ops.kafka_cluster (cluster_id) values ('c1');
        insert into ops.kafka_position (feed, cluster_id, partition, first_offset, next_offset, high_offset)
        values ('shop.customer', 'c1', 2, 0, 1000000, 1000000);
        select ops.ensure_partition('staging.reject', current_date);
        create schema test;
        create sequence test.place;
        -- A batch as a promote leaves it; gives its number.
        create function test.post(p_count bigint, p_bytes integer) returns bigint language plpgsql as $$
        declare
            v_batch bigint := nextval('ops.batch_id_seq');
            v_run bigint := ops.start_run('test', 'shop.customer', '{}');
            v_base bigint := nextval('test.place') * 100000;
        begin
            insert into ops.batch (batch_id, feed, slot, received_on, run_id, received)
            values (v_batch, 'shop.customer', 0, current_date, v_run, p_count);
            insert into ops.kafka_batch values (v_batch, 'shop.customer', 'c1', 2, v_base, v_base + 100000);
            insert into staging.reject
                (received_on, batch_id, position, run_id, disposition, severity, codes, reasons, payload, message_key)
            select current_date, v_batch, v_base + i, v_run, 'rejected', 'error', '{bad_thing}', '{"A bad thing."}',
                convert_to(rpad('hunter2 ' || i, p_bytes, 'x'), 'UTF8'), convert_to('swordfish ' || i, 'UTF8')
            from generate_series(1, p_count) i;
            perform ops.settle_batch((v_batch, p_count, 0, p_count, 0)::ops.promotion, v_run);
            return v_batch;
        end
        $$;
        create function test.hold() returns trigger language plpgsql as $$
        begin
            perform pg_advisory_xact_lock(42);
            return new;
        end
        $$;
        create trigger t100_hold before update on ops.outbox for each row when (new.state = 'delivered')
            execute function test.hold();
        """

    @discardableResult
    func post(_ count: Int, bytes: Int = 40) async throws -> Int64 {
        try #require(try await bench.value("select test.post(\(count), \(bytes))").flatMap { Int64($0) })
    }

    func waiting() async throws -> Int { try await bench.count("select count(*) from ops.outbox where state = 'waiting'") }

    func environment(_ cluster: borrowing MockCluster, _ more: [String: String] = [:]) -> [String: String] {
        bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers]) { $1 }.merging(more) { $1 }
    }

    func start(_ cluster: borrowing MockCluster, _ arguments: [String] = [], _ more: [String: String] = [:]) throws -> Child {
        try Child(Emporium.path, ["relay"] + arguments, environment(cluster, more), in: bench.folder)
    }

    func run(
        _ cluster: borrowing MockCluster, _ arguments: [String] = [], _ more: [String: String] = [:]
    ) async throws -> Emporium.Outcome {
        try await start(cluster, arguments, more).outcome()
    }

    /// All that is in the topic now.
    func read(_ cluster: borrowing MockCluster, partitions: Int32 = 1) async throws -> [Letter] {
        let consumer = try Consumer(KafkaConfiguration(["bootstrap.servers": cluster.bootstrapServers]), logger: Self.quiet)
        var wanted: Int64 = 0
        for partition in 0..<partitions {
            let marks = try await consumer.watermarks(topic: Self.topic, partition: partition, within: .seconds(10))
            try #require(marks.low == 0, "the mock broker has dropped messages")
            wanted += marks.high
        }
        try await consumer.assign((0..<partitions).map { Position(topic: Self.topic, partition: $0, offset: 0) })
        var letters: [Letter] = []
        while letters.count < wanted {
            let letter = try await consumer.poll(within: .seconds(10)) { message in
                Letter(key: message.key.map { [UInt8]($0) }, value: message.value.map { [UInt8]($0) }, headers: try message.headers())
            }
            letters.append(try #require(letter))
        }
        await consumer.close()
        return letters
    }

    /// What should be there: of each reject its origin.
    func origins() async throws -> Set<String> {
        Set(
            try await bench.sql("select 'c1/customers:2:' || position from staging.reject where origin is null and disposition = 'rejected'")
                .compactMap { $0[0] })
    }
}

/// A session that holds advisory lock 42: while it does, no relay gets past its last step.
struct Hold: Sendable {
    private let connection: Connection
    init(_ bench: Bench) async throws {
        connection = try await Connection.connect(
            ConnectionConfiguration(
                conninfo: TestStack.url(bench.stack.adminURL, database: bench.database), applicationName: "hold"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await connection.execute("select pg_advisory_lock(42)")
    }

    func release() async { await connection.close() }
}
