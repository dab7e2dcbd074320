import Foundation
import Testing

extension EndToEnd {
    /// `shop.remove_duplicate_orders()` and `scripts/mysql/delete_duplicate_orders.sql`: the same orders of the same data.
    @Suite struct DuplicateOrders {
        /// What the README of the sample says, by scope and sameness.
        static let expected = [
            "all day": "10086 10174 10267 10283 10284 10318 10364 10377 10541 10543 10550 10562",
            "all content": "10174 10284 10318 10364 10377 10541 10562",
            "latest date of each customer day": "10283 10284 10364 10550 10562",
            "latest date of each customer content": "10284 10364 10562",
        ]

        @Test func bothDatabasesRemoveTheSameOrdersAndPutThemBack() async throws {
            try await Bench.with { bench in
                let system = try await OrderSystem.make("duplicate_orders")
                try await bench.add(system)
                let loaded = try await bench.run("load", "database", "--source", "house")
                try #require(loaded.exitCode == 0, "\(loaded.err)")
                let (here, there) = (try await bench.shopTables(), try await system.dump())

                for (number, (choice, keys)) in Self.expected.sorted(by: { $0.key < $1.key }).enumerated() {
                    let same = String(choice.split(separator: " ").last ?? ""), scope = String(choice.dropLast(same.count + 1))
                    let wanted = keys.split(separator: " ").map(String.init)

                    // Lists, with the orders that stay; nothing changes.
                    let listed = try await system.duplicates(scope, same, dryRun: true)
                    #expect(listed.map(\.order) == wanted, "\(choice)")
                    #expect(listed.allSatisfy { $0.action == "would be removed" })
                    #expect(try await bench.duplicates(scope, same, dryRun: true) == listed, "\(choice)")
                    #expect(try await system.dump() == there)
                    #expect(try await bench.shopTables() == here)

                    // Removes, once.
                    let removed = try await system.duplicates(scope, same, dryRun: false)
                    #expect(removed.map(\.order) == wanted && removed.allSatisfy { $0.action == "removed" }, "\(choice)")
                    #expect(try await bench.duplicates(scope, same, dryRun: false) == removed, "\(choice)")
                    #expect(try await system.duplicates(scope, same, dryRun: false) == [])
                    #expect(try await bench.duplicates(scope, same, dryRun: false) == [])
                    let left = try await bench.sql("select source_key from shop.source_orders join shop.orders using (order_id) order by 1").map { $0[0] }
                    #expect(left.count == 619 - wanted.count)
                    let kept = try await system.run(
                        "select order_id from orders where order_date > '1000-01-01' and order_id in (select order_id from order_details) order by 1")
                    #expect(kept == left)
                    let faults = try await bench.sql("select order_id from shop.order_fault union all select product_id from shop.stock_fault")
                    #expect(faults == [])
                    let orphans = try await system.run("select count(*) from order_details where order_id not in (select order_id from orders)")
                    #expect(orphans == ["6"], "those of the sample, no more")

                    // Puts back, once.
                    try await system.restore(number + 1)
                    #expect(try await system.dump() == there, "\(choice)")
                    _ = try await bench.sql("select * from shop.restore_orders((select max(removal_id) from shop.order_removal))")
                    #expect(try await bench.shopTables() == here, "\(choice)")
                    try await system.expectNoRestore(number + 1)
                }
                let books = try await bench.sql(
                    """
                    select scope, same, orders::text, lines::text, pieces::text, (amounts ->> 'EUR')::numeric(14, 2)::text
                    from shop.order_removal order by removal_id
                    """)
                let book = try await system.run("select scope, same, orders, order_lines, pieces, amount from order_removal order by removal_id")
                #expect(book == books.map { $0.map { $0 ?? "" }.joined(separator: "\t") } && book.count == 4)
            }
        }

        /// What would go in PostgreSQL alone is not brought back by the next load.
        @Test func aLaterLoadBringsNoneBack() async throws {
            try await Bench.with { bench in
                let system = try await OrderSystem.make("duplicate_loads")
                try await bench.add(system)
                #expect(try await bench.run("load", "database", "--source", "house").exitCode == 0)
                #expect(try await bench.duplicates("all", "day", dryRun: false).count == 12)
                try await system.run("update orders set payment_method = 'wallet' where order_id in (10283, 10284, 10285)")
                #expect(try await bench.run("load", "database", "--source", "house").exitCode == 0)
                #expect(try await bench.count("select count(*) from shop.orders") == 607)
                let changed = "select o.payment_method from shop.orders o join shop.source_orders s using (order_id) where s.source_key = '10285'"
                #expect(try await bench.value(changed) == "wallet")
                #expect(try await bench.sql("select order_id from shop.order_fault union all select product_id from shop.stock_fault") == [])
            }
        }

