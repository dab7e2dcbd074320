import Foundation
import Stack
import Testing

extension EndToEnd {
    /// What `down` does with what the embedded broker still holds.
    @Suite(.timeLimit(.minutes(2))) struct DrainTests {
        @Test func downLoadsWhatTheBrokerHoldsOrStopsNothing() async throws {
            var template = Array("/tmp/emporium-drain-XXXXXX".utf8CString)
            let folder = String(cString: try #require(mkdtemp(&template)))
            chmod(folder, 0o755)
            let home = folder + "/home"
            Leftovers.remove(folder, atExitWith: StackLayout(home: home).pgdata)
            func run(_ arguments: String...) async throws -> Emporium.Outcome {
                try await Emporium.run(arguments, ["EMPORIUM_HOME": home], in: folder)
            }
            func needs(_ arguments: String...) async throws -> String {
                let outcome = try await Emporium.run(arguments, ["EMPORIUM_HOME": home], in: folder)
                try #require(outcome.exitCode == 0, "\(arguments): \(outcome.err)")
                return outcome.out
            }
            _ = try await needs("up", "--root", TestStack.root)
            _ = try await needs("migrate", "--root", TestStack.root)
            let made = ["generate", "customers", "--count", "500", "--rate", "max", "--bad", "10%"]
            #expect(try await Emporium.run(made + ["--seed", "1"], ["EMPORIUM_HOME": home], in: folder).exitCode == 0)

            let down = try await needs("down")
            #expect(down.contains("customers: all messages are in PostgreSQL\n"), "\(down)")
            let dead = try #require(down.split(separator: "\n").first { $0.hasPrefix("customers.dead.letter: ") }, "\(down)")

            // Another broker, another cluster: what the first one held is in the books, and so is what it refused.
            _ = try await needs("up", "--root", TestStack.root)
            let status = try JSONSerialization.jsonObject(with: Data(try await needs("status", "--json").utf8)) as? [String: Any]
            let feed = try #require((status?["feeds"] as? [[String: Any]])?.first { $0["feed"] as? String == "shop.customer" })
            #expect(feed["received"] as? Int == 500 && feed["pending"] as? Int == 0 && feed["difference"] as? Int == 0)
            #expect(dead.hasPrefix("customers.dead.letter: \(feed["rejected"] as? Int ?? -1) messages"), "\(dead)")

            // A loader that cannot land: nothing is stopped, nothing is lost, and it says how to go on all the same.
            #expect(
                try await Emporium.run(
                    made + ["--seed", "2", "--first-customer", "1000"], ["EMPORIUM_HOME": home], in: folder
                ).exitCode == 0)
            let url = try await needs("url", "--admin").trimmingCharacters(in: .newlines)
            let stack = TestStack(folder: folder, home: home, url: url, adminURL: url)
            try await stack.admin("ecommerce") { try await $0.execute("revoke insert on staging.shop_customer from loader") }
            let refused = try await run("down")
            #expect(refused.exitCode == 1 && refused.err.contains("--no-drain"), "\(refused.err)")
            #expect(try await needs("status").contains("Kafka (embedded"))
            // And a database that is away: nobody can say that nothing is read from the topic.
            let away = try await Emporium.run(
                ["down"], ["EMPORIUM_HOME": home, "DATABASE_URL": "postgresql://127.0.0.1:1/ecommerce"], in: folder)
            #expect(away.exitCode == 1 && away.err.contains("--no-drain"), "\(away.err)")
            #expect(try await needs("status").contains("Kafka (embedded"))
            try await stack.admin("ecommerce") { try await $0.execute("grant insert on staging.shop_customer to loader") }
            #expect(try await needs("down").contains("customers: all messages are in PostgreSQL\n"))
        }
    }
}
