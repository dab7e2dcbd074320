import Foundation
import Logging
import Postgres
import Synchronization

/// The door for databases: lands what is new or changed in the tables of an order system's database, promotes it, and has it
/// put together in the shop. What a run that was killed has landed is promoted by the next one.
public struct SnapshotRun: Sendable {
    /// In the order in which records are read and judged.
    public static let feeds = ["source.customers", "source.employees", "source.products", "source.orders", "source.order_details"]

    /// What was read of a table and what became of it, in rows: read = unchanged + landed,
    /// landed = stored + rejected + duplicate + pending.
    public struct Table: Sendable, Codable, Equatable {
        public var feed: String
        public var read: Int64 = 0
        public var unchanged: Int64 = 0
        public var landed: Int64 = 0
        public var stored: Int64 = 0
        public var rejected: Int64 = 0
        public var duplicate: Int64 = 0

        public var pending: Int64 { landed - stored - rejected - duplicate }
        public var balances: Bool { pending == 0 && read == unchanged + landed }
        /// The table's name at the source: `orders`.
        public var name: String { feed.split(separator: ".").last.map(String.init) ?? feed }
    }

    public struct Outcome: Sendable {
        public var tables: [Table] = []
        /// Records that earlier runs landed and this one promoted.
        public var leftOver: Int64 = 0
        /// What ops.complete_run() gave: JSON.
        public var completed: String?
        /// Stopped before all tables were read.
        public var interrupted = false

        public var rejected: Int64 { tables.reduce(0) { $0 + $1.rejected } }
        public var balances: Bool { tables.allSatisfy(\.balances) }
    }

    let source: String
    let run: Int64
    let database: ConnectionConfiguration
    /// How long MySQL and PostgreSQL may be away.
    let patience: Duration
    let shutdown: Shutdown
    let logger: Logger
    public var workers = 2
    public var batchRows = 20_000
    /// Called before each table with its name.
    public var progress: @Sendable (String) -> Void = { _ in }
    /// Called when a table's reading does not end 5 s after it was told to: mysql_fdw waits for MySQL's answer and hears nothing.
    public var stuck: @Sendable () -> Void = {}

    public init(
        source: String, run: Int64, database: ConnectionConfiguration, patience: Duration, shutdown: Shutdown, logger: Logger
    ) {
        self.source = source
        self.run = run
        self.database = database
        self.patience = patience
        self.shutdown = shutdown
        self.logger = logger
    }

    /// - Throws: `ForeignFailure`, `PostgresError`.
    public func perform() async throws -> Outcome {
        var outcome = Outcome()
        for feed in Self.feeds { outcome.leftOver += try await promote(feed) }
        if outcome.leftOver > 0 { logger.notice("promoted \(outcome.leftOver) records that an earlier run had landed") }
        outcome.interrupted = try await land(into: &outcome.tables)
        let books = DatabaseSession(database.asRole("promoter"), patience: patience, shutdown: shutdown, logger: logger)
        for place in outcome.tables.indices where outcome.tables[place].landed > 0 {
            progress("promoting \(outcome.tables[place].name)")
            try await settle(&outcome.tables[place], books)
        }
        if !outcome.interrupted {
            progress("putting together")
            outcome.completed = try await books.query("complete run", "select ops.complete_run($1)", [.int(run)]).first?[0]
        }
        await books.close()
        return outcome
    }

    /// One session for all tables: they are read in one transaction of MySQL's, which ends with it.
    /// - Returns: whether it was interrupted.
    private func land(into tables: inout [Table]) async throws -> Bool {
        let session = DatabaseSession(database.asRole("loader"), patience: patience, shutdown: shutdown, logger: logger)
        for feed in Self.feeds {
            if shutdown.isRequested { break }
            var table = Table(feed: feed)
            progress("reading \(table.name)")
            let reading = Task { try await read(feed, session) }
            let over = Over()
            let watcher = Task { await watch(reading, over) }
            let result = await reading.result
            over.set()
            watcher.cancel()
            switch result {
            case .success(let row):
                (table.read, table.unchanged, table.landed) = row
                tables.append(table)
            case .failure where shutdown.isRequested: break
            case .failure(let error):
                await session.close()
                throw error
            }
        }
        await session.close()
        return tables.count < Self.feeds.count
    }

    private func read(_ feed: String, _ session: DatabaseSession) async throws -> (read: Int64, unchanged: Int64, landed: Int64) {
        let (source, run, batchRows) = (source, run, batchRows)
        return try await session.run("read \(feed) of \(source)") { connection in
            do {
                let answer = try await connection.query(
                    "select read, unchanged, landed from ops.land_snapshot($1, $2, $3, $4)",
                    [.text(source), .text(feed), .int(run), .int(batchRows)])
                guard let row = answer.first, let read = row.int("read"), let unchanged = row.int("unchanged"),
                    let landed = row.int("landed")
                else { throw PostgresError(sqlState: "EM006", message: "ops.land_snapshot gave no snapshot") }
                return (read, unchanged, landed)
            } catch let error as PostgresError where error.sqlStateClass == "HV" {
                throw ForeignFailure.translated(error, source: source)
            }
        }
    }

    /// Ends a reading when it is asked to; its transaction goes with it.
    private func watch(_ reading: Task<(read: Int64, unchanged: Int64, landed: Int64), any Error>, _ over: Over) async {
        do {
            while !shutdown.isRequested { try await Task.sleep(for: .milliseconds(50)) }
            reading.cancel()
            try await Task.sleep(for: .seconds(5))
        } catch {
            return  // the reading is over
        }
        if !over.isSet { stuck() }
    }

    private func promote(_ feed: String) async throws -> Int64 {
        try await Promoter(
            feed: feed, run: run, workers: workers, patience: patience, shutdown: shutdown, database: database, logger: logger
        ).run(until: Landing(finished: true))
    }

    /// Promotes until nothing that this run landed of a feed is pending: another process's promoter may hold its last batches.
    private func settle(_ table: inout Table, _ books: DatabaseSession) async throws {
        var backoff = Backoff(first: .milliseconds(20), cap: .seconds(1))
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            _ = try await promote(table.feed)
            let sums = try await books.query(
                "summary",
                """
                select coalesce(sum(stored), 0) as stored, coalesce(sum(rejected), 0) as rejected,
                    coalesce(sum(duplicate), 0) as duplicate
                from ops.batch where run_id = $1 and feed = $2
                """, [.int(run), .text(table.feed)])
            if let row = sums.first {
                table.stored = row.int("stored") ?? 0
                table.rejected = row.int("rejected") ?? 0
                table.duplicate = row.int("duplicate") ?? 0
            }
            if table.pending == 0 || ContinuousClock.now >= deadline { return }
            try await Task.sleep(for: backoff.next())
        }
    }

    private final class Over: Sendable {
        private let flag = Mutex(false)
        var isSet: Bool { flag.withLock { $0 } }
        func set() { flag.withLock { $0 = true } }
    }
}
