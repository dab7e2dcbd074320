import Foundation
import Postgres
import Synchronization

/// A PostgreSQL cluster for this process alone: started by the first test that asks for a database, stopped and
/// removed when the process ends, however it ends.
actor TestCluster {
    static let shared = TestCluster()

    private var starting: Task<Running, any Error>?
    private var databases = 0

    struct Running: Sendable {
        /// Data, sockets and the tests' project folders.
        let folder: String
        let superuser: ConnectionConfiguration
    }

    func running() async throws -> Running {
        if let starting { return try await starting.value }
        let task = Task.detached { try Self.start() }
        starting = task
        return try await task.value
    }

    /// A fresh database, cloned from `template0`, with a name that is unique in the cluster.
    func makeDatabase() async throws -> (name: String, superuser: ConnectionConfiguration, folder: String) {
        let running = try await running()
        databases += 1
        let name = "m\(databases)"
        let connection = try await Connection.connect(running.superuser)
        try await connection.execute("create database \(name) template template0")
        await connection.close()
        return (name, running.superuser.database(name), running.folder)
    }

    // MARK: Starting and stopping

    private static func start() throws -> Running {
        let bin = try binaries()
        var template = Array("/tmp/emporium-mig-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("mkdtemp: errno \(errno)") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if getuid() == 0 { try run("/bin/chown", ["postgres", folder]) }
        let data = folder + "/data"
        try asServerUser([
            bin + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        ])
        let options = [
            "listen_addresses=''", "unix_socket_directories='\(folder)'", "fsync=off", "full_page_writes=off",
            "max_connections=300", "max_prepared_transactions=10", "shared_buffers=64MB", "autovacuum=off", "max_wal_size=256MB",
            "log_error_verbosity=terse",
        ]
        try asServerUser([
            bin + "/pg_ctl", "-D", data, "-l", folder + "/log", "-w", "-o",
            options.map { "-c \($0)" }.joined(separator: " "), "start",
        ])
        try guardEnd(bin: bin, folder: folder)
        return Running(
            folder: folder,
            superuser: ConnectionConfiguration(
                overrides: ["host": folder, "user": "postgres", "dbname": "postgres"], applicationName: "tests"))
    }

    /// A shell waits for the end of its input, which comes when this process ends, even by a signal that it cannot
    /// catch; then it stops the server and removes the folder. A regular exit waits for it.
    private static func guardEnd(bin: String, folder: String) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure("pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let script = """
            trap '' INT TERM HUP
            cat >/dev/null
            \(serverUser.joined(separator: " ")) \(bin)/pg_ctl -D \(folder)/data -m immediate -w stop >/dev/null 2>&1
            rm -rf \(folder)
            """
        let pid = try spawn(["/bin/sh", "-c", script], input: ends[0])
        close(ends[0])
        let writeEnd = ends[1]
        ending.withLock { $0 = (pid, writeEnd) }
        atexit {
            guard let (pid, writeEnd) = TestCluster.ending.withLock({ $0 }) else { return }
            close(writeEnd)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    private static let ending = Mutex<(pid: pid_t, writeEnd: Int32)?>(nil)

    private static var serverUser: [String] { getuid() == 0 ? ["/sbin/runuser", "-u", "postgres", "--"] : [] }

    private static func asServerUser(_ command: [String]) throws {
        let words = serverUser + command
        try run(words[0], Array(words.dropFirst()))
    }

    /// Not by Foundation's Process: it takes a program for running as long as anything that the program has started
    /// runs, and so never comes back from pg_ctl.
    static func run(_ path: String, _ arguments: [String]) throws {
        let pid = try spawn([path] + arguments, input: nil)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure("waitpid: errno \(errno)") }
        }
        guard status == 0 else {
            throw Failure("\(path) \(arguments.joined(separator: " ")) ended with status \(status)")
        }
    }

    /// Starts a program in a process group of its own (so that a Ctrl-C does not reach it), silent, in `/tmp`.
    private static func spawn(_ command: [String], input: Int32?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for descriptor in [1, 2] as [Int32] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let command = ["/bin/sh", "-c", "cd /tmp && exec \"$@\"", "sh"] + command
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, command[0], &actions, &attributes, &words, environ)
        guard status == 0 else { throw Failure("\(command[0]) does not start: errno \(status)") }
        return pid
    }

    /// The newest of Debian's clusters, or what the PATH has.
    static func binaries() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let debian = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin" }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = debian + path.split(separator: ":").map(String.init)
        guard let found = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }) else {
            throw Failure("no initdb: apt-get install postgresql")
        }
        return found
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
