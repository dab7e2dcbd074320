import ArgumentParser
import Foundation
import Ingest
import Logging
import Mongo
import Postgres

struct RelayMongo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mongo",
        abstract: "Keep in MongoDB, as documents, the customers who are due to order within some days.",
        discussion: """
            Those whose predicted next order is after --as-of and within --days of it, not the overdue (analytics.due_customers). After a \
            run the collection holds exactly that set: documents are written by their _id first, then those no longer due are removed, \
            then all is read back and compared. A run that was cut short, by kill -9 or an outage, is completed by the next one. One runs \
            at a time. Where the model did not converge nothing is changed. A collection that holds anybody else's documents is left alone.

            MONGODB_URI says where, mongodb://user:password@host:27017/database?options; without a database in it, emporium. The day is \
            never the clock's: without --as-of it is the UTC day of the latest order. docs/mongodb.md shows a document.

            Exit codes: 0 done, 1 refused or not as it should be, 69 away for longer than --patience, 75 another one runs, 78 no MONGODB_URI.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("As of the end of which UTC day (that of the latest order).", valueName: "yyyy-mm-dd"))
    var asOf: String?

    @Option(help: ArgumentHelp("Due within how many days after it: 1 to 3650.", valueName: "n"))
    var days = 7

    @Option(help: "The model that predicts: \(Model.allCases.map(\.rawValue).joined(separator: ", ")).")
    var model: Model = .bg_nbd

    @Option(help: ArgumentHelp("Go on for ever, beginning a run every so often: 1h, 15m. Waits for what is away.", valueName: "duration"))
    var every: DurationArgument?

    @Option(help: ArgumentHelp("The collection.", valueName: "name"))
    var collection = "due_customers"

    @Option(help: ArgumentHelp("How long a single run waits for what is away (30s).", valueName: "duration"))
    var patience: DurationArgument = DurationArgument(.seconds(30))

    @Flag(help: "Say what a run would change in MongoDB, and change nothing there.")
    var dryRun = false

    @Flag(help: "Remove documents that this database did not write. What they hold is lost.")
    var takeOver = false

    enum Model: String, ExpressibleByArgument, CaseIterable { case bg_nbd, pareto_nbd, mean_interval }

    func validate() throws {
        if let asOf {
            let day = try? Date(asOf, strategy: .iso8601.year().month().day())
            guard asOf.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil, let day, day.formatted(.iso8601.year().month().day()) == asOf
            else { throw ValidationError("--as-of: a day as yyyy-mm-dd; found \(asOf.prefix(40).debugDescription)") }
        }
        guard (1...3650).contains(days) else { throw ValidationError("--days: 1 to 3650") }
        if let every, every.value < .seconds(1) { throw ValidationError("--every: a second at least") }
        guard !collection.isEmpty, collection.utf8.count <= 120, !collection.hasPrefix("system."), !collection.contains("$"), !collection.contains("\0")
        else { throw ValidationError("--collection: 1 to 120 bytes, no $, not system.…") }
    }

    func run() async throws {
        let logger = common.logger("relay")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let delivery = DocumentDelivery(
            client: MongoClient(try Settings.mongo(), database: "emporium", application: "emporium relay"), collection: collection,
            database: try Settings.database().asRole("relay"), asOf: asOf, days: days, model: model.rawValue, dryRun: dryRun,
            takeOver: takeOver, logger: logger)
        guard let every else { return try print(await delivered(by: delivery, shutdown, logger)) }

        try await Schedule(every: every.value).run(until: shutdown, logger, level: .info) {
            do {
                try print(await delivered(by: delivery, shutdown, logger))
            } catch let error as PostgresError where error.sqlStateClass == "EM" {
                logger.error("\(error)")  // no orders yet, no model that converged: the next run may find some
            } catch where shutdown.isRequested && Self.isWaiting(error) {
                // Nothing was under way.
            }
        }
    }

    /// One run, again while anything is away: for as long as --patience, or for ever with --every, which also waits for its turn.
    private func delivered(by delivery: DocumentDelivery, _ shutdown: Shutdown, _ logger: Logger) async throws -> DocumentDelivery.Summary {
        var backoff = Backoff()
        let began = ContinuousClock.now
        var told = ""
        while true {
            do {
                let summary = try await delivery.run()
                if !told.isEmpty { logger.notice("no more waiting, after \((ContinuousClock.now - began).tenths) s") }
                return summary
            } catch where Self.isWaiting(error) {
                let isTurn = error is DocumentDelivery.Failure
                let limit: Duration? = every != nil ? nil : isTurn ? .zero : patience.value
                if shutdown.isRequested || limit.map({ ContinuousClock.now - began >= $0 }) == true { throw error }
                // Once for each thing that is away, however often it is tried.
                let what = isTurn ? "another relay runs" : error is MongoError ? "MongoDB is away" : "the database is away"
                if what != told { logger.warning("\(what), waiting: \(error)") }
                told = what
            }
            let until = ContinuousClock.now + backoff.next()
            while ContinuousClock.now < until, !shutdown.isRequested { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    private static func isWaiting(_ error: any Error) -> Bool {
        switch error {
        case let error as MongoError: error.isOutage
        case let error as PostgresError: error.isOutage && error.sqlState != "57014"
        case let error as DocumentDelivery.Failure: error.isTurn
        default: false
        }
    }

    private func print(_ summary: DocumentDelivery.Summary) throws {
        if common.json {
            try printJSON(summary)
        } else {
            Swift.print(summary.sentence)
        }
        fflush(nil)
    }
}

extension Settings {
    /// - Throws: `ConfigurationError`, which does not show the URI.
    static func mongo() throws -> MongoAddress {
        guard let uri = value("MONGODB_URI") else {
            throw ConfigurationError("MONGODB_URI is not set\n  hint: MONGODB_URI=mongodb://user:password@127.0.0.1:27017/emporium")
        }
        do throws(MongoError) {
            return try MongoAddress(uri)
        } catch {
            throw ConfigurationError("MONGODB_URI: \(error)")
        }
    }
}
