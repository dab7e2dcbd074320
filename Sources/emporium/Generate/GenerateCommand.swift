import ArgumentParser

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make up sample data; the same seed gives the same bytes.",
        subcommands: [
            GenerateApplicationsCommand.self, GenerateShopCommand.self, GenerateCustomersCommand.self, GenerateEventsCommand.self,
            GenerateReportCommand.self,
        ])
}
