import ArgumentParser
import Migrations

struct MigrateVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare the live catalog and grants with what the files make.")

    @OptionGroup var options: MigrateOptions

    func run() async throws { throw ValidationError("not built yet") }
}
