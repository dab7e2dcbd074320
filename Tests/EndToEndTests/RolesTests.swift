import Foundation
import Logging
import Postgres
import Testing

extension EndToEnd { @Suite struct Roles {} }

extension EndToEnd.Roles {
    /// Roles belong to the whole cluster: logins of a test have names of its own and go with it.
    private func withLogin(_ stack: TestStack? = nil, _ body: (Bench, String) async throws -> Void) async throws {
        try await Bench.with(stack) { bench in
            let login = "person of \(bench.database)"
            var failure: (any Error)?
            do { try await body(bench, login) } catch { failure = error }
            try await bench.stack.admin("postgres") { try await $0.execute("drop role if exists \"\(login)\"") }
            if let failure { throw failure }
        }
    }

    /// SQLSTATE of a statement in a session of that login, which comes over TCP by password; `00000` when it went well.
    private func state(_ bench: Bench, _ login: String, _ sql: String) async throws -> String {
        let port = try await bench.value("show port") ?? ""
        let url = "postgresql://\(login.replacingOccurrences(of: " ", with: "%20")):secret@127.0.0.1:\(port)/\(bench.database)"
        do {
            let connection = try await Connection.connect(
                ConnectionConfiguration(conninfo: url, applicationName: "test"),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            do { try await connection.execute(sql) } catch {
                await connection.close()
                throw error
            }
            await connection.close()
            return "00000"
        } catch let error as PostgresError { return error.sqlState }
    }

    @Test func anAnalystIsGrantedConnectsReadsAndWritesNothing() async throws {
        try await withLogin(try await TestStack.make(durable: false, listening: true)) { bench, login in
            // A clone has the default grants of a new database; a migrated one has none for PUBLIC.
            _ = try await bench.sql("revoke all on database \(bench.database) from public")
            _ = try await bench.sql("grant connect on database \(bench.database) to analytics, logistics")
            let unknown = try await bench.run("roles", "grant", "analytics", login)
            #expect(unknown.exitCode == 1 && unknown.err.contains("--create"), "\(unknown.err)")

            let granted = try await bench.run("roles", "grant", "analytics", login, "--create")
            #expect(granted.exitCode == 0 && granted.out.contains("granted analytics to \(login)"), "\(granted.err)")
            #expect(granted.out.contains("\\password"), "it says how to set a password")
            #expect(try await state(bench, login, "select 1") != "00000", "without one nobody comes in")
            _ = try await bench.sql("alter role \"\(login)\" password 'secret'")
            let again = try await bench.run("roles", "grant", "analytics", login, "--json")
            #expect(try again.json()["changed"] as? Bool == false)

            #expect(try await state(bench, login, "select count(*) from analytics.sales_transaction") == "00000")
            #expect(try await state(bench, login, "select count(*) from analytics.member") == "00000")
            for refused in [
                "select * from membership.member", "select * from shop.orders", "create temporary table x (x int)",
                "copy analytics.orders to program 'true'", "select lo_create(0)", "set role masker",
                "set session authorization postgres", "delete from analytics.orders", "do 'begin end'",
            ] {
                #expect(try await state(bench, login, refused) == "42501", "\(refused)")
            }

            let list = try await bench.run("roles", "list", "--json")
            let roles = try #require(try JSONSerialization.jsonObject(with: Data(list.out.utf8)) as? [[String: Any]])
            #expect(roles.first { $0["role"] as? String == "analytics" }?["grantedTo"] as? [String] == ["emporium", login])

            #expect(try await bench.run("roles", "revoke", "analytics", login).out == "took analytics from \(login)\n")
            #expect(try await bench.run("roles", "revoke", "analytics", login).out == "\(login) does not have analytics\n")
            // With its last role it has lost its way into the database.
            #expect(try await state(bench, login, "select 1") != "00000")
        }
    }

    @Test func whatWouldBreakARolesPromiseIsRefused() async throws {
        try await withLogin { bench, login in
            for role in ["masker", "emporium_owner", "reads_personal", "nosuchrole", "pg_monitor", "anal\"ytics"] {
                let outcome = try await bench.run("roles", "grant", role, login, "--create")
                #expect(outcome.exitCode == 1 && outcome.err.contains("roles to grant: analytics"), "\(role): \(outcome.err)")
            }
            #expect(try await bench.count("select count(*) from pg_roles where rolname = '\(login)'") == 0)
            for (attribute, word) in [
                ("superuser", "superuser"), ("createrole", "CREATEROLE"), ("bypassrls", "BYPASSRLS"),
                ("replication", "REPLICATION"), ("in role pg_execute_server_program", "pg_execute_server_program"),
                ("in role pg_read_all_data", "pg_read_all_data"), ("in role emporium_owner", "emporium_owner"),
            ] {
                _ = try await bench.sql("create role \"\(login)\" login \(attribute)")
                let outcome = try await bench.run("roles", "grant", "analytics", login)
                #expect(outcome.exitCode == 1 && outcome.err.contains(word), "\(attribute): \(outcome.err)")
                _ = try await bench.sql("drop role \"\(login)\"")
            }
            for other in ["sales", "emporium_owner"] {
                let outcome = try await bench.run("roles", "grant", "analytics", other)
                #expect(outcome.exitCode == 1 && outcome.err.contains("nobody logs in"), "\(outcome.err)")
            }
            // Before anything is connected to.
            for arguments in [
                ["grant", "", login], ["grant", "analytics", ""], ["grant", "analytics", "analytics"], ["grant", "analytics", "pg_x"],
                ["grant", "analytics"], ["matrix", "--csv", "--json"], ["matrix", "--check", "x", "--csv"], ["explain"],
                ["revoke", "analytics", String(repeating: "x", count: 64)],
            ] {
                let outcome = try await Emporium.run(
                    ["roles"] + arguments, ["DATABASE_URL": "postgresql:///?host=/nonexistent"], in: bench.folder)
                #expect(outcome.exitCode == 64, "\(arguments): \(outcome.err)")
            }
        }
    }

    @Test func theMatrixIsPrintedAndChecked() async throws {
        try await Bench.with { bench in
            let expected = TestStack.root + "/sql/roles/matrix.csv"
            // The migrated database itself: a clone has the default grants of a new one.
            let whole = ["EMPORIUM_HOME": bench.stack.home]
            let check = try await Emporium.run(["roles", "matrix", "--check", expected], whole, in: bench.folder)
            #expect(check.exitCode == 0 && check.out.contains("as expected"), "\(check.out)\(check.err)")
            let csv = try await Emporium.run(["roles", "matrix", "--csv"], whole, in: bench.folder)
            #expect(try csv.out == String(contentsOfFile: expected, encoding: .utf8))
            let table = try await bench.run("roles", "matrix", "--role", "loader")
            #expect(table.out.contains("staging.membership_application") && !table.out.contains("analytics"))
            let json = try await bench.run("roles", "matrix", "--role", "sales", "--json")
            let cells = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [[String: String]])
            #expect(cells.contains(["role": "sales", "kind": "table", "object": "shop.products", "column": "price", "verb": "UPDATE"]))

            _ = try await bench.sql("grant select on shop.customers to sales")
            _ = try await bench.sql("revoke execute on function shop.remove_product(bigint) from sales")
            let differs = try await bench.run("roles", "matrix", "--check", expected)
            #expect(differs.exitCode == 2, "\(differs.err)")
            #expect(differs.lines.contains("+ sales,table,shop.customers,*,SELECT"))
            #expect(differs.lines.contains("- sales,function,shop.remove_product(bigint),,EXECUTE"))
            #expect(differs.err.contains("hint:"))
            let noFile = try await bench.run("roles", "matrix", "--check", "none.csv")
            #expect(noFile.exitCode == 78, "\(noFile.err)")
        }
    }

