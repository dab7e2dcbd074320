import Foundation
import Glibc
import Logging
import Postgres
import Stack
import Synchronization
import Testing

/// Every test that runs the command is in here: two cores, so one after another.
@Suite(.serialized) enum EndToEnd {}

/// An embedded stack of `emporium up` in a temporary folder, migrated by `emporium migrate`; it goes when the process
/// ends.
struct TestStack: Sendable {
    let folder: String
    let home: String
    let url: String
    let adminURL: String
    private static let numbers = Mutex(0)

    /// One for all tests that leave the server alone.
    static let shared = Task { try await make(durable: false) }

    /// The package's root: where this file's folder has a `migrations` above it.
    static let root: String = {
        var place = URL(fileURLWithPath: #filePath)
        repeat { place.deleteLastPathComponent() } while place.path != "/"
            && !FileManager.default.fileExists(atPath: place.path + "/migrations")
        return place.path
    }()

    /// - Parameters:
    ///   - durable: false: nothing is flushed to disk.
    ///   - listening: on a TCP port, too, where logins other than its own come in by password.
    static func make(durable: Bool, listening: Bool = false) async throws -> TestStack {
        var template = Array("/tmp/emporium-e2e-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        chmod(folder, 0o755)
        let home = folder + "/home"
        Leftovers.remove(folder, atExitWith: StackLayout(home: home).pgdata)
        let environment = ["EMPORIUM_HOME": home]
        func emporium(_ arguments: [String]) async throws -> String {
            let outcome = try await Emporium.run(arguments, environment, in: folder)
            try #require(outcome.exitCode == 0, "\(arguments): \(outcome.out)\(outcome.err)")
            return outcome.out.trimmingCharacters(in: .newlines)
        }
        _ = try await emporium(listening ? ["up", "--port", "0"] : ["up"])
        let stack = TestStack(
            folder: folder, home: home, url: try await emporium(["url"]), adminURL: try await emporium(["url", "--admin"]))
        if !durable {
            try await stack.admin("postgres") { admin in
                try await admin.execute("alter system set fsync = off")
                try await admin.execute("select pg_reload_conf()")
            }
        }
        _ = try await emporium(["migrate", "--root", root])
        return stack
    }

    /// Starts it again after a crash.
    func up() async throws {
        let outcome = try await Emporium.run(["up"], ["EMPORIUM_HOME": home], in: folder)
        try #require(outcome.exitCode == 0, "\(outcome.err)")
    }

    /// What `pg_ctl stop -m immediate` does: SIGQUIT for the postmaster, and waiting for its end. (pg_ctl itself refuses
    /// to run as root.)
    func stopImmediately() async throws {
        let pgdata = StackLayout(home: home).pgdata
        let pid = try #require(Leftovers.pid(pgdata))
        kill(pid, SIGQUIT)
        try await eventually("the server's end") { kill(pid, 0) != 0 }
    }

    static func url(_ url: String, database: String) -> String {
        url.replacingOccurrences(of: "/ecommerce?", with: "/\(database)?")
    }

    @discardableResult
    func admin<T: Sendable>(_ database: String, _ body: (Connection) async throws -> T) async throws -> T {
        let connection = try await Connection.connect(
            ConnectionConfiguration(conninfo: Self.url(adminURL, database: database), applicationName: "test"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    static func nextNumber() -> Int { numbers.withLock { $0 += 1; return $0 } }
}

/// A database cloned from the migrated one and folders of its own.
struct Bench: Sendable {
    let stack: TestStack
    let database: String
    let folder: String

    var environment: [String: String] {
        [
            "EMPORIUM_HOME": stack.home, "DATABASE_URL": TestStack.url(stack.url, database: database),
            "EMPORIUM_ADMIN_URL": TestStack.url(stack.adminURL, database: database),
        ]
    }

    static func with(_ stack: TestStack? = nil, _ body: (Bench) async throws -> Void) async throws {
        let stack = if let stack { stack } else { try await TestStack.shared.value }
        let name = "t\(TestStack.nextNumber())"
        let bench = Bench(stack: stack, database: name, folder: "\(stack.folder)/\(name)")
        for folder in ["input", "output"] {
            try FileManager.default.createDirectory(
                atPath: "\(bench.folder)/\(folder)", withIntermediateDirectories: true)
        }
        try await stack.admin("postgres") { try await $0.execute("create database \(name) template ecommerce") }
        var failure: (any Error)?
        do { try await body(bench) } catch { failure = error }
        try await stack.admin("postgres") { try await $0.execute("drop database \(name) with (force)") }
        try? FileManager.default.removeItem(atPath: bench.folder)
        if let failure { throw failure }
    }

    func start(_ arguments: String...) throws -> Child {
        try Child(Emporium.path, arguments, environment, in: folder)
    }

    func run(_ arguments: String...) async throws -> Emporium.Outcome {
        try await Emporium.run(arguments, environment, in: folder)
    }

    /// `run membership` over this bench's folders.
    func membership(_ more: String...) async throws -> Emporium.Outcome {
        try await Emporium.run(Self.pipeline + more, environment, in: folder)
    }

    static let pipeline = ["run", "membership", "--in", "input", "--out", "output"]

    func drop(_ name: String, _ text: String) throws { try drop(name, Data(text.utf8)) }

    /// Puts a whole file into the drop folder.
    func drop(_ name: String, _ data: Data) throws {
        let hidden = "\(folder)/.\(name)"
        try data.write(to: URL(fileURLWithPath: hidden))
        try #require(rename(hidden, "\(folder)/input/\(name)") == 0)
    }

    func names(_ sub: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(sub)")) ?? []).filter { !$0.hasPrefix(".") }
            .sorted()
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) }

    /// The newest output file of a kind, by run.
    func output(_ kind: String) throws -> String {
        let newest = names("output/\(kind)").max { Self.run(of: $0) < Self.run(of: $1) }
        return try read("output/\(kind)/" + #require(newest, "no output in \(kind)"))
    }

    /// The run's number at the end of an output file's name.
    static func run(of name: String) -> Int {
        name.split(separator: ".").first?.split(separator: "-").last.flatMap { Int($0) } ?? 0
    }

    func sql(_ query: String, _ parameters: [Parameter] = []) async throws -> [[String?]] {
        try await stack.admin(database) { admin in
            try await admin.query(query, parameters).rows.map { row in (0..<row.count).map { row[$0] } }
        }
    }

    func value(_ query: String) async throws -> String? { try await sql(query).first?.first ?? nil }

    func count(_ query: String) async throws -> Int { Int(try await value(query) ?? "") ?? -1 }

    /// The books agree with themselves and with the rows.
    func expectBalance(at location: SourceLocation = #_sourceLocation) async throws {
        let apart = try await sql("select * from ops.reconcile('membership.application')")
        #expect(apart == [], "ops.reconcile", sourceLocation: location)
        let sums = try await sql("select coalesce(sum(abs(difference)), 0), coalesce(sum(pending), 0) from ops.accounting")
        #expect(sums == [["0", "0"]], "ops.accounting", sourceLocation: location)
    }
}

/// Stops servers and removes folders when the process ends, however the tests ended.
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

    static func pid(_ pgdata: String) -> pid_t? {
        (try? String(contentsOfFile: pgdata + "/postmaster.pid", encoding: .utf8))?
            .split(separator: "\n").first.flatMap { pid_t($0) }
    }
}
