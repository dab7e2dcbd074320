import Foundation
import Postgres
import Testing

@testable import emporium

extension EndToEnd { @Suite struct Queries {} }

/// Every query of the project.
private let allQueries = [
    "basket_pairs", "black_friday", "churn_candidates", "cohorts", "event_error_rate", "event_latency", "events_by_account",
    "events_by_type", "first_products", "late_logistics", "lifetime_value", "membership_status", "orders_by_hour", "orders_by_weekday",
    "product_affinities", "purchase_intervals", "repeat_curve", "repeat_purchase_rate", "revenue_by_month", "review_summary",
    "rfm_segments", "stock_runs_out", "top_items", "top_members",
]

extension Bench {
    /// What `emporium query` is told, besides the query.
    func query(_ name: String, _ more: String...) async throws -> Emporium.Outcome {
        try await Emporium.run(["query", name, "--root", TestStack.root] + more, environment, in: folder)
    }

    /// The file by psql as the role analytics, in a time zone that is far from UTC.
    func psql(_ name: String, _ parameters: [String: String] = [:]) async throws -> Emporium.Outcome {
        let url = TestStack.url(stack.adminURL, database: database)
        let variables = parameters.sorted { $0.key < $1.key }.flatMap { ["-v", "\($0.key)=\($0.value)"] }
        return try await Child(
            "/usr/bin/psql",
            ["-X", "--csv", "-v", "ON_ERROR_STOP=1"] + variables + ["-f", "\(TestStack.root)/sql/queries/\(name).sql", url],
            ["PGOPTIONS": "-c role=analytics -c TimeZone=Pacific/Auckland"], in: folder
        ).outcome()
    }

    func expect(
        _ name: String, _ expected: RawShop.Answer, at location: SourceLocation = #_sourceLocation
    ) async throws {
        try await expect(name, [:], expected, at: location)
    }

    /// The query by psql and by emporium, as CSV and as JSON, against cells computed elsewhere.
    func expect(
        _ name: String, _ parameters: [String: String], _ expected: RawShop.Answer,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let words = parameters.sorted { $0.key < $1.key }.flatMap { ["--param", "\($0.key)=\($0.value)"] }
        let psql = try await psql(name, parameters)
        #expect(psql.exitCode == 0, "\(name): \(psql.err)", sourceLocation: location)
        let columns = psql.out.prefix { $0 != "\n" }.split(separator: ",").map(String.init)
        let text = ([columns] + expected).map { $0.map { field($0 ?? "") }.joined(separator: ",") + "\n" }.joined()
        #expect(psql.out == text, "psql: \(name) \(parameters)", sourceLocation: location)

        let csv = try await Emporium.run(
            ["query", name, "--root", TestStack.root, "--csv"] + words, environment, in: folder)
        #expect(csv.exitCode == 0 && csv.out == text, "\(name) \(parameters): \(csv.err)", sourceLocation: location)

        let json = try await Emporium.run(
            ["query", name, "--root", TestStack.root, "--json"] + words, environment, in: folder)
        let rows = try JSONDecoder().decode([[String: Cell?]].self, from: Data(json.out.utf8))
        #expect(rows.count == expected.count, "\(json.err)", sourceLocation: location)
        for (row, cells) in zip(rows, expected) {
            #expect(row.count == columns.count, sourceLocation: location)
            for (column, cell) in zip(columns, cells) {
                let found = row[column] ?? nil
                #expect(found?.matches(cell ?? "") ?? (cell == nil), "\(name).\(column): \(row)", sourceLocation: location)
            }
        }
    }

    private func field(_ text: String) -> String {
        text.contains { ",\"\n\r".contains($0) } ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
}

/// A value of JSON: a number, exactly, or a text.
private enum Cell: Decodable {
    case number(Decimal)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Decimal.self) { self = .number(number) } else {
            self = .text(try container.decode(String.self))
        }
    }

    func matches(_ cell: String) -> Bool {
        switch self {
        case .number(let number): number == decimal(cell)
        case .text(let text): text == cell
        }
    }
}