    @Test func aRoleIsExplained() async throws {
        try await Bench.with { bench in
            let logistics = try await bench.run("roles", "explain", "logistics")
            #expect(logistics.exitCode == 0, "\(logistics.err)")
            for sentence in [
                "Of shop.orders it sees some rows only: orders that are or were to be fulfilled",
                "It calls shop.advance_order(bigint, shop.order_status), which acts with its owner's rights: Completes a transaction",
                "Personal data that it reads in clear: shop.orders.shipping_address (sensitive).",
                "A membership_id shows as the member_key", "It writes no table.",
            ] {
                #expect(logistics.out.contains(sentence), "\(sentence)\n\(logistics.out)")
            }
            let analytics = try await bench.run("roles", "explain", "analytics", "--json")
            #expect(analytics.out.contains("It calls analytics.next_order(date, integer, integer, text), which acts with its owner's rights"))
            let unknown = try await bench.run("roles", "explain", "pg_monitor")
            #expect(unknown.exitCode == 1 && unknown.err.contains("roles: analytics"), "\(unknown.err)")
        }
    }

    @Test func aMaskedViewComesBackAfterAMigrationThatChangesItsTable() async throws {
        try await Bench.with { bench in
            for name in ["sql", "migrations"] {
                try FileManager.default.copyItem(atPath: "\(TestStack.root)/\(name)", toPath: "\(bench.folder)/\(name)")
            }
            func change(_ number: Int, _ sql: String) async throws -> Emporium.Outcome {
                try sql.write(
                    toFile: "\(bench.folder)/migrations/\(number)_change_suppliers.sql", atomically: true, encoding: .utf8)
                return try await bench.run("migrate")
            }
            let refused = try await change(9000, "alter table shop.suppliers alter column lead_time type bigint;")
            #expect(refused.exitCode == 1 && refused.err.contains("0A000"), "\(refused.err)")
            let done = try await change(
                9000, "drop view analytics.suppliers;\nalter table shop.suppliers alter column lead_time type bigint;")
            #expect(done.exitCode == 0, "\(done.err)")
            let type = try await bench.value(
                "select format_type(atttypid, null) from pg_attribute where attrelid = 'analytics.suppliers'::regclass and attname = 'lead_time'")
            #expect(type == "bigint")
            let check = try await bench.run("roles", "matrix", "--check", "sql/roles/matrix.csv")
            // A clone lacks what is granted on the database itself, nothing else.
            #expect(check.lines.allSatisfy { $0.contains(",database,") || $0.contains("as expected") }, "\(check.out)")
            #expect(try await bench.value("select count(*) from privacy.unclassified") == "0")
        }
    }

    @Test func aDatabaseWithoutRolesSaysWhatToDo() async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            let outcome = try await bench.run("roles")
            #expect(outcome.exitCode == 78 && outcome.err.contains("emporium migrate"), "\(outcome.err)")
        }
    }
}
