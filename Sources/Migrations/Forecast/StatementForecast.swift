/// What one statement of a pending file will do to the relations that are there now.
public struct StatementForecast: Sendable, Encodable, Equatable {
    /// The file, relative to the project's root.
    public let path: String
    /// 1-based.
    public let line: Int
    /// How it begins.
    public let statement: String
    /// One a relation, in the order in which they are locked as far as that is known.
    public internal(set) var effects: [Effect]
    /// What cannot be foreseen, and what else should be known.
    public internal(set) var notes: [String]

    /// What happens to one relation.
    public struct Effect: Sendable, Encodable, Equatable {
        /// With its schema, quoted where needed.
        public internal(set) var relation: String
        /// The relation of the same statement that it is a partition, or an inheriting table, of.
        public internal(set) var partOf: String?
        /// The strongest lock that the statement takes on it.
        public internal(set) var lock: LockMode
        /// Every row is written again into new files, indexes included.
        public internal(set) var rewrites = false
        /// Every row is read; nil (in JSON left out) where the server's planner, or the rows, decide.
        public internal(set) var scans: Bool? = false
        /// Its files are replaced by empty ones (`truncate`).
        public internal(set) var empties = false
        /// It is not there yet: an earlier pending file or statement makes it.
        public internal(set) var isNew = false
        /// Bytes with indexes and TOAST, not counting relations with effects of their own (partitions); 0 for a new
        /// one.
        public internal(set) var sizeBytes: Int64 = 0
        /// The size comes from the last VACUUM's page count (without indexes), as somebody holds the relation
        /// exclusively.
        public internal(set) var isSizeEstimated = false
        /// The planner's estimate; nil where the relation was never analysed.
        public internal(set) var rows: Int64?
        /// Who holds a lock, or waits for one, that the statement would have to wait for, right now.
        public internal(set) var blockers: [Blocker] = []

        /// A concurrent operation also waits, without a lock, for all who hold one that this one conflicts with.
        var awaits: LockMode?
        /// It also waits for every older snapshot of the database.
        var awaitsSnapshots = false

        private enum CodingKeys: String, CodingKey {
            case relation, lock, rewrites, scans, empties, blockers
            case isNew = "is_new"
            case partOf = "part_of"
            case sizeBytes = "size_bytes"
            case isSizeEstimated = "size_is_estimated"
            case rows = "rows_estimate"
        }
    }

    /// A session, or a prepared transaction, in the way.
    public struct Blocker: Sendable, Encodable, Equatable {
        /// nil for a prepared transaction.
        public let pid: Int32?
        public let user: String?
        public let application: String?
        /// The strongest mode of those in the way; nil for a session that only holds an old snapshot.
        public let lock: LockMode?
        /// False for one that waits for its lock itself.
        public let isGranted: Bool
        /// Seconds since its transaction began; nil where the server does not tell this user.
        public let transactionAge: Double?
        /// `idle in transaction`, `active`, …, `prepared transaction NAME`.
        public let state: String?

        private enum CodingKeys: String, CodingKey {
            case pid, user, application, lock, state
            case isGranted = "is_granted"
            case transactionAge = "transaction_age_seconds"
        }
    }
}

extension StatementForecast {
    /// It touches something that is there already.
    public var touchesExisting: Bool { effects.contains { !$0.isNew } }
}

extension StatementForecast.Blocker: CustomStringConvertible {
    /// `pid 4711, user reader, application psql: ACCESS SHARE, in a transaction for 312 s, idle in transaction`
    public var description: String {
        var who = pid.map { ["pid \($0)"] } ?? []
        if let user { who.append("user \(user)") }
        if let application, !application.isEmpty { who.append("application \(application)") }
        var what = [lock.map { ($0.description) + (isGranted ? "" : " asked for") } ?? "an old snapshot"]
        if let transactionAge { what.append("in a transaction for \(Int64(transactionAge)) s") }
        if let state { what.append(state) }
        return (who.isEmpty ? [] : [who.joined(separator: ", ")]).joined() + ": " + what.joined(separator: ", ")
    }
}
