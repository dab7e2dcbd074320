import Dispatch
import Foundation
import Glibc

/// Runs a program to its end.
///
/// By `posix_spawn` and not by Foundation's Process, because the server outlives the program that starts it:
/// standard input is /dev/null, standard output and error go to a file without a name (a pipe, inherited by the
/// server, would never end for the reader), every other descriptor is closed, signals stand at their defaults, and
/// the environment is only what is listed here, for whoever is superuser in SQL can read the server's.
package enum Child {
    struct Outcome: Sendable {
        /// The exit status; 128 + n when signal n ended it.
        let status: Int32
        /// Standard output and error, trimmed; at most 64 KiB.
        let output: String
    }

    /// Off the cooperative pool, since waiting blocks.
    static func run(_ arguments: [String], in folder: String = "/") async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runBlocking(arguments, in: folder) })
            }
        }
    }

    /// - Parameter arguments: the first one is the program's absolute path.
    static func runBlocking(_ arguments: [String], in folder: String = "/") throws -> Outcome {
        let output = GNU.memfdCreate("emporium-output", 1)  // MFD_CLOEXEC
        guard output >= 0 else { throw Files.failure("cannot keep the output of", arguments[0]) }
        defer { close(output) }
        let pid = try spawn(arguments, in: folder, output: output)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Files.failure("cannot wait for", arguments[0]) }
        }
        lseek(output, 0, SEEK_SET)
        let text = String(decoding: Files.readAll(output, limit: 1 << 16), as: UTF8.self)
        return Outcome(
            status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F),
            output: text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Starts a program; whoever calls waits for it.
    /// - Parameters:
    ///   - output: what becomes its standard output, and its standard error unless `errors` does.
    ///   - input: what becomes its standard input; nil for /dev/null.
    ///   - environment: nil for the few variables that a server may see.
    package static func spawn(
        _ arguments: [String], in folder: String, output: Int32, errors: Int32? = nil, input: Int32? = nil,
        environment: [String: String]? = nil
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        _ = GNU.addChdir(&actions, folder)
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors ?? output, 2)
        _ = GNU.addCloseFrom(&actions, 3)

        // Dispatch's threads block every signal, and a child would go on so: deaf to SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let words = arguments.map { strdup($0) } + [nil]
        let variables = (environment ?? self.environment).map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, arguments[0], &actions, &attributes, words, variables)
        guard error == 0 else {
            throw StackError(.system, "cannot run \(arguments[0]): \(String(cString: strerror(error)))")
        }
        return pid
    }

    /// No `PG…` variable (they would steer initdb, pg_ctl and the server), no secrets of ours, English messages.
    private static var environment: [String: String] {
        var result = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"]
        let own = ProcessInfo.processInfo.environment
        for name in ["LD_LIBRARY_PATH", "TMPDIR"] { result[name] = own[name] }
        return result
    }

    /// The absolute path of a program on PATH or in the system's folders.
    static func find(_ program: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"])
            .filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}

/// Functions of glibc (2.34 and later) that its headers show only under `_GNU_SOURCE`, which Swift's Glibc module
/// does not set: looked up by name, so that no C target is needed for three calls.
private enum GNU {
    typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>
    static let memfdCreate = look("memfd_create", as: (@convention(c) (UnsafePointer<CChar>, UInt32) -> Int32).self)
    static let addChdir = look(
        "posix_spawn_file_actions_addchdir_np", as: (@convention(c) (Actions, UnsafePointer<CChar>) -> Int32).self)
    static let addCloseFrom = look(
        "posix_spawn_file_actions_addclosefrom_np", as: (@convention(c) (Actions, Int32) -> Int32).self)

    private static func look<T>(_ name: String, as type: T.Type) -> T {
        guard let address = dlsym(nil, name) else {
            preconditionFailure("glibc has no \(name): 2.34 or later is needed")
        }
        return unsafeBitCast(address, to: type)
    }
}
