import Foundation
import Testing

@testable import emporium

/// Queries about what customers order one time after another, each against `RawShop`'s answer, which goes by dictionaries.
extension EndToEnd { @Suite struct OrderHistory {} }

extension EndToEnd.OrderHistory {
    @Test func answersOnGeneratedData() async throws {
        try await Bench.with { bench in
            try await GeneratedShop.make(bench, customers: 400, orders: 2500)
            // Of a third of the orders only the day is known; some lines had a discount; two products sell alike.
            try await bench.stack.admin(bench.database) { admin in
                try await admin.execute(
                    """
                    begin;
                    set local session_replication_role = replica;
                    update shop.orders set order_date = date_trunc('day', order_date, 'UTC') where order_id % 3 = 0;
                    insert into shop.order_without_time select order_id from shop.orders where order_id % 3 = 0;
                    update shop.order_items set unit_price = unit_price + 1, discount_amount = quantity where (order_id + product_id) % 4 = 0;
                    commit
                    """)
            }
            let shop = try await RawShop(bench)
            #expect(!shop.untimed.isEmpty && shop.lines.contains { $0.discount > 0 } && shop.members.count > Set(shop.members.values).count)
            try await expectAnswers(bench, shop)
        }
    }

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
        let days = shop.orders.values.map { RawShop.dayNumber($0.at) }.sorted()
        let (early, middle) = (days[days.count / 4], days[days.count / 2])
        let asOf = ["as_of": RawShop.date(middle)]
        try await bench.expect("orders_by_weekday", shop.ordersByWeekday())
        try await bench.expect(
            "orders_by_weekday",
            ["first_day": RawShop.date(early), "last_day": RawShop.date(middle), "time_zone": "Asia/Tokyo"],
            shop.ordersByWeekday(first: early, last: middle, offset: 9))
        try await bench.expect(
            "orders_by_weekday", ["first_day": RawShop.date(early), "last_day": RawShop.date(early + 9)],
            shop.ordersByWeekday(first: early, last: early + 9))
        try await bench.expect("orders_by_hour", shop.ordersByHour())
        try await bench.expect(
            "orders_by_hour",
            ["first_day": RawShop.date(early), "last_day": RawShop.date(middle), "time_zone": "Asia/Tokyo"],
            shop.ordersByHour(first: early, last: middle, offset: 9))
        try await bench.expect("first_products", shop.firstProducts(limit: 10))
        try await bench.expect("first_products", asOf.merging(["limit": "3"]) { $1 }, shop.firstProducts(limit: 3, asOf: middle))
        try await bench.expect("purchase_intervals", shop.purchaseIntervals())
        try await bench.expect("purchase_intervals", asOf, shop.purchaseIntervals(asOf: middle))
        try await bench.expect("repeat_curve", shop.repeatCurve(every: 30, until: 360))
        try await bench.expect(
            "repeat_curve", asOf.merging(["every": "50", "until": "700"]) { $1 }, shop.repeatCurve(every: 50, until: 700, asOf: middle))
        try await bench.expect("cohorts", shop.cohorts())
        try await bench.expect(
            "cohorts", asOf.merging(["first_month": RawShop.date(early)]) { $1 }, shop.cohorts(firstMonth: RawShop.date(early), asOf: middle))
        try await bench.expect("rfm_segments", shop.rfmSegments())
        try await bench.expect("rfm_segments", asOf, shop.rfmSegments(asOf: middle))
        try await bench.expect("lifetime_value", shop.lifetimeValue(days: 365))
        try await bench.expect("lifetime_value", asOf.merging(["days": "100"]) { $1 }, shop.lifetimeValue(days: 100, asOf: middle))
        try await bench.expect("product_affinities", shop.productAffinities(limit: 20, minTimes: 5))
        try await bench.expect(
            "product_affinities", asOf.merging(["limit": "30", "min_times": "2"]) { $1 },
            shop.productAffinities(limit: 30, minTimes: 2, asOf: middle))
        try await bench.expect("churn_candidates", shop.churnCandidates(limit: 20, factor: 2))
        try await bench.expect(
            "churn_candidates", asOf.merging(["limit": "500", "factor": "0.75"]) { $1 },
            shop.churnCandidates(limit: 500, factor: 0.75, asOf: middle))
        try await bench.expect("black_friday", shop.blackFriday())
        let november = Int64(days[days.count - 1] / 366 * 366 - 40)
        for day in [middle, november] { try await bench.expect("black_friday", ["as_of": RawShop.date(day)], shop.blackFriday(asOf: day)) }
    }

    /// A shop without an order.
    static let ofNothing: [String: RawShop.Answer] = [
        "orders_by_weekday": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map {
            ["1", $0, "0", nil, "0", nil, "there is no order in this time"]
        },
        "orders_by_hour": [[nil, nil, "0", nil, "there is no order in this time"]],
        "first_products": [[nil, nil, nil, nil, nil, nil, nil, "there is no order by then"]],
        "purchase_intervals": [
            ["gaps", "counted as 0 days"], ["gaps", "one purchase"], ["customers", "counted as 0 days"], ["customers", "one purchase"],
        ].map { $0 + ["0", "0", "0", nil, nil, nil, nil, "nobody has bought twice by then"] },
        "repeat_curve": (1...12).map { [String(30 * $0), "0", "0", nil, nil, "no customer has been watched for so long"] },
        "cohorts": [[nil, "0", "0", "0.00", "0"] + [String?](repeating: nil, count: 16) + ["there is no order in this time"]],
        "rfm_segments": [
            ("champions", "recency 4 to 5, frequency 4 to 5, value 4 to 5"), ("loyal", "recency 3 to 5, frequency 3 to 5"),
            ("new", "recency 4 to 5, one purchase"), ("promising", "recency 3 to 5"),
            ("at risk", "recency 1 to 2, frequency or value 4 to 5"), ("hibernating", "recency 1 to 2"), ("all", nil),
        ].map { [$0, $1, "0", nil, nil, nil, "0.00", nil, $0 == "all" ? "there is no order by then" : nil] },
        "lifetime_value": [
            ["all", "0", "0", "0.00", nil, nil, nil, nil, nil, nil, "there is no order by then"],
            ["first 365 days", "0", "0", "0.00", nil, nil, nil, nil, nil, nil, "no customer has been watched for so long"],
        ],
        "product_affinities": [[String?](repeating: nil, count: 10) + ["nobody has bought twice by then"]],
        "churn_candidates": [[String?](repeating: nil, count: 9) + ["there is no order by then"]],
        "black_friday": [[String?](repeating: nil, count: 17) + ["there is no order by then"]],
    ]

    /// Worked out by hand: two accounts of one member, two orders of one day, ties, days without a time, a Black Friday.
    @Test func answersOfHandMadeRows() async throws {
        try await Bench.with { bench in
            try await handMade(bench)
            let none = [[nil, nil, "6", nil, "no order in it has a time of day"]] as RawShop.Answer
            try await bench.expect("orders_by_hour", none)
            try await bench.expect("orders_by_hour", ["time_zone": "America/Los_Angeles"], none)
            // 2024-11-01, -08 and -29 are Fridays, 2024-11-18 a Monday and -30 a Saturday; what was cancelled is aside.
            try await bench.expect(
                "orders_by_weekday", ["first_day": "2024-11-01", "last_day": "2024-11-28"],
                [
                    ["1", "Friday", "3", "0.7500", "4", "0.75", nil], ["2", "Monday", "1", "0.2500", "4", "0.25", nil],
                    ["3", "Tuesday", "0", "0.0000", "4", "0.00", nil], ["3", "Wednesday", "0", "0.0000", "4", "0.00", nil],
                    ["3", "Thursday", "0", "0.0000", "4", "0.00", nil], ["3", "Saturday", "0", "0.0000", "4", "0.00", nil],
                    ["3", "Sunday", "0", "0.0000", "4", "0.00", nil],
                ])
            // The member's first purchase is of both accounts' orders of that day: pan and pot. The other customer's is a pot.
            try await bench.expect(
                "first_products", ["limit": "1"], [["1", "102", "Pot", "Kitchen", "2", "1.0000", "1", nil]])
            // The member: 1, 1, 8 and 18 November: gaps of 0, 7 and 10 days. The other: the 29th and 30th, a gap of a day.
            try await bench.expect(
                "purchase_intervals",
                [
                    ["gaps", "counted as 0 days", "2", "4", "1", "4.5", "4.0", "0.0", "10.0", "fewer than 30 customers"],
                    ["gaps", "one purchase", "2", "3", "0", "6.0", "7.0", "1.0", "10.0", "fewer than 30 customers"],
                    ["customers", "counted as 0 days", "2", "4", "1", "3.3", "3.3", "1.0", "5.7", "fewer than 30 customers"],
                    ["customers", "one purchase", "2", "3", "0", "4.8", "4.8", "1.0", "8.5", "fewer than 30 customers"],
                ])
            // After a week both are back, the member on the last day of it; only the member was watched for so long.
            try await bench.expect(
                "repeat_curve", ["every": "7", "until": "7", "as_of": "2024-11-30"],
                [["7", "1", "1", "1.0000", "1.0000", "fewer than 30 customers have been watched for so long"]])
            // Away for 12 days, with a usual 8.5.
            try await bench.expect(
                "churn_candidates", ["factor": "1.4", "as_of": "2024-11-30"],
                [["1", "201", "3", "2024-11-18", "12", "8.5", "1.41", "50.00", "0", nil]])
            try await bench.expect("churn_candidates", ["factor": "1.42", "as_of": "2024-11-30"], [])
            // One order of two at 15 for the price of one, against 3 orders on the Fridays 1, 8, 15 and 22 November, and 4 from Thursday to Monday.
            try await bench.expect(
                "black_friday",
                [
                    [
                        "2024", "2024-11-29", "1", "0.75", "1.33", "15.00", "10.00", "1.50", "2", "1.00", "1", "0.25", "0.5000", "0.0000", "2", "1.00",
                        "2.00", "the five days are not over; Fridays before it since the first order: 4",
                    ]
                ])
            try await bench.expect(
                "black_friday", ["as_of": "2024-11-20"],
                [
                    [
                        "2024", "2024-11-29", nil, "1.00", nil, nil, "13.33", nil, nil, "1.33", nil, "0.33", nil, "0.0000", nil, "1.33", nil,
                        "it is after 2024-11-20",
                    ]
                ])
            // An hour of a moment that all orders have is said to be doubtful.
            _ = try await bench.sql("delete from shop.order_without_time")
            let hours = try await bench.psql("orders_by_hour")
            #expect(hours.lines[1] == "1,0,6,1.0000,\"every order is at 00:00:00, so the time may have been unknown\"", "\(hours.out)")
        }
    }

    private func handMade(_ bench: Bench) async throws {
        try await bench.stack.admin(bench.database) { admin in
            try await admin.execute(
                """
                insert into membership.member (first_name, last_name, email, date_of_birth, mobile_no, above_18, policy_version)
                values ('Ann', 'Doe', 'doe@mail.com', '1980-01-01', '12345678', true, 1);
                insert into shop.suppliers (supplier_id, company_name, country, lead_time) values (100, 'Slow', 'DE', 10);
                insert into shop.products (product_id, name, category, price, supplier_id, stock_quantity)
                values (101, 'Pan', 'Kitchen', 10, 100, 1000), (102, 'Pot', 'Kitchen', 15, 100, 100);
                insert into shop.customers (customer_id, last_name, country, registration_date)
                values (201, 'Doe', 'DE', '2023-01-01'), (202, 'Doe', 'US', '2023-01-01'), (203, 'Poe', null, '2023-01-01');
                insert into shop.customer_member (customer_id, membership_id)
                select c.customer_id, m.membership_id from shop.customers c join membership.member m on m.last_name = c.last_name;
                begin;
                insert into shop.orders (order_id, customer_id, order_date, total_amount, status, currency) values
                    (301, 201, '2024-11-01Z', 10, 'delivered', 'EUR'), (302, 202, '2024-11-01Z', 15, 'delivered', 'EUR'),
                    (303, 202, '2024-11-08Z', 15, 'delivered', 'EUR'), (304, 201, '2024-11-18Z', 10, 'returned', 'EUR'),
                    (305, 203, '2024-11-29Z', 15, 'delivered', 'EUR'), (306, 203, '2024-11-30Z', 10, 'delivered', 'EUR'),
                    (307, 203, '2024-11-22Z', 10, 'cancelled', 'EUR');
                insert into shop.order_items (order_id, product_id, quantity, unit_price, discount_amount, total_price) values
                    (301, 101, 1, 10, 0, 10), (302, 102, 1, 15, 0, 15), (303, 101, 1, 10, 0, 10), (303, 102, 1, 5, 0, 5), (304, 101, 1, 10, 0, 10),
                    (305, 102, 2, 15, 15, 15), (306, 101, 1, 10, 0, 10), (307, 101, 1, 10, 0, 10);
                commit;
                insert into shop.order_without_time select order_id from shop.orders;
                """)
        }
    }
}