        @Test func ordersThatOthersReferToStay() async throws {
            let system = try await OrderSystem.make("duplicate_references")
            try await system.run(
                """
                create table `odd ``name` (complaint int primary key, `the order` int unsigned,
                    constraint c1 foreign key (`the order`) references orders (order_id) on delete cascade);
                create table picking (order_id int unsigned, line_no smallint unsigned,
                    constraint c2 foreign key (order_id, line_no) references order_details (order_id, line_no));
                insert into `odd ``name` values (1, 10284), (2, null), (3, 10001);
                insert into picking values (10562, 1), (10562, 2), (10001, 1)
                """)
            let removed = try await system.duplicates("all", "content", dryRun: false)
            #expect(removed.filter { $0.action == "removed" }.map(\.order) == ["10174", "10318", "10364", "10377", "10541"])
            let kept = ["odd `name", "picking"].map { "kept: \(system.database).\($0) refers to it" }
            #expect(removed.filter { $0.action != "removed" }.map(\.action) == kept)
            #expect(try await system.run("select count(*) from `odd ``name`") == ["3"])
            #expect(try await system.run("select orders from order_removal") == ["5"])
        }

        @Test func whatCannotBeDoneChangesNothing() async throws {
            let system = try await OrderSystem.make("duplicate_refusals")
            let before = try await system.dump()
            for (scope, same) in [("each", "day"), ("all", "lines"), ("", "day")] {
                for force in [false, true] {
                    let (exitCode, rows) = try await system.script(
                        "delete_duplicate_orders", "@scope = '\(scope)', @same = '\(same)', @dry_run = 0", force: force)
                    #expect(rows == [] && (force || exitCode == 1))
                }
            }
            #expect(try await system.dump() == before)
            try await system.expectNoRestore(1)
            // The stock is sold meanwhile; then the number of an order is given to another one.
            _ = try await system.duplicates("all", "day", dryRun: false)
            try await system.run("update products set units_in_stock = units_in_stock - 1000 where product_id = 1")
            try await system.expectNoRestore(1)
            try await system.run(
                """
                update products set units_in_stock = units_in_stock + 1000 where product_id = 1;
                insert into orders (order_id, customer_id, order_date) values (10562, 1001, '2026-01-01')
                """)
            try await system.expectNoRestore(1)
            try await system.run("delete from orders where order_id = 10562")
            try await system.restore(1)
            #expect(try await system.dump() == before)

            // A step that fails in the middle, with a client that goes on: of the removal nothing is left.
            try await system.run("create trigger refusing before update on products for each row signal sqlstate '45000'")
            _ = try await system.script("delete_duplicate_orders", "@scope = 'all', @same = 'day', @dry_run = 0", force: true)
            #expect(try await system.dump() == before)
            #expect(try await system.run("select count(*) from order_removal where restored_at is null") == ["0"])
        }

        /// MySQL 8's default refuses 0000-00-00; the sample has an order of it, and any date that may be unknown may be it.
        @Test func daysThatAreNoneHinderNothingWhateverTheSession() async throws {
            let system = try await OrderSystem.make("duplicate_modes")
            try await system.run("set sql_mode = ''; update orders set paid_date = '0000-00-00' where order_id = 10174")
            let before = try await system.dump()
            let mode = "sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
            let (exitCode, rows) = try await system.script("delete_duplicate_orders", "\(mode), @scope = 'all', @same = 'content', @dry_run = 0")
            #expect(exitCode == 0 && rows.count == 8, "\(rows)")
            #expect(try await system.script("restore_orders", "\(mode), @removal_id = 1").exitCode == 0)
            #expect(try await system.dump() == before)
        }

        /// Two scripts wait for a third session, which holds one of the orders, and then run side by side.
        @Test func twoScriptsSideBySideRemoveEachDuplicateOnce() async throws {
            let system = try await OrderSystem.make("duplicate_race")
            _ = try await system.duplicates("all", "day", dryRun: true)  // makes the tables
            let waiting = "select variable_value from information_schema.global_status where variable_name = 'Innodb_row_lock_current_waits'"
            async let holder = system.run(
                """
                delimiter //
                begin not atomic
                    declare n int default 0;
                    start transaction;
                    select order_id into @held from orders where order_id = 10085 for update;
                    do get_lock('held', 0);
                    repeat do sleep(0.02); set n = n + 1; until n > 1500 or (\(waiting)) >= 2 end repeat;
                    rollback;
                    select n > 1500;
                end//
                """)
            try await eventually("the order is held") {
                try await system.run("select is_free_lock('held')") == ["0"]
            }
            async let first = system.duplicates("all", "day", dryRun: false)
            async let second = system.duplicates("all", "day", dryRun: false)
            let removed = try await (first + second).map(\.order)
            #expect(try await holder == ["0"], "both came to wait")
            #expect(removed.sorted().joined(separator: " ") == Self.expected["all day"])
            #expect(try await system.run("select sum(orders) from order_removal") == ["12"])
            #expect(try await system.run("select count(*) from orders") == ["614"])
        }

