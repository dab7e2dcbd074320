import Foundation
import Glibc
import Logging

/// A running embedded broker, as seen from outside.
public struct BrokerState: Sendable, Equatable, Codable {
    public var pid: Int32
    /// `host:port`
    public var bootstrapServers: String
    /// The cluster's id, another one after each start.
    public var clusterID: String
    public var log: String
}

/// The embedded Kafka broker of a state folder: a process of its own that `emporium up` starts and `emporium down` ends.
///
///     <home>/kafka/   lock  serving (lock)  broker (pid, address, id)  control (socket)  log  incarnations
///
/// What the process does is the caller's: `program` is run as `program broker serve --home <home>` and calls `serve`.
public struct EmbeddedBroker: Sendable {
    /// The state folder: absolute, symbolic links resolved.
    public let home: String
    let program: String
    let logger: Logger

    /// - Parameters:
    ///   - home: the state folder; taken from the current folder when it is relative.
    ///   - program: the tool; nil for the program that runs now.
    public init(home: String, program: String? = nil, logger: Logger = Logger(label: "broker")) {
        self.home = StackLayout.resolved(home)
        self.program = program ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "emporium"
        self.logger = logger
    }

    var folder: String { "\(home)/kafka" }
    var stateFile: String { "\(folder)/broker" }
    public var log: String { "\(folder)/log" }

    /// Starts a broker unless one runs, and waits until it answers. Two at the same time are no harm.
    /// - Parameter topics: a file of topics that a new broker has from the beginning.
    /// - Returns: the broker, and whether it was started now.
    /// - Throws: `StackError` `.startFailed` with the end of its log.
    public func up(topics: String? = nil) async throws -> (state: BrokerState, started: Bool) {
        try StackLayout(home: home).claim()
        try makeFolder()
        return try await FolderLock.hold("\(folder)/lock", prepare: makeFolder) {
            if let state = running(), (try? ControlSocket.ask("ping", in: folder)) != nil { return (state, false) }
            // One that runs and does not answer is of no use to anybody.
            try await end()
            return (try await start(topics), true)
        }
    }

    /// Ends the broker and all that it holds.
    /// - Returns: whether one ran.
    @discardableResult
    public func down() async throws -> Bool {
        guard Files.isFolder(folder) else { return false }
        return try await FolderLock.hold("\(folder)/lock", prepare: makeFolder) { try await end() }
    }

    /// The broker that runs now, by its own process's identity; nil when none does.
    public func running() -> BrokerState? {
        guard let record = BrokerRecord(text: Files.read(stateFile) ?? ""), record.process.isAlive else { return nil }
        return BrokerState(
            pid: record.process.pid, bootstrapServers: record.bootstrapServers, clusterID: record.clusterID, log: log)
    }

    /// Sends the broker one line: `create <topic> <partitions>`, `list`, `down`, `up`, `rtt <ms>`,
    /// `errors <request> <code>…`, `stop`.
    /// - Returns: the lines of its answer.
    /// - Throws: `StackError` `.notRunning`, `.invalid` with what it refuses.
    @discardableResult
    public func tell(_ request: String) throws -> [String] { try ControlSocket.ask(request, in: folder) }

    private func makeFolder() throws {
        try Files.makeFolder(folder, ownedBy: Files.Owner(uid: geteuid(), gid: getegid()))
    }

    private func start(_ topics: String?) async throws -> BrokerState {
        unlink(log)
        let output = open(log, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0o600)
        guard output >= 0 else { throw Files.failure("cannot write", log) }
        defer { close(output) }
        let arguments = [program, "broker", "serve", "--home", home] + (topics.map { ["--topics", $0] } ?? [])
        let pid = try Child.spawn(arguments, in: folder, output: output)
        let deadline = ContinuousClock.now + .seconds(30)
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            if let state = running(), state.pid == pid { return state }
            guard waitpid(pid, &status, WNOHANG) == 0 else { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        // The broker of an `up` that was killed came first, and ours ended before it.
        if let state = running(), (try? ControlSocket.ask("ping", in: folder)) != nil { return state }
        let lines = (Files.read(log, last: 4096) ?? "").split(separator: "\n").suffix(10).map { "\n    " + $0 }.joined()
        throw StackError(
            .startFailed, "the embedded Kafka broker did not start" + (lines.isEmpty ? "" : ":") + lines,
            hint: "emporium doctor; or do without: emporium up --no-kafka")
    }

    /// Under the lock. What the pid file says is believed only of a process that began when the file says.
    @discardableResult
    private func end() async throws -> Bool {
        guard let record = BrokerRecord(text: Files.read(stateFile) ?? "") else { return false }
        defer { unlink(stateFile) }
        guard record.process.isAlive else { return false }
        kill(record.process.pid, SIGTERM)
        let patience = ContinuousClock.now + .seconds(5)
        while record.process.isAlive {
            // It holds nothing that would outlast it.
            if ContinuousClock.now > patience { kill(record.process.pid, SIGKILL) }
            try await Task.sleep(for: .milliseconds(5))
        }
        return true
    }
}

/// What a broker writes into `<home>/kafka/broker`: lines of a keyword, a blank and a value.
struct BrokerRecord: Equatable {
    var process: ProcessIdentity
    var bootstrapServers: String
    var clusterID: String

    init(process: ProcessIdentity, bootstrapServers: String, clusterID: String) {
        self.process = process
        self.bootstrapServers = bootstrapServers
        self.clusterID = clusterID
    }

    init?(text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { values[words[0]] = String(words[1]) }
        }
        guard let pid = values["pid"].flatMap({ pid_t($0) }), pid > 0, let began = values["began"],
            let bootstrap = values["bootstrap"], let cluster = values["cluster"]
        else { return nil }
        self.init(process: ProcessIdentity(pid: pid, began: began), bootstrapServers: bootstrap, clusterID: cluster)
    }

    var text: String {
        "pid \(process.pid)\nbegan \(process.began)\nbootstrap \(bootstrapServers)\ncluster \(clusterID)\n"
    }
}

/// A process that cannot be mistaken for a later one of the same number.
struct ProcessIdentity: Equatable, Sendable {
    let pid: pid_t
    /// Its start in the kernel's ticks, and the boot that they count from.
    let began: String

    init(pid: pid_t, began: String) {
        self.pid = pid
        self.began = began
    }

    /// nil when no such process is there, or only its exit status is.
    init?(of pid: pid_t) {
        // `pid (name) state … start`, the 22nd field; the name may hold anything, a parenthesis too.
        guard let text = Files.read("/proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 19, !["Z", "X"].contains(fields[0]) else { return nil }
        let boot = (Files.read("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isNewline }
        self.init(pid: pid, began: "\(fields[19]) \(boot)")
    }

    var isAlive: Bool { Self(of: pid) == self }
}
