import Ingest
import Logging
import Mongo
import Postgres
import Synchronization

/// Makes a collection equal to the set of due customers.
///
/// What holds whatever happens to other runs: a document says which run wrote it, and is replaced or removed by that run or a later
/// one only, in one atomic operation of the server. So a run that was frozen and wakes after a later one can neither undo nor remove
/// what that wrote; it asks before each message whether its lock and its number still hold, and stops.
struct DocumentDelivery: Sendable {
    let client: MongoClient
    let collection: String
    /// With the role of the session.
    let database: ConnectionConfiguration
    /// Null for the day of the latest order.
    let asOf: String?
    let days: Int
    let model: String
    let dryRun: Bool
    /// Documents of others are removed, not left alone.
    let takeOver: Bool
    let logger: Logger

    /// Documents a message: between two of them a run sees whether it is still the newest.
    private static let portion = 500
    /// How often what was read back may differ: who else writes there is told of, not fought.
    private static let rounds = 3

    struct Summary: Encodable {
        var destination: String
        var asOf: String
        var days: Int
        var model: String
        var modelId: Int64?
        /// Nil for a dry run.
        var run: Int64?
        var documents: Int
        var added = 0
        var replaced = 0
        var removed = 0
        /// Found missing or changed when they were read back, and written again.
        var repaired = 0

        var sentence: String {
            let set = "\(documents) customers are due within \(days) days after \(asOf) (\(model))"
            guard let run else { return "\(set); would add \(added), replace \(replaced), remove \(removed) in \(destination)" }
            return "\(set); run \(run) added \(added), replaced \(replaced), removed \(removed), repaired \(repaired) in \(destination)"
        }
    }

    enum Failure: Error, CustomStringConvertible {
        case busy(String)
        case newer(run: Int64, than: Int64, String)
        case foreign(Int, first: String, String)
        case apart(Int, rounds: Int, String)

        /// It is another one's turn.
        var isTurn: Bool {
            switch self {
            case .busy, .newer: true
            case .foreign, .apart: false
            }
        }

        var description: String {
            switch self {
            case .busy(let holder): "another relay delivers to the same collection (\(holder))"
            case .newer(let run, let own, let place): "run \(run) has begun in \(place) after this one (\(own)), which stops: it completes the set"
            case .foreign(let number, let first, let place):
                """
                \(place) holds \(number) documents that this database did not write, the first with \(first); nothing of them was changed
                  hint: another --collection, or --take-over, which removes them
                """
            case .apart(let number, let rounds, let place):
                "\(number) documents of \(place) were not as they were written, read back \(rounds) times: somebody else writes there"
            }
        }
    }

    /// - Throws: `Failure`, `MongoError`, `PostgresError`, `ConfigurationError`.
    func run() async throws -> Summary {
        try await client.ping()  // before a model is fitted for nobody
        let connection = try await Connection.connect(database, logger: logger)
        do {
            let summary = try await run(connection)
            await connection.close()
            return summary
        } catch {
            await connection.close()
            if let error = error as? PostgresError, ["42P01", "42703", "42883"].contains(error.sqlState) {
                throw ConfigurationError("the database delivers no documents yet\n  hint: emporium migrate")
            }
            throw error
        }
    }

