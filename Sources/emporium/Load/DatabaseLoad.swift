import Foundation
import Ingest
import Logging
import Postgres

/// A run of a source's database with its row in ops.run; one at a time for each source.
struct DatabaseLoad: Sendable {
    enum Result {
        case done(run: Int64, SnapshotRun.Outcome)
        /// Another run has the source; who.
        case busy(String)
    }

    let source: String
    let database: ConnectionConfiguration
    let workers: Int
    let batchRows: Int
    let patience: Duration
    let shutdown: Shutdown
    let logger: Logger

    /// - Throws: `ConfigurationError`, `ForeignFailure`, `PostgresError`.
    func run() async throws -> Result {
        let lock = PipelineLock(name: "emporium load database \(source)", database: database, logger: logger)
        defer { Task { await lock.release() } }
        let books = DatabaseSession(database.asRole("promoter"), patience: patience, shutdown: shutdown, logger: logger)
        try await OrderSources.require(source, books)
        if let holder = try await lock.acquire() { return .busy(holder) }
        let options = String(decoding: try JSONEncoder().encode(["source": source]), as: UTF8.self)
        let started = try await books.query("start run", "select ops.start_run('load', 'source.orders', $1)", [.text(options)])
        let run = Int64(started.first?[0] ?? "") ?? 0
        let progress = ProgressLine()
        var snapshot = SnapshotRun(
            source: source, run: run, database: database, patience: patience, shutdown: shutdown, logger: logger)
        snapshot.workers = workers
        snapshot.batchRows = batchRows
        snapshot.progress = { progress.show($0) }
        snapshot.stuck = { [source] in
            Failure.say("source \(source): MySQL does not answer; nothing of the table in hand is landed")
            _exit(69)
        }
        let outcome: SnapshotRun.Outcome
        do {
            outcome = try await snapshot.perform()
        } catch {
            progress.clear()
            _ = try? await books.query("finish run", "select ops.finish_run($1, 'failed')", [.int(run)])
            throw error
        }
        progress.clear()
        try await books.query("finish run", "select ops.finish_run($1, 'done')", [.int(run)])
        await books.close()
        for feed in SnapshotRun.feeds { try await Housekeeping.rotate(feed, database, logger) }
        return .done(run: run, outcome)
    }

    /// - Throws: as `run`.
    func verify() async throws -> [VerifiedTable] {
        let session = DatabaseSession(database.asRole("promoter"), patience: patience, shutdown: shutdown, logger: logger)
        try await OrderSources.require(source, session)
        let source = source
        let rows = try await session.run("verify \(source)") { connection in
            do {
                return try await connection.query("select * from ops.verify_snapshot($1)", [.text(source)]).rows
            } catch let error as PostgresError where error.sqlStateClass == "HV" {
                throw ForeignFailure.translated(error, source: source)
            }
        }
        await session.close()
        return try rows.map(VerifiedTable.init)
    }
}

/// A table there and here, as ops.verify_snapshot() has it.
struct VerifiedTable: Encodable, Sendable {
    /// What became of a source's orders in the shop.
    struct Shop: Codable, Sendable {
        let inShop: Int64
        /// Taken in, and removed from the shop since.
        let removed: Int64
        /// Orders that are kept out, by the code of the finding that says why.
        let without: [String: Int64]

        enum CodingKeys: String, CodingKey { case inShop = "in_shop", removed, without }

        func sentence(of orders: Int64) -> String {
            var parts = ["\(inShop) of \(orders) orders are in the shop"]
            if removed > 0 { parts.append("\(removed) were removed from it") }
            parts += without.sorted { $0.key < $1.key }.map { "\($0.value) are not: \($0.key)" }
            return parts.joined(separator: "; ")
        }
    }

    let table: String
    let sourceRows, storedRows, rejected, missing, differing, gone: Int64
    /// Of those that are gone at the source, those that a finding says so of.
    let goneNoted: Int64
    let sourceChecksum, storedChecksum: String
    /// By ops.verify_snapshot().
    let isEqual: Bool
    let shop: Shop?

    init(_ row: QueryResult.Row) throws {
        table = row.text("feed").split(separator: ".").last.map(String.init) ?? ""
        sourceRows = row.int("source_rows") ?? 0
        storedRows = row.int("stored_rows") ?? 0
        rejected = row.int("rejected") ?? 0
        missing = row.int("missing") ?? 0
        differing = row.int("differing") ?? 0
        gone = row.int("gone") ?? 0
        goneNoted = row.int("gone_noted") ?? 0
        sourceChecksum = row.text("source_checksum")
        storedChecksum = row.text("stored_checksum")
        isEqual = row.bool("equal") == true
        shop = try row["shop"].map { try JSONDecoder().decode(Shop.self, from: Data($0.utf8)) }
    }
}

/// What ops.complete_run() gave: counts for each source, such as `{"legacy": {"orders": 590}}`.
enum Completion {
    static func counts(_ json: String?) -> [String: [String: Int64]] {
        guard let json else { return [:] }
        return (try? JSONDecoder().decode([String: [String: Int64]].self, from: Data(json.utf8))) ?? [:]
    }

    static func print(_ counts: [String: [String: Int64]]) {
        for (source, counts) in counts.sorted(by: { $0.key < $1.key }) {
            let order = ["customers", "products", "orders", "lines", "findings_open"]
            let named = counts.sorted { (order.firstIndex(of: $0.key) ?? 9, $0.key) < (order.firstIndex(of: $1.key) ?? 9, $1.key) }
            Swift.print("\(source) in the shop: " + named.map { "\($0.key.replacing("_", with: " ")) \($0.value)" }.joined(separator: ", "))
        }
    }
}
