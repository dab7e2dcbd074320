import Ingest
import Logging
import Postgres

/// Load, promote and export membership applications, one run at a time.
struct MembershipPipeline: Sendable {
    static let feed = "membership.application"
    static let targets = [
        Exporter.Target(
            folder: "successful", view: "membership.successful",
            columns: ["membership_id", "first_name", "last_name", "email", "date_of_birth", "mobile_no", "above_18"]),
        Exporter.Target(
            folder: "unsuccessful", view: "membership.unsuccessful",
            columns: ["name", "email", "date_of_birth", "mobile_no", "reasons", "source_file", "line"]),
    ]

    enum Result {
        case done(run: Int64, FeedRun.Outcome, [Exporter.Written])
        /// Another run holds the pipeline; who.
        case busy(String)
    }

    let database: ConnectionConfiguration
    let folder: DropFolder
    let out: String
    let options: LoadOptions
    let workers: Int
    let format: Exporter.Format
    let spreadsheetSafe: Bool
    let shutdown: Shutdown
    let logger: Logger

    func run() async throws -> Result {
        let lock = PipelineLock(name: "emporium run membership", database: database, logger: logger)
        defer { Task { await lock.release() } }
        if let holder = try await lock.acquire() { return .busy(holder) }
        let books = DatabaseSession(database.asRole("promoter"), logger: logger)
        defer { Task { await books.close() } }

        var written: [Exporter.Written] = []
        var (run, exporting) = try await unfinished(books)
        if exporting, let left = run {
            logger.notice("run \(left) was cut short while writing; its output is completed first")
            written = try await finish(left, lock, books)
            run = nil
        }
        if let run { logger.notice("run \(run) was cut short and is completed now") }
        let current = if let run { run } else { try await start(books) }

        let progress = ProgressLine()
        var feedRun = FeedRun(run: current, options: options, database: database, shutdown: shutdown, logger: logger)
        feedRun.workers = workers
        feedRun.progress = progress.show
        let outcome = try await feedRun.perform(.folder(folder))
        progress.clear()
        if outcome.report.interrupted { return .done(run: current, outcome, written) }
        written += try await finish(current, lock, books)
        try await Housekeeping.rotate(Self.feed, database, logger)
        return .done(run: current, outcome, written)
    }

    /// Writes out what is due and closes the run.
    private func finish(_ run: Int64, _ lock: PipelineLock, _ books: DatabaseSession) async throws -> [Exporter.Written] {
        let name = try await books.query("name", "select ops.run_name($1)", [.int(run)]).first?[0] ?? "run-\(run)"
        let exporter = Exporter(
            database: database, format: format, spreadsheetSafe: spreadsheetSafe, workers: workers, logger: logger)
        try await lock.confirm()  // a server that was restarted has forgotten it
        let written = try await exporter.export(run: run, targets: Self.targets, into: out, name: name)
        try await books.query("finish run", "select ops.finish_run($1, 'done')", [.int(run)])
        return written
    }

    private func unfinished(_ books: DatabaseSession) async throws -> (run: Int64?, exporting: Bool) {
        let left = try await books.query(
            "unfinished run", "select run_id, exporting from ops.unfinished_run('membership', $1)", [.text(Self.feed)])
        return (left.first?.int("run_id"), left.first?.bool("exporting") ?? false)
    }

    private func start(_ books: DatabaseSession) async throws -> Int64 {
        let started = try await books.query(
            "start run", "select ops.start_run('membership', $1, '{}') as run_id", [.text(Self.feed)])
        guard let run = started.first?.int("run_id") else {
            throw PostgresError(sqlState: "EM006", message: "ops.start_run gave no run")
        }
        return run
    }
}
