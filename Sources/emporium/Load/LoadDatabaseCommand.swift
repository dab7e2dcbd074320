import ArgumentParser
import Foundation
import Ingest
import Logging
import Postgres

struct LoadDatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Load an order system's database through mysql_fdw, or compare with it.",
        discussion: """
            Reads customers, employees, products, orders and order_details of a source (emporium sources add), lands the rows that \
            are new or changed, promotes them and puts orders together in the shop. The first time that is all of them. A run that \
            was killed is completed by the next one; nothing is lost or doubled. MySQL away is waited for: with --once for five \
            minutes, then exit code 69; else for ever.

            --verify loads nothing: rows and checksums of both sides, exit code 2 when they differ.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The order system; `emporium sources list` shows them.", valueName: "name"))
    var source: String

    @Flag(help: "One run (default).")
    var once = false

    @Option(help: ArgumentHelp("Go on for ever, beginning a run every so often: 1h, 15m.", valueName: "duration"))
    var every: DurationArgument?

    @Flag(help: "Compare with the database instead; exit code 2 when something differs.")
    var verify = false

    @Option(help: ArgumentHelp("Exit with 65 when more rows than this are rejected.", valueName: "n"))
    var maxRejects: Int64?

    @Option(help: ArgumentHelp("Rows in one batch at the most.", valueName: "n"))
    var batchRows = 20_000

    @Option(help: ArgumentHelp("Sessions that promote side by side (2).", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("How long MySQL or PostgreSQL may be away (5m; for ever with --every).", valueName: "duration"))
    var patience: DurationArgument?

    func validate() throws {
        try OrderSources.validate(name: source)
        if once, every != nil { throw ValidationError("--once or --every, not both") }
        if verify, every != nil || maxRejects != nil { throw ValidationError("--verify compares once and loads nothing") }
        if let every, every.value < .seconds(1) { throw ValidationError("--every: a second at least") }
        if !(1...1_000_000).contains(batchRows) { throw ValidationError("--batch-rows: 1 to 1000000") }
        if let workers, !(1...64).contains(workers) { throw ValidationError("--workers: 1 to 64") }
    }

    func run() async throws {
        let logger = common.logger("load")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let load = DatabaseLoad(
            source: source, database: try Settings.database(), workers: try workers ?? FileOptions.promoters(), batchRows: batchRows,
            patience: patience?.value ?? (every == nil ? .seconds(300) : .forever), shutdown: shutdown, logger: logger)
        if verify { return try await compare(load) }
        guard let every else { return try await run(load) }

        try await Schedule(every: every.value).run(until: shutdown, logger) { try await Schedule.goingOn(logger) { try await run(load) } }
    }

    private func run(_ load: DatabaseLoad) async throws {
        switch try await load.run() {
        case .busy(let holder):
            print("another run is in progress (\(holder)); nothing to do")
            fflush(nil)
        case .done(let run, let outcome):
            try report(run, outcome)
        }
    }

    private struct Output: Encodable {
        var run: Int64
        var source: String
        var tables: [SnapshotRun.Table]
        var completed: [String: [String: Int64]]
        var leftOver: Int64
        var balances: Bool
        var interrupted: Bool
    }

    private func report(_ run: Int64, _ outcome: SnapshotRun.Outcome) throws {
        defer { fflush(nil) }  // with --every the next run may be an hour away
        let completed = Completion.counts(outcome.completed)
        if common.json {
            try printJSON(
                Output(
                    run: run, source: source, tables: outcome.tables, completed: completed, leftOver: outcome.leftOver,
                    balances: outcome.balances, interrupted: outcome.interrupted))
        } else {
            for table in outcome.tables {
                print(
                    "\(table.name): read \(table.read) = unchanged \(table.unchanged) + landed \(table.landed); "
                        + "stored \(table.stored) + rejected \(table.rejected) + duplicate \(table.duplicate)"
                        + (table.pending > 0 ? " + pending \(table.pending)" : ""))
            }
            Completion.print(completed)
            if outcome.interrupted { print("stopped before the end; call again to go on") }
        }
        if !outcome.balances {
            Failure.say("the books do not balance: see select * from ops.reconcile('…')")
            throw ExitCode(1)
        }
        if let maxRejects, outcome.rejected > maxRejects {
            Failure.say("\(outcome.rejected) rows were rejected, more than \(maxRejects)")
            throw ExitCode(65)
        }
    }

    private func compare(_ load: DatabaseLoad) async throws {
        let tables = try await load.verify()
        let equal = tables.allSatisfy(\.isEqual)
        defer { fflush(nil) }
        if common.json {
            struct Output: Encodable { let source: String, equal: Bool, tables: [VerifiedTable] }
            try printJSON(Output(source: source, equal: equal, tables: tables))
        } else {
            printTable(
                ["table", "source", "stored", "rejected", "missing", "differing", "gone", "noted", "source checksum", "stored checksum"],
                tables.map {
                    [$0.table] + [$0.sourceRows, $0.storedRows, $0.rejected, $0.missing, $0.differing, $0.gone, $0.goneNoted].map { String($0) }
                        + [$0.sourceChecksum, $0.storedChecksum]
                })
            for table in tables { if let shop = table.shop { print(shop.sentence(of: table.storedRows)) } }
            print(equal ? "equal" : "different: emporium load database --source \(source) loads what is missing or differs")
            for table in tables where !table.isEqual && table.rejected > 0 {
                print("\(table.table): what was rejected is not loaded again; it is mended at the source: emporium rejects --feed source.\(table.table)")
            }
        }
        if !equal { throw ExitCode(2) }
    }
}
