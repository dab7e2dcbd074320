import Foundation
import Glibc
import Stack
import TestSupport
import Testing

// Against MariaDB from Debian, through mysql_fdw.

extension EndToEnd { @Suite struct LoadDatabase {} }

extension EndToEnd.LoadDatabase {
    @Test(.timeLimit(.minutes(3))) func theDatabaseAndTheFilesEndInTheSameShop() async throws {
        let system = try await OrderSystem.make("same")
        try await Bench.with { bench in
            try await system.add("legacy", to: bench)
            let load = try await bench.run("load", "database", "--source", "legacy")
            try #require(load.exitCode == 0, "\(load.err)")
            #expect(
                load.lines == [
                    "customers: read 156 = unchanged 0 + landed 156; stored 156 + rejected 0 + duplicate 0",
                    "employees: read 9 = unchanged 0 + landed 9; stored 9 + rejected 0 + duplicate 0",
                    "products: read 40 = unchanged 0 + landed 40; stored 40 + rejected 0 + duplicate 0",
                    "orders: read 626 = unchanged 0 + landed 626; stored 624 + rejected 2 + duplicate 0",
                    "order_details: read 1101 = unchanged 0 + landed 1101; stored 1101 + rejected 0 + duplicate 0",
                    "legacy in the shop: customers 156, products 40, orders 619, lines 1093, findings open 24",
                ])

            let added = try await Emporium.run(["sources", "add", "files"] + OrderSystem.setting, bench.environment, in: bench.folder)
            try #require(added.exitCode == 0, "\(added.err)")
            for table in OrderSystem.tables {
                let outcome = try await bench.run(
                    "load", "files", "--feed", "source.\(table)", "--source", "files", "\(TestStack.root)/examples/orders/\(table).csv")
                try #require(outcome.exitCode == 0, "\(outcome.err)")
            }
            let shop = try await bench.shop(of: "legacy")
            #expect(shop.count == 619)
            #expect(try await bench.shop(of: "files") == shop)
            #expect(try await bench.surroundings(of: "files") == bench.surroundings(of: "legacy"))
            try await bench.expectSourcesBalance()

            // What the two impossible days became under MySQL's leave.
            let rejects = try await bench.sql(
                """
                select array_to_string(r.codes, ' '), convert_from(r.payload, 'UTF8')::jsonb ->> 'order_date' from staging.reject r
                join ops.snapshot_batch using (batch_id) order by 1
                """)
            #expect(rejects == [["order_date_malformed", "0000-00-00"], ["order_date_malformed", "0000-00-00"]])
        }
    }

    @Test(.timeLimit(.minutes(3))) func whatVerifyFindsTheNextRunLoads() async throws {
        let system = try await OrderSystem.make("verified")
        try await Bench.with { bench in
            func verify() async throws -> (Int32?, [String: [String: Any]]) {
                let outcome = try await bench.run("load", "database", "--source", "legacy", "--verify", "--json")
                let tables = try #require(try outcome.json()["tables"] as? [[String: Any]])
                return (outcome.exitCode, Dictionary(uniqueKeysWithValues: tables.map { ($0["table"] as? String ?? "", $0) }))
            }
            func counts(_ table: [String: Any]?) -> [Int] {
                ["sourceRows", "storedRows", "rejected", "missing", "differing", "gone", "goneNoted"].map { table?[$0] as? Int ?? -1 }
            }
            func load() async throws -> Emporium.Outcome { try await bench.run("load", "database", "--source", "legacy") }

            try await system.add("legacy", to: bench)
            var (code, tables) = try await verify()
            #expect(code == 2 && counts(tables["orders"]) == [626, 0, 0, 626, 0, 0, 0])
            #expect(try await load().exitCode == 0)
            (code, tables) = try await verify()
            #expect(code == 0 && counts(tables["orders"]) == [626, 624, 2, 0, 0, 0, 0])
            #expect(tables["orders"]?["sourceChecksum"] as? String == tables["orders"]?["storedChecksum"] as? String)
            let shop = tables["orders"]?["shop"] as? [String: Any]
            #expect(shop?["in_shop"] as? Int == 619 && shop?["without"] as? [String: Int] == ["order_without_lines": 5])

            // Nothing new: nothing is landed, rejects included.
            let again = try await load()
            #expect(again.exitCode == 0 && again.lines.dropLast().allSatisfy { $0.contains(" + landed 0; stored 0 + rejected 0") }, "\(again.out)")

            // One of each: changed, added, deleted.
            try await system.run(
                """
                update customers set city = 'Köln 😀', address = '' where customer_id = 1001;
                insert into orders values (20001, 1002, null, '2025-12-31', null, null, 'new', 'card');
                insert into order_details values (20001, 1, 5, 2, 10.50, 0);
                delete from order_details where order_id = 10003; delete from orders where order_id = 10003
                """)
            let lines = Int(try await bench.value(
                "select count(*) from shop.source_order_details where source = 'legacy' and order_key = '10003'") ?? "") ?? 0
            try #require(lines > 0)
            (code, tables) = try await verify()
            #expect(code == 2)
            #expect(counts(tables["customers"]) == [156, 156, 0, 0, 1, 0, 0])
            #expect(counts(tables["orders"]) == [626, 624, 2, 1, 0, 1, 0])
            #expect(counts(tables["order_details"]) == [1102 - lines, 1101, 0, 1, 0, lines, 0])
            #expect(tables["customers"]?["sourceChecksum"] as? String != tables["customers"]?["storedChecksum"] as? String)

            let next = try await load()
            #expect(next.exitCode == 0)
            #expect(next.lines.first == "customers: read 156 = unchanged 155 + landed 1; stored 1 + rejected 0 + duplicate 0")
            (code, tables) = try await verify()
            #expect(code == 0 && counts(tables["orders"]) == [626, 625, 2, 0, 0, 1, 1])
            let gone = "select count(*) from quality.open_finding where code = 'gone_from_source'"
            #expect(try await bench.count(gone) == lines + 1)
            #expect(try await bench.value(
                "select c.city from shop.customers c join shop.source_customers s using (customer_id) where s.source_key = '1001'") == "Köln 😀")

            // Back again: the finding is resolved.
            try await system.run("insert into orders values (10003, 1002, null, '2025-12-30', null, null, 'new', 'card')")
            #expect(try await load().exitCode == 0)
            #expect(try await bench.count(gone) == lines)
            try await bench.expectSourcesBalance()
        }
    }

    @Test(.timeLimit(.minutes(3))) func sourcesWithTheSameKeysStayApart() async throws {
        let (one, two) = (try await OrderSystem.make("house_one"), try await OrderSystem.make("house_two"))
        try await two.run("update products set price = price + 1; delete from order_details where order_id > 10300; delete from orders where order_id > 10300")
        try await Bench.with { bench in
            try await one.add("one", to: bench)
            try await two.add("two", to: bench)
            for source in ["one", "two"] {
                let outcome = try await bench.run("load", "database", "--source", source)
                #expect(outcome.exitCode == 0, "\(outcome.err)")
            }
            for source in ["one", "two"] {
                #expect(try await bench.run("load", "database", "--source", source, "--verify").exitCode == 0, "\(source)")
            }
            #expect(try await bench.count("select count(distinct order_id) from shop.source_orders where order_id is not null")
                == bench.count("select count(*) from shop.orders"))
            #expect(try await bench.shop(of: "one").count == 619)
            #expect(try await bench.shop(of: "two").count < 310)
            #expect(try await bench.surroundings(of: "one") != bench.surroundings(of: "two"))
            let list = try await bench.run("sources", "list")
            #expect(list.out.contains("one") && list.out.contains(one.place) && list.out.contains(two.user))
            try await bench.expectSourcesBalance()

            // Disconnected: what was taken stays, and files of it may come.
            #expect(try await bench.run("sources", "remove", "two").out.contains("what was taken from it stays"))
            #expect(try await bench.run("sources", "check", "two").exitCode == 78)
            #expect(try await bench.count("select count(*) from pg_foreign_server") == 1)
        }
    }

    /// Values that mysql_fdw, MySQL and PostgreSQL see differently.
    @Test(.timeLimit(.minutes(3))) func valuesArriveAsTheyAre() async throws {
        let system = try await OrderSystem.make("odd_values", sample: false)
        let long = 300_000
        try await system.run(
            """
            set sql_mode = '';
            alter table customers modify first_name longtext, modify registered_on datetime(6), modify phone text;
            insert into customers values
                (4294967295, '😀 é \\\\ " \\'', 'plain', null, '', 'a', 'b', 'c', 'DE', '2024-02-29 23:59:59.123456'),
                (2, repeat('é', \(long)), 'long', null, null, null, null, null, null, null),
                (3, null, 'zero', null, null, null, null, null, null, '0000-00-00 00:00:00')
            """)
        try await Bench.with { bench in
            try await system.add("legacy", to: bench)
            // Landed alone: what is promoted leaves staging.
            _ = try await bench.sql(
                "select ops.land_snapshot('legacy', 'source.customers', ops.start_run('test', 'source.customers', '{}'))")
            let landed = try await bench.sql(
                """
                select v.record ->> 'customer_id', length(v.record ->> 'first_name'), left(v.record ->> 'first_name', 9),
                    (v.record -> 'phone')::text, v.record ->> 'registered_on'
                from (select convert_from(payload, 'UTF8')::jsonb as record from staging.source_customers) v order by 1
                """)
            #expect(
                landed == [
                    ["2", "\(long)", String(repeating: "é", count: 9), "null", nil],
                    ["3", nil, nil, "null", "0000-00-00 00:00:00.000000"],
                    ["4294967295", "9", #"😀 é \ " '"#, #""""#, "2024-02-29 23:59:59.123456"],
                ])

            // A type that the wrapper takes for the end of the table.
            try await system.run("alter table customers drop column registered_on, add column registered_on year default 2024")
            let year = try await bench.run("load", "database", "--source", "legacy")
            #expect(year.exitCode == 1 && year.err.contains("EM512") && year.err.contains("of 3 rows of customers were read"), "\(year.err)")
            #expect(year.err.contains("cast it in a view"))
            #expect(try await bench.count("select count(*) from quality.open_finding where code = 'gone_from_source'") == 0)
        }
    }
}
