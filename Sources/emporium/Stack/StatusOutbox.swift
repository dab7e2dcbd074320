import Foundation
import Postgres

/// What waits to leave the database, by destination (ops.outbox_status).
struct StatusOutbox: Codable {
    var carrier: String
    var kind: String
    var destination: String
    /// Rows that a relay will try.
    var waiting: Int64
    /// Rows that a person must resume.
    var parked: Int64
    /// Records of the archive that are in no object yet.
    var pending: Int64
    var messages: Int64
    var oldest: String?
    var lagSeconds: Double
    var nextAttemptAt: String?
    var attempts: Int64
    var lastError: String?

    static func read() async throws -> [StatusOutbox] {
        let connection = try await Connection.connect(try Settings.database().asRole("promoter"))
        defer { Task { await connection.close() } }
        do {
            return try await connection.query(
                """
                select carrier, kind, destination, waiting, parked, pending, messages, date_trunc('second', oldest) as oldest,
                    lag_seconds, date_trunc('second', next_attempt_at) as next_attempt_at, attempts, last_error
                from ops.outbox_status order by carrier, kind, destination
                """
            ).rows.map { row in
                StatusOutbox(
                    carrier: row.text("carrier"), kind: row.text("kind"), destination: row.text("destination"),
                    waiting: row.int("waiting") ?? 0, parked: row.int("parked") ?? 0, pending: row.int("pending") ?? 0,
                    messages: row.int("messages") ?? 0, oldest: row["oldest"],
                    lagSeconds: row["lag_seconds"].flatMap(Double.init) ?? 0, nextAttemptAt: row["next_attempt_at"],
                    attempts: row.int("attempts") ?? 0, lastError: row["last_error"])
            }
        } catch let error as PostgresError where ["42P01", "42703", "42501"].contains(error.sqlState) {
            return []  // migrated by an older version
        }
    }

    static func show(_ rows: [StatusOutbox]) {
        guard !rows.isEmpty else { return }
        print("")
        printTable(
            ["outbox", "by", "kind", "waiting", "messages", "pending", "parked", "oldest", "lag", "failed attempts", "next attempt"],
            rows.map {
                [
                    $0.destination, $0.carrier, $0.kind, "\($0.waiting)", "\($0.messages)", "\($0.pending)", "\($0.parked)", $0.oldest ?? "",
                    $0.lagSeconds > 0 ? Duration.seconds($0.lagSeconds).formatted(.units(maximumUnitCount: 2)) : "", "\($0.attempts)",
                    $0.nextAttemptAt ?? "",
                ]
            })
        for row in rows { if let error = row.lastError { print("\(row.destination): \(error)") } }
        let parked = rows.reduce(0) { $0 + $1.parked }
        if parked > 0 { print("\(parked) rows are parked and not tried any more; see: emporium relay parked") }
    }
}
