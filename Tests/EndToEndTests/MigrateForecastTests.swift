import Foundation
import Postgres
import Testing

extension EndToEnd.Migrate {
    /// The project as it is applied to the bench's database, and one more migration.
    private func withPending(_ migration: String, _ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            for name in ["sql", "migrations"] {
                try FileManager.default.copyItem(atPath: "\(TestStack.root)/\(name)", toPath: "\(bench.folder)/\(name)")
            }
            try migration.write(
                toFile: bench.folder + "/migrations/9000_change_events.sql", atomically: true, encoding: .utf8)
            try await body(bench)
        }
    }

    @Test func aPlanNamesTheReaderInTheWay() async throws {
        try await withPending("create schema sneaked;\nalter table public.events add column note text;\n") { bench in
            try await bench.stack.admin(bench.database) { reader in
                try await reader.execute(
                    "set application_name = 'month end'; begin; select count(*) from public.events")
                let plan = try await bench.run("migrate", "plan", "--exit-code")
                #expect(plan.exitCode == 2, "\(plan.err)")
                let lines = plan.out.split(separator: "\n").map(String.init)
                let statement = try #require(
                    lines.firstIndex { $0 == "  2: alter table public.events add column note text" }, "\(plan.out)")
                #expect(lines[statement - 1].hasPrefix("migrations/9000_change_events.sql"))
                #expect(lines[statement + 1].hasPrefix("      ACCESS EXCLUSIVE on public.events ("), "\(plan.out)")
                #expect(
                    lines[statement + 2].hasPrefix("        would wait now for pid \(reader.backendPID), user ")
                        && lines[statement + 2].contains(", application month end: ACCESS SHARE, in a transaction for ")
                        && lines[statement + 2].hasSuffix(" s, idle in transaction"), "\(plan.out)")
                #expect(lines[statement + 3] == "        readers and writers would queue behind it", "\(plan.out)")

                let json = try await bench.run("migrate", "plan", "--json")
                let document = try #require(
                    try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any], "\(json.err)")
                let forecast = try #require(document["forecast"] as? [[String: Any]])
                #expect((document["pending"] as? [[String: Any]])?.isEmpty == false)
                let last = try #require(
                    forecast.first {
                        $0["line"] as? Int == 2 && $0["path"] as? String == "migrations/9000_change_events.sql"
                    })
                let effect = try #require((last["effects"] as? [[String: Any]])?.first)
                #expect(
                    effect["relation"] as? String == "public.events" && effect["lock"] as? String == "ACCESS EXCLUSIVE")
                #expect(effect["rewrites"] as? Bool == false && effect["size_bytes"] as? Int != nil)
                let blocker = try #require((effect["blockers"] as? [[String: Any]])?.first)
                #expect(
                    blocker["pid"] as? Int == Int(reader.backendPID)
                        && blocker["transaction_age_seconds"] as? Double != nil)

                let bare = try await bench.run("migrate", "plan", "--no-forecast")
                #expect(
                    bare.exitCode == 0 && !bare.out.contains("ACCESS EXCLUSIVE") && bare.out.contains("9000_change"))
                let bareJSON = try await bench.run("migrate", "plan", "--no-forecast", "--json")
                #expect(!bareJSON.out.contains("\"forecast\""), "\(bareJSON.out)")
                try await reader.execute("commit")
            }
            let free = try await bench.run("migrate", "plan")
            #expect(free.exitCode == 0 && !free.out.contains("would wait now"), "\(free.out)")
            #expect(try await bench.value("select to_regnamespace('sneaked')::text") == nil, "a plan changes nothing")
        }
    }

    /// A plan does not wait for the one whom its statements would wait for.
    @Test func aPlanDoesNotWait() async throws {
        try await withPending("drop table public.events;\n") { bench in
            try await bench.stack.admin(bench.database) { holder in
                try await holder.execute("begin; lock table public.events in access exclusive mode")
                let plan = try await bench.run("migrate", "plan")
                #expect(plan.exitCode == 0, "\(plan.err)")
                #expect(plan.out.contains("at the last vacuum: somebody holds it exclusively"), "\(plan.out)")
                #expect(plan.out.contains("would wait now for pid \(holder.backendPID)"), "\(plan.out)")
                try await holder.execute("commit")
            }
        }
    }
}