        /// Every line of an excerpt in the page stands in the file that it is from.
        @Test func thePageShowsWhatThereIs() throws {
            func text(_ path: String) throws -> String { try String(contentsOfFile: "\(TestStack.root)/\(path)", encoding: .utf8) }
            let names = ["duplicate_orders", "orders_needed", "remove_duplicate_orders", "restore_orders"]
            let sources = try names.map { try text("sql/functions/31_shop/4_removal/shop.\($0).sql") } + [text("scripts/mysql/delete_duplicate_orders.sql")]
            let excerpts = try text("docs/duplicate-orders.md").components(separatedBy: "```sql\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
            #expect(excerpts.count > 20)
            for excerpt in excerpts {
                #expect(sources.contains { $0.contains(excerpt) }, "\(excerpt)")
            }
        }
    }
}

/// One row of either list, by the numbers of the order system.
private struct Duplicate: Equatable, Sendable {
    let order: String
    let kept: String
    let day: String
    let amount: String
    let action: String
}

extension OrderSystem {
    /// - Parameter force: the client goes on after errors.
    fileprivate func script(_ name: String, _ variables: String, force: Bool = false) async throws -> (exitCode: Int32?, rows: [[String]]) {
        let client = server.client(database) + ["--init-command=set \(variables)"] + (force ? ["--force"] : [])
        let outcome = try await Child(
            "/bin/sh", ["-c", #"file=$1; shift; exec "$@" <"$file""#, "sh", "\(TestStack.root)/scripts/mysql/\(name).sql"] + client, in: "/tmp"
        ).outcome()
        return (outcome.exitCode, outcome.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) })
    }

    fileprivate func duplicates(_ scope: String, _ same: String, dryRun: Bool) async throws -> [Duplicate] {
        let (exitCode, rows) = try await script("delete_duplicate_orders", "@scope = '\(scope)', @same = '\(same)', @dry_run = \(dryRun ? 1 : 0)")
        try #require(exitCode == 0)
        // The row of the book, which comes last, has other columns.
        return rows.filter { $0.count == 8 }.map { Duplicate(order: $0[0], kept: $0[1], day: $0[3], amount: $0[4], action: $0[6]) }
    }

    fileprivate func restore(_ removal: Int) async throws {
        let (exitCode, rows) = try await script("restore_orders", "@removal_id = \(removal)")
        #expect(exitCode == 0 && rows.count == 1 && rows[0][0] == "\(removal)", "\(rows)")
    }

    /// Fails, and changes nothing whether the client ends at the error or goes on.
    fileprivate func expectNoRestore(_ removal: Int, at location: SourceLocation = #_sourceLocation) async throws {
        let before = try await dump()
        for force in [false, true] {
            let exitCode = try await script("restore_orders", "@removal_id = \(removal)", force: force).exitCode
            #expect(force || exitCode == 1, sourceLocation: location)
            #expect(try await dump() == before, sourceLocation: location)
        }
    }

    /// All rows of all tables.
    fileprivate func dump() async throws -> [String] {
        var rows: [String] = []
        for table in Self.tables { rows += try await run("select '\(table)', t.* from \(table) t order by 2, 3") }
        return rows
    }
}

extension Bench {
    /// A clone of a database has none of its rights; the schema of foreign tables needs one.
    fileprivate func add(_ system: OrderSystem) async throws {
        _ = try await sql("do $$ begin execute format('grant create on database %I to emporium_owner', current_database()); end $$")
        try await system.add("house", to: self)
    }

    fileprivate func duplicates(_ scope: String, _ same: String, dryRun: Bool) async throws -> [Duplicate] {
        try await sql(
            """
            select s.source_key, k.source_key, d.day::text, to_char(d.total_amount, 'FM999990.00'), d.action
            from shop.remove_duplicate_orders(scope => '\(scope)', same => '\(same)', dry_run => \(dryRun)) d
            join shop.source_orders s on s.order_id = d.order_id join shop.source_orders k on k.order_id = d.kept_order_id
            order by s.source_key
            """
        ).map { Duplicate(order: $0[0] ?? "", kept: $0[1] ?? "", day: $0[2] ?? "", amount: $0[3] ?? "", action: $0[4] ?? "") }
    }

    /// Every row of the tables that a removal touches, by a digest of each.
    fileprivate func shopTables() async throws -> [String] {
        var digests: [String] = []
        for table in ["orders", "order_items", "order_status_history", "order_without_time", "products", "stock_movement", "price_history", "source_orders"] {
            digests.append(
                try await value(
                    "select '\(table) ' || count(*) || ' ' || md5(coalesce(string_agg(t::text, e'\\n' order by t::text), '')) from shop.\(table) t") ?? "")
        }
        return digests
    }
}
