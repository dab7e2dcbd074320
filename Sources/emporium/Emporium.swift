import ArgumentParser
import Ingest
import Logging

@main
struct Emporium: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emporium",
        abstract: "The data platform of an e-commerce company, built the Postgres way.",
        discussion: """
            Settings: flag > environment > .env > emporium.yaml > default. Data goes to stdout, logs and progress to \
            stderr. Exit codes: 0 done, 1 failure, 2 something pending (--exit-code) or different (--check), 64 usage, 65 rejects above the \
            limit, 69 a service is down, 75 a lock was not obtained, 78 bad configuration.
            """,
        version: "0.1.0",
        subcommands: [
            UpCommand.self, DownCommand.self, StatusCommand.self, DoctorCommand.self, URLCommand.self,
            MigrateCommand.self, DocsCommand.self, SourcesCommand.self, LoadCommand.self, RunCommand.self, ReplayCommand.self, RejectsCommand.self,
            RelayGroup.self, ArchiveCommand.self, TopicsCommand.self, SchemasCommand.self, CollectCommand.self, TraceCommand.self,
            MaintainCommand.self, RolesCommand.self, QueryCommand.self, GenerateCommand.self, BrokerCommand.self,
        ])

    static func main() async {
        LoggingSystem.bootstrap { StandardErrorLog(label: $0) }
        do {
            try Settings.load()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = Failure.report(error)
            MigrateOutput.answer(
                error, code == nil ? Self.message(for: error) : "\(error)",
                exitCode: code ?? Self.exitCode(for: error).rawValue, arguments: CommandLine.arguments)
            if let code { Self.exit(withError: ExitCode(code)) }
            Self.exit(withError: error)  // ArgumentParser's own: help, usage, explicit exit codes
        }
    }
}
