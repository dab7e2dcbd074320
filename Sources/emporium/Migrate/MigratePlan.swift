import ArgumentParser
import Migrations

struct MigratePlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would run, in order, and why.",
        discussion: "Exit codes: those of apply, and 2 with --exit-code when something is pending.")

    @OptionGroup var options: MigrateOptions

    @Flag(help: "Run files that sort before the last applied version.")
    var allowOutOfOrder = false

    @Flag(help: "Exit with 2 when something is pending.")
    var exitCode = false

    func run() async throws {
        try await MigrateOutput.reporting {
            let migrator = try options.migrator { $0.allowOutOfOrder = allowOutOfOrder }
            let plan = try await migrator.plan()
            if options.json {
                try MigrateOutput.json(plan)
            } else {
                plan.warnings.forEach { MigrateOutput.note("warning: \($0)") }
                if plan.problems.isEmpty { show(plan) }
            }
            if !plan.problems.isEmpty {
                plan.problems.forEach { MigrateOutput.note("\($0)") }
                MigrateOutput.note("apply would refuse")
                throw ExitCode(1)
            }
            if exitCode && plan.isPending { throw ExitCode(2) }
        }
    }

    private func show(_ plan: MigrationPlan) {
        let width = plan.steps.map(\.file.path.count).max() ?? 0
        for step in plan.steps {
            let kind = MigrateOutput.pad(step.file.kind.rawValue, 10)
            print("\(MigrateOutput.pad(step.file.path, width))  \(kind)  \(step.reason.rawValue)")
        }
        switch plan.steps.count {
        case 0: MigrateOutput.note("nothing is pending")
        case 1: MigrateOutput.note("1 file is pending")
        default: MigrateOutput.note("\(plan.steps.count) files are pending")
        }
    }
}
