import ArgumentParser
import Migrations

struct MigrateRehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Run what is pending where nothing of it stays, and show what each statement does.",
        discussion: """
            In a copy of the database where one can be made: nobody may be connected to the original while it is \
            copied, and the connecting user must own it and have CREATEDB. Else in the database itself, in one \
            transaction that is rolled back; it holds its locks until it ends, and gives way as soon as somebody has \
            waited for it for the lock timeout. Roles, which belong to the whole cluster, are never changed.

            Shown of each file: statements that lock tables which are there already, write them anew, or take \
            \(slow) ms or longer; with --verbose all. Then how catalog and grants differ afterwards.

            Exit codes: 0 it would work, 1 an apply would fail or refuse, 64 usage, 69 no server, 75 others are \
            connected (--how clone), waited for it, or hold a lock, 78 bad configuration.
            """)

    /// Milliseconds from which on a statement is shown for its own sake.
    static let slow = 100

    enum Place: String, ExpressibleByArgument, CaseIterable {
        case auto, clone, transaction

        var how: RehearsalReport.How? {
            switch self {
            case .auto: nil
            case .clone: .clone
            case .transaction: .transaction
            }
        }
    }

    @OptionGroup var options: MigrateOptions
    @OptionGroup var waiting: MigrateLockWait
    @OptionGroup var reach: MigrateTarget

    @Option(help: ArgumentHelp("Where: a copy if possible, a copy or nothing, the database itself.", valueName: "place"))
    var how = Place.auto

    @Option(
        help: ArgumentHelp(
            "How long it may wait for a lock, and others for it. 0: without limit.", valueName: "duration"))
    var lockTimeout = DurationArgument(MigrationOptions.defaultLockTimeout)

    @Option(help: ArgumentHelp("How often a file is tried again after such a wait.", valueName: "n"))
    var lockRetries = 30

    @Flag(help: "Run files that sort before the last applied version.")
    var allowOutOfOrder = false

    func validate() throws {
        if lockRetries < 0 { throw ValidationError("--lock-retries must not be negative") }
    }

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let migrator = try options.migrator {
                $0.lockWait = waiting.lockWait.value
                $0.lockTimeout = lockTimeout.value
                $0.lockRetries = lockRetries
                $0.allowOutOfOrder = allowOutOfOrder
                $0.target = reach.target
            }
            let display = RehearsalDisplay(
                width: migrator.project.files.map(\.path.count).max() ?? 0, isVerbose: options.verbose, slow: Self.slow)
            let clock = ContinuousClock()
            let start = clock.now
            let isJSON = options.json
            let report = try await migrator.rehearse(how: how.how) { file in
                if !isJSON { display.show(file) }
            }
            report.warnings.forEach { MigrateOutput.note("warning: \($0)") }
            if !isJSON {
                MigrateOutput.noteHeldBack(report.heldBack, reach.target)
                for path in report.squashed {
                    MigrateOutput.note("\(path): would be taken as applied, for the files that it was squashed from are")
                }
            }
            if isJSON {
                try MigrateOutput.json(report)
            } else if report.files.isEmpty {
                MigrateOutput.note(report.heldBack.isEmpty ? "nothing is pending" : "nothing is pending up to the target")
            } else {
                display.show(report, MigrateOutput.milliseconds(clock.now - start))
            }
            guard let failure = report.failure else { return }
            // The report is the one document on stdout, and holds it.
            guard isJSON else { throw failure }
            MigrateOutput.note("\(failure)")
            throw ExitCode(failure.exitCode)
        }
    }
}
