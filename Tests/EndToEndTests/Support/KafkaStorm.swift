import Foundation
import Glibc
import Postgres
import Testing

/// Loaders of one topic, and what befalls them.
final class Storm {
    enum Fault: String, CaseIterable, Sendable {
        /// kill -9 of a loader
        case kill
        /// pg_terminate_backend of the session that lands, that keeps the lease, that promotes
        case landing, books, promoter
        /// SIGSTOP until others have the partitions, then SIGCONT
        case zombie
        /// SIGTERM; one more loader
        case leave, join
        /// the connection goes at the message that ends in COMMIT
        case cut
        /// as before, and the server gets to the COMMIT only after the loader is back
        case cutLate
        /// brokers refuse connections, take their time, answer with errors that pass
        case down, slow, errors
        /// what `pg_ctl stop -m immediate` does, then `emporium up`
        case server
    }

    /// How often each of them comes, of 32.
    private static let shares: [(Fault, Int)] = [
        (.kill, 6), (.landing, 4), (.books, 3), (.promoter, 4), (.zombie, 2), (.leave, 2), (.join, 2), (.cut, 3), (.cutLate, 1),
        (.down, 1), (.slow, 1), (.errors, 2), (.server, 1),
    ]

    static func plan(_ count: Int, _ generator: inout SeededGenerator) -> [Fault] {
        let round = shares.flatMap { Array(repeating: $0.0, count: $0.1) }.shuffled(using: &generator)
        return (0..<count).map { round[$0 % round.count] }.shuffled(using: &generator)
    }

    let bench: Bench
    let topic: StormTopic
    let wire: StormWire
    let fleet: StormFleet
    let pause: StormPause
    private var generator: SeededGenerator
    private(set) var struck: [Fault: Int] = [:]
    /// Faults that met a loader with a transaction open, which the fault kept from going on or whose COMMIT it met.
    private(set) var inside = 0
    private(set) var missed: [String] = []

    private init(_ bench: Bench, partitions: Int32, batchRows: Int, seed: UInt64) async throws {
        self.bench = bench
        topic = try StormTopic(partitions: partitions, seed: seed)
        wire = try StormWire(url: bench.stack.url, in: "\(bench.folder)/wire")
        fleet = try StormFleet(bench, wire, topic, batchRows: batchRows)
        pause = StormPause(bench)
        generator = SeededGenerator(seed: seed ^ 0x5707)
    }

    /// - Parameter sabotage: SQL that spoils the database of this storm.
    static func with(
        _ stack: TestStack?, partitions: Int32, batchRows: Int, seed: UInt64, lease: String = "5 s", sabotage: String = "",
        _ body: (Storm) async throws -> Void
    ) async throws {
        try await Bench.with(stack) { bench in
            try await bench.stack.admin(bench.database) { admin in
                try await admin.execute(StormPause.fixture)
                // Renewed every 2 s; dead sooner than by default, as many shall die.
                try await admin.execute("update ops.setting set value = '\(lease)' where name = 'kafka.lease'")
                if !sabotage.isEmpty { try await admin.execute(sabotage) }
            }
            let storm = try await Storm(bench, partitions: partitions, batchRows: batchRows, seed: seed)
            var failure: (any Error)?
            do { try await body(storm) } catch { failure = error }
            storm.fleet.end()
            await storm.pause.close()
            storm.wire.close()
            try? storm.topic.mend()
            try? await storm.topic.close()
            if let failure { throw failure }
        }
    }

    var faults: Int { struck.values.reduce(0, +) }

    func landed() async throws -> Int {
        try await bench.count("select coalesce(sum(next_offset), 0)::bigint from ops.kafka_position")
    }

    /// Waits until loaders are near the end of the topic, for a moment at most.
    func follow(behind: Int, within limit: Duration) async throws {
        try await wait(within: limit) {
            try await fleet.tend()
            return try await landed() >= topic.sent - behind
        }
    }

