import ArgumentParser
import Foundation
import Postgres

struct ArchiveFind: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Say which object holds an event or a dead letter, and in which line.",
        discussion: """
            A line that is not known any more, because the table has lost what tells it (replayed, past retention), is a question mark: \
            look for the id in what emporium archive cat gives. Exit code 1: no object holds it, or none does yet.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The event's correlationId, as the answer to its package has it.", valueName: "id"))
    var correlationID: String

    private struct Line: Codable {
        var object: Int64
        var key: String
        var version: String?
        /// From 1; nil where the table has no more what tells it: replayed, or past retention.
        var line: Int64?
        var deliveredAt: String?
    }

    func validate() throws { _ = try TraceEvent.id(correlationID) }

    func run() async throws {
        let id = try TraceEvent.id(correlationID).uuidString.lowercased()
        let session = try Archive.session(common.logger("archive"))
        let answer = try await session.query(
            "find",
            """
            select object_id, object_key, version_id, line_number, date_trunc('second', delivered_at) as delivered_at
            from ops.archive_find($1) order by object_id, line_number
            """, [.text(id)])
        await session.close()
        let lines = answer.rows.map { row in
            Line(
                object: row.int("object_id") ?? 0, key: row.text("object_key"), version: row["version_id"], line: row.int("line_number"),
                deliveredAt: row["delivered_at"])
        }
        if common.json {
            try printJSON(lines)
        } else if !lines.isEmpty {
            printTable(["key", "line", "delivered"], lines.map { [$0.key, $0.line.map(String.init) ?? "?", $0.deliveredAt ?? "waits"] })
        }
        guard !lines.isEmpty else {
            Failure.say("no object holds event \(id)\n  hint: where it came by, says emporium trace event \(id)")
            throw ExitCode(1)
        }
    }
}
