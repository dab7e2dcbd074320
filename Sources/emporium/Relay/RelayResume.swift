import ArgumentParser
import Postgres

struct RelayResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Have parked rows tried again now.",
        discussion: "Each may be refused as often as a new one before it is parked again. Alerts about them are cleared.")

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: ArgumentHelp("Rows, from relay parked.", valueName: "id"))
    var ids: [Int64] = []

    @Flag(help: "All that are parked.")
    var all = false

    func validate() throws {
        if ids.isEmpty != all { throw ValidationError("name rows by their ids, or --all") }
    }

    func run() async throws {
        let wanted: [Int64?] = all ? [nil] : ids
        // All or none: one that is not parked is the caller's mistake.
        let resumed = try await RelayGroup.withOutbox { connection in
            try await connection.transaction { connection in
                var resumed: Int64 = 0
                for id in wanted {
                    resumed += try await connection.query("select ops.resume_outbox($1) as rows", [.int(id)]).first?.int("rows") ?? 0
                }
                return resumed
            }
        }
        struct Report: Encodable { let resumed: Int64 }
        if json { return try printJSON(Report(resumed: resumed)) }
        print(resumed == 0 ? "nothing is parked" : "resumed \(resumed) rows: a relay tries them now")
    }
}