    /// - Returns: whether it came to hold.
    @discardableResult
    func wait(within limit: Duration, _ holds: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if try await holds() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    // MARK: Faults

    /// Strikes once, somebody who is there.
    func strike(_ fault: Fault) async throws {
        let aimed = Int.random(in: 0..<6, using: &generator) > 0
        let places = (fault == .promoter ? StormPause.Place.promoting : StormPause.Place.landing).shuffled(using: &generator)
        let hit: Bool
        switch fault {
        case .kill: hit = try await aim(aimed, Bool.random(using: &generator) ? places : StormPause.Place.promoting) { _, member in fleet.kill(member) }
        case .zombie: hit = try await aim(true, places) { _, member in fleet.freeze(member) }
        case .leave:
            if fleet.members(.running).count < 3 { try fleet.join() }
            hit = try await aim(aimed, places) { _, member in fleet.leave(member) }
        case .landing, .promoter: hit = try await end(fault, aimed, places)
        case .books: hit = try await end(fault, false, [])
        case .server:
            hit = try await aim(aimed, StormPause.Place.allCases.shuffled(using: &generator)) { _, _ in
                try await bench.stack.stopImmediately()
            }
            await pause.close()
            try await bench.stack.up()
        case .join:
            if fleet.members(.running).count > 2, let one = victim() { fleet.leave(one) }
            try fleet.join()
            hit = true
        case .cut: hit = try await cut(StormWire.Cut.allCases.randomElement(using: &generator)!)
        case .cutLate: hit = try await cutLate()
        case .down:
            try topic.down(broker: [-1, 1, 2].randomElement(using: &generator)!)
            // Until a loader says so (some have said so before).
            let before = fleet.members(.running).map(\.child)
            let lengths = before.map(\.err.utf8.count)
            try await wait(within: .seconds(1)) { zip(before, lengths).contains { $0.err.utf8.count > $1 } }
            try topic.mend()
            hit = true
        case .slow:
            try topic.slow()
            let before = try await landed()
            try await wait(within: .seconds(1)) { try await landed() > before }
            try topic.mend()
            hit = true
        case .errors:
            // Not the leader, no leader, out of reach, timed out; Fetch and ListOffsets.
            let codes: [Int32] = [6, 5, 7, 6].shuffled(using: &generator)
            topic.fail(request: [1, 1, 2].randomElement(using: &generator)!, with: codes)
            hit = true
        }
        if hit { struck[fault, default: 0] += 1 } else { missed.append(fault.rawValue) }
    }

    private func victim() -> StormFleet.Member? { fleet.members(.running).randomElement(using: &generator) }

    /// Strikes a loader whose session is held inside a transaction, or any of them at any moment.
    private func aim(
        _ aimed: Bool, _ places: [StormPause.Place], _ body: (pid_t, StormFleet.Member) async throws -> Void
    ) async throws -> Bool {
        if aimed {
            let hit: Void? = try await pause.hold(at: places, for: { self.fleet.running(self.wire.client(of: $0)) != nil }) { backend in
                guard let member = fleet.running(wire.client(of: backend)) else { return }
                try await body(backend, member)
            }
            if hit != nil {
                inside += 1
                return true
            }
        }
        guard let member = victim() else { return false }
        try await body(0, member)
        return true
    }

    /// Ends a session of a kind.
    private func end(_ fault: Fault, _ aimed: Bool, _ places: [StormPause.Place]) async throws -> Bool {
        if aimed {
            let hit: Bool? = try await pause.hold(at: places, for: { self.fleet.running(self.wire.client(of: $0)) != nil }) { backend in
                try await pause.session().query("select pg_terminate_backend(\(backend), 5000) as done").first?.bool("done") ?? false
            }
            if hit == true {
                inside += 1
                return true
            }
        }
        let which =
            switch fault {
            case .landing: "pid in (select backend_pid from ops.kafka_member)"
            case .promoter: "query ~ 'promote_next'"
            default: "query ~ 'share_partitions|open_batches|note_high|begin_partition'"
            }
        return try await wait(within: .seconds(5)) {
            try await pause.session().query(
                """
                select pg_terminate_backend(pid) as done from pg_stat_activity
                where datname = current_database() and application_name = 'emporium' and \(which)
                order by random() limit 1
                """
            ).first?.bool("done") == true
        }
    }

    private func cut(_ cut: StormWire.Cut) async throws -> Bool {
        wire.arm(cut)
        let hit = try await wait(within: .seconds(5)) { wire.victim != nil }
        wire.disarm()
        if hit, cut != .answered { inside += 1 }
        return hit
    }

    /// The loader is told nothing, comes back, and finds its batch not landed, while the server is on its way to COMMIT.
    private func cutLate() async throws -> Bool {
        defer { wire.disarm() }
        let hit: Void? = try await pause.hold(at: [.fence], ready: { self.wire.arm(.sent) }, for: { self.wire.victim == $0 }) {
            try await pause.pin($0)
        }
        guard hit != nil, let backend = wire.victim else { return false }
        inside += 1
        // Until another session waits for it, or a lease was renewed and has ended it.
        try await wait(within: .seconds(3)) { try await pause.blocked(by: backend) > 0 }
        try await pause.unpin(backend)
        return true
    }
}
