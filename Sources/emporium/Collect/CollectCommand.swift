import ArgumentParser

struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Take events in over HTTP: who may send them.",
        subcommands: [KeysCommand.self])
}
