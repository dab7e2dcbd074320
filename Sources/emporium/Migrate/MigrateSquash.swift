import ArgumentParser
import Migrations

struct MigrateSquash: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "squash", abstract: "Make one file of old ones, proven to make the same.")

    @OptionGroup var options: MigrateOptions

    func run() async throws { throw ValidationError("not built yet") }
}
