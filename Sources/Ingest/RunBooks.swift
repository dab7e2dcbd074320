import Foundation
import Logging
import Postgres

/// Counts of a run's records, as the database has them.
public struct RunSummary: Sendable, Equatable, Codable {
    public var files: Int64
    public var read: Int64
    public var stored: Int64
    public var rejected: Int64
    public var duplicate: Int64
    public var pending: Int64

    public var balances: Bool { pending == 0 && read == stored + rejected + duplicate }
}

/// What the database has on a run.
struct RunBooks: Sendable {
    let feed: String
    let run: Int64
    let database: ConnectionConfiguration
    let logger: Logger
    let shutdown: Shutdown
    private let session: DatabaseSession

    init(feed: String, run: Int64, database: ConnectionConfiguration, shutdown: Shutdown, logger: Logger) {
        self.feed = feed
        self.run = run
        self.database = database
        self.shutdown = shutdown
        self.logger = logger
        session = DatabaseSession(database.asRole("promoter"), shutdown: shutdown, logger: logger)
    }

    func summary() async throws -> RunSummary {
        let answer = try await session.query("summary", "select ops.run_summary($1)", [.int(run)])
        return try JSONDecoder().decode(RunSummary.self, from: Data((answer.first?[0] ?? "").utf8))
    }

    /// The run's counts once nothing of it is pending: another process's promoter may hold its last batches.
    func settled() async throws -> RunSummary {
        var backoff = Backoff(first: .milliseconds(20), cap: .seconds(1))
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(120)
        while true {
            let now = try await summary()
            if now.pending == 0 || clock.now >= deadline { return now }
            _ = try await Promoter(
                feed: feed, run: run, workers: 1, shutdown: shutdown, database: database, logger: logger
            ).run(until: Landing(finished: true))
            try await Task.sleep(for: backoff.next())
        }
    }

    func close() async { await session.close() }
}
