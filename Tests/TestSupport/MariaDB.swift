import Foundation
import Glibc
import Stack
import Synchronization

/// A MariaDB server of its own in a temporary folder, on 127.0.0.1: Tests/mysql/server.py starts it, and it ends when this does,
/// that is with the process at the latest.
public final class MariaDB: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    /// Of its Unix socket, where root logs in without a password.
    public let socket: String
    private let pid: pid_t
    /// What is said to the script, and what it says; one task at a time.
    private let ends: Mutex<(input: Int32, output: Int32)>

    /// - Throws: `Failure`, `StackError`.
    public init() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let (stdin, stdout) = (try Self.makePipe(), try Self.makePipe())
        pid = try Child.spawn(
            ["/usr/bin/env", "python3", "\(tests)/mysql/server.py"], in: "/", output: stdout.write, errors: 2, input: stdin.read,
            environment: ProcessInfo.processInfo.environment)
        close(stdin.read)
        close(stdout.write)  // so that the end of the script is the end of what it says
        ends = Mutex((stdin.write, stdout.read))
        let line = Self.line(stdout.read)
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2, let port = Int(words[0]) else { throw Failure(description: "MariaDB has not started: \(line)") }
        self.port = port
        socket = words[1]
    }

    deinit {
        ends.withLock { ends in
            close(ends.input)
            close(ends.output)
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    public enum Order: String, Sendable {
        case start, stop, kill
        /// SIGSTOP: it takes connections and answers nothing.
        case freeze
        case thaw
    }

    /// Comes back when it is done.
    public func tell(_ order: Order) throws {
        try ends.withLock { ends in
            let text = order.rawValue + "\n"
            guard text.withCString({ write(ends.input, $0, strlen($0)) }) == text.utf8.count, Self.line(ends.output) == "done" else {
                throw Failure(description: "MariaDB: \(order) was not done")
            }
        }
    }

    /// The client's command line, as root.
    public func client(_ database: String = "mysql") -> [String] {
        ["/usr/bin/mariadb", "--no-defaults", "--socket=\(socket)", "--user=root", "--default-character-set=utf8mb4", "--batch", "--skip-column-names", database]
    }

    private static func line(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 4000, read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(description: "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
