import ArgumentParser
import Postgres

struct RelayAlerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "List what a person should look at: destinations that are away, rows that are parked.",
        discussion: "An alert goes by itself once its cause does. Webhooks are told of each: relay webhooks add NAME URL --on alert.raised.")

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Exit with 2 when there is any.")
    var exitCode = false

    func run() async throws {
        struct Alert: Encodable { let id: Int64, kind: String, subject: String, message: String, raised: String }
        let alerts = try await RelayGroup.withOutbox { connection in
            try await connection.query(
                """
                select alert_id, kind, subject, message, to_char(raised_at at time zone 'UTC', \(RelayGroup.instant)) as raised
                from ops.alerts order by alert_id
                """
            ).rows.map {
                Alert(
                    id: $0.int("alert_id") ?? 0, kind: $0.text("kind"), subject: $0.text("subject"), message: $0.text("message"),
                    raised: $0.text("raised"))
            }
        }
        if json {
            try printJSON(alerts)
        } else if alerts.isEmpty {
            print("no alerts")
        } else {
            printTable(
                ["raised", "kind", "subject", "message"],
                alerts.map { [$0.raised, $0.kind, $0.subject, $0.message.split(separator: "\n").joined(separator: " ")] })
        }
        if exitCode, !alerts.isEmpty { throw ExitCode(2) }
    }
}
