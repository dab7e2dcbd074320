import Foundation
import Postgres

/// What waits to leave the database, by destination (ops.outbox_status).
struct StatusOutbox: Codable {
    var kind: String
    var destination: String
    var waiting: Int64
    var messages: Int64
    var oldest: String?
    var nextAttemptAt: String?
    var attempts: Int64
    var lastError: String?

    static func read() async throws -> [StatusOutbox] {
        let connection = try await Connection.connect(try Settings.database().asRole("promoter"))
        defer { Task { await connection.close() } }
        do {
            return try await connection.query(
                """
                select kind, destination, waiting, messages, date_trunc('second', oldest) as oldest,
                    date_trunc('second', next_attempt_at) as next_attempt_at, attempts, last_error
                from ops.outbox_status order by kind, destination
                """
            ).rows.map { row in
                StatusOutbox(
                    kind: row.text("kind"), destination: row.text("destination"), waiting: row.int("waiting") ?? 0,
                    messages: row.int("messages") ?? 0, oldest: row["oldest"], nextAttemptAt: row["next_attempt_at"],
                    attempts: row.int("attempts") ?? 0, lastError: row["last_error"])
            }
        } catch let error as PostgresError where ["42P01", "42501"].contains(error.sqlState) {
            return []  // migrated by an older version
        }
    }

    static func show(_ rows: [StatusOutbox]) {
        guard !rows.isEmpty else { return }
        print("")
        printTable(
            ["outbox", "kind", "waiting", "messages", "oldest", "failed attempts", "next attempt"],
            rows.map {
                [
                    $0.destination, $0.kind, "\($0.waiting)", "\($0.messages)", $0.oldest ?? "", "\($0.attempts)",
                    $0.nextAttemptAt ?? "",
                ]
            })
        for row in rows { if let error = row.lastError { print("\(row.destination): \(error)") } }
    }
}