    private func run(_ connection: Connection) async throws -> Summary {
        try await lock(connection)
        let due = try await dueSet(connection)
        let place = "\(client.place).\(collection)"
        var held = try await holdings(due)
        try await clear(&held, due, connection, run: nil)
        var summary = Summary(destination: place, asOf: due.asOf, days: days, model: model, documents: due.keys.count)
        if dryRun {
            summary.replaced = due.keys.count { held.ours[$0] != nil }
            summary.added = due.keys.count - summary.replaced
            summary.removed = held.ours.count - summary.replaced + (takeOver ? held.foreign.count : 0)
            return summary
        }
        summary.removed += held.foreign.count
        let begun = try await connection.query(
            "select ops.begin_document_run($1, $2, $3::date, $4::integer, $5, $6) as run_id",
            [
                .text(place), .int(held.highest), .text(due.asOf), .int(days), .text(model),
                .array(due.keys.map { due.documents[$0]?.digest }),
            ])
        let run = begun.first?.int("run_id") ?? 0
        summary.run = run
        summary.modelId = try await connection.query("select model_id from ops.document_run where run_id = $1", [.int(run)]).first?.int("model_id")
        let wanted = Wanted(due: due, run: run)

        let written = try await write(due.keys, wanted, connection)
        (summary.added, summary.replaced) = (written.added, written.replaced)
        // Only now: a customer who is still due is never away for a moment.
        summary.removed += try await remove(held.ours.keys.filter { due.documents[$0] == nil }, wanted, connection)

        for round in 1... {
            let found = try await compare(wanted)
            if let newer = found.newer { throw Failure.newer(run: newer, than: run, place) }
            var strange = Holdings(ours: [:], foreign: found.foreign, highest: 0)
            try await clear(&strange, due, connection, run: run)
            summary.removed += strange.foreign.count
            if found.wrong.isEmpty, found.surplus.isEmpty, found.foreign.isEmpty { break }
            guard round <= Self.rounds else {
                throw Failure.apart(found.wrong.count + found.surplus.count + found.foreign.count, rounds: round, place)
            }
            logger.warning(
                "read back: \(found.wrong.count) documents missing or changed, \(found.surplus.count) too many, \(found.foreign.count) of others")
            _ = try await write(found.wrong, wanted, connection)
            summary.repaired += found.wrong.count
            summary.removed += try await remove(found.surplus, wanted, connection)
        }
        do {
            try await connection.query(
                "select ops.complete_document_run($1, $2, $3, $4)",
                [.int(run), .int(summary.added), .int(summary.removed), .int(summary.repaired)])
        } catch let error as PostgresError where error.sqlState == "EM412" {
            try await confirm(run, connection)  // says which run is newer
            throw error
        }
        return summary
    }

    /// One at a time, by a lock that goes with the session. Not by host: the same server has several names.
    private func lock(_ connection: Connection) async throws {
        let name = "relay mongo \(client.database).\(collection)"
        let answer = try await connection.query(
            """
            select pg_try_advisory_lock(hashtextextended($1, 0)) as locked, (
                select string_agg(l.pid::text, ', ') from pg_locks l
                where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.database = (select d.oid from pg_database d where d.datname = current_database())
                    and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0)
            ) as holder
            """, [.text(name)])
        guard answer.first?.bool("locked") == true else {
            throw Failure.busy("session \(answer.first?["holder"] ?? "unknown") of the database has its lock")
        }
    }

    /// - Throws: `Failure.newer` where another run has begun, `PostgresError` where the session, and the lock with it, is gone.
    private func confirm(_ run: Int64, _ connection: Connection) async throws {
        let place = "\(client.place).\(collection)"
        let newest = try await connection.query("select max(run_id) as run_id from ops.document_run where destination = $1", [.text(place)])
        if let newest = newest.first?.int("run_id"), newest > run { throw Failure.newer(run: newest, than: run, place) }
    }

    /// In one snapshot: the day, and who is due.
    private func dueSet(_ connection: Connection) async throws -> DueSet {
        try await connection.transaction { connection in
            try await connection.execute("set transaction isolation level repeatable read")
            let head = try await connection.query(
                "select coalesce($1::date, analytics.latest_order_day())::text as as_of, ops.document_owner()::text as owner", [.optional(asOf)])
            let rows = try await connection.query(
                """
                select customer_id, document::text as document, md5(document::text) as digest
                from analytics.due_customers($1::date, $2::integer, $3) order by customer_id
                """, [.optional(head.first?["as_of"]), .int(days), .text(model)]
            ).rows
            var due = DueSet(asOf: head.first?.text("as_of") ?? "", owner: head.first?.text("owner") ?? "")
            for row in rows {
                guard let key = row.int("customer_id") else { continue }
                due.keys.append(key)
                due.documents[key] = .init(json: row.text("document"), digest: row.text("digest"))
            }
            return due
        }
    }

