import ArgumentParser
import Foundation
import Postgres

struct GenerateReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how the shop's rows are distributed, as text histograms.",
        discussion: "Reads only. Connects as migrations do (EMPORIUM_ADMIN_URL).")

    @OptionGroup var common: CommonOptions

    private struct Bar: Encodable {
        let chart: String
        let label: String
        let value: Double
    }

    func run() async throws {
        let connection = try await Connection.connect(
            try Settings.adminDatabase().asRole("emporium_owner").setting("default_transaction_read_only", "on"),
            logger: common.logger("generate"))
        let answer = try await connection.query(
            "select chart, label, value::float8 as value from sample.report() with ordinality as r (chart, place, label, value, number) order by number")
        await connection.close()
        let bars = answer.rows.map {
            Bar(chart: $0.text("chart"), label: $0.text("label"), value: Double($0.text("value")) ?? 0)
        }
        if common.json { return try printJSON(bars) }
        if bars.isEmpty { return print("the shop is empty; emporium generate shop fills it") }
        var charts: [(name: String, bars: [Bar])] = []
        for bar in bars {
            if charts.last?.name == bar.chart { charts[charts.count - 1].bars.append(bar) } else { charts.append((bar.chart, [bar])) }
        }
        print(charts.map { ([$0.name] + Self.lines($0.bars)).joined(separator: "\n") }.joined(separator: "\n\n"))
    }

    /// A line a bar: label, a bar of up to 50 signs, its value.
    private static func lines(_ bars: [Bar]) -> [String] {
        let width = bars.map(\.label.count).max() ?? 0
        let highest = max(bars.map(\.value).max() ?? 0, .leastNonzeroMagnitude)
        return bars.map { bar in
            let label = bar.label.padding(toLength: width, withPad: " ", startingAt: 0)
            let length = Int((bar.value / highest * 50).rounded())
            let value = bar.value == bar.value.rounded() ? "\(Int(bar.value))" : String(format: "%.1f", bar.value)
            return "  \(label)  \(String(repeating: "#", count: length)) \(value)"
        }
    }
}
