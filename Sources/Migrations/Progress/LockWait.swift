import Postgres

/// What a session waits for, and who keeps it waiting.
struct LockWait: Sendable, Equatable {
    /// A session, or a prepared transaction, which has none.
    struct Blocker: Sendable, Hashable {
        let pid: Int?
        let prepared: String?
        let user: String?
        let application: String?
        /// `idle in transaction`, or what kind of process of the server's it is.
        let state: String?
        /// When its transaction began, UTC, to the second.
        let since: String?
        /// How long its transaction has been open, whole seconds.
        let seconds: Int?

        /// Seconds pass: they do not make it another one.
        struct Identity: Hashable { let pid: Int?, prepared: String?, since: String? }
        var identity: Identity { .init(pid: pid, prepared: prepared, since: since) }
    }

    /// A relation as the search path has it; where it waits for transactions rather than for a relation: the relation
    /// of the index that is built; else the kind of lock.
    let target: String
    /// For example `AccessExclusiveLock`.
    let mode: String
    /// Of a concurrent build, in the words of pg_stat_progress_create_index.
    let phase: String?
    /// How long it has waited for this lock, milliseconds.
    let waited: Int
    let blockers: [Blocker]

    init(target: String, mode: String, phase: String? = nil, waited: Int, blockers: [Blocker]) {
        self.target = target
        self.mode = mode
        self.phase = phase
        self.waited = waited
        self.blockers = blockers
    }

    /// - Parameter rows: of `sql`, at least one.
    init(_ rows: [QueryResult.Row]) {
        self.init(
            target: rows[0].text("target"), mode: rows[0].text("mode"), phase: rows[0]["phase"],
            waited: rows[0].int("waited").map { Int($0) } ?? 0,
            blockers: rows.map { row in
                Blocker(
                    pid: row.int("pid").map { Int($0) }, prepared: row["gid"], user: row["usename"],
                    application: row["application_name"], state: row["what"], since: row["since"],
                    seconds: row.int("seconds").map { Int($0) })
            })
    }

    /// Of the session `$1`. A prepared transaction goes by the process id 0 in pg_blocking_pids; those of this database
    /// that hold a lock on the same relation are named, or all of them where it waits for transactions.
    static let sql = """
        with wait as (
          select l.relation, l.mode, pg_catalog.pg_blocking_pids(l.pid) as pids, p.phase,
            coalesce((l.relation::regclass)::text, (p.relid::regclass)::text, l.locktype) as target,
            coalesce(extract(epoch from clock_timestamp() - l.waitstart) * 1000, 0)::bigint as waited
          from pg_catalog.pg_locks l
          left join pg_catalog.pg_stat_progress_create_index p on p.pid = l.pid
          where l.pid = $1::integer and not l.granted
          limit 1
        )
        select w.target, w.mode, w.phase, w.waited, a.pid, null as gid, a.usename, a.application_name,
          case when a.backend_type is distinct from 'client backend' then coalesce(a.backend_type, a.state)
            else a.state end as what,
          to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') as since,
          extract(epoch from clock_timestamp() - a.xact_start)::bigint as seconds
        from wait w
        join pg_catalog.pg_stat_activity a on a.pid = any (w.pids)
        union all
        select w.target, w.mode, w.phase, w.waited, null, x.gid, x.owner, null, 'prepared transaction',
          to_char(x.prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'),
          extract(epoch from clock_timestamp() - x.prepared)::bigint
        from wait w
        join pg_catalog.pg_prepared_xacts x on x.database = current_database()
        where 0 = any (w.pids)
          and (w.relation is null or exists (
            select from pg_catalog.pg_locks h
            join pg_catalog.pg_locks t on t.virtualtransaction = h.virtualtransaction and t.pid is null
            where h.relation = w.relation and h.granted and h.pid is null and t.transactionid = x.transaction))
        """

    /// `shop.orders, held by pid 4711, user app, application worker, idle in transaction, transaction open since …`
    var description: String { "\(target), held by " + blockers.map(\.description).joined(separator: "; ") }

    var fields: [String: MigrationEvent.Value] {
        var fields: [String: MigrationEvent.Value] = [
            "target": .text(target), "lock": .text(mode), "waited_ms": .number(waited),
            "blockers": .list(blockers.map { .object($0.fields) }),
        ]
        if let phase { fields["phase"] = .text(phase) }
        return fields
    }

    /// What whoever reads it can do. A process of the server's own gives way by itself.
    var mend: String {
        let ends = blockers.compactMap { blocker -> String? in
            if let gid = blocker.prepared { return "rollback prepared \(quoteLiteral(gid))" }
            return blocker.isServersOwn ? nil : blocker.pid.map { "select pg_terminate_backend(\($0))" }
        }
        return "it goes on once that is over" + (ends.isEmpty ? "" : ", or end it: " + ends.joined(separator: "; "))
    }
}

extension LockWait.Blocker: CustomStringConvertible {
    /// A user who is told nothing of other sessions sees no kind either, but whoever has logged in has a name.
    var isServersOwn: Bool { prepared == nil && (user == nil || state == "autovacuum worker") }

    /// The server keeps most of it from those who are neither that user nor a superuser; that is left out.
    var description: String {
        var parts: [String] = []
        if let prepared { parts.append("the prepared transaction \(prepared)") }
        if let pid { parts.append("pid \(pid)") }
        if let user { parts.append("user \(user)") }
        if let application, !application.isEmpty { parts.append("application \(application)") }
        if let state, prepared == nil { parts.append(state) }
        if let since {
            let age = seconds.map { " (\(Duration.seconds(max(0, $0)).coarse))" } ?? ""
            parts.append((prepared == nil ? "transaction open since " : "prepared ") + since + age)
        }
        return parts.joined(separator: ", ")
    }

    var fields: [String: MigrationEvent.Value] {
        var fields: [String: MigrationEvent.Value] = [:]
        if let pid { fields["pid"] = .number(pid) }
        let texts = [
            ("user", user), ("application", application), ("state", state), ("since", since), ("prepared", prepared),
        ]
        for (name, text) in texts { if let text { fields[name] = .text(text) } }
        return fields
    }
}

/// Decides when a wait is told of; a value, tested without any server.
///
/// Once for each new blocker, and again 30 s later, 60 s after that, and so on: a wait of hours is a dozen lines.
struct WaitNotices: Sendable {
    static let first = Duration.seconds(30)
    private var next: [LockWait.Blocker.Identity: (at: ContinuousClock.Instant, interval: Duration)] = [:]

    /// True when one of its blockers is due; all of them count as told of then.
    mutating func isDue(_ wait: LockWait, at now: ContinuousClock.Instant) -> Bool {
        let identities = wait.blockers.map(\.identity)
        guard identities.contains(where: { identity in next[identity].map { $0.at <= now } ?? true }) else {
            return false
        }
        for identity in identities {
            guard let known = next[identity] else {
                next[identity] = (now + Self.first, Self.first)
                continue
            }
            if known.at <= now { next[identity] = (now + known.interval * 2, known.interval * 2) }
        }
        return true
    }
}

extension Duration {
    /// `40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
    var coarse: String {
        let seconds = components.seconds
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
