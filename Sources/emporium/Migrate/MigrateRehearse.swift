import ArgumentParser
import Migrations

struct MigrateRehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse", abstract: "Run everything pending on a copy, and say what it would do.")

    @OptionGroup var options: MigrateOptions

    func run() async throws { throw ValidationError("not built yet") }
}
