import ArgumentParser
import Foundation
import Ingest
import Logging
import Postgres

struct LoadFilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Load CSV, NDJSON and JSON files, plain or gzip.",
        discussion: """
            Loads a folder, or the one file that is named (which stays where it is). A file is known by its content: \
            the same bytes under another name are not loaded twice. Files that are still being written, hidden files \
            and *.part are left alone.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var files: FileOptions

    @Argument(help: "One file; the drop folder when none is given.")
    var file: String?

    @Option(help: ArgumentHelp("The feed, as in ops.feed.", valueName: "name"))
    var feed = "membership.application"

    @Option(help: ArgumentHelp("The order system that sent them, for feeds source.…; `emporium sources list` shows them.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("csv or json, whatever the file is named.", valueName: "format"))
    var format: FileFormat?

    @Option(help: ArgumentHelp("Exit with 65 when more records than this are rejected.", valueName: "n"))
    var maxRejects: Int64?

    func validate() throws {
        let isSource = feed.hasPrefix("source.")
        if isSource, source == nil { throw ValidationError("feed \(feed): --source NAME says which order system sent it") }
        if !isSource, source != nil { throw ValidationError("--source goes with feeds source.…; \(feed) has no sources") }
        if let source { try OrderSources.validate(name: source) }
    }

    func run() async throws {
        let logger = common.logger("load")
        let database = try Settings.database()
        var options = files.loadOptions(feed: feed, format: format)
        options.source = source ?? ""
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }

        if let source {
            let session = DatabaseSession(database.asRole("promoter"), patience: .seconds(10), logger: logger)
            try await OrderSources.require(source, session)
            await session.close()
        }
        let books = DatabaseSession(database.asRole("loader"), patience: .seconds(10), logger: logger)
        let started = try await books.query(
            "start run", "select ops.start_run('load', $1, '{}')", [.text(feed)])
        let run = Int64(started.first?[0] ?? "") ?? 0
        let progress = ProgressLine()
        var feedRun = FeedRun(run: run, options: options, database: database, shutdown: shutdown, logger: logger)
        feedRun.workers = try files.promoters()
        feedRun.progress = progress.show
        let outcome: FeedRun.Outcome
        do {
            outcome = try await feedRun.perform(file.map { .file($0) } ?? .folder(files.folder()))
        } catch {
            progress.clear()
            _ = try? await books.query("finish run", "select ops.finish_run($1, 'failed')", [.int(run)])
            throw error
        }
        let completed = source == nil ? nil : try await complete(run, database, logger)
        progress.clear()
        try await books.query("finish run", "select ops.finish_run($1, 'done')", [.int(run)])
        await books.close()
        try await Housekeeping.rotate(feed, database, logger)
        try Report.print(run: run, outcome, completed: Completion.counts(completed), json: common.json)
        try Report.check(outcome, maxRejects: maxRejects)
    }

    /// Has what was promoted put together in the shop.
    /// - Returns: JSON, as ops.complete_run() gives it.
    private func complete(_ run: Int64, _ database: ConnectionConfiguration, _ logger: Logger) async throws -> String? {
        let session = DatabaseSession(database.asRole("promoter"), logger: logger)
        let answer = try await session.query("complete run", "select ops.complete_run($1)", [.int(run)])
        await session.close()
        return answer.first?[0]
    }
}
