import ArgumentParser
import Glibc
import Migrations

struct MigrateRepair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Mend the ledger where it and the files have come apart; runs no SQL of the files.",
        discussion: """
            Accepts what applied versioned files hold now, gives rows the new name of a file that was renamed and, with \
            --forget-missing, removes the rows of files that are gone. Shows first what it would do, then asks.
            Exit codes: 0 done, or nothing to do; 1 refused, or the answer was no; 64 nobody to ask and no --yes; \
            69 no server; 75 another migrator at work; 78 bad configuration.
            """)

    @OptionGroup var options: MigrateOptions
    @OptionGroup var waiting: MigrateLockWait

    @Flag(help: "Forget rows whose file is gone. What the file made stays.")
    var forgetMissing = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let migrator = try options.migrator { $0.lockWait = waiting.lockWait.value }
            let plan = try await migrator.repairs(forgetMissing: forgetMissing)
            if !options.json {
                for action in plan.actions { print(action) }
                for advice in plan.advice { MigrateOutput.note("\(advice.path): \(advice.message)") }
            }
            var isDone = false
            if !plan.actions.isEmpty && !dryRun {
                try MigrateOutput.confirm(
                    "Change \(MigrateOutput.count(plan.actions.count, "row")) of the ledger?", yes: yes,
                    listing: options.json ? plan.actions.map(\.description) : [])
                try await migrator.repair(plan, forgetMissing: forgetMissing)
                isDone = true
            }
            if options.json { return try MigrateOutput.json(Answer(plan: plan, isDone: isDone)) }
            if plan.actions.isEmpty {
                MigrateOutput.note("nothing to repair")
            } else {
                MigrateOutput.note(isDone ? "repaired \(MigrateOutput.count(plan.actions.count, "row")); no file was run" : "nothing was changed")
            }
        }
    }

    /// `{"actions": […], "advice": […], "done": true}`
    private struct Answer: Encodable {
        let plan: RepairPlan
        let isDone: Bool
        enum CodingKeys: String, CodingKey { case actions, advice, done }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(plan.actions, forKey: .actions)
            try container.encode(plan.advice, forKey: .advice)
            try container.encode(isDone, forKey: .done)
        }
    }
}

extension MigrateOutput {
    /// Asks on the terminal; comes back only after a yes.
    /// - Parameter listing: what the question is about, where it does not stand on stdout.
    static func confirm(_ question: String, yes: Bool, listing: [String] = []) throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw MigrationError(
                .usage, "nothing was changed: there is no terminal to ask on; look at it with --dry-run, then give --yes")
        }
        listing.forEach { note($0) }
        write("\(question) [y/N] ")
        let answer = readLine()?.lowercased() ?? ""
        guard ["y", "yes"].contains(answer) else {
            throw MigrationError(.refused, "nothing was changed")
        }
    }
}
