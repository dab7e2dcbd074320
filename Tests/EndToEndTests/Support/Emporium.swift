import Foundation
import Glibc
import Synchronization
import Testing

/// The built command, run as a user runs it.
enum Emporium {
    /// EMPORIUM_BIN, else `emporium` beside the tests' own program.
    static let path: String = {
        if let named = ProcessInfo.processInfo.environment["EMPORIUM_BIN"] { return named }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let folders = [own, CommandLine.arguments[0], Bundle.main.bundlePath + "/x", Bundle.main.executablePath ?? ""]
        return folders.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path + "/emporium" }
            .first { access($0, X_OK) == 0 } ?? "emporium"
    }()

    struct Outcome: Sendable {
        /// nil when a signal ended it.
        let exitCode: Int32?
        let signal: Int32?
        let out: String
        let err: String
        /// The most memory it held, in KiB, sampled every few milliseconds.
        let peak: Int64

        var lines: [String] { out.split(separator: "\n").map(String.init) }
        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any])
        }
    }

    /// Runs the command to its end, in two minutes at most.
    static func run(_ arguments: [String], _ environment: [String: String], in folder: String) async throws -> Outcome {
        try await Child(path, arguments, environment, in: folder).outcome()
    }
}

/// A process that a test has started. Its output goes to files, so that nobody waits on a full pipe.
final class Child: Sendable {
    let pid: pid_t
    private let ended = Mutex<(code: Int32?, signal: Int32?)?>(nil)
    private let highest = Mutex<Int64>(0)
    private let files: (out: String, err: String)

    init(_ program: String, _ arguments: [String], _ environment: [String: String] = [:], in folder: String) throws {
        let name = "\(NSTemporaryDirectory())emporium-child-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        files = (name + ".out", name + ".err")
        for file in [files.out, files.err] { try Data().write(to: URL(fileURLWithPath: file)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var all = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"]
        for name in ["LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] { all[name] = ProcessInfo.processInfo.environment[name] }
        process.environment = all.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: files.out)
        process.standardError = FileHandle(forWritingAtPath: files.err)
        let relay = EndRelay()
        process.terminationHandler = { relay.deliver($0.terminationStatus, $0.terminationReason == .uncaughtSignal) }
        try process.run()
        pid = process.processIdentifier
        relay.connect { [weak self] in self?.note($0, $1) }
    }

    deinit { for file in [files.out, files.err] { unlink(file) } }

    private func note(_ status: Int32, _ bySignal: Bool) {
        ended.withLock { $0 = bySignal ? (nil, status) : (status, nil) }
    }

    var isRunning: Bool { ended.withLock { $0 == nil } }

    /// Only while it is known to run: its number may be another's later.
    func signal(_ number: Int32) {
        ended.withLock { if $0 == nil { kill(pid, number) } }
    }

    var out: String { (try? String(contentsOfFile: files.out, encoding: .utf8)) ?? "" }
    var err: String { (try? String(contentsOfFile: files.err, encoding: .utf8)) ?? "" }

    private func sample() {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let size = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) })
        else { return }
        highest.withLock { $0 = max($0, size) }
    }

    /// Waits for the end; after `deadline` it is killed, which is a failure.
    func outcome(
        deadline: Duration = .seconds(120), at location: SourceLocation = #_sourceLocation
    ) async throws -> Emporium.Outcome {
        let until = ContinuousClock.now + deadline
        while isRunning {
            sample()
            if ContinuousClock.now > until {
                signal(SIGKILL)
                Issue.record("still running after \(deadline): \(err.suffix(2000))", sourceLocation: location)
            }
            try await Task.sleep(for: .milliseconds(3))
        }
        let end = ended.withLock { $0 } ?? (code: nil, signal: nil)
        return Emporium.Outcome(
            exitCode: end.code, signal: end.signal, out: out, err: err, peak: highest.withLock { $0 })
    }
}

/// The end may be told before anybody listens.
private final class EndRelay: Sendable {
    private struct State {
        var end: (Int32, Bool)?
        var listener: (@Sendable (Int32, Bool) -> Void)?
    }
    private let state = Mutex(State())

    func deliver(_ status: Int32, _ bySignal: Bool) {
        let listener = state.withLock { state in
            state.end = (status, bySignal)
            return state.listener
        }
        listener?(status, bySignal)
    }

    func connect(_ listener: @escaping @Sendable (Int32, Bool) -> Void) {
        let end = state.withLock { state in
            state.listener = listener
            return state.end
        }
        if let end { listener(end.0, end.1) }
    }
}

/// Runs a program of the system to its end and wants exit code 0.
@discardableResult
func system(_ arguments: [String], in folder: String = "/tmp") async throws -> String {
    let outcome = try await Child(arguments[0], Array(arguments.dropFirst()), in: folder).outcome()
    try #require(outcome.exitCode == 0, "\(arguments): \(outcome.err)")
    return outcome.out
}

/// Waits until something holds, for thirty seconds at most.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "waited in vain: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
