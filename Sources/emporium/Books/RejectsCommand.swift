import ArgumentParser
import Foundation
import Ingest
import Postgres

struct RejectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejects", abstract: "Count rejects by reason, and say what to do about each.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The feed, as in ops.feed.", valueName: "name"))
    var feed = "membership.application"

    @Option(help: ArgumentHelp("Reasons at the most.", valueName: "n"))
    var limit = 20

    private struct Line: Codable {
        var code: String
        var records: Int64
        var reason: String
        var remedy: String
    }

    func run() async throws {
        let logger = common.logger("rejects")
        let session = DatabaseSession(
            try Settings.database().asRole("membership_reader"), patience: .seconds(10), logger: logger)
        let answer = try await session.query(
            "rejects",
            """
            select c.code, count(*) as records, min(coalesce(o.reason, e.reason)) as reason,
                min(coalesce(o.remedy, e.remedy)) as remedy
            from staging.reject r
            join ops.batch b using (batch_id)
            cross join unnest(r.codes) as c (code)
            left join ops.rule o on o.feed = b.feed and o.code = c.code
            left join ops.rule e on e.feed = '*' and e.code = c.code
            where b.feed = $1
            group by c.code order by records desc, c.code limit $2
            """, [.text(feed), .int(limit)])
        await session.close()
        let lines = answer.rows.map {
            Line(
                code: $0.text("code"), records: $0.int("records") ?? 0, reason: $0.text("reason"),
                remedy: $0.text("remedy"))
        }
        if common.json { return try printJSON(lines) }
        printTable(
            ["records", "code", "reason", "remedy"], lines.map { [String($0.records), $0.code, $0.reason, $0.remedy] })
    }
}
