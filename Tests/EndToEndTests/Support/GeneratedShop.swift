import Testing

enum GeneratedShop {
    /// Tests/fixtures/shop.sql: the same shop for the same numbers, with statistics as autovacuum would have them.
    static func make(_ bench: Bench, customers: Int, orders: Int, products: Int = 80) async throws {
        let url = TestStack.url(bench.stack.adminURL, database: bench.database)
        try await system([
            "/usr/bin/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "customers=\(customers)", "-v", "orders=\(orders)",
            "-v", "products=\(products)", "-f", "\(TestStack.root)/Tests/fixtures/shop.sql", url,
        ])
        #expect(try await bench.count("select count(*) from shop.order_fault") == 0)
        #expect(try await bench.count("select count(*) from shop.stock_fault") == 0)
    }
}
