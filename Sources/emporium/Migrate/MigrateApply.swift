import ArgumentParser
import Migrations

struct MigrateApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Run what is pending.",
        discussion: """
            Exit codes: 0 done, 1 failed or refused, 64 usage, 69 no server, 75 a lock was not to be had, \
            78 bad configuration.
            """)

    @OptionGroup var options: MigrateOptions
    @OptionGroup var waiting: MigrateLockWait
    @OptionGroup var reach: MigrateTarget

    @Option(
        help: ArgumentHelp(
            "How long one statement may wait for a lock; readers queue behind it for as long. 0: without limit.",
            valueName: "duration"))
    var lockTimeout = DurationArgument(MigrationOptions.defaultLockTimeout)

    @Option(help: ArgumentHelp("How often a file is tried again after such a wait.", valueName: "n"))
    var lockRetries = 30

    @Flag(help: "Run files that sort before the last applied version.")
    var allowOutOfOrder = false

    @Option(
        help: ArgumentHelp(
            "What stderr gets: plain, the log; ndjson, one JSON document a line for each step.", valueName: "form"))
    var progress = MigrateProgress.plain

    func validate() throws {
        if lockRetries < 0 { throw ValidationError("--lock-retries must not be negative") }
    }

    func run() async throws {
        try await MigrateOutput.reporting(progress, json: options.json) {
            let isPlain = progress == .plain
            let migrator = try options.migrator(progress) {
                $0.lockWait = waiting.lockWait.value
                $0.lockTimeout = lockTimeout.value
                $0.lockRetries = lockRetries
                $0.allowOutOfOrder = allowOutOfOrder
                if !isPlain { $0.onEvent = { MigrateProgress.write($0) } }
                $0.target = reach.target
            }
            let width = migrator.project.files.map(\.path.count).max() ?? 0
            let clock = ContinuousClock()
            let start = clock.now
            let isJSON = options.json
            let report = try await migrator.apply { file in
                if !isJSON { MigrateOutput.line(file, width) }
            }
            if isJSON { return try MigrateOutput.json(report) }
            guard isPlain else { return }
            let files = migrator.project.files.count
            MigrateOutput.noteHeldBack(report.heldBack, reach.target)
            for path in report.squashed {
                MigrateOutput.note("\(path): taken as applied, for the files that it was squashed from are")
            }
            if report.applied.isEmpty && !report.heldBack.isEmpty {
                MigrateOutput.note("nothing to apply up to the target")
            } else if report.applied.isEmpty {
                MigrateOutput.note("nothing to apply: the database has all \(files) files as they are")
            } else {
                let elapsed = MigrateOutput.milliseconds(clock.now - start)
                MigrateOutput.note("applied \(report.applied.count) of \(files) files in \(elapsed) ms")
            }
        }
    }
}
