import ArgumentParser
import Foundation
import Ingest
import Postgres

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Judge rejects again, after a rule, a policy or a bug has changed.",
        discussion: """
            Rejects go back to their own batches and through the very same promote; a second replay changes nothing. \
            What it decides is written out by the pipeline's next run.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The feed, as in ops.feed.", valueName: "name"))
    var feed = "membership.application"

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Which rejects, key=value, all must hold: code, batch_id, run_id, position, source, from, to, disposition.",
            valueName: "key=value"))
    var conditions: [String] = []

    @Flag(help: "Do all of it, report, and take it back.")
    var dryRun = false

    func filter() throws -> [String: String] {
        var filter: [String: String] = [:]
        for condition in conditions {
            guard let equals = condition.firstIndex(of: "="), equals > condition.startIndex else {
                throw ValidationError("--where \(condition): expected key=value")
            }
            filter[String(condition[..<equals])] = String(condition[condition.index(after: equals)...])
        }
        return filter
    }

    func validate() throws { _ = try filter() }

    func run() async throws {
        let logger = common.logger("replay")
        let json = String(decoding: try JSONEncoder().encode(try filter()), as: UTF8.self)
        let session = DatabaseSession(try Settings.database().asRole("promoter"), patience: .seconds(30), logger: logger)
        let answer = try await session.query(
            "replay", "select * from ops.replay($1, $2::jsonb, $3)", [.text(feed), .text(json), .bool(dryRun)])
        await session.close()
        guard let row = answer.first else { return }
        if common.json {
            return try printJSON(row.dictionary.mapValues { $0 ?? "" })
        }
        print(
            (dryRun ? "dry run: would replay " : "replayed ") + row.text("replayed") + " = stored "
                + row.text("stored") + " + rejected " + row.text("rejected") + " + duplicate " + row.text("duplicate"))
    }
}
