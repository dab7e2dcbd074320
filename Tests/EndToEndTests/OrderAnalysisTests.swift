import Foundation
import Testing

@testable import emporium

extension EndToEnd { @Suite struct OrderAnalysisPage {} }

extension EndToEnd.OrderAnalysisPage {
    /// The one that CI has for a stale page: after a change of a query or of the sample, scripts/order-analysis and commit.
    @Test func theCommittedPageIsWhatTheSampleGives() async throws {
        try await Bench.with { bench in
            try await load(bench)
            let page = "\(TestStack.root)/docs/order-analysis.md"
            let outcome = try await bench.run("docs", "orders", "--check", "--out", page, "--root", TestStack.root)
            #expect(outcome.exitCode == 0, "\(outcome.err)")

            // An order that goes shows, and the file is not touched by --check.
            #expect(try await bench.run("docs", "orders", "--out", "page.md", "--root", TestStack.root).exitCode == 0)
            #expect(try bench.read("page.md") == String(contentsOfFile: page, encoding: .utf8))
            _ = try await bench.sql("insert into shop.currency_rate (currency, valid_from, rate) values ('USD', '2020-01-01', 0.9)")
            #expect(try await bench.run("docs", "orders", "--check", "--out", "page.md", "--root", TestStack.root).exitCode == 0)
            _ = try await bench.sql("delete from shop.order_without_time where order_id = (select min(order_id) from shop.orders)")
            let stale = try await bench.run("docs", "orders", "--check", "--out", "page.md", "--root", TestStack.root)
            #expect(stale.exitCode == 2 && stale.err.contains("page.md is stale, from line"), "\(stale.err)")
            #expect(stale.err.contains("hint: scripts/order-analysis"))
            #expect(try bench.read("page.md") == String(contentsOfFile: page, encoding: .utf8))
        }
    }

    /// What whoever made the sample counted in its files holds in the answers.
    @Test func theSampleAnswersAsItsReadmeSays() async throws {
        try await Bench.with { bench in
            try await load(bench)
            func rows(_ name: String) async throws -> [[String]] {
                let outcome = try await bench.query(name, "--csv")
                return outcome.lines.dropFirst().map { $0.components(separatedBy: ",") }
            }
            #expect(try await bench.count("select count(*) from analytics.orders") == 619)
            let sunday = try await rows("orders_by_weekday")[0]
            #expect(sunday[1] == "Sunday", "\(sunday)")
            let counted = try #require(try await bench.value("select count(*) from analytics.orders where status <> 'cancelled'"))
            #expect(try await rows("orders_by_hour") == [["", "", counted, "", "no order in it has a time of day"]])
            let first = try await rows("first_products").filter { $0[0] == "1" }
            #expect(first.count == 2, "two products are tied: \(first)")
            let intervals = try await rows("purchase_intervals")
            #expect(intervals[0][4] == "12", "twelve orders are not the first of their customer and day: \(intervals)")
            let friday = try await rows("black_friday")
            #expect(friday.map { $0[1] } == ["2023-11-24", "2024-11-29", "2025-11-28"], "\(friday)")
        }
    }

    @Test func aDatabaseWithoutOrdersHasNoPage() async throws {
        try await Bench.with { bench in
            let outcome = try await bench.run("docs", "orders", "--out", "page.md", "--root", TestStack.root)
            #expect(outcome.exitCode == 78 && outcome.err.contains("no orders"), "\(outcome.err)")
            #expect(!FileManager.default.fileExists(atPath: "\(bench.folder)/page.md"))
        }
    }

    /// The sample, by files and as any order system.
    private func load(_ bench: Bench) async throws {
        _ = try await bench.sql("select shop.add_source('sample', 'EUR', 'DE', 'Europe/Berlin')")
        for table in ["customers", "employees", "products", "orders", "order_details"] {
            let loaded = try await bench.run(
                "load", "files", "--feed", "source.\(table)", "--source", "sample", "\(TestStack.root)/examples/orders/\(table).csv")
            #expect(loaded.exitCode == 0, "\(table): \(loaded.err)")
        }
    }
}

/// Sentences and cells, without a database.
@Suite struct OrderAnalysisParts {
    private func tells(_ name: String, _ columns: [String], _ rows: [[String?]]) throws -> String? {
        let question = try #require(OrderQuestion.all.first { $0.name == name })
        return question.tells(AnswerRows(QueryOutput(columns: columns, types: columns.map { _ in 25 }, rows: rows)))
    }

    @Test func sentencesShowTies() throws {
        let days = ["rank", "weekday", "orders", "share", "note"]
        #expect(
            try tells("orders_by_weekday", days, [["1", "Friday", "5", "0.4000", nil], ["2", "Monday", "2", "0.1000", nil]])
                == "Friday has most orders: 5, 40 % of all; Monday has fewest: 2.")
        #expect(
            try tells(
                "orders_by_weekday", days,
                [["1", "Friday", "5", "0.4160", nil], ["1", "Sunday", "5", "0.4160", nil], ["3", "Monday", "2", "0.1667", nil]])
                == "Friday and Sunday have most orders: 5 each, 41.6 % of all; Monday has fewest: 2.")
        #expect(
            try tells("first_products", ["rank", "name", "customers", "share"], [["1", "A", "2", "0.1"], ["1", "B", "2", "0.1"], ["1", "C", "2", "0.1"]])
                == "A, B and C are bought first most often: by 2 customers each, 10 % of all.")
    }

    /// Every question has a sentence for an answer that says only why there is none, and takes no made-up one.
    @Test(arguments: OrderQuestion.all.map(\.name)) func sentencesOfNothing(name: String) throws {
        let folder = try QueryFolder(root: TestStack.root)
        let query = try folder.query(name)
        let columns = query.answer.map(\.name)
        let nothing = try #require(EndToEnd.OrderHistory.ofNothing[name])
        let note = nothing.compactMap { $0[columns.count - 1] }.first
        let expected = try #require(note).prefix(1).uppercased() + note!.dropFirst() + "."
        #expect(try tells(name, columns, nothing) == expected)
    }

    @Test func cellsAreMarkdown() {
        #expect(OrderAnalysis.cell(#"a | b *c* <d> & [e] \ f_g"#) == #"a \| b \*c\* &lt;d> &amp; \[e\] \\ f\_g"#)
        #expect(OrderAnalysis.anchor("Black Friday, against: a (normal) Friday") == "black-friday-against-a-normal-friday")
    }

    @Test func everyQuestionIsAQuery() throws {
        let folder = try QueryFolder(root: TestStack.root)
        for question in OrderQuestion.all { _ = try folder.query(question.name).values(question.params) }
        #expect(Set(OrderQuestion.all.map(\.name)) == Set(EndToEnd.OrderHistory.ofNothing.keys))
    }
}
