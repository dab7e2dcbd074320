import ArgumentParser
import Foundation
import Postgres

struct GenerateShopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shop",
        abstract: "Fill an empty shop with customers, products and three years of orders.",
        discussion: """
            The server makes the rows by SQL, in one transaction, from hashes of the seed and the row: the same numbers \
            give the same rows, on any machine and day. Keys, indexes and triggers are off meanwhile and put back before \
            the end, which checks every row. Connects as migrations do (EMPORIUM_ADMIN_URL). \
            Exit codes: 0 done, 1 the shop is not empty, 64 usage, 69 no database.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("How many customers.", valueName: "n"))
    var customers: Int

    @Option(help: ArgumentHelp("How many orders; they have three lines on average.", valueName: "n"))
    var orders: Int

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "n"))
    var seed: Int64 = 1

    @Option(help: ArgumentHelp("The day after the last orders; they begin three years before.", valueName: "yyyy-mm-dd"))
    var until = "2026-01-01"

    func validate() throws {
        if !(1...20_000_000).contains(customers) { throw ValidationError("--customers must be from 1 to 20000000") }
        if !(0...100_000_000).contains(orders) { throw ValidationError("--orders must be from 0 to 100000000") }
        let parts = until.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard until.utf8.count == 10, parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (1990..<2100).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { throw ValidationError("--until must be a day from 1990-01-01 to 2099-12-31, as in 2026-01-01") }
    }

    private struct Answer: Encodable {
        struct Part: Encodable {
            let part: String
            let rows: Int
            let seconds: Double
        }
        let customers: Int, orders: Int, seed: Int64, until: String
        let lines: Int, rows: Int
        let seconds: Double, linesPerSecond: Int, storedLinesPerSecond: Int, bareLinesPerSecond: Int
        let parts: [Part]
    }

    func run() async throws {
        let configuration = try Settings.adminDatabase().asRole("emporium_owner").setting("statement_timeout", "0")
        let connection = try await Connection.connect(configuration, logger: common.logger("generate"))
        // One statement is one transaction.
        let answer = try await connection.query(
            "select part, rows, seconds::float8 from sample.generate($1, $2, $3, $4::date)",
            [.text("\(customers)"), .text("\(orders)"), .text("\(seed)"), .text(until)])
        await connection.close()

        let all = answer.rows.map {
            Answer.Part(part: $0.text("part"), rows: Int($0.text("rows")) ?? 0, seconds: Double($0.text("seconds")) ?? 0)
        }
        let parts = all.filter { $0.part != "bare" }
        let seconds = parts.reduce(0) { $0 + $1.seconds }
        let stored = parts.first { $0.part == "order lines" }
        let lines = stored?.rows ?? 0
        let bare = all.first { $0.part == "bare" }?.seconds ?? 0
        func rate(_ seconds: Double) -> Int { seconds > 0 ? Int(Double(lines) / seconds) : 0 }
        let summary = Answer(
            customers: customers, orders: orders, seed: seed, until: until, lines: lines,
            rows: parts.filter { !$0.part.hasPrefix("drafts") }.reduce(0) { $0 + $1.rows }, seconds: seconds,
            linesPerSecond: rate(seconds),
            storedLinesPerSecond: rate(stored?.seconds ?? 0), bareLinesPerSecond: rate(bare), parts: all)
        if common.json { return try printJSON(summary) }
        printTable(
            ["part", "rows", "seconds"],
            parts.map { [$0.part, $0.rows > 0 ? "\($0.rows)" : "", String(format: "%.3f", $0.seconds)] })
        print(
            """

            \(summary.rows) rows, \(lines) of them order lines, in \(String(format: "%.1f", seconds)) s, seed \(seed)
            \(summary.linesPerSecond) lines/s with all other tables, keys and checks; \(summary.storedLinesPerSecond) lines/s for the lines \
            alone; \(summary.bareLinesPerSecond) lines/s by a bare INSERT … SELECT of the same lines
            """)
    }
}
