import ArgumentParser
import Migrations

struct MigrateRepair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Mend the ledger where it and the files have come apart.")

    @OptionGroup var options: MigrateOptions

    func run() async throws { throw ValidationError("not built yet") }
}
