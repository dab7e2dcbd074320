import Foundation
import Testing

extension EndToEnd {
    /// `generate shop` and `generate report` as a user runs them.
    @Suite struct GenerateShop {
        @Test func fillsAnEmptyShopOnceAndReportsOnIt() async throws {
            try await Bench.with { bench in
                let made = try await bench.run("generate", "shop", "--customers", "200", "--orders", "1000", "--seed", "5", "--json")
                #expect(made.exitCode == 0, "\(made.err)")
                let answer = try made.json()
                let lines = try await bench.count("select count(*) from shop.order_items")
                #expect(answer["lines"] as? Int == lines)
                #expect((answer["linesPerSecond"] as? Int ?? 0) > 0)
                #expect((answer["bareLinesPerSecond"] as? Int ?? 0) > (answer["linesPerSecond"] as? Int ?? .max))
                #expect(try await bench.count("select count(*) from shop.orders") == 1000)
                #expect(try await bench.count("select count(*) from shop.customers") == 200)
                #expect(try await bench.count("select count(*) from shop.order_fault") == 0)
                #expect(try await bench.count("select count(*) from shop.stock_fault") == 0)
                let orders = try await bench.value("select md5(string_agg(o::text, ',' order by order_id)) from shop.orders o")

                let again = try await bench.run("generate", "shop", "--customers", "10", "--orders", "10")
                #expect(again.exitCode == 1)
                #expect(again.err.contains("EM210") && again.err.contains("hint:"))
                #expect(try await bench.count("select count(*) from shop.orders") == 1000)

                let report = try await bench.run("generate", "report")
                #expect(report.exitCode == 0, "\(report.err)")
                for chart in ["orders by month", "orders by hour", "Black Friday", "ratings"] {
                    #expect(report.lines.contains(chart), "\(chart)")
                }
                let bars = try #require(
                    try JSONSerialization.jsonObject(with: Data(try await bench.run("generate", "report", "--json").out.utf8)) as? [[String: Any]])
                let months = bars.filter { $0["chart"] as? String == "orders by month" }
                #expect(months.reduce(0) { $0 + ($1["value"] as? Int ?? 0) } == 1000)

                // The same seed in another database: the same rows.
                try await Bench.with { other in
                    let same = try await other.run("generate", "shop", "--customers", "200", "--orders", "1000", "--seed", "5")
                    #expect(same.exitCode == 0, "\(same.err)")
                    #expect(same.out.contains("lines/s"))
                    #expect(try await other.value("select md5(string_agg(o::text, ',' order by order_id)) from shop.orders o") == orders)
                }
            }
        }

        @Test(arguments: [
            ["--customers", "0", "--orders", "1"], ["--customers", "1", "--orders", "-1"], ["--customers", "1", "--orders", "1", "--until", "soon"],
            ["--orders", "1"],
        ])
        func refusesNumbersThatMakeNoShop(_ options: [String]) async throws {
            try await Bench.with { bench in
                let outcome = try await Emporium.run(["generate", "shop"] + options, bench.environment, in: bench.folder)
                #expect(outcome.exitCode == 64, "\(outcome.err)")
            }
        }
    }
}
