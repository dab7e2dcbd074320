import ArgumentParser

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Say what became of one thing that was sent here.", subcommands: [TraceEvent.self])
}
