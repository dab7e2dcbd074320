import Foundation
import Logging
import Postgres
import Synchronization
import Testing

@testable import Migrations

/// A database and a project folder of a test's own.
struct Bench: Sendable {
    let database: String
    let superuser: ConnectionConfiguration
    let root: String
    let messages = Messages()

    /// Roles are the whole cluster's: each bench has one of its own.
    var owner: String { "\(database)_owner" }

    static func make(_ files: [String: String] = [:]) async throws -> Bench {
        let (name, superuser, folder) = try await TestCluster.shared.makeDatabase()
        let bench = Bench(database: name, superuser: superuser, root: "\(folder)/projects/\(name)")
        try FileManager.default.createDirectory(atPath: bench.root + "/migrations", withIntermediateDirectories: true)
        for (path, text) in files { try bench.write(path, text) }
        return bench
    }

    func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: root + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: root + "/" + path) }

    func move(_ path: String, _ other: String) throws {
        try FileManager.default.moveItem(atPath: root + "/" + path, toPath: root + "/" + other)
    }

    func migrator(
        as user: ConnectionConfiguration? = nil, _ adjust: (inout MigrationOptions) -> Void = { _ in }
    ) throws -> Migrator {
        var options = MigrationOptions(lockWait: .seconds(20), lockTimeout: .milliseconds(500))
        adjust(&options)
        var logger = Logger(label: "test", factory: { _ in messages })
        logger.logLevel = .debug
        return Migrator(
            project: try MigrationProject(root: root), configuration: user ?? superuser, options: options,
            logger: logger)
    }

    /// Applies and gives the paths that ran.
    @discardableResult
    func apply(_ adjust: (inout MigrationOptions) -> Void = { _ in }) async throws -> [String] {
        try await migrator(adjust).apply().applied.map(\.path)
    }

    /// The error of an apply that must fail.
    func failure(_ adjust: (inout MigrationOptions) -> Void = { _ in }) async throws -> MigrationError {
        let migrator = try migrator(adjust)
        return try await #require(throws: MigrationError.self) { try await migrator.apply() }
    }

    func connect() async throws -> Connection { try await Connection.connect(superuser) }

    /// The first column of every row.
    func values(_ sql: String) async throws -> [String] {
        let connection = try await connect()
        let rows = try await connection.query(sql).rows.map { $0[0] ?? "null" }
        await connection.close()
        return rows
    }

    func value(_ sql: String) async throws -> String? { try await values(sql).first }

    func execute(_ sql: String) async throws {
        let connection = try await connect()
        try await connection.execute(sql)
        await connection.close()
    }
}

/// What was logged.
final class Messages: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func contains(_ part: String) -> Bool { all.contains { $0.contains(part) } }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }
}

/// Looks until it is so; a test that has to wait waits for a fact.
func eventually(_ what: String, within limit: Duration = .seconds(20), _ fact: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await fact() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw TestCluster.Failure("not within \(limit): \(what)")
}
