import ArgumentParser
import Migrations

struct MigratePlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would run, in order, and why.",
        discussion: """
            For each statement that touches a relation of the database as it is now: the lock it takes, on which \
            relation of which size, whether it rewrites or reads all of it, and which sessions it would wait for \
            right now. Nothing is changed and nothing waited for. \
            Exit codes: those of apply, and 2 with --exit-code when something is pending.
            """)

    @OptionGroup var options: MigrateOptions
    @OptionGroup var reach: MigrateTarget

    @Flag(help: "Run files that sort before the last applied version.")
    var allowOutOfOrder = false

    @Flag(help: "Exit with 2 when something is pending.")
    var exitCode = false

    @Flag(name: .customLong("no-forecast"), help: "Show the files only, not what their statements will lock.")
    var noForecast = false

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let migrator = try options.migrator {
                $0.allowOutOfOrder = allowOutOfOrder
                $0.target = reach.target
            }
            let plan = try await migrator.plan()
            // What is refused does not run.
            let forecasts = noForecast || !plan.problems.isEmpty ? [] : try await migrator.forecast(plan)
            if options.json {
                try MigrateOutput.json(ForecastDocument(plan: plan, forecasts: noForecast ? nil : forecasts))
            } else {
                plan.warnings.forEach { MigrateOutput.note("warning: \($0)") }
                if plan.problems.isEmpty { show(plan, forecasts) }
            }
            if !plan.problems.isEmpty {
                plan.problems.forEach { MigrateOutput.note("\($0)") }
                MigrateOutput.note("apply would refuse")
                throw ExitCode(1)
            }
            if exitCode && plan.isPending { throw ExitCode(2) }
        }
    }

    private func show(_ plan: MigrationPlan, _ forecasts: [StatementForecast]) {
        let byPath = Dictionary(grouping: forecasts, by: \.path)
        let width = plan.steps.map(\.file.path.count).max() ?? 0
        for step in plan.steps {
            let kind = MigrateOutput.pad(step.file.kind.rawValue, 10)
            print("\(MigrateOutput.pad(step.file.path, width))  \(kind)  \(step.reason.rawValue)")
            byPath[step.file.path, default: []].flatMap(ForecastDocument.lines).forEach { print($0) }
        }
        MigrateOutput.noteHeldBack(plan.heldBack.map(\.path), reach.target)
        for squash in plan.squashes {
            MigrateOutput.note(
                "\(squash.file.path): all \(squash.rows.count) files that it was squashed from are applied; only the ledger changes")
        }
        switch plan.steps.count {
        case 0 where !plan.squashes.isEmpty: MigrateOutput.note("no file would run")
        case 0: MigrateOutput.note(plan.heldBack.isEmpty ? "nothing is pending" : "nothing is pending up to the target")
        case 1: MigrateOutput.note("1 file is pending")
        default: MigrateOutput.note("\(plan.steps.count) files are pending")
        }
    }
}
