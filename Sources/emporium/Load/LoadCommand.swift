import ArgumentParser

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Land records in staging and promote them.",
        subcommands: [LoadFilesCommand.self, LoadKafkaCommand.self, LoadDatabaseCommand.self])
}
