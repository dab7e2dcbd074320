import Logging
import Postgres

/// One run of a feed: a loader lands while promoters judge, until all of it is promoted.
public struct FeedRun: Sendable {
    public enum Source: Sendable {
        case folder(DropFolder)
        case file(String)
    }

    public struct Outcome: Sendable {
        public var report: LoadReport
        public var summary: RunSummary
        /// What this process read and what the database received agree, and nothing is pending.
        public var balances: Bool
    }

    public let run: Int64
    public let options: LoadOptions
    public let database: ConnectionConfiguration
    public var workers = 2
    public let shutdown: Shutdown
    public let logger: Logger
    public var progress: FileLoader.Progress = { _, _, _ in }

    public init(
        run: Int64, options: LoadOptions, database: ConnectionConfiguration, shutdown: Shutdown, logger: Logger
    ) {
        self.run = run
        self.options = options
        self.database = database
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Lands and promotes. Also promotes what others landed before and nobody promoted.
    public func perform(_ source: Source) async throws -> Outcome {
        let books = RunBooks(feed: options.feed, run: run, database: database, shutdown: shutdown, logger: logger)
        let before = try await books.summary()
        let landing = Landing()
        let promoter = Promoter(feed: options.feed, run: run, workers: workers, database: database, logger: logger)
        let loader = FileLoader(
            options: options, run: run, database: database, shutdown: shutdown, logger: logger, progress: progress)

        let report = try await withThrowingTaskGroup(of: LoadReport?.self) { group in
            group.addTask {
                do {
                    _ = try await promoter.run(until: landing)
                } catch {
                    shutdown.request()  // what cannot be promoted is not landed on and on
                    throw error
                }
                return nil
            }
            group.addTask {
                defer { landing.finish() }
                switch source {
                case .folder(let folder): return try await loader.load(folder: folder)
                case .file(let path): return try await loader.load(file: path)
                }
            }
            var report = LoadReport()
            for try await part in group { if let part { report = part } }
            return report
        }
        await loader.close()

        let after = try await books.settled()
        await books.close()
        let agrees = after.read == before.read + report.records
        return Outcome(report: report, summary: after, balances: agrees && after.balances)
    }
}
