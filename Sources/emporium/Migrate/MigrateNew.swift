import ArgumentParser
import Migrations

struct MigrateNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make an empty migration with the next number, and print its path.")

    @OptionGroup var place: MigrateRootOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: ArgumentHelp("A verb and its object in snake_case: add_order_currency.", valueName: "name"))
    var name: String

    func validate() throws {
        if !MigrationName.isSnakeCase(name) {
            throw ValidationError("\(name) is no name for a migration: it is \(MigrationName.wordsRule)")
        }
    }

    func run() async throws {
        try await MigrateOutput.reporting(json: json) {
            let path = try MigrationProject(root: place.root).makeMigration(named: name)
            if json { try MigrateOutput.json(["path": path]) } else { print(path) }
        }
    }
}
