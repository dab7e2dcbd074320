import Foundation
import Testing

extension EndToEnd { @Suite struct MigrateVerify {} }

extension EndToEnd.MigrateVerify {
    /// Our own project, applied: what it makes at run time is no drift, what somebody does to it is.
    @Test(.timeLimit(.minutes(4))) func ourOwnProject() async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            let root = ["--root", TestStack.root]
            func verify(_ more: String...) async throws -> Emporium.Outcome {
                try await Emporium.run(["migrate", "verify"] + root + more, bench.environment, in: bench.folder)
            }
            let applied = try await Emporium.run(["migrate", "apply"] + root, bench.environment, in: bench.folder)
            #expect(applied.exitCode == 0, "\(applied.err)")
            let roles = "select string_agg(rolname || oid || rolinherit, ',' order by rolname) from pg_roles where rolname in ('emporium_owner', 'analytics', 'loader')"
            let before = try await bench.value(roles)

            // An order system's foreign tables, and partitions.
            try await bench.stack.admin(bench.database) {
                try await $0.execute(
                    """
                    create foreign data wrapper mysql_fdw; create server source_erp foreign data wrapper mysql_fdw;
                    create schema source_erp authorization emporium_owner;
                    create foreign table source_erp.orders (id int) server source_erp;
                    create user mapping for emporium_owner server source_erp options (password 'secret');
                    select ops.ensure_partition('public.events', current_date + 400);
                    """)
            }
            let clean = try await verify()
            #expect(clean.exitCode == 0 && clean.out.isEmpty, "\(clean.out)\(clean.err)")
            #expect(clean.err.contains("the database is what the files make"))
            #expect(try await bench.value(roles) == before)

            try await bench.stack.admin(bench.database) {
                try await $0.execute(
                    "grant select on shop.orders to sales; create index on shop.orders (status); comment on schema shop is 'it''s spoiled'")
            }
            let drift = try await verify()
            #expect(drift.exitCode == 2)
            for line in [
                "table shop.orders: grant to sales should not be: SELECT", "  revoke select on table shop.orders from \"sales\";",
                "index shop.orders_status_idx: extra",
            ] {
                #expect(drift.out.contains(line + "\n"), "\(line) in \(drift.out)")
            }
            #expect(drift.err.contains("3 differences"), "\(drift.err)")

            let json = try await verify("--json")
            #expect(json.exitCode == 2)
            let report = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
            let differences = try #require(report["differences"] as? [[String: Any]])
            #expect(differences.map { $0["identity"] as? String } == ["shop", "shop.orders", "shop.orders_status_idx"])
            #expect(differences.map { $0["change"] as? String } == ["changed", "changed", "extra"])
            #expect(differences.allSatisfy { $0["mend"] is String })
            for key in ["edited", "pending", "unfinished", "missing_files", "unknown_rows", "invalid_indexes"] {
                #expect((report[key] as? [Any])?.isEmpty == true, "\(key)")
            }
        }
    }
}
