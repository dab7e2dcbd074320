import Foundation
import Testing

extension EndToEnd {
    /// `examples/orders` and `scripts/mysql/insert_data.sql` are what `scripts/make-order-sample` makes.
    @Suite struct OrderSample {
        static let files =
            ["customers", "employees", "products", "orders", "order_details"].map { "examples/orders/\($0).csv" } + ["scripts/mysql/insert_data.sql"]

        @Test func committedFilesAreWhatTheScriptMakes() async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("order-sample-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            _ = try await system([TestStack.root + "/scripts/make-order-sample", "--into", folder])
            for file in Self.files {
                let made = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
                let committed = try Data(contentsOf: URL(fileURLWithPath: "\(TestStack.root)/\(file)"))
                #expect(made.count > 200)
                #expect(made == committed, "\(file) is not what scripts/make-order-sample makes: run it, and see examples/orders/README.md")
            }
        }

        /// The counts that the README states hold in the files, by code that shares none with the script.
        @Test func faultsAreCountedAsTheReadmeSays() async throws {
            func rows(_ table: String) throws -> [[String]] {
                try String(contentsOfFile: "\(TestStack.root)/examples/orders/\(table).csv", encoding: .utf8)
                    .split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
            }
            let orders = try rows("orders"), details = try rows("order_details")
            #expect(orders.count == 626 && details.count == 1101)
            let known = Set(orders.map { $0[0] }), lines = Dictionary(grouping: details) { $0[0] }
            #expect(details.filter { !known.contains($0[0]) }.count == 6)
            #expect(orders.filter { lines[$0[0]] == nil }.count == 5)
            // ISO dates compare as text.
            #expect(orders.filter { !$0[5].isEmpty && $0[5] < $0[3] }.count == 4)
            #expect(orders.filter { !$0[4].isEmpty && $0[4] < $0[3] }.count == 3)
            #expect(lines.values.filter { Set($0.map { $0[2] }).count < $0.count }.count == 4)
            let impossible = orders.filter { ["2025-02-30", "2024-06-31"].contains($0[3]) }
            #expect(impossible.count == 2 && impossible.allSatisfy { lines[$0[0]]?.count == 1 })

            let good = orders.filter { order in order[6] != "cancelled" && lines[order[0]] != nil && !impossible.contains { $0[0] == order[0] } }
            let days = Dictionary(grouping: good) { $0[1] + " " + $0[3] }
            #expect(days.values.map { $0.count - 1 }.reduce(0, +) == 12)
            let contents = Dictionary(grouping: good) { order in
                ([order[1], order[3]] + (lines[order[0]] ?? []).map { $0[2...].joined(separator: "|") }.sorted()).joined(separator: " ")
            }
            #expect(contents.values.map { $0.count - 1 }.reduce(0, +) == 7)
        }
    }
}
