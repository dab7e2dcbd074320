import Logging
import Postgres
import Testing

extension EndToEnd { @Suite struct Shop {} }

/// Rules across rows hold whatever sessions do at the same time.
extension EndToEnd.Shop {
    static let fixture = """
        set role emporium_owner;
        insert into shop.suppliers (supplier_id, company_name, country, lead_time) values (1, 'Acme', 'DE', 7);
        insert into shop.products (product_id, name, category, price, supplier_id, stock_quantity)
            select i, 'p' || i, 'c', 0, 1, 40 from generate_series(1, 6) i;
        insert into shop.customers (customer_id, last_name) values (1, 'Ash');
        """

    static func place(_ order: Int, _ products: [Int], _ quantity: Int = 1) -> String {
        """
        begin;
        insert into shop.orders (order_id, customer_id, total_amount, currency) values (\(order), 1, 0, 'EUR');
        insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price)
            select \(order), p, \(quantity), 0, 0 from unnest('{\(products.map(String.init).joined(separator: ","))}'::bigint[]) p;
        commit
        """
    }

    func session(_ bench: Bench, isolation: String = "read committed") async throws -> Connection {
        let connection = try await Connection.connect(
            ConnectionConfiguration(
                conninfo: TestStack.url(bench.stack.adminURL, database: bench.database), applicationName: "shop"
            ).setting("default_transaction_isolation", isolation),
            logger: Logger(label: "shop") { _ in SwiftLogNoOpLogHandler() })
        try await connection.execute("set role emporium_owner")
        return connection
    }

    /// The SQLSTATE of a script, nil when it went well; the session is out of its transaction afterwards.
    func state(_ connection: Connection, _ script: String) async throws -> String? {
        do {
            try await connection.execute(script)
            return nil
        } catch let error as PostgresError {
            try await connection.execute("rollback")
            return error.sqlState
        }
    }

    func expectSound(_ bench: Bench, at location: SourceLocation = #_sourceLocation) async throws {
        for view in ["order_fault", "stock_fault", "order_due"] {
            #expect(try await bench.sql("select * from shop.\(view)") == [], "\(view)", sourceLocation: location)
        }
    }

    /// Forty pieces of each of six products, eight buyers who want more than there are, products in any order.
    @Test func stockNeverGoesBelowZeroAndNothingIsLost() async throws {
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { try await $0.execute(Self.fixture) }
            let sold = try await withThrowingTaskGroup(of: Int.self) { group in
                for buyer in 0..<8 {
                    group.addTask {
                        let connection = try await session(bench)
                        var random = SeededGenerator(seed: UInt64(buyer))
                        var sold = 0
                        for round in 0..<25 {
                            let products = Array((1...6).shuffled(using: &random).prefix(Int.random(in: 1...4, using: &random)))
                            let order = buyer * 1000 + round + 1
                            let state = try await state(connection, Self.place(order, products))
                            if state == nil {
                                sold += products.count
                            } else {
                                #expect(state == "23514")
                            }
                            if state == nil, round % 5 == 0 {  // some think again
                                #expect(try await self.state(
                                    connection, "update shop.orders set status = 'cancelled' where order_id = \(order)") == nil)
                                sold -= products.count
                            }
                        }
                        await connection.close()
                        return sold
                    }
                }
                return try await group.reduce(0, +)
            }
            let left = try await bench.count("select sum(stock_quantity) from shop.products")
            #expect(sold + left == 240 && left >= 0)
            #expect(try await bench.count("select count(*) from shop.products where stock_quantity = 0") > 0, "nobody was turned away")
            try await expectSound(bench)
        }
    }

    /// Two transactions that each take a line off one order of two lines: the second one fails, at whatever isolation.
    @Test(arguments: ["read committed", "repeatable read", "serializable"])
    func anOrderKeepsALine(_ isolation: String) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { try await $0.execute(Self.fixture + Self.place(1, [1, 2])) }
            let first = try await session(bench, isolation: isolation)
            let second = try await session(bench, isolation: isolation)
            for connection in [first, second] {  // both have their snapshot
                try await connection.execute("begin")
                #expect(try await connection.query("select count(*) from shop.order_items").rows.first?[0] == "2")
            }
            try await first.execute("delete from shop.order_items where product_id = 1")
            let late = Task { try await state(second, "delete from shop.order_items where product_id = 2; commit") }
            try await eventually("the second one waits") {
                try await bench.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and pid = \(second.backendPID)") == 1
            }
            try await first.execute("commit")
            let outcome = try await late.value
            #expect(outcome == (isolation == "read committed" ? "23514" : "40001"))
            await first.close()
            await second.close()
            try await expectSound(bench)
            #expect(try await bench.count("select count(*) from shop.order_items") == 1)
        }
    }

    /// A line is added while the order is cancelled: its piece is not lost, whoever comes first.
    @Test(arguments: [true, false]) func addingAndCancelling(_ addingFirst: Bool) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { try await $0.execute(Self.fixture + Self.place(1, [1])) }
            let add = "insert into shop.order_items (order_id, product_id, quantity, unit_price, total_price) values (1, 2, 3, 0, 0)"
            let cancel = "update shop.orders set status = 'cancelled' where order_id = 1"
            for isolation in ["read committed", "repeatable read"] {
                let first = try await session(bench, isolation: isolation)
                let second = try await session(bench, isolation: isolation)
                for connection in [first, second] {
                    try await connection.execute("begin")
                    try await connection.execute("select count(*) from shop.order_items")
                }
                try await first.execute(addingFirst ? add : cancel)
                let late = Task { try await state(second, (addingFirst ? cancel : add) + "; commit") }
                try await eventually("the second one waits") {
                    try await bench.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and pid = \(second.backendPID)") == 1
                }
                try await first.execute("commit")
                let outcome = try await late.value
                #expect(outcome == (isolation == "read committed" ? nil : "40001"), "\(isolation)")
                await first.close()
                await second.close()
                try await expectSound(bench)
                try await bench.stack.admin(bench.database) {  // as it was
                    try await $0.execute("""
                        set role emporium_owner; begin; delete from shop.order_items; delete from shop.orders; commit;
                        \(Self.place(1, [1]))
                        """)
                }
            }
        }
    }

    /// A product is ordered and removed at the same time: it is retired when the order came first, and cannot be ordered
    /// when the removal did.
    @Test(arguments: [true, false]) func orderingAndRemoving(_ orderingFirst: Bool) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin(bench.database) { try await $0.execute(Self.fixture) }
            let first = try await session(bench)
            let second = try await session(bench)
            let order = Self.place(1, [1]).replacingOccurrences(of: "commit", with: "")
            try await first.execute(orderingFirst ? order : "begin; select shop.remove_product(1)")
            let late = Task {
                try await state(second, orderingFirst ? "select shop.remove_product(1)" : Self.place(1, [1]))
            }
            try await eventually("the second one waits") {
                try await bench.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and pid = \(second.backendPID)") == 1
            }
            try await first.execute("commit")
            let outcome = try await late.value
            #expect(outcome == (orderingFirst ? nil : "23503"))
            #expect(try await bench.count("select count(*) from shop.product_retirement") == (orderingFirst ? 1 : 0))
            await first.close()
            await second.close()
            try await expectSound(bench)
        }
    }
}
