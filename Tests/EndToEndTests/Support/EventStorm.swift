import Foundation
import Glibc
import Kafka
import Postgres
import Testing

/// The whole way of events, and what befalls it: somebody posts, a collector takes in, loaders land and promote, a relay
/// sends rejects off, and each of them dies again and again. What was answered with 200 is in `receipts`.
final class EventStorm {
    enum Fault: String, CaseIterable {
        /// kill -9; a new one comes at the same port
        case collector
        /// kill -9 of a loader of either topic, of the relay
        case loader, relay
        /// pg_terminate_backend of any session of ours
        case session
        /// what `pg_ctl stop -m immediate` does, then `emporium up`
        case server
        /// brokers refuse connections for a moment
        case broker
    }

    private static let shares: [(Fault, Int)] = [(.collector, 6), (.loader, 5), (.relay, 1), (.session, 4), (.server, 2), (.broker, 2)]

    static func plan(_ count: Int, _ generator: inout SeededGenerator) -> [Fault] {
        let round = shares.flatMap { Array(repeating: $0.0, count: $0.1) }.shuffled(using: &generator)
        return (0..<count).map { round[$0 % round.count] }.shuffled(using: &generator)
    }

    let bench: Bench
    private let cluster: MockCluster
    private let port: Int
    private var collector: Child?
    /// Two for what comes in, one for what was refused.
    private static let topics = ["events.raw", "events.raw", "events.dead.letter"]
    private var loaders: [Child?] = [nil, nil, nil]
    private var relay: Child?
    private var generator: SeededGenerator
    private(set) var struck: [Fault: Int] = [:]
    /// How they ended that nobody had killed.
    private(set) var complaints: [String] = []

    private init(_ bench: Bench, seed: UInt64) throws {
        self.bench = bench
        cluster = try MockCluster(brokers: 2, logger: StormTopic.quiet)
        try cluster.createTopic("events.raw", partitions: 16)
        try cluster.createTopic("events.dead.letter", partitions: 8)
        port = try freePort()
        generator = SeededGenerator(seed: seed ^ 0xe7e7)
    }

    static func with(_ stack: TestStack, seed: UInt64, _ body: (EventStorm) async throws -> Void) async throws {
        try await Bench.with(stack) { bench in
            try await bench.stack.admin(bench.database) { admin in
                try await admin.execute("update ops.setting set value = '5 s' where name = 'kafka.lease'")
            }
            let storm = try EventStorm(bench, seed: seed)
            let registered = try await Emporium.run(
                ["schemas", "apply", "--folder", "\(TestStack.root)/topics"], storm.environment, in: bench.folder)
            try #require(registered.exitCode == 0, "\(registered.out)\(registered.err)")
            let key = try await Emporium.run(["collect", "keys", "add", "--sender", "storm"], storm.environment, in: bench.folder)
            try #require(key.exitCode == 0, "\(key.err)")
            storm.key = key.out.trimmingCharacters(in: .whitespacesAndNewlines)
            var failure: (any Error)?
            do { try await body(storm) } catch { failure = error }
            storm.end()
            try? storm.cluster.setUp()
            if let failure { throw failure }
        }
    }

    private var key = ""
    var receipts: String { "\(bench.folder)/receipts" }
    var environment: [String: String] {
        bench.environment.merging([
            "KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers, "KAFKA_RECONNECT_BACKOFF_MAX_MS": "500",
            "EMPORIUM_COLLECTOR": Collector.path,
        ]) { $1 }
    }

    // MARK: Who takes part

    /// Posts until it has posted all of them; waits out whatever happens to the collector.
    func post(_ events: Int, seed: UInt64, rate: Int) throws -> Child {
        try Child(
            Emporium.path,
            [
                "generate", "events", "--synthetic", "\(events)", "--bad", "4%", "--duplicates", "2%", "--seed", "\(seed)",
                "--url", "http://127.0.0.1:\(port)", "--receipts", receipts, "--rate", "\(rate)", "--json",
            ], environment.merging(["EMPORIUM_API_KEY": key]) { $1 }, in: bench.folder)
    }

    private func load(_ topic: String, _ more: [String] = []) -> [String] {
        ["load", "kafka", "--topic", topic, "--batch-rows", "300", "--linger", "20", "--prefetch", "4", "--workers", "2"] + more
    }

    /// Replaces who is gone.
    func tend() async throws {
        for child in everybody where !child.isRunning {
            let outcome = try await child.outcome()
            if outcome.signal != SIGKILL {
                complaints.append("ended by itself: \(outcome.exitCode.map { "exit code \($0)" } ?? "a signal"): \(outcome.err.suffix(1500))")
            }
        }
        if collector?.isRunning != true {
            collector = try Child(Emporium.path, ["collect", "--port", "\(port)"], environment, in: bench.folder)
        }
        if relay?.isRunning != true { relay = try Child(Emporium.path, ["relay"], environment, in: bench.folder) }
        for (place, topic) in Self.topics.enumerated() where loaders[place]?.isRunning != true {
            loaders[place] = try Child(Emporium.path, load(topic), environment, in: bench.folder)
        }
    }

    private var everybody: [Child] { (loaders + [collector, relay]).compactMap { $0 } }

    /// Until somebody has ended, whoever else dies meanwhile.
    func tend(until child: Child, within limit: Duration) async throws {
        try await eventually("its end", within: limit) {
            try await tend()
            return !child.isRunning
        }
    }

    // MARK: Faults

    func strike(_ fault: Fault) async throws {
        switch fault {
        case .collector: try await kill(collector)
        case .loader: try await kill(loaders.randomElement(using: &generator) ?? nil)
        case .relay: try await kill(relay)
        case .session:
            _ = try? await bench.sql(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name like 'emporium%' order by random() limit 1
                """)
        case .server:
            try await bench.stack.stopImmediately()
            try await bench.stack.up()
        case .broker:
            try cluster.setDown()
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...1500, using: &generator)))
            try cluster.setUp()
        }
        struck[fault, default: 0] += 1
    }

    /// Gone when it returns, so that it is missed.
    private func kill(_ child: Child?) async throws {
        child?.signal(SIGKILL)
        try await eventually("the end of who was killed") { child?.isRunning != true }
    }

    // MARK: The end

    /// Lands and promotes what is left, sends rejects off, and takes in what comes back.
    func settle() async throws {
        try cluster.setUp()
        for child in everybody { child.signal(SIGTERM) }
        try await eventually("their ends", within: .seconds(90)) { everybody.allSatisfy { !$0.isRunning } }
        loaders = [nil, nil, nil]
        (relay, collector) = (nil, nil)
        for arguments in [load("events.raw", ["--once"]), ["relay", "--once"], load("events.dead.letter", ["--once"])] {
            let outcome = try await Emporium.run(arguments, environment, in: bench.folder)
            #expect(outcome.exitCode == 0, "\(arguments): \(outcome.out)\(outcome.err)")
        }
    }

    private func end() {
        for child in everybody { child.signal(SIGKILL) }
    }
}

/// The built collector: EMPORIUM_COLLECTOR, else where `make collector` puts it.
enum Collector {
    static let path = ProcessInfo.processInfo.environment["EMPORIUM_COLLECTOR"]
        ?? "\(TestStack.root)/.build-collector/debug/emporium-collector"
}

/// A TCP port of the loopback that nobody has now.
func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0 }
    }
    try #require(bound)
    return Int(UInt16(bigEndian: address.sin_port))
}
