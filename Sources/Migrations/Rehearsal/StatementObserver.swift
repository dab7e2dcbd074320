import Postgres

/// What one statement did to the relations of its database.
public struct StatementObservation: Sendable, Equatable {
    /// A table, view, index or sequence that is not the system's own.
    public struct Relation: Sendable, Hashable {
        public let oid: UInt32
        /// `schema.name`, quoted where it must be; the name before the statement where it has changed.
        public let name: String
        /// `pg_class.relkind`: r table, p partitioned table, i and I their indexes, v view, m materialised view,
        /// S sequence, f foreign table, c composite type.
        public let kind: Character
        /// The statement has made it: nobody else can see it yet, so that no lock on it is in anybody's way.
        public let isNew: Bool
    }

    public struct Lock: Sendable, Equatable {
        public let relation: Relation
        /// What the transaction did not hold before, weakest first; never empty.
        public let modes: [LockMode]
        public var strongest: LockMode { modes[modes.count - 1] }
    }

    /// Sequential scans that were begun; those of index builds and of constraints that are checked are among them.
    public struct Scan: Sendable, Equatable {
        public let relation: Relation
        public let count: Int
        /// Rows that they read, all together.
        public let rows: Int
    }

    /// Rows written, those that triggers and functions wrote included.
    public struct Change: Sendable, Equatable {
        public let relation: Relation
        public let inserted: Int
        public let updated: Int
        public let deleted: Int
    }

    /// Milliseconds from sending it to the end of its answer.
    public let milliseconds: Double
    /// Rows that the server says the statement has touched or returned; 0 for other statements.
    public let rows: Int
    /// By name.
    public let locks: [Lock]
    /// Relations that were there before and have a file of their own anew: rewritten or emptied; indexes: built again.
    public let rewritten: [Relation]
    public let scans: [Scan]
    public let changes: [Change]
}

/// Looks what statements do, one after another in one transaction.
///
///     try await connection.execute("begin")
///     var observer = StatementObserver()
///     let seen = try await observer.observe(connection) { try await connection.execute("alter table …") }
///
/// Locks are those that the transaction did not hold before the statement: whoever wants each statement's own begins a
/// transaction for each. A scan or a row counts only where the server counts them (`track_counts`).
public struct StatementObserver: Sendable {
    /// A relation as it stands within the transaction.
    private struct State: Sendable {
        var name: String
        var kind: Character
        var file: UInt32
        var modes: Set<LockMode> = []
        var scans = 0, read = 0, inserted = 0, updated = 0, deleted = 0
    }

    private var known: [UInt32: State]?
    /// Names and files are known, locks and counts are not.
    private var isStale = false

    public init() {}

    /// Forgets what was seen: for a new transaction, after a rollback to a savepoint, and where the caller has run
    /// statements of its own that are not to count.
    public mutating func reset() { known = nil }

    /// The same, cheaper: where everything that was seen stays, and nothing else has given a relation a new file.
    public mutating func proceed() { isStale = true }

    /// Runs a statement and says what it did. Reads the catalog before (the first time) and after it.
    /// - Parameter body: sends the statement on that very connection, whose transaction is open.
    /// - Throws: what `body` throws; `PostgresError` where the catalog cannot be read.
    public mutating func observe(
        _ connection: Connection, _ body: () async throws -> QueryResult
    ) async throws -> StatementObservation {
        try await observe(connection, counting: { try await body().affected })
    }

    /// - Parameter body: gives the rows that the statement touched.
    mutating func observe(
        _ connection: Connection, counting body: () async throws -> Int
    ) async throws -> StatementObservation {
        try await prepare(connection)
        let clock = ContinuousClock()
        let start = clock.now
        let rows: Int
        do {
            rows = try await body()
        } catch {
            known = nil
            throw error
        }
        let elapsed = (clock.now - start) / .milliseconds(1)
        let before = known ?? [:]
        let after = try await Self.locked(connection)
        for (oid, state) in after where state.exists { known?[oid] = state.state }
        return Self.compare(before, after, elapsed, rows)
    }

    private mutating func prepare(_ connection: Connection) async throws {
        if let names = known {
            guard isStale else { return }
            known = names.mapValues { State(name: $0.name, kind: $0.kind, file: $0.file) }
            for (oid, state) in try await Self.all(connection, counted: true) { known?[oid] = state }
        } else {
            known = try await Self.all(connection, counted: false)
        }
        isStale = false
    }

