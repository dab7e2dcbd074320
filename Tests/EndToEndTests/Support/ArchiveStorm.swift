import Foundation
import Glibc
import Testing

/// Relays that die while they bring objects into a store that fails now and then, and loads that go on meanwhile.
final class ArchiveStorm {
    enum Fault: String, CaseIterable {
        /// kill -9 of every relay, each of which has put an object and stands before its booking
        case between
        /// kill -9 of every relay, or of one of two, at any moment
        case all, one
        /// pg_terminate_backend of a relay's session
        case session
    }
    /// What befalls a store that can be told to fail, while relays die.
    private static let troubles: [(mode: String, methods: [String]?)] = [
        ("down", nil), ("500", nil), ("503", nil), ("403", nil), ("full", ["PUT"]), ("slow", nil), ("cut", nil), ("lose_answer", ["PUT"]),
    ]

    static func plan(_ count: Int, _ generator: inout SeededGenerator) -> [Fault] {
        let round: [Fault] = [.between, .all, .between, .one, .between, .all, .session, .between]
        return (0..<count).map { round[$0 % round.count] }.shuffled(using: &generator)
    }

    let archiving: Archiving
    private var generator: SeededGenerator
    private var relays: [Child?] = [nil, nil]
    private var loader: Child?
    private(set) var struck: [Fault: Int] = [:]
    /// Relays that were killed.
    private(set) var kills = 0
    /// Objects that were in the store and not booked when the relays were dead.
    private(set) var between = 0
    private(set) var troubles: [String: Int] = [:]
    /// Digests of objects, as they were first seen.
    private(set) var seen: [String: String] = [:]
    private(set) var changed: [String] = []
    /// How they ended that nobody had killed.
    private(set) var complaints: [String] = []
    /// Messages that were sent.
    private(set) var sent = 0

    init(_ archiving: Archiving, seed: UInt64) {
        self.archiving = archiving
        generator = SeededGenerator(seed: seed ^ 0xa2c4)
    }

    deinit { for child in everybody { child.signal(SIGKILL) } }

    private var everybody: [Child] { (relays + [loader]).compactMap { $0 } }

    // MARK: Who takes part

    /// Replaces who is gone.
    func tend() async throws {
        for child in everybody where !child.isRunning {
            let outcome = try await child.outcome()
            if outcome.signal != SIGKILL {
                complaints.append("ended by itself: \(outcome.exitCode.map { "exit code \($0)" } ?? "a signal"): \(outcome.err.suffix(1500))")
            }
        }
        for place in relays.indices where relays[place]?.isRunning != true { relays[place] = try archiving.start(["relay"]) }
        if loader?.isRunning != true {
            loader = try archiving.start(["load", "kafka", "--topic", "events.raw", "--batch-rows", "100", "--linger", "20", "--workers", "1"])
        }
    }

    /// A package more for the loader.
    func send() async throws {
        let count = Int.random(in: 40...220, using: &generator)
        try await archiving.send(count, package: sent + 1)
        sent += count
    }

    // MARK: Faults

    func strike(_ fault: Fault) async throws {
        let trouble = archiving.objects.kind == .s3 ? try await trouble() : nil
        switch fault {
        case .between:
            if trouble != "slow", trouble != "lose_answer", trouble != nil { try await healed() }
            let hold = try await Hold(archiving.bench)
            try await eventually("a relay that has put an object") { try await archiving.held() > 0 }
            try await killRelays()
            try await archiving.endHeld()
            let unmarked = try await archiving.unmarked()
            between += unmarked.count
            #expect(!unmarked.isEmpty, "a relay that stands before its booking has put an object")
            await hold.release()
        case .all:
            try await pause()
            try await killRelays()
            between += try await archiving.unmarked().count
        case .one:
            try await pause()
            try await kill(relays.randomElement(using: &generator) ?? nil)
        case .session:
            try await pause()
            _ = try await archiving.bench.sql(
                """
                select pg_terminate_backend(pid, 5000) from pg_stat_activity
                where datname = current_database() and application_name like 'emporium%' and query ~ 'outbox|archive|deliver_object'
                order by random() limit 1
                """)
        }
        if trouble != nil { try await healed() }
        struck[fault, default: 0] += 1
        try look()
    }

    private func trouble() async throws -> String? {
        guard Bool.random(using: &generator), let trouble = Self.troubles.randomElement(using: &generator) else { return nil }
        try await archiving.objects.fail(trouble.mode, methods: trouble.methods, seconds: 0.3)
        troubles[trouble.mode, default: 0] += 1
        return trouble.mode
    }

    /// Nobody waits for the end of a back-off: there are more faults to come.
    private func healed() async throws {
        try await archiving.objects.heal()
        try await archiving.hurry()
    }

    private func pause() async throws {
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...900, using: &generator)))
    }

    private func killRelays() async throws { for relay in relays { try await kill(relay) } }

    /// Gone when it returns, so that it is missed.
    private func kill(_ child: Child?) async throws {
        guard let child, child.isRunning else { return }
        child.signal(SIGKILL)
        kills += 1
        try await eventually("the end of who was killed") { !child.isRunning }
    }

    /// What lies in the store is what was seen before.
    func look() throws {
        for (key, digest) in try archiving.objects.digests() where seen.updateValue(digest, forKey: key) ?? digest != digest {
            changed.append(key)
        }
    }

    // MARK: The end

    /// Lands and promotes what is left, and has it delivered.
    func settle() async throws {
        if archiving.objects.kind == .s3 { try await archiving.objects.heal() }
        for child in everybody { child.signal(SIGTERM) }
        try await eventually("their ends", within: .seconds(60)) { everybody.allSatisfy { !$0.isRunning } }
        for child in everybody {
            let outcome = try await child.outcome()
            // One that has just been started does not listen to SIGTERM yet.
            if outcome.exitCode != 0, outcome.signal != SIGTERM { complaints.append("at the end: \(outcome.err.suffix(1500))") }
        }
        (relays, loader) = ([nil, nil], nil)
        try await archiving.loading.once()
        try await archiving.hurry()
        try await archiving.deliver()
        try look()
    }
}
