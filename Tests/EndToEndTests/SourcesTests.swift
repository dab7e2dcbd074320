import Foundation
import Stack
import TestSupport
import Testing

extension EndToEnd {
    /// `emporium sources`, and what it says of everything that is not as it should be.
    @Suite struct Sources {
        @Test(.timeLimit(.minutes(2))) func whatIsMissingIsNamed() async throws {
            let system = try await OrderSystem.make("lacking", sample: false)
            try await Bench.with { bench in
                func refused(_ code: Int32, _ words: String..., added: Emporium.Outcome, at location: SourceLocation = #_sourceLocation) async throws {
                    #expect(added.exitCode == code, "\(added.err)", sourceLocation: location)
                    for part in words { #expect(added.err.contains(part), "\(part): \(added.err)", sourceLocation: location) }
                    #expect(!(added.out + added.err).contains(OrderSystem.password), sourceLocation: location)
                    #expect(
                        try await bench.sql("select (select count(*) from shop.source), (select count(*) from pg_foreign_server)") == [["0", "0"]],
                        "nothing is left half made", sourceLocation: location)
                }
                try await refused(78, "EMPORIUM_SOURCE_LEGACY_PASSWORD is not set", added: system.added("legacy", to: bench, password: nil))
                try await refused(69, "refused the login", "EMPORIUM_SOURCE_LEGACY_PASSWORD", added: system.added("legacy", to: bench, password: "other"))
                try await refused(69, "127.0.0.1:1", "Can't connect", added: system.added("legacy", to: bench, place: "127.0.0.1:1/lacking"))
                try await refused(69, "nowhere.invalid", added: system.added("legacy", to: bench, place: "nowhere.invalid/lacking"))
                try await refused(
                    78, "127.0.0.1:\(system.server.port)/none lacks", "orders: the table is missing",
                    added: system.added("legacy", to: bench, place: "127.0.0.1:\(system.server.port)/none"))
                try await system.run("alter table order_details drop column discount, drop column unit_price; set foreign_key_checks = 0; drop table employees")
                try await refused(
                    78, "employees: the table is missing", "order_details: columns are missing: unit_price, discount",
                    added: system.added("legacy", to: bench))
                try await refused(64, "HOST:PORT/DATABASE", added: system.added("legacy", to: bench, place: "reader:pw@host/db"))
                try await refused(64, "small letter", added: system.added("Legacy", to: bench))
            }
        }

