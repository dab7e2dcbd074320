import Foundation
import Glibc
import Synchronization
import Testing

@testable import Stack

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
///
/// Not by Foundation's Process, whose `run` has crashed in a process with several threads.
final class Child: Sendable {
    let pid: pid_t
    /// How it ended; a thread of its own waits for that.
    private final class End: Sendable {
        let state = Mutex<(code: Int32?, signal: Int32?)?>(nil)

        func wait(for pid: pid_t) {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            state.withLock { state in  // its number is another's from here on
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                state = status & 0x7F == 0 ? ((status >> 8) & 0xFF, nil) : (nil, status & 0x7F)
            }
        }
    }
    private let end = End()
    private let highest = Mutex<Int64>(0)
    private let files: (out: String, err: String)

    init(_ program: String, _ arguments: [String], _ environment: [String: String] = [:], in folder: String) throws {
        let name = "\(NSTemporaryDirectory())emporium-child-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        files = (name + ".out", name + ".err")
        let mode = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND
        let (output, errors) = (open(files.out, mode, 0o600), open(files.err, mode, 0o600))
        defer {
            close(output)
            close(errors)
        }
        try #require(output >= 0 && errors >= 0)
        var all = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"]
        for name in ["LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] { all[name] = ProcessInfo.processInfo.environment[name] }
        let pid = try Stack.Child.spawn(
            [program] + arguments, in: folder, output: output, errors: errors,
            environment: all.merging(environment) { $1 })
        self.pid = pid
        Thread.detachNewThread { [end] in end.wait(for: pid) }
    }

    deinit { for file in [files.out, files.err] { unlink(file) } }

    var isRunning: Bool { end.state.withLock { $0 == nil } }

    /// Only while it is known to run: its number may be another's later.
    func signal(_ number: Int32) {
        end.state.withLock { if $0 == nil { kill(pid, number) } }
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
        let end = end.state.withLock { $0 } ?? (code: nil, signal: nil)
        return Emporium.Outcome(
            exitCode: end.code, signal: end.signal, out: out, err: err, peak: highest.withLock { $0 })
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
