import ArgumentParser
import Foundation

struct ArchiveList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the archive's objects by day, those too that are not delivered yet.",
        discussion: "By the books: the store is not asked. The newest come last.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var days: ArchiveDays

    @Option(help: ArgumentHelp("Objects at the most, the newest of them.", valueName: "n"))
    var limit = 1000

    private struct Line: Codable {
        var object: Int64
        var kind: String
        var feed: String
        var day: String
        var key: String
        var compression: String
        var records: Int64
        var bytes: Int64?
        var sha256: String?
        var version: String?
        var sealedAt: String
        var deliveredAt: String?
    }

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit: 1 at least") }
    }

    func run() async throws {
        let session = try Archive.session(common.logger("archive"))
        let answer = try await session.query(
            "list",
            """
            select * from (
                select object_id, kind, feed, day, object_key, compression, records, bytes, encode(sha256, 'hex') as sha256, version_id,
                    date_trunc('second', sealed_at) as sealed_at, date_trunc('second', delivered_at) as delivered_at
                from ops.archive_object
                where day between coalesce($1::date, '-infinity') and coalesce($2::date, 'infinity')
                order by day desc, object_id desc limit $3
            ) o order by day, object_id
            """, days.parameters + [.int(limit)])
        await session.close()
        let lines = answer.rows.map { row in
            Line(
                object: row.int("object_id") ?? 0, kind: row.text("kind"), feed: row.text("feed"), day: row.text("day"),
                key: row.text("object_key"), compression: row.text("compression"), records: row.int("records") ?? 0, bytes: row.int("bytes"),
                sha256: row["sha256"], version: row["version_id"], sealedAt: row.text("sealed_at"), deliveredAt: row["delivered_at"])
        }
        if common.json { return try printJSON(lines) }
        printTable(
            ["key", "records", "bytes", "delivered"],
            lines.map { [$0.key, "\($0.records)", $0.bytes.map(String.init) ?? "", $0.deliveredAt ?? "waits"] })
    }
}
