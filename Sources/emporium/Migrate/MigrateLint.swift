import ArgumentParser
import Migrations

struct MigrateLint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Judge the SQL files, and the catalog they make.")

    @OptionGroup var options: MigrateOptions

    func run() async throws { throw ValidationError("not built yet") }
}
