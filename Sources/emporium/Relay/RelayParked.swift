import ArgumentParser
import Postgres

struct RelayParked: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked", abstract: "List what destinations have refused so often that it is not tried any more.",
        discussion: "Nothing of it is lost: mend what the last error says, then emporium relay resume.")

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Exit with 2 when there is any.")
    var exitCode = false

    private struct Row: Encodable {
        var id: Int64
        var carrier: String
        var destination: String
        var kind: String
        var messages: Int64
        var attempts: Int64
        var created: String
        var parked: String
        var lastError: String?
        /// Rows of its key that wait behind it.
        var behind: Int64
    }

    func run() async throws {
        let rows = try await RelayGroup.withOutbox { connection in
            try await connection.query(
                """
                select o.outbox_id, o.carrier, o.destination, o.kind, o.messages, o.attempts, o.last_error,
                    to_char(o.created_at at time zone 'UTC', \(RelayGroup.instant)) as created,
                    to_char(o.parked_at at time zone 'UTC', \(RelayGroup.instant)) as parked,
                    (select count(*) from ops.outbox b where b.state = 'waiting' and b.carrier = o.carrier
                        and b.destination = o.destination and b.message_key = o.message_key and b.outbox_id > o.outbox_id) as behind
                from ops.outbox o
                where o.state = 'waiting' and o.parked_at is not null
                order by o.outbox_id
                """
            ).rows.map {
                Row(
                    id: $0.int("outbox_id") ?? 0, carrier: $0.text("carrier"), destination: $0.text("destination"), kind: $0.text("kind"),
                    messages: $0.int("messages") ?? 0, attempts: $0.int("attempts") ?? 0, created: $0.text("created"),
                    parked: $0.text("parked"), lastError: $0["last_error"], behind: $0.int("behind") ?? 0)
            }
        }
        if json {
            try printJSON(rows)
        } else if rows.isEmpty {
            print("nothing is parked")
        } else {
            printTable(
                ["id", "carrier", "destination", "kind", "attempts", "parked", "behind", "last error"],
                rows.map {
                    [
                        "\($0.id)", $0.carrier, $0.destination, $0.kind, "\($0.attempts)", $0.parked, "\($0.behind)",
                        ($0.lastError ?? "").split(separator: "\n").joined(separator: " "),
                    ]
                })
        }
        if exitCode, !rows.isEmpty { throw ExitCode(2) }
    }
}
