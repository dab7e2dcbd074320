import ArgumentParser

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a whole pipeline: load, promote, export.",
        subcommands: [RunMembershipCommand.self])
}
