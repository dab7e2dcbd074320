import ArgumentParser
import Ingest
import Logging
import Postgres

struct MaintainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintain", abstract: "Make partitions ahead, empty staging slots, drop what is past retention.",
        discussion: """
            Safe to run at any time and again; daily is enough. Detaching partitions needs their owner, so it connects \
            as migrations do (EMPORIUM_ADMIN_URL).
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Name what is past retention, drop nothing.")
    var keep = false

    func run() async throws {
        let logger = common.logger("maintain")
        let session = DatabaseSession(try Settings.database().asRole("promoter"), patience: .seconds(30), logger: logger)
        let done = try await session.query("maintain", "select task, object, done from ops.maintain()")
        var lines = done.rows.map { [$0.text("task"), $0.text("object"), $0.text("done")] }
        if !keep {
            let expired = try await session.query(
                "retention",
                """
                select parent::text, partition::text,
                    exists (select from pg_inherits where inhrelid = partition and inhdetachpending) as pending
                from ops.expired_partitions()
                """)
            if !expired.rows.isEmpty {
                let owner = try await Connection.connect(
                    try Settings.adminDatabase().asRole("emporium_owner").setting("lock_timeout", "5s"), logger: logger)
                for row in expired.rows {
                    // Concurrently: readers and writers of the parent go on meanwhile. `finalize` ends one that was cut short.
                    let how = row.bool("pending") == true ? "finalize" : "concurrently"
                    try await owner.execute(
                        "alter table \(row.text("parent")) detach partition \(row.text("partition")) \(how)")
                    try await owner.execute("drop table \(row.text("partition"))")
                    lines.append(["dropped", row.text("partition"), "past retention"])
                }
                await owner.close()
            }
        }
        await session.close()
        if common.json {
            return try printJSON(lines.map { ["task": $0[0], "object": $0[1], "done": $0[2]] })
        }
        printTable(["task", "object", "done"], lines)
    }
}
