import ArgumentParser
import Migrations

struct MigrateBaseline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Mark every versioned file up to a version as applied, without running any.")

    @OptionGroup var options: MigrateOptions
    @OptionGroup var waiting: MigrateLockWait

    @Argument(help: ArgumentHelp("The last version to mark, for example 0042.", valueName: "version"))
    var version: Int

    @Flag(help: "Also where the ledger has versioned rows already; those stay as they are.")
    var force = false

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let migrator = try options.migrator { $0.lockWait = waiting.lockWait.value }
            let report = try await migrator.baseline(version: version, force: force)
            if options.json { return try MigrateOutput.json(report) }
            for file in report.applied { print(file.path) }
            MigrateOutput.note("marked \(report.applied.count) files as applied; none was run")
        }
    }
}
