import ArgumentParser
import Foundation
import Ingest
import Postgres

struct RunMembershipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "membership", abstract: "Membership applications: from dropped files to members and output files.",
        discussion: """
            Lands every file of the drop folder, judges the applications by the newest membership.policy, and writes \
            what was decided since the last output to OUT/successful and OUT/unsuccessful, one file each. A run that a \
            crash cut short is completed by the next one.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var files: FileOptions

    @Option(help: ArgumentHelp("Output folder (data/output).", valueName: "dir"))
    var out: String?

    @Option(help: ArgumentHelp("Go on for ever, beginning a run every so often: 1h, 15m.", valueName: "duration"))
    var every: DurationArgument?

    @Option(help: ArgumentHelp("Output format: csv or ndjson.", valueName: "format"))
    var outputFormat: Exporter.Format = .csv

    @Flag(help: "Put an apostrophe before cells that a spreadsheet would run as formulas.")
    var spreadsheetSafe = false

    @Option(help: ArgumentHelp("Exit with 65 when more records than this are rejected.", valueName: "n"))
    var maxRejects: Int64?

    func validate() throws {
        if let every, every.value < .seconds(1) { throw ValidationError("--every: a second at least") }
    }

    func run() async throws {
        let logger = common.logger("membership")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let pipeline = MembershipPipeline(
            database: try Settings.database(), folder: files.folder(),
            out: out ?? Settings.value("EMPORIUM_OUT") ?? "data/output",
            options: files.loadOptions(feed: MembershipPipeline.feed), workers: try files.promoters(),
            format: outputFormat, spreadsheetSafe: spreadsheetSafe, shutdown: shutdown, logger: logger)
        guard let every else { return try await once(pipeline) }

        try await Schedule(every: every.value).run(until: shutdown, logger) { try await Schedule.goingOn(logger) { try await once(pipeline) } }
    }

    private func once(_ pipeline: MembershipPipeline) async throws {
        switch try await pipeline.run() {
        case .busy(let holder):
            print("another run is in progress (\(holder)); nothing to do")
            fflush(nil)
        case .done(let run, let outcome, let written):
            try Report.print(run: run, outcome, written: written, json: common.json)
            try Report.check(outcome, maxRejects: maxRejects)
        }
    }
}

extension Exporter.Format: ExpressibleByArgument {}
