import Foundation
import Glibc
import Logging
import Postgres
import Stack
import Synchronization
import Testing

/// One server for the whole suite; nothing is flushed to disk. It goes when the process ends.
enum Server {
    private static let starting = Task { () async throws -> ConnectionConfiguration in
        var template = Array("/tmp/emporium-pgtest-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        chmod(folder, 0o755)
        let cluster = EmbeddedCluster(
            home: folder + "/home", settings: ["fsync": "off", "shared_buffers": "32MB", "max_connections": "60"],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        Leftovers.remove(folder, atExitWith: cluster.layout.pgdata)
        try await cluster.up()
        return try cluster.configuration(admin: true)
    }

    /// As the superuser.
    static func configuration() async throws -> ConnectionConfiguration { try await starting.value }

    /// A session that is closed when the body ends.
    @discardableResult
    static func session<T: Sendable>(
        _ adjust: (inout ConnectionConfiguration) -> Void = { _ in }, _ body: (Connection) async throws -> T
    ) async throws -> T {
        var configuration = try await configuration()
        adjust(&configuration)
        let connection = try await Connection.connect(configuration, logger: silent)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Waits until the server shows a session as running its statement.
    static func waitUntilActive(_ pid: Int32) async throws {
        try await session { watcher in
            try await eventually {
                try await watcher.query(
                    "select 1 from pg_stat_activity where pid = $1 and state = 'active' and wait_event is not null",
                    [.int(Int64(pid))]
                ).rows.count == 1
            }
        }
    }

    static func terminate(_ pid: Int32) async throws {
        try await session { killer in
            try await killer.query("select pg_terminate_backend($1, 10000)", [.int(Int64(pid))])
        }
    }
}

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Stops the server and removes its folder when the process ends, however the tests ended.
enum Leftovers {
    private static let folders = Mutex<[(folder: String, pgdata: String)]>([])

    static func remove(_ folder: String, atExitWith pgdata: String) {
        let first = folders.withLock { list in
            list.append((folder, pgdata))
            return list.count == 1
        }
        if first { atexit { Leftovers.clear() } }
    }

    private static func clear() {
        for (folder, pgdata) in folders.withLock({ $0 }) {
            if let pid = pid(pgdata) {
                kill(pid, SIGINT)  // fast shutdown
                for _ in 0..<1000 where kill(pid, 0) == 0 { usleep(10_000) }
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private static func pid(_ pgdata: String) -> pid_t? {
        (try? String(contentsOfFile: pgdata + "/postmaster.pid", encoding: .utf8))?
            .split(separator: "\n").first.flatMap { pid_t($0) }
    }
}

/// Waits until something holds, for twenty seconds at most.
func eventually(_ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "waited for twenty seconds")
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// The server's error that something throws.
func serverError<T>(
    at location: SourceLocation = #_sourceLocation, _ body: () async throws -> T
) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    Issue.record("nothing was thrown", sourceLocation: location)
    throw PostgresError(sqlState: "00000", message: "nothing was thrown")
}

struct Stop: Error, Equatable {}

/// Keeps what is logged.
final class Journal: Sendable {
    struct Line: Sendable, Equatable {
        let level: Logger.Level
        let message: String
        let sqlState: String?
    }
    private let kept = Mutex<[Line]>([])
    var lines: [Line] { kept.withLock { $0 } }
    func add(_ line: Line) { kept.withLock { $0.append(line) } }

    var logger: Logger {
        var logger = Logger(label: "journal") { _ in JournalHandler(journal: self) }
        logger.logLevel = .trace
        return logger
    }
}

private struct JournalHandler: LogHandler {
    let journal: Journal
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        journal.add(
            .init(level: event.level, message: "\(event.message)", sqlState: event.metadata?["sqlstate"].map { "\($0)" }))
    }
}

/// A value that several tasks change.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    @discardableResult func change<T: Sendable>(_ body: @Sendable (inout Value) -> T) -> T { mutex.withLock { body(&$0) } }
}
