import ArgumentParser

struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Take events in over HTTP, and say who may send them.",
        subcommands: [CollectServe.self, KeysCommand.self], defaultSubcommand: CollectServe.self)
}