        @Test(.timeLimit(.minutes(2))) func aSourceIsAddedAnewAndChecked() async throws {
            let (one, two) = (try await OrderSystem.make("moved_from"), try await OrderSystem.make("moved_to"))
            try await Bench.with { bench in
                try await one.add("legacy", to: bench)
                try await one.add("legacy", to: bench)
                #expect(try await bench.run("load", "database", "--source", "legacy").exitCode == 0)
                try await two.run("update customers set city = 'Ulm' where customer_id = 1001")
                try await two.add("legacy", to: bench)
                let moved = try await bench.run("load", "database", "--source", "legacy")
                #expect(moved.lines.first == "customers: read 156 = unchanged 155 + landed 1; stored 1 + rejected 0 + duplicate 0")

                // Beside one that sends files alone, which goes again without a trace.
                let settings = ["--currency", "EUR", "--country", "DE", "--time-zone", "Europe/Berlin"]
                let files = try await Emporium.run(["sources", "add", "files"] + settings, bench.environment, in: bench.folder)
                #expect(files.exitCode == 0, "\(files.err)")
                let list = try await bench.run("sources", "list")
                #expect(list.exitCode == 0 && list.out.contains("files only") && list.out.contains(two.place), "\(list.out)\(list.err)")
                #expect(try await bench.run("sources", "remove", "files").out == "source files is removed\n")
                #expect(try await bench.sql("select company_name from shop.suppliers order by 1") == [["legacy"]])

                let check = try await bench.run("sources", "check", "legacy")
                #expect(check.exitCode == 0 && check.out.contains("order_details  1101  ok"), "\(check.out)\(check.err)")
                try await two.run("alter table orders rename column status to state")
                let lacking = try await bench.run("sources", "check", "legacy")
                #expect(lacking.exitCode == 78 && lacking.out.contains("columns are missing: status"), "\(lacking.out)\(lacking.err)")
                let load = try await bench.run("load", "database", "--source", "legacy")
                #expect(load.exitCode == 78 && load.err.contains("Unknown column 'status'"), "\(load.err)")

                let other = try await Emporium.run(
                    ["sources", "add", "legacy", "--currency", "EUR", "--country", "DE", "--time-zone", "Europe/Paris"], bench.environment,
                    in: bench.folder)
                #expect(other.exitCode == 1 && other.err.contains("EM501"), "\(other.err)")
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: [
            (["load", "files", "--feed", "source.orders", "x.csv"], 64 as Int32, "--source NAME says which order system sent it"),
            (["load", "files", "--source", "legacy", "x.csv"], 64, "membership.application has no sources"),
            (["load", "files", "--feed", "source.orders", "--source", "legacy", "x.csv"], 78, "emporium sources add legacy"),
            (["load", "database", "--source", "legacy"], 78, "emporium sources add legacy"),
            (["load", "database", "--source", "legacy", "--once", "--every", "1h"], 64, "not both"),
            (["load", "database", "--source", "legacy", "--verify", "--every", "1h"], 64, "compares once"),
            (["load", "database"], 64, "--source"),
            (["sources", "check", "legacy"], 78, "is unknown"),
            (["sources", "remove", "legacy"], 78, "is unknown"),
        ])
        func usage(_ arguments: [String], _ code: Int32, _ words: String) async throws {
            try await Bench.with { bench in
                let outcome = try await Emporium.run(arguments, bench.environment, in: bench.folder)
                #expect(outcome.exitCode == code && outcome.err.contains(words), "\(arguments): \(outcome.err)")
            }
        }

        /// Whatever the server is told to log, and to whoever looks on; and logins that are not superusers.
        @Test(.timeLimit(.minutes(3))) func thePasswordIsNowhere() async throws {
            let system = try await OrderSystem.make("hidden")
            let stack = try await TestStack.make(durable: false, listening: true)
            try await stack.admin("postgres") { admin in
                for setting in [
                    "log_statement = 'all'", "log_min_duration_statement = 0", "log_error_verbosity = 'verbose'", "log_min_messages = 'debug1'",
                    "log_min_error_statement = 'debug1'", "log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1",
                ] { try await admin.execute("alter system set \(setting)") }
                try await admin.execute("select pg_reload_conf()")
            }
            try await Bench.with(stack) { bench in
                var said = ""
                for password in [OrderSystem.password, OrderSystem.password + "-wrong"] {
                    let outcome = try await system.added("legacy", to: bench, password: password)
                    said += outcome.out + outcome.err
                }
                try await bench.stack.admin("postgres") { admin in
                    // Even where making the mapping fails.
                    try await admin.execute("alter role emporium_owner rename to somebody")
                    _ = try await system.added("other", to: bench)
                    try await admin.execute("alter role somebody rename to emporium_owner")
                }
                try await system.add("legacy", to: bench)
                for command in [
                    ["load", "database", "--source", "legacy", "--verbose"], ["sources", "list"], ["sources", "list", "--json"],
                    ["sources", "check", "legacy"], ["load", "database", "--source", "legacy", "--verify", "--verbose"],
                ] {
                    let outcome = try await Emporium.run(command, bench.environment, in: bench.folder)
                    #expect(outcome.exitCode == 0, "\(command): \(outcome.err)")
                    said += outcome.out + outcome.err
                }
                said += try await bench.sql("select query from pg_stat_activity").map { $0[0] ?? "" }.joined()
                let folder = EmbeddedCluster(home: stack.home).layout.logDirectory
                for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                    said += (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
                }
                #expect(said.contains("create server"), "the server logs statements")
                for secret in ["s3cret", "of-the-reader"] { #expect(!said.contains(secret), "\(said.split(separator: "\n").filter { $0.contains(secret) })") }
                // Who is not the owner sees the mapping without it.
                #expect(try await bench.value("select (umoptions::text like '%s3cret%')::text from pg_user_mappings") == "true", "or this proves nothing")

                // Logins that are not superusers: what is to be done, and by whom.
                try await bench.stack.admin(bench.database) { admin in
                    try await admin.execute("create role deployer login password 'deployer'; grant emporium_owner to deployer; drop extension mysql_fdw cascade")
                    try await admin.execute("grant connect on database \(bench.database) to deployer; grant create on database \(bench.database) to emporium_owner")
                }
                let port = try #require(try await bench.value("show port"))
                var environment = bench.environment
                environment["EMPORIUM_ADMIN_URL"] = "postgresql://deployer:deployer@127.0.0.1:\(port)/\(bench.database)?sslmode=disable"
                environment["EMPORIUM_SOURCE_THIRD_PASSWORD"] = OrderSystem.password
                let add = ["sources", "add", "third"] + OrderSystem.setting + ["--mysql", system.place, "--user", system.user]
                let bare = try await Emporium.run(add, environment, in: bench.folder)
                #expect(bare.exitCode == 78 && bare.err.contains("create extension mysql_fdw; grant usage on foreign data wrapper mysql_fdw to \"deployer\""), "\(bare.err)")
                try await bench.stack.admin(bench.database) { try await $0.execute("create extension mysql_fdw") }
                let ungranted = try await Emporium.run(add, environment, in: bench.folder)
                #expect(ungranted.exitCode == 78 && ungranted.err.contains("grant usage on foreign data wrapper mysql_fdw to \"deployer\""), "\(ungranted.err)")
                try await bench.stack.admin(bench.database) { try await $0.execute("grant usage on foreign data wrapper mysql_fdw to deployer") }
                let granted = try await Emporium.run(add, environment, in: bench.folder)
                #expect(granted.exitCode == 0, "\(granted.err)")
                let load = try await bench.run("load", "database", "--source", "third")
                #expect(load.exitCode == 0, "\(load.err)")
            }
        }
    }
}