extension EndToEnd.Queries {
    /// Each answer against one computed from the base tables' rows by other means.
    @Test func answersOnGeneratedData() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            #expect(try await bench.membership().exitCode == 0)
            try await GeneratedShop.make(bench, customers: 400, orders: 2500)
            let shop = try await RawShop(bench)
            #expect(shop.orders.count >= 2500 && Set(shop.orders.values.map(\.currency)).count > 1)
            #expect(shop.rates.count == 4 && shop.members.count > Set(shop.members.values).count)
            #expect(!shop.members.isEmpty && Set(shop.orders.values.map(\.status)).count == 6)
            try await expectAnswers(bench, shop)
        }
    }

    /// The same of the shop that the tool generates.
    @Test func answersOnTheSampleShop() async throws {
        try await Bench.with { bench in
            try bench.drop("people.csv", Fixture.csv)
            #expect(try await bench.membership().exitCode == 0)
            _ = try await bench.sql("select * from sample.generate(400, 2500, 7)")
            let shop = try await RawShop(bench)
            #expect(shop.orders.count == 2500 && !shop.members.isEmpty)
            try await expectAnswers(bench, shop)
        }
    }

    private func expectAnswers(_ bench: Bench, _ shop: RawShop) async throws {
        try await bench.expect("top_members", shop.topMembers(limit: 10))
        try await bench.expect("top_members", ["limit": "3"], shop.topMembers(limit: 3))
        try await bench.expect("top_items", shop.topItems(limit: 3))
        try await bench.expect("top_items", ["limit": "25"], shop.topItems(limit: 25))
        try await bench.expect("revenue_by_month", shop.revenueByMonth())
        let days = shop.orders.values.map { RawShop.dayNumber($0.at) }.sorted()
        let (first, last) = (RawShop.date(days[days.count / 3]), RawShop.date(days[days.count / 2]))
        try await bench.expect(
            "revenue_by_month", ["first_day": first, "last_day": last], shop.revenueByMonth(first: first, last: last))
        try await bench.expect("revenue_by_month", ["first_day": last], shop.revenueByMonth(first: last))
        try await bench.expect("basket_pairs", shop.basketPairs(limit: 20, minOrders: 2))
        try await bench.expect("basket_pairs", ["limit": "5", "min_orders": "1"], shop.basketPairs(limit: 5, minOrders: 1))
        try await bench.expect("stock_runs_out", shop.stockRunsOut(days: 90))
        let middle = days[days.count / 2]
        try await bench.expect(
            "stock_runs_out", ["as_of": RawShop.date(middle), "days": "30"], shop.stockRunsOut(asOf: middle, days: 30))
        try await bench.expect("repeat_purchase_rate", shop.repeatPurchaseRate(days: 90))
        try await bench.expect(
            "repeat_purchase_rate", ["as_of": RawShop.date(middle), "days": "14"],
            shop.repeatPurchaseRate(asOf: middle, days: 14))
        try await bench.expect("review_summary", shop.reviewSummary(limit: 20))
        try await bench.expect("late_logistics", shop.lateLogistics(shipDays: 3, deliveryDays: 10))
        try await bench.expect(
            "late_logistics", ["ship_days": "0", "delivery_days": "5", "as_of": RawShop.date(middle)],
            shop.lateLogistics(shipDays: 0, deliveryDays: 5, asOf: middle))
        try await bench.expect("membership_status", RawMembership(bench, shop).answer)
    }

    /// Nothing sold, nobody registered: every query has an answer.
    @Test func answersOfAnEmptyShop() async throws {
        try await Bench.with { bench in
            for name in allQueries {
                let expected: RawShop.Answer =
                    switch name {
                    case "repeat_purchase_rate": [[nil, "0", "0", nil, "0", "0", nil, nil]]
                    case "membership_status":
                        [
                            ["members", "all", "0", nil], ["members", "adults", "0", nil],
                            ["members", "without account", "0", nil], ["members", "with one account", "0", nil],
                            ["members", "with several accounts", "0", nil], ["accounts", "of members", "0", nil],
                        ] + ["received", "stored", "rejected", "duplicate", "pending"].map { ["applications", $0, "0", nil] }
                    default: EndToEnd.OrderHistory.ofNothing[name] ?? []
                    }
                try await bench.expect(name, expected)
            }
        }
    }

    /// Ties, two accounts of one member, currencies, a day without a rate, what is cancelled, returned or of unknown cost.
    @Test func answersOfHandMadeRows() async throws {
        try await Bench.with { bench in
            try await handMade(bench)
            let keys = try await bench.sql("select member_key from membership.member order by last_name")
            let (doe, roe) = (try #require(keys[0][0]), try #require(keys[1][0]))
            let tied = [["1", doe, "2", "25.00", "1"], ["1", roe, "2", "25.00", "0"]].sorted { $0[1] < $1[1] }
            try await bench.expect("top_members", ["limit": "1"], tied)
            try await bench.expect("top_members", ["limit": "0"], [])
            try await bench.expect("top_items", ["limit": "1"], [["1", "101", "Pan", "3", "4"]])
            try await bench.expect(
                "top_items", ["limit": "2"],
                [["1", "101", "Pan", "3", "4"], ["2", "102", "Pot, \"big\"", "2", "2"], ["2", "103", "Rake", "2", "2"]])
            let january = [
                ["2024-01-01", "Garden", "1", "1", "5.00", "0.00", "6.00", "-1.00", "-0.2000", "0.00", "0"],
                ["2024-01-01", "Kitchen", "2", "3", "20.00", "0.00", "12.00", "8.00", "0.4000", "0.00", "0"],
            ]
            try await bench.expect(
                "revenue_by_month",
                january + [
                    ["2024-02-01", "Garden", "1", "1", "0.00", "0.00", "0.00", "0.00", nil, "0.00", "1"],
                    ["2024-02-01", "Kitchen", "4", "6", "70.00", "45.00", "4.00", "4.00", "0.5000", "62.00", "1"],
                ])
            try await bench.expect("revenue_by_month", ["last_day": "2024-01-31"], january)
            try await bench.expect("revenue_by_month", ["first_day": "2024-02-04", "last_day": "2024-02-04"], [])
            // Pan and Rake, Pan and Pot, Pot and Rake: once each, of five orders.
            try await bench.expect("basket_pairs", [:], [])
            try await bench.expect(
                "basket_pairs", ["limit": "1", "min_orders": "1"],
                [
                    ["1", "101", "Pan", "102", "Pot, \"big\"", "1", "0.200000", "0.3333", "0.3333", "0.556"],
                    ["1", "101", "Pan", "103", "Rake", "1", "0.200000", "0.3333", "0.5000", "0.833"],
                    ["1", "102", "Pot, \"big\"", "103", "Rake", "1", "0.200000", "0.3333", "0.5000", "0.833"],
                ])
            // By 2024-02-03, the day of the latest order: 2 pots in 3 days, as the returned ones are on stock again; 3 are left.
            try await bench.expect(
                "stock_runs_out", ["days": "3"],
                [["102", "Pot, \"big\"", "Slow, Ltd.", "3", "0.667", "4.5", "10", "2024-02-07", "4"]])
            // Without the day before the second last one.
            try await bench.expect(
                "stock_runs_out", ["days": "2"],
                [["102", "Pot, \"big\"", "Slow, Ltd.", "3", "0.500", "6.0", "10", "2024-02-09", "2"]])
            // A month later nothing has sold lately.
            try await bench.expect("stock_runs_out", ["days": "3", "as_of": "2024-03-03"], [])
            // Roe bought with one account and again with the other, three weeks later; Doe the day after.
            try await bench.expect(
                "repeat_purchase_rate", ["days": "1"],
                [
                    ["2024-01-01", "1", "1", "1.0000", "1", "0", "0.0000", "21.0"],
                    ["2024-02-01", "2", "1", "0.5000", "1", "1", "1.0000", "1.0"],
                    [nil, "3", "2", "0.6667", "2", "1", "0.5000", "11.0"],
                ])
            // Shipped two days late, and not delivered for seven; shipped without a word when it was paid.
            try await bench.expect(
                "late_logistics", ["as_of": "2024-01-25"],
                [["DE", "1", "1", "1.0000", "1", "0", "0", "1", "5.0", "5.0", "0"]])
            // By 29 February, 00:00: Roe's first order is 49 days paid and not delivered, the second 19 and not shipped; nobody
            // knows when Doe's was paid; what came back two days after it was paid has arrived.
            try await bench.expect(
                "late_logistics", ["as_of": "2024-02-28"],
                [
                    ["DE", "1", "1", "1.0000", "1", "0", "0", "1", "39.0", "39.0", "0"],
                    ["US", "1", "1", "1.0000", "0", "1", "0", "1", "16.0", "16.0", "1"],
                    [nil, "1", "0", "0.0000", "0", "0", "0", "0", nil, nil, "0"],
                ])
            let shop = try await RawShop(bench)
            try await bench.expect("membership_status", RawMembership(bench, shop).answer)
        }
    }

    /// A file says what it wants and what it answers: the header, psql's defaults and the columns agree.
    @Test(arguments: allQueries) func headersHold(name: String) async throws {
        let folder = try QueryFolder(root: TestStack.root)
        #expect(try folder.names() == allQueries)
        let query = try folder.query(name)
        let text = try folder.text(of: name)
        for parameter in query.parameters {
            let fallback = try #require(parameter.fallback, "\(name) runs without being told anything")
            let set = fallback.text ?? "''"
            #expect(text.contains("\\if :{?\(parameter.name)}\n\\else\n    \\set \(parameter.name) \(set)\n\\endif\n"))
        }
        #expect(text.components(separatedBy: "\\if ").count == query.parameters.count + 1)
        // Nothing but the schema analytics is read, and everything with its schema.
        let sources = text.matches(of: /\b(?:from|join) ([a-z_]+)\.([a-z_]+)/).map { String($0.1) }
        #expect(!sources.isEmpty && sources.allSatisfy { $0 == "analytics" })

        try await Bench.with { bench in
            let psql = try await bench.psql(name)
            #expect(psql.exitCode == 0 && psql.err.isEmpty, "\(psql.err)")
            #expect(psql.lines.first == query.answer.map(\.name).joined(separator: ","))
            let table = try await bench.query(name)
            #expect(table.exitCode == 0, "\(table.err)")
            #expect(table.lines.first?.split(separator: " ").map(String.init) == query.answer.map(\.name))
        }
    }

    @Test func theCommandRefusesBeforeItConnects() async throws {
        let nowhere = ["DATABASE_URL": "host=/nowhere dbname=x"]
        func run(_ arguments: String...) async throws -> Emporium.Outcome {
            try await Emporium.run(["query"] + arguments + ["--root", TestStack.root], nowhere, in: "/tmp")
        }
        for (arguments, words) in [
            (["nope"], "there is no query nope"), (["top_members", "--param", "limt=3"], "it has: limit"),
            (["top_members", "--param", "limit=3; drop"], "limit is an integer"),
            (["top_members", "--param", "limit=99999999999"], "limit is an integer"),
            (["membership_status", "--param", "a=b"], "it has none"),
            (["revenue_by_month", "--param", "first_day=2024-02-30"], "first_day is a date"),
            (["top_members", "--param", "limit=1", "--param", "limit=2"], "given twice"),
            (["top_members", "--param", "limit"], "expected name=value"), (["top_members", "--csv", "--json"], "exclude"),
            (["--csv"], "name a query"),
        ] {
            let outcome = try await Emporium.run(["query", "--root", TestStack.root] + arguments, nowhere, in: "/tmp")
            #expect(outcome.exitCode == 64 && outcome.err.contains(words) && outcome.out.isEmpty, "\(arguments): \(outcome.err)")
        }
        let list = try await run()
        #expect(list.exitCode == 0 && allQueries.allSatisfy { name in list.lines.contains { $0.hasPrefix(name) } })
        let shown = try await run("top_members", "--show")
        #expect(shown.out == (try QueryFolder(root: TestStack.root).text(of: "top_members")))
        #expect(try await Emporium.run(["query"], nowhere, in: "/tmp").exitCode == 78)
    }

    /// A folder of one's own: every type of parameter and of value, and no way to write or to read what is not masked.
    @Test func queriesOfOnesOwn() async throws {
        try await Bench.with { bench in
            func file(_ name: String, _ params: String, _ answer: String, _ statement: String) throws {
                try bench.drop("\(name).sql", "-- title:  Mine\n-- params: \(params)\n-- answer: \(answer)\n\(statement)\n")
            }
            func run(_ name: String, _ more: String...) async throws -> Emporium.Outcome {
                try await Emporium.run(["query", name, "--root", "input"] + more, bench.environment, in: bench.folder)
            }
            try file(
                "types", ":i integer = 1, :b bigint, :n numeric = 0.10, :d date = null, :t text = a'b, :f boolean = false", "i",
                """
                select :i as i, :b as b, :n as n, nullif(:'d', '')::date as d, :'t' as t, :f as f, ':i' as ":b", -- :i
                    'NaN'::numeric as nan, 1e300::float8 as big, E'tab\\t\\u0007' as bell, '' as empty, (array[1, 2])[1:1] as part
                """)
            let json = try await run("types", "--param", "b=9007199254740993", "--param", "t=x'; select 1 --", "--json")
            #expect(
                json.out == """
                    [
                      {"i": 1, "b": 9007199254740993, "n": 0.10, "d": null, "t": "x'; select 1 --", "f": false, ":b": ":i", \
                    "nan": "NaN", "big": 1e+300, "bell": "tab\\t\\u0007", "empty": "", "part": "{1}"}
                    ]

                    """, "\(json.err)")
            let csv = try await run("types", "--param", "b=1", "--param", "d=2024-02-29", "--csv")
            #expect(csv.lines.last == "1,1,0.10,2024-02-29,a'b,f,:i,NaN,1e+300,tab\t\u{7},\"\",{1}", "\(csv.out)\(csv.err)")
            let table = try await run("types", "--param", "b=1")
            #expect(table.lines.last?.contains("∅") == true && table.out.contains("tab\\t\\u{7}"), "\(table.out)\(table.err)")
            #expect(try await run("types").err.contains("wants --param b="))

            try file("writes", "", "x", "insert into shop.country values ('ZZ', 'Z') returning country as x")
            #expect(try await run("writes").exitCode == 1)
            try file("reads", "", "x", "select last_name as x from membership.member")
            #expect(try await run("reads").err.contains("42501"))
            try file("slow", "", "x", "select count(*) as x from generate_series(1, 100000000000) g")
            let slow = try await run("slow", "--timeout", "50ms")
            #expect(slow.exitCode == 1 && slow.err.contains("longer than 50ms"), "\(slow.err)")

            try bench.drop("broken.sql", "select 1\n")
            let list = try await Emporium.run(["query", "--root", "input"], bench.environment, in: bench.folder)
            #expect(list.exitCode == 78 && list.out.contains("types") && list.err.contains("broken.sql:1:"), "\(list.err)")
        }
    }

    private func handMade(_ bench: Bench) async throws {
        try await bench.stack.admin(bench.database) { admin in
            try await admin.execute(
                """
                insert into membership.member (first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version)
                values ('Ann', 'Doe', 'doe@mail.com', '1980-01-01', '12345678', true, 1),
                    ('Bob', 'Roe', 'roe@mail.com', '1980-01-01', '12345678', true, 1);
                insert into shop.suppliers (supplier_id, company_name, country, lead_time)
                values (100, 'Slow, Ltd.', 'DE', 10), (101, 'Quick', 'DE', 0);
                insert into shop.products (product_id, name, category, price, cost, supplier_id, stock_quantity)
                values (101, 'Pan', 'Kitchen', 10, 4, 100, 1000), (102, 'Pot, "big"', 'Kitchen', 15, null, 100, 5),
                    (103, 'Rake', 'Garden', 5, 6, 101, 100), (104, 'Old', 'Garden', 5, 6, 100, 100);
                insert into shop.customers (customer_id, last_name, country, registration_date)
                values (201, 'Roe', 'DE', '2023-01-01'), (202, 'Roe', 'US', '2023-01-01'), (203, 'Doe', 'US', '2023-01-01'),
                    (204, 'Poe', null, '2023-01-01');
                insert into shop.customer_member (customer_id, membership_id)
                select c.customer_id, m.membership_id from shop.customers c join membership.member m on m.last_name = c.last_name;
                insert into shop.currency_rate (currency, valid_from, rate)
                values ('USD', '2024-01-01', 0.5), ('USD', '2024-02-01', 0.8);
                begin;
                insert into shop.orders (order_id, customer_id, order_date, total_amount, status, currency) values
                    (301, 201, '2024-01-10 23:59:59Z', 15, 'pending', 'EUR'), (302, 202, '2024-01-31 23:59:59Z', 20, 'pending', 'USD'),
                    (303, 203, '2024-02-01 00:00Z', 31.25, 'delivered', 'USD'), (304, 203, '2024-01-05 00:00Z', 1000, 'cancelled', 'EUR'),
                    (305, 203, '2024-02-02 00:00Z', 500, 'pending', 'JPY'), (306, 204, '2024-02-03 12:00Z', 45, 'returned', 'EUR');
                insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price) values
                    (301, 101, 1, 10, 10), (301, 103, 1, 5, 5), (302, 101, 2, 10, 20), (303, 101, 1, 10, 10),
                    (303, 102, 1, 21.25, 21.25), (304, 102, 1, 1000, 1000), (305, 102, 1, 300, 300), (305, 103, 1, 200, 200),
                    (306, 102, 3, 15, 45);
                commit;
                delete from shop.order_status_history where order_id in (301, 303, 304, 306);
                insert into shop.order_status_history (order_id, status, changed_at) values
                    (301, 'pending', '2024-01-10 23:59:59Z'), (301, 'paid', '2024-01-11 00:00Z'), (301, 'shipped', '2024-01-16 00:00Z'),
                    (302, 'paid', '2024-02-10 00:00Z'), (303, 'delivered', '2024-02-05 00:00Z'), (304, 'cancelled', '2024-01-06 00:00Z'),
                    (306, 'paid', '2024-02-04 00:00Z'), (306, 'returned', '2024-02-06 00:00Z');
                """)
        }
    }
}
