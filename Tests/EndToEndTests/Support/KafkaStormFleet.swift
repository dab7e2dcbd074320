import Foundation
import Glibc
import Postgres
import Testing

/// The loaders of a storm: two or three that run, those that were stopped until others have their partitions, and those
/// that were asked to go.
final class StormFleet {
    final class Member {
        let child: Child
        var state = State.running
        init(_ child: Child) { self.child = child }
    }
    enum State { case running, frozen, leaving }

    private let bench: Bench
    private let wire: StormWire
    private let topic: StormTopic
    private let arguments: [String]
    private var members: [Member] = []
    /// How loaders ended that nobody had killed.
    private(set) var complaints: [String] = []
    private(set) var started = 0
    /// Ends loaders, stopped ones too, should the tests' own process go without a word.
    private let watchdog: Child

    init(_ bench: Bench, _ wire: StormWire, _ topic: StormTopic, batchRows: Int) throws {
        watchdog = try Child("/bin/sh", ["-c", Self.watch, "sh", "\(getpid())", bench.folder], in: "/tmp")
        self.bench = bench
        self.wire = wire
        self.topic = topic
        arguments = [
            "load", "kafka", "--topic", StormTopic.name, "--batch-rows", "\(batchRows)", "--linger", "20", "--prefetch", "4",
            "--workers", "2",
        ]
    }

    /// Loaders are known by their current folder.
    private static let watch = """
        while kill -0 "$1" 2>/dev/null && [ -d "$2" ]; do sleep 1; done
        for process in /proc/[0-9]*; do
            case "$(readlink "$process/cwd")" in "$2"*) kill -KILL "${process#/proc/}" ;; esac
        done
        """

    var environment: [String: String] {
        bench.environment.merging([
            "DATABASE_URL": wire.url(bench.environment["DATABASE_URL"]!), "KAFKA_BOOTSTRAP_SERVERS": topic.servers,
            "KAFKA_RECONNECT_BACKOFF_MAX_MS": "500",
        ]) { $1 }
    }

    func members(_ state: State) -> [Member] { members.filter { $0.state == state && $0.child.isRunning } }

    func running(_ pid: pid_t?) -> Member? { members(.running).first { $0.child.pid == pid } }

    func join() throws {
        members.append(Member(try Child(Emporium.path, arguments, environment, in: bench.folder)))
        started += 1
    }

    func kill(_ member: Member) {
        member.child.signal(SIGKILL)
        members.removeAll { $0 === member }
    }

    func freeze(_ member: Member) {
        member.state = .frozen
        member.child.signal(SIGSTOP)
    }

    func leave(_ member: Member) {
        member.state = .leaving
        member.child.signal(SIGTERM)
    }

    /// Replaces who is gone, and lets those go on whose partitions are others' by now.
    func tend(atLeast count: Int = 2) async throws {
        for member in members where !member.child.isRunning {
            let outcome = try await member.child.outcome()
            // One that has just been started does not listen to SIGTERM yet, and has nothing either.
            if member.state != .leaving || outcome.exitCode != 0 && outcome.signal != SIGTERM {
                complaints.append(
                    "a loader that was \(member.state) ended: \(outcome.exitCode.map { "exit code \($0)" } ?? "killed"): \(outcome.err.suffix(1500))")
            }
            members.removeAll { $0 === member }
        }
        while members(.running).count < count { try join() }
        for member in members(.frozen) where try await isReplaced(member) { thaw(member) }
    }

    func thaw(_ member: Member) {
        member.child.signal(SIGCONT)
        member.state = .running
    }

    func isReplaced(_ member: Member) async throws -> Bool {
        try await bench.value("select count(*) from ops.kafka_member where name like '% process \(member.child.pid)'") == "0"
    }

    /// Lets all go on, and then go.
    func settle() async throws {
        try await eventually("others have the partitions of the stopped", within: .seconds(60)) {
            try await tend()
            return members(.frozen).isEmpty
        }
        for member in members(.running) { leave(member) }
        try await eventually("the loaders' ends", within: .seconds(90)) { members(.leaving).isEmpty }
        try await tend(atLeast: 0)
    }

    /// However it ended.
    func end() {
        watchdog.signal(SIGKILL)
        for member in members {
            member.child.signal(SIGKILL)  // a stopped one, too
        }
        members = []
    }

    /// Lands and promotes what is left, and sends the rejects off.
    func drain() async throws -> (load: Emporium.Outcome, relay: Emporium.Outcome) {
        let environment = bench.environment.merging(["KAFKA_BOOTSTRAP_SERVERS": topic.servers]) { $1 }
        let load = try await Emporium.run(
            ["load", "kafka", "--topic", StormTopic.name, "--once", "--json"], environment, in: bench.folder)
        return (load, try await Emporium.run(["relay", "--once"], environment, in: bench.folder))
    }
}
