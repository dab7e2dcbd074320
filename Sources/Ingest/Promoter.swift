import Logging
import Postgres
import Synchronization

/// Promotes landed batches of a feed side by side, as role `promoter`. SQL judges; this only asks it to.
public struct Promoter: Sendable {
    let feed: String
    let run: Int64
    let workers: Int
    let patience: Duration
    let shutdown: Shutdown?
    let database: ConnectionConfiguration
    let logger: Logger

    public init(
        feed: String, run: Int64, workers: Int = 2, patience: Duration = .seconds(300),
        shutdown: Shutdown? = nil, database: ConnectionConfiguration, logger: Logger
    ) {
        self.feed = feed
        self.run = run
        self.workers = workers
        self.patience = patience
        self.shutdown = shutdown
        self.database = database.asRole("promoter")
        self.logger = logger
    }

    /// Promotes until `landing` says that nothing more comes and no landed batch is left.
    /// - Returns: records promoted by these workers.
    public func run(until landing: Landing) async throws -> Int64 {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 1...max(1, workers) {
                group.addTask { try await work(number, landing) }
            }
            do {
                var total: Int64 = 0
                for try await records in group { total += records }
                return total
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    private func work(_ number: Int, _ landing: Landing) async throws -> Int64 {
        let session = DatabaseSession(database, patience: patience, shutdown: shutdown, logger: logger)
        defer { Task { await session.close() } }
        var total: Int64 = 0
        var backoff = Backoff(first: .milliseconds(2), cap: .milliseconds(100))
        while true {
            // Taken before the look: what is landed after it is seen by the next look.
            let finished = landing.isFinished
            do {
                let answer = try await session.query(
                    "promote", "select batch_id, received from ops.promote_next($1, $2)", [.text(feed), .int(run)])
                if let row = answer.first {
                    total += row.int("received") ?? 0
                    backoff.reset()
                    logger.debug("worker \(number) promoted batch \(row.text("batch_id"))")
                    continue
                }
                if finished { return total }
            } catch let error as PostgresError where error.sqlState == "EM003" {
                logger.debug("worker \(number): \(error.message)")
            }
            try await Task.sleep(for: backoff.next())
        }
    }
}

/// Whether more batches are to come.
public final class Landing: Sendable {
    private let finished: Mutex<Bool>
    public init(finished: Bool = false) { self.finished = Mutex(finished) }
    public var isFinished: Bool { finished.withLock { $0 } }
    public func finish() { finished.withLock { $0 = true } }
}
