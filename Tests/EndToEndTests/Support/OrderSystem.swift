import Foundation
import TestSupport
import Testing

/// An order system: a database of the MariaDB server that all tests share, with the sample in it unless it is empty.
struct OrderSystem: Sendable {
    static let server = Task { try MariaDB() }
    static let tables = ["customers", "employees", "products", "orders", "order_details"]
    /// A quote and a backslash, so that quoting shows.
    static let password = #"s3cret-P'w\d-of-the-reader"#

    let server: MariaDB
    let database: String
    var user: String { "\(database)_reader" }
    var place: String { "127.0.0.1:\(server.port)/\(database)" }

    static func make(_ database: String, sample: Bool = true, on server: MariaDB? = nil) async throws -> OrderSystem {
        let server = if let server { server } else { try await Self.server.value }
        let order = OrderSystem(server: server, database: database)
        let password = password.replacing("\\", with: "\\\\").replacing("'", with: "''")
        try await order.run(
            """
            create or replace database \(database);
            create or replace user '\(order.user)'@'%' identified by '\(password)';
            grant select on \(database).* to '\(order.user)'@'%'
            """, in: "mysql")
        try await order.run("source \(TestStack.root)/scripts/mysql/schema.sql")
        // As a house that has always taken such dates would: the sample has two.
        if sample { try await order.run("source \(TestStack.root)/scripts/mysql/insert_data.sql") }
        return order
    }

    /// - Returns: rows, columns apart by tabs.
    @discardableResult
    func run(_ sql: String, in database: String? = nil) async throws -> [String] {
        let client = server.client(database ?? self.database)
        return try await system(client + ["--execute", sql]).split(separator: "\n").map(String.init)
    }

    /// `sources add`, which must go well.
    func add(_ source: String, to bench: Bench) async throws {
        let outcome = try await added(source, to: bench)
        try #require(outcome.exitCode == 0, "\(outcome.err)")
    }

    func added(_ source: String, to bench: Bench, password: String? = password, place: String? = nil) async throws -> Emporium.Outcome {
        var environment = bench.environment
        environment["EMPORIUM_SOURCE_\(source.uppercased())_PASSWORD"] = password
        return try await Emporium.run(
            ["sources", "add", source] + Self.setting + ["--mysql", place ?? self.place, "--user", user], environment, in: bench.folder)
    }

    static let setting = ["--currency", "EUR", "--country", "DE", "--time-zone", "Europe/Berlin"]
}

extension Bench {
    /// Orders of a source as they are in the shop, without the numbers that it gave them.
    func shop(of source: String) async throws -> [[String?]] {
        try await sql(
            """
            select s.source_key, o.status, o.order_date::text, o.currency, o.total_amount::text, c.source_key,
                (select string_agg(format('%s x %s at %s less %s', p.source_key, i.quantity, i.unit_price, i.discount_amount), '; ' order by p.source_key)
                    from shop.order_items i join shop.source_products p on p.product_id = i.product_id where i.order_id = o.order_id),
                (select string_agg(h.status || ' ' || h.changed_at, '; ' order by h.changed_at, h.status) from shop.order_status_history h
                    where h.order_id = o.order_id),
                exists (select from shop.order_without_time t where t.order_id = o.order_id)::text
            from shop.source_orders s join shop.orders o using (order_id)
            join shop.source_customers c on c.customer_id = o.customer_id
            where s.source = '\(source)' order by s.source_key
            """)
    }

    /// Customers, products with their stock, and findings of a source.
    func surroundings(of source: String) async throws -> [[String?]] {
        try await sql(
            """
            select 'customer', s.source_key, (to_jsonb(c) - 'customer_id')::text
            from shop.source_customers s join shop.customers c using (customer_id) where s.source = '\(source)'
            union all
            select 'product', s.source_key, format('%s %s %s', p.name, p.price, p.stock_quantity)
            from shop.source_products s join shop.products p using (product_id) where s.source = '\(source)'
            union all
            select 'finding', code, record from quality.open_finding where source = '\(source)'
            order by 1, 2, 3
            """)
    }

    func expectSourcesBalance(at location: SourceLocation = #_sourceLocation) async throws {
        for table in OrderSystem.tables {
            #expect(try await sql("select * from ops.reconcile('source.\(table)')") == [], "\(table)", sourceLocation: location)
        }
        let sums = try await sql("select coalesce(sum(abs(difference)), 0), coalesce(sum(pending), 0) from ops.accounting")
        #expect(sums == [["0", "0"]], "ops.accounting", sourceLocation: location)
        let twice = try await sql(
            "select source, feed, source_key, digest from shop.source_version group by 1, 2, 3, 4 having count(*) > 1")
        #expect(twice == [], "taken twice", sourceLocation: location)
    }
}
