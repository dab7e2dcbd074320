import ArgumentParser
import Migrations

struct MigrateStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how every file stands.",
        discussion: """
            States: applied, pending, changed (repeatable), edited (versioned: refused), missing (the file is gone), \
            unfinished (an interrupted no-transaction file), out of order, renamed, squashed (its file went into another \
            one), incomplete (a squashed file of whose files only some are applied: refused).
            """)

    @OptionGroup var options: MigrateOptions

    @Flag(help: "Exit with 2 when something is pending.")
    var exitCode = false

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let plan = try await options.migrator().plan()
            if options.json {
                try MigrateOutput.json(plan.statuses)
            } else {
                let width = plan.statuses.map(\.path.count).max() ?? 0
                for status in plan.statuses {
                    let when = [status.appliedAt, status.appliedBy.map { "by \($0)" }].compactMap(\.self)
                    let line = [
                        MigrateOutput.pad(status.state.rawValue, 12), MigrateOutput.pad(status.path, width),
                        MigrateOutput.pad(status.kind.rawValue, 10), when.joined(separator: " "),
                    ].joined(separator: "  ")
                    print(MigrateOutput.trimEnd(line))
                }
            }
            plan.problems.forEach { MigrateOutput.note("\($0)") }
            if exitCode && plan.isPending { throw ExitCode(2) }
        }
    }
}
