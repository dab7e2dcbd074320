import ArgumentParser
import Foundation
import Ingest
import Logging
import Postgres

/// What a run prints at its end.
enum Report {
    struct Failed: Codable {
        var file: String
        var reason: String
    }

    struct Output: Codable {
        var run: Int64
        var files: Int64
        var read: Int64
        var stored: Int64
        var rejected: Int64
        var duplicate: Int64
        var pending: Int64
        var balances: Bool
        var interrupted: Bool
        var known: [String]
        var failed: [Failed]
        var written: [String]
        var completed: [String: [String: Int64]]?
    }

    static func print(
        run: Int64, _ outcome: FeedRun.Outcome, written: [Exporter.Written] = [], completed: [String: [String: Int64]] = [:], json: Bool
    ) throws {
        let sum = outcome.summary
        let report = outcome.report
        defer { fflush(nil) }  // with --every the next run may be an hour away
        if json {
            return try printJSON(
                Output(
                    run: run, files: sum.files, read: sum.read, stored: sum.stored, rejected: sum.rejected,
                    duplicate: sum.duplicate, pending: sum.pending, balances: outcome.balances,
                    interrupted: report.interrupted, known: report.known,
                    failed: report.failed.map { Failed(file: $0.name, reason: $0.reason) },
                    written: written.map(\.path), completed: completed.isEmpty ? nil : completed))
        }
        Swift.print(balance(sum))
        for name in report.known { Swift.print("known already: \(name)") }
        for failed in report.failed { Swift.print("unreadable: \(failed.name): \(failed.reason)") }
        if report.interrupted { Swift.print("stopped before the end; call again to go on") }
        Completion.print(completed)
        for file in written { Swift.print("wrote \(file.rows) rows to \(file.path)") }
    }

    static func balance(_ sum: RunSummary) -> String {
        "read \(sum.read) = stored \(sum.stored) + rejected \(sum.rejected) + duplicate \(sum.duplicate)"
            + (sum.pending > 0 ? " + pending \(sum.pending)" : "")
    }

    /// Exit code 1 when the books do not balance or a file could not be read, 65 above the limit of rejects.
    static func check(_ outcome: FeedRun.Outcome, maxRejects: Int64?) throws {
        if !outcome.balances {
            Failure.say("the books do not balance: see select * from ops.reconcile('…')")
            throw ExitCode(1)
        }
        if let maxRejects, outcome.summary.rejected > maxRejects {
            Failure.say("\(outcome.summary.rejected) records were rejected, more than \(maxRejects)")
            throw ExitCode(65)
        }
        if !outcome.report.failed.isEmpty { throw ExitCode(1) }
    }
}

enum Housekeeping {
    /// Empties staging slots that are done with. Put off without harm when somebody is writing to them.
    static func rotate(_ feed: String, _ database: ConnectionConfiguration, _ logger: Logger) async throws {
        let session = DatabaseSession(database.asRole("promoter"), patience: .seconds(10), logger: logger)
        try await session.query("rotate", "select ops.rotate($1)", [.text(feed)])
        await session.close()
    }
}
