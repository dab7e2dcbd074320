import ArgumentParser
import Foundation
import Postgres
import Stack

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the stack, the books by feed, and what waits.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Exit with 2 when records wait to be promoted or the books do not balance.")
    var exitCode = false

    private struct Feed: Codable {
        var feed: String
        var batches: Int64
        var received: Int64
        var stored: Int64
        var rejected: Int64
        var duplicate: Int64
        var pending: Int64
        var difference: Int64
    }

    private struct Report: Codable {
        var stack: StackState?
        var kafka: KafkaReport?
        var feeds: [Feed]
        var lag: [StatusLag] = []
        var outbox: [StatusOutbox] = []
    }

    func run() async throws {
        _ = common.logger("status")
        let stack = Settings.namesServer ? nil : try Settings.stack.state()
        let kafka = try await KafkaReport.current()
        if !Settings.namesServer && stack?.status != .running {
            if common.json {
                try printJSON(Report(stack: stack, kafka: kafka, feeds: []))
            } else {
                print(stack == nil ? "no embedded stack; start one with: emporium up" : "the embedded stack is stopped")
                kafka?.show()
            }
            throw ExitCode(69)
        }
        let feeds = try await self.feeds()
        let lag = StatusLag.brought(try await StatusLag.read(cluster: kafka?.clusterID), upTo: kafka)
        let outbox = try await StatusOutbox.read()
        if common.json {
            try printJSON(Report(stack: stack, kafka: kafka, feeds: feeds, lag: lag, outbox: outbox))
        } else {
            if let stack {
                let size = ByteCountFormatter.string(fromByteCount: stack.dataBytes, countStyle: .file)
                print("PostgreSQL \(stack.serverVersion), pid \(stack.pid ?? 0), \(size) in \(stack.dataDirectory)")
            }
            kafka?.show()
            printTable(
                ["feed", "batches", "received", "stored", "rejected", "duplicate", "pending", "difference"],
                feeds.map {
                    [$0.feed] + [$0.batches, $0.received, $0.stored, $0.rejected, $0.duplicate, $0.pending, $0.difference]
                        .map(String.init)
                })
            StatusLag.show(lag)
            StatusOutbox.show(outbox)
        }
        if exitCode, feeds.contains(where: { $0.pending > 0 || $0.difference != 0 }) { throw ExitCode(2) }
    }

    private func feeds() async throws -> [Feed] {
        let configuration = try Settings.database().asRole("promoter")
        let answer: QueryResult
        do {
            let connection = try await Connection.connect(configuration)
            defer { Task { await connection.close() } }
            answer = try await connection.query(
                """
                select f.feed, count(a.batch_id) as batches, coalesce(sum(received), 0) as received,
                    coalesce(sum(stored), 0) as stored, coalesce(sum(rejected), 0) as rejected,
                    coalesce(sum(duplicate), 0) as duplicate, coalesce(sum(pending), 0) as pending,
                    coalesce(sum(abs(difference)), 0) as difference
                from ops.feed f left join ops.accounting a using (feed) group by f.feed order by f.feed
                """)
        } catch let error as PostgresError where ["42P01", "3F000", "22023"].contains(error.sqlState) {
            throw ConfigurationError("the database has no books yet\n  hint: emporium migrate")
        }
        return answer.rows.map { row in
            Feed(
                feed: row.text("feed"), batches: row.int("batches") ?? 0, received: row.int("received") ?? 0,
                stored: row.int("stored") ?? 0, rejected: row.int("rejected") ?? 0,
                duplicate: row.int("duplicate") ?? 0, pending: row.int("pending") ?? 0,
                difference: row.int("difference") ?? 0)
        }
    }
}