    private static func compare(
        _ before: [UInt32: State], _ after: [UInt32: (state: State, exists: Bool)], _ elapsed: Double, _ rows: Int
    ) -> StatementObservation {
        var locks: [StatementObservation.Lock] = []
        var rewritten: [StatementObservation.Relation] = []
        var scans: [StatementObservation.Scan] = []
        var changes: [StatementObservation.Change] = []
        for (oid, (now, exists)) in after {
            let then = before[oid]
            // Made and dropped again, or the TOAST table of one that was dropped.
            guard then != nil || exists else { continue }
            let relation = StatementObservation.Relation(
                oid: oid, name: then?.name ?? now.name, kind: then?.kind ?? now.kind, isNew: then == nil)
            let modes = now.modes.subtracting(then?.modes ?? []).sorted()
            if !modes.isEmpty { locks.append(.init(relation: relation, modes: modes)) }
            guard exists else { continue }
            if let then, then.file != now.file { rewritten.append(relation) }
            guard "rmf".contains(now.kind) else { continue }
            let count = now.scans - (then?.scans ?? 0)
            if count > 0 { scans.append(.init(relation: relation, count: count, rows: now.read - (then?.read ?? 0))) }
            let change = StatementObservation.Change(
                relation: relation, inserted: now.inserted - (then?.inserted ?? 0),
                updated: now.updated - (then?.updated ?? 0), deleted: now.deleted - (then?.deleted ?? 0))
            if change.inserted > 0 || change.updated > 0 || change.deleted > 0 { changes.append(change) }
        }
        return StatementObservation(
            milliseconds: elapsed, rows: rows, locks: locks.sorted { $0.relation.name < $1.relation.name },
            rewritten: rewritten.sorted { $0.name < $1.name },
            scans: scans.sorted { $0.relation.name < $1.relation.name },
            changes: changes.sorted { $0.relation.name < $1.relation.name })
    }

    // MARK: The catalog

    /// Counts that the session has not given to the statistics yet stand in `pg_stat_get_xact_…`, also those of earlier
    /// transactions: only differences within one transaction mean something.
    private static let columns = """
        c.oid is not null as is_there, c.relkind, c.relfilenode,
          case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end as name,
          pg_catalog.pg_stat_get_xact_numscans(c.oid) as scans,
          pg_catalog.pg_stat_get_xact_tuples_returned(c.oid) as read,
          pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) as inserted,
          pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) as updated,
          pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) as deleted
        """
    private static let notSystem = "n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
    /// A lock on a relation of this database (shared catalogs have database 0) that this session holds.
    private static let locks = """
        (select l.relation, pg_catalog.array_to_string(pg_catalog.array_agg(l.mode), ' ') as modes
         from pg_catalog.pg_locks l
         where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and l.database =
           (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
         group by l.relation)
        """

    /// Every relation.
    /// - Parameter counted: only those with locks or counts of this session.
    private static func all(_ connection: Connection, counted: Bool) async throws -> [UInt32: State] {
        let result = try await connection.query(
            """
            select c.oid, l.modes, \(columns)
            from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            left join \(locks) l on l.relation = c.oid
            where \(notSystem)
            """
                + (counted
                    ? """

                     and (l.relation is not null
                       or pg_catalog.pg_stat_get_xact_numscans(c.oid) > 0
                       or pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) > 0
                       or pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) > 0
                       or pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0)
                    """ : ""))
        return Dictionary(result.rows.map { ($0.oid, state($0)) }, uniquingKeysWith: { $1 })
    }

    /// Those that the transaction holds locks on. What it has changed is among them: it took a lock to do so.
    private static func locked(
        _ connection: Connection
    ) async throws -> [UInt32: (state: State, exists: Bool)] {
        let result = try await connection.query(
            """
            select l.relation as oid, l.modes, \(columns)
            from \(locks) l
            left join pg_catalog.pg_class c on c.oid = l.relation
            left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.oid is null or \(notSystem)
            """)
        return Dictionary(
            result.rows.map { ($0.oid, (state($0), $0.bool("is_there") ?? false)) }, uniquingKeysWith: { $1 })
    }

    private static func state(_ row: QueryResult.Row) -> State {
        func count(_ name: String) -> Int { Int(row.int(name) ?? 0) }
        return State(
            name: row.text("name"), kind: row["relkind"]?.first ?? "?", file: UInt32(row.int("relfilenode") ?? 0),
            modes: Set(row.text("modes").split(separator: " ").compactMap { LockMode(catalogName: String($0)) }),
            scans: count("scans"), read: count("read"), inserted: count("inserted"), updated: count("updated"),
            deleted: count("deleted"))
    }
}

extension QueryResult.Row {
    fileprivate var oid: UInt32 { UInt32(int("oid") ?? 0) }
}