    private func write(_ keys: [Int64], _ wanted: Wanted, _ connection: Connection) async throws -> MongoClient.Written {
        var total = MongoClient.Written()
        for start in stride(from: 0, to: keys.count, by: Self.portion) {
            let writes: [MongoClient.Write] = try keys[start...].prefix(Self.portion).map {
                .replace(try wanted.own($0), with: try wanted.document($0))
            }
            try await confirm(wanted.run, connection)  // the last thing before the message
            let written = try await client.write(writes, to: collection)
            total.added += written.added
            total.replaced += written.replaced
            if !written.conflicts.isEmpty { try await explainConflict(wanted) }
        }
        return total
    }

    private func remove(_ keys: [Int64], _ wanted: Wanted, _ connection: Connection) async throws -> Int {
        var removed = 0
        for start in stride(from: 0, to: keys.count, by: Self.portion) {
            let writes: [MongoClient.Write] = try keys[start...].prefix(Self.portion).map { .remove(try wanted.own($0)) }
            try await confirm(wanted.run, connection)
            removed += try await client.write(writes, to: collection).removed
        }
        return removed
    }

    /// Documents of others: an error, or, where that was asked for, removed.
    private func clear(_ held: inout Holdings, _ due: DueSet, _ connection: Connection, run: Int64?) async throws {
        guard let first = held.foreign.first else { return }
        guard takeOver else { throw Failure.foreign(held.foreign.count, first: first.json, "\(client.place).\(collection)") }
        if dryRun { return }
        for start in stride(from: 0, to: held.foreign.count, by: Self.portion) {
            if let run { try await confirm(run, connection) }
            _ = try await client.write(held.foreign[start...].prefix(Self.portion).map { .remove($0) }, to: collection)
        }
        logger.notice("removed \(held.foreign.count) documents that this database did not write")
    }

    /// A key of the set is there and may not be replaced: a later run wrote it, or somebody else.
    private func explainConflict(_ wanted: Wanted) async throws {
        let found = try await compare(wanted)
        let place = "\(client.place).\(collection)"
        if let newer = found.newer { throw Failure.newer(run: newer, than: wanted.run, place) }
        if let first = found.foreign.first { throw Failure.foreign(found.foreign.count, first: first.json, place) }
        // Gone again by now: what is read back at the end tells.
    }

    private func holdings(_ due: DueSet) async throws -> Holdings {
        let held = Mutex(Holdings(ours: [:], foreign: [], highest: 0))
        try await client.find(try BSON(json: "{}"), in: collection, fields: try BSON(json: #"{"_id": 1, "emporium": 1}"#)) {
            (document) throws(MongoError) in
            let fields = try document.fields()
            if let (key, run) = due.ours(fields) {
                held.withLock {
                    $0.ours[key] = run
                    $0.highest = max($0.highest, run)
                }
            } else if let id = try document.only("_id") {
                held.withLock { $0.foreign.append(id) }
            }
        }
        return held.withLock(\.self)
    }

    /// Reads everything back and compares it with what it should be, field by field.
    private func compare(_ wanted: Wanted) async throws -> Comparison {
        let state = Mutex((seen: Set<Int64>(), found: Comparison()))
        try await client.find(try BSON(json: "{}"), in: collection) { (document) throws(MongoError) in
            let fields = try document.fields()
            guard let (key, run) = wanted.due.ours(fields) else {
                if let id = try document.only("_id") { state.withLock { $0.found.foreign.append(id) } }
                return
            }
            let expected = wanted.due.documents[key] == nil ? nil : try wanted.document(key).fields()
            state.withLock { state in
                if run > wanted.run { state.found.newer = max(run, state.found.newer ?? 0) }
                if let expected {
                    state.seen.insert(key)
                    if fields != expected { state.found.wrong.append(key) }
                } else {
                    state.found.surplus.append(key)
                }
            }
        }
        var (seen, found) = state.withLock(\.self)
        found.wrong += wanted.due.keys.filter { !seen.contains($0) }
        return found
    }
}
