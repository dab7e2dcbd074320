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
        // The session that holds the lock does nothing else; with its process the lock goes, too.
        let guardian = try await Connection.connect(database.asRole("promoter"), logger: logger)
        defer { Task { await guardian.close() } }
        let locked = try await guardian.query(
            "select pg_try_advisory_lock(hashtextextended('emporium run membership', 0))")
        guard locked.first?.bool("pg_try_advisory_lock") == true else { return .busy(try await holder(guardian)) }

        let books = DatabaseSession(database.asRole("promoter"), logger: logger)
        let (run, resumed) = try await open(books)
        if resumed { logger.notice("run \(run) was cut short and is completed now") }
        let progress = ProgressLine()
        var feedRun = FeedRun(run: run, options: options, database: database, shutdown: shutdown, logger: logger)
        feedRun.workers = workers
        feedRun.progress = progress.show
        let outcome = try await feedRun.perform(.folder(folder))
        progress.clear()
        if outcome.report.interrupted { return .done(run: run, outcome, []) }

        let name = try await books.query("name", "select ops.run_name($1)", [.int(run)]).first?[0] ?? "run-\(run)"
        let exporter = Exporter(
            database: database, format: format, spreadsheetSafe: spreadsheetSafe, workers: workers, logger: logger)
        let written = try await exporter.export(run: run, targets: Self.targets, into: out, name: name)
        try await books.query("finish run", "select ops.finish_run($1, 'done')", [.int(run)])
        await books.close()
        try await Housekeeping.rotate(Self.feed, database, logger)
        return .done(run: run, outcome, written)
    }

    /// The run that a crash cut short, or a new one.
    private func open(_ books: DatabaseSession) async throws -> (run: Int64, resumed: Bool) {
        let left = try await books.query(
            "unfinished run", "select run_id from ops.unfinished_run('membership', $1)", [.text(Self.feed)])
        if let run = left.first?.int("run_id") { return (run, true) }
        let started = try await books.query(
            "start run", "select ops.start_run('membership', $1, '{}') as run_id", [.text(Self.feed)])
        guard let run = started.first?.int("run_id") else {
            throw PostgresError(sqlState: "EM006", message: "ops.start_run gave no run")
        }
        return (run, false)
    }

    private func holder(_ connection: Connection) async throws -> String {
        let answer = try await connection.query(
            """
            select format('pid %s since %s', a.pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')) as holder
            from pg_locks l join pg_stat_activity a using (pid)
            where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('emporium run membership', 0)
            """)
        return answer.first?.text("holder") ?? "its session is not shown"
    }
}
