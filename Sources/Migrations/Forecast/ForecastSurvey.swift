import Postgres

/// How large a relation is and who holds it, asked once a relation. Nothing here waits for a lock for longer than the
/// session's lock_timeout.
struct ForecastSurvey {
    let connection: Connection
    private var extents: [Int: Extent] = [:]
    /// By relation; nil before they were asked for.
    private var holders: [Int: [Holder]]?
    private var snapshots: [Holder]?

    init(connection: Connection) { self.connection = connection }

    private struct Extent {
        var bytes: Int64 = 0
        var isEstimated = false
        var rows: Int64?
    }

    private struct Holder {
        var blocker: StatementForecast.Blocker
        var modes: [(mode: LockMode, isGranted: Bool)]
    }

    /// The effect with size, rows and blockers filled in; a relation that is only planned has none.
    mutating func complete(
        _ effect: StatementForecast.Effect, _ id: Int, in catalog: ForecastCatalog
    ) async throws -> StatementForecast.Effect {
        var effect = effect
        if effect.isNew || id <= 0 { return effect }
        let extent = try await extent(id)
        effect.sizeBytes = extent.bytes
        effect.isSizeEstimated = extent.isEstimated
        effect.rows = extent.rows
        effect.blockers = try await blockers(id, [effect.lock, effect.awaits].compactMap(\.self))
        if effect.awaitsSnapshots {
            let known = Set(effect.blockers.compactMap(\.pid))
            effect.blockers += try await oldSnapshots().map(\.blocker).filter { !known.contains($0.pid ?? 0) }
        }
        return effect
    }

    // MARK: Sizes

    private mutating func extent(_ id: Int) async throws -> Extent {
        if let known = extents[id] { return known }
        let row = try await connection.query(
            """
            select c.relpages, c.reltuples, current_setting('block_size')::bigint as block
            from pg_catalog.pg_class c where c.oid = $1::oid
            """, [.int(id)]
        ).first
        var extent = Extent()
        if let tuples = row.flatMap({ Double($0.text("reltuples")) }), tuples >= 0 { extent.rows = Int64(tuples) }
        do {
            // It opens the relation, which waits for whoever holds it exclusively.
            let size = try await connection.query(
                "select coalesce(pg_catalog.pg_total_relation_size($1::oid::regclass), 0) as bytes", [.int(id)])
            extent.bytes = size.first?.int("bytes") ?? 0
        } catch let error as PostgresError where error.sqlState == "55P03" {
            extent.bytes = (row?.int("relpages") ?? 0) * (row?.int("block") ?? 8192)
            extent.isEstimated = true
        }
        extents[id] = extent
        return extent
    }

    // MARK: Sessions

    private mutating func blockers(_ id: Int, _ modes: [LockMode]) async throws -> [StatementForecast.Blocker] {
        if holders == nil { holders = try await allHolders() }
        let conflicts = Set(modes.flatMap(\.conflicts))
        return (holders?[id] ?? []).compactMap { holder in
            guard let worst = holder.modes.filter({ conflicts.contains($0.mode) }).max(by: { $0.mode < $1.mode }) else {
                return nil
            }
            let blocker = holder.blocker
            return StatementForecast.Blocker(
                pid: blocker.pid, user: blocker.user, application: blocker.application, lock: worst.mode,
                isGranted: worst.isGranted, transactionAge: blocker.transactionAge, state: blocker.state)
        }
    }

    /// Those who wait count, too: a request is served after those before it that it conflicts with.
    private func allHolders() async throws -> [Int: [Holder]] {
        let rows = try await connection.query(
            """
            with locks as materialized (select * from pg_catalog.pg_locks)
            select l.relation, l.pid, l.virtualtransaction, l.mode, l.granted, coalesce(a.usename, x.owner) as usename,
              a.application_name, extract(epoch from clock_timestamp() - coalesce(a.xact_start, x.prepared)) as age,
              case when l.pid is null then 'prepared transaction ' || coalesce(x.gid, '?')
                when a.backend_type <> 'autovacuum worker' then coalesce(a.state, a.backend_type)
                when a.query like '%(to prevent wraparound)' then 'autovacuum against wraparound, which stays'
                when a.backend_type is not null then 'autovacuum, which gives way' end as state
            from locks l
            left join pg_catalog.pg_stat_activity a on a.pid = l.pid
            left join locks t
              on l.pid is null and t.pid is null and t.locktype = 'transactionid'
                and t.virtualtransaction = l.virtualtransaction
            left join pg_catalog.pg_prepared_xacts x on x.transaction = t.transactionid
            where l.locktype = 'relation'
              and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
              and l.pid is distinct from pg_catalog.pg_backend_pid()
            order by age desc nulls last, l.pid, l.mode
            """)
        var found: [Int: [Holder]] = [:]
        var places: [String: Int] = [:]
        for row in rows.rows {
            guard let mode = LockMode(catalogName: row.text("mode")) else { continue }
            let entry = (mode, row.bool("granted") ?? true)
            let id = Int(row.int("relation") ?? 0)
            let key = "\(id)/\(row["pid"] ?? "")/\(row.text("virtualtransaction"))"
            if let place = places[key] {
                found[id]?[place].modes.append(entry)
            } else {
                places[key] = found[id]?.count ?? 0
                found[id, default: []].append(Holder(blocker: Self.session(row), modes: [entry]))
            }
        }
        return found
    }

    /// A concurrent build waits for every transaction of the database that may not see the index.
    private mutating func oldSnapshots() async throws -> [Holder] {
        if let snapshots { return snapshots }
        let rows = try await connection.query(
            """
            select a.pid, a.usename, a.application_name,
              extract(epoch from clock_timestamp() - a.xact_start) as age, a.state
            from pg_catalog.pg_stat_activity a
            where a.backend_xmin is not null and a.datname = current_database()
              and a.pid <> pg_catalog.pg_backend_pid() and a.backend_type = 'client backend'
            order by age desc nulls last, a.pid
            """)
        let found = rows.rows.map { Holder(blocker: Self.session($0), modes: []) }
        snapshots = found
        return found
    }

    private static func session(_ row: QueryResult.Row) -> StatementForecast.Blocker {
        StatementForecast.Blocker(
            pid: row.int("pid").map { Int32($0) }, user: row["usename"], application: row["application_name"],
            lock: nil, isGranted: true, transactionAge: row["age"].flatMap { Double($0) }, state: row["state"])
    }
}
