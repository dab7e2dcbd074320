import Foundation
import Glibc
import Stack

/// A server of Tests/, written in Python: it prints its port, serves on 127.0.0.1, and ends when its standard input does, that
/// is with this.
///
/// Not by Foundation's Process, whose `run` has crashed in a process with several threads.
public final class PythonServer: Sendable {
    public struct NotStarted: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }
    private let pid: pid_t
    private let input: Int32

    /// - Parameters:
    ///   - script: from Tests/ on.
    ///   - python: the interpreter's absolute path; nil for the first `python3` on PATH.
    /// - Throws: `NotStarted`, `StackError`.
    public init(_ script: String, _ arguments: [String] = [], python: String? = nil) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let (stdin, stdout) = (try Self.makePipe(), try Self.makePipe())
        defer { for descriptor in [stdin.read, stdout.read] { close(descriptor) } }
        input = stdin.write
        pid = try Child.spawn(
            (python.map { [$0] } ?? ["/usr/bin/env", "python3"]) + ["\(tests)/\(script)"] + arguments, in: "/", output: stdout.write,
            errors: 2, input: stdin.read, environment: ProcessInfo.processInfo.environment)
        close(stdout.write)  // so that the end of the server is the end of what it says
        // To the end of the line, which an interpreter that does not buffer writes by itself.
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 16, read(stdout.read, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        let line = String(decoding: bytes, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw NotStarted(description: "\(script) has not started: \(line)")
        }
        self.port = port
    }

    /// Stops it, and lets it go on: SIGSTOP, SIGCONT. It must go on again before it can end.
    public func signal(_ number: Int32) { kill(pid, number) }

    deinit {
        close(input)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NotStarted(description: "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
