import Postgres

/// What a rehearsal ran and saw. Nothing of it has stayed.
public struct RehearsalReport: Sendable, Encodable {
    /// Where the files were run.
    public enum How: String, Sendable, Encodable, CaseIterable {
        /// In a copy of the database, dropped afterwards; each file commits there as in an apply.
        case clone
        /// In the database itself, in one transaction that is rolled back.
        case transaction
    }

    public var how: How
    /// Why it ran that way, and in what it was not like an apply.
    public var notices: [String] = []
    /// What a plan warns of.
    public var warnings: [String] = []
    /// Squashed files that an apply would take as applied: only its ledger would change. By path.
    public var squashed: [String] = []
    /// Files that stand behind the target, by path.
    public var heldBack: [String] = []
    /// In the order of running, up to the one that failed.
    public var files: [File] = []
    /// How the catalog and the grants after it differ from those before; nil where a file failed.
    public var differences: [CatalogDifference]?
    /// Where an apply would stop.
    public var failure: MigrationError?

    init(how: How) { self.how = how }

    /// What the plan tells beside the files that run.
    mutating func note(_ plan: MigrationPlan) {
        warnings = plan.warnings
        squashed = plan.squashes.map(\.file.path)
        heldBack = plan.heldBack.map(\.path)
    }

    public struct File: Sendable, Equatable, Encodable {
        public enum Outcome: String, Sendable, Encodable {
            case rehearsed
            case notRehearsed = "not rehearsed"
            case failed
        }

        public let path: String
        public let kind: MigrationKind
        public let reason: MigrationPlan.Reason
        public var outcome = Outcome.rehearsed
        /// Of a file that was not rehearsed.
        public var why: String?
        /// More than 1 where locks were not to be had at once.
        public var attempts = 1
        /// Functions, views and their dependents that were dropped and made again.
        public var remade: [String] = []
        /// Those of the attempt that held.
        public var statements: [Statement] = []
        /// Milliseconds that the statements took, all together.
        public var duration: Double { statements.reduce(0) { $0 + $1.duration } }

        private enum CodingKeys: String, CodingKey {
            case path, kind, reason, outcome, why, attempts, remade, statements, duration = "duration_ms"
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(path, forKey: .path)
            try container.encode(kind, forKey: .kind)
            try container.encode(reason, forKey: .reason)
            try container.encode(outcome, forKey: .outcome)
            try container.encodeIfPresent(why, forKey: .why)
            try container.encode(attempts, forKey: .attempts)
            try container.encode(remade, forKey: .remade)
            try container.encode(duration, forKey: .duration)
            try container.encode(statements, forKey: .statements)
        }
    }

    /// Of relations, only those are told that were there before the run: nobody else has to do with the others.
    public struct Statement: Sendable, Equatable, Encodable {
        /// Its first line in the file, 1-based.
        public let line: Int
        /// Its first words.
        public let head: String
        /// Milliseconds from sending it to the end of its answer.
        public let duration: Double
        /// Rows that the server says it touched; nil where it says none.
        public var rows: Int?
        /// First taken by this statement, and held until its transaction ends.
        public var locks: [Lock] = []
        /// Tables that were written anew, and indexes that were built anew.
        public var rewritten: [String] = []
        public var scans: [Scan] = []
        /// Also of new tables.
        public var changes: [Change] = []

        private enum CodingKeys: String, CodingKey {
            case line, head = "statement", duration = "duration_ms", rows, locks, rewritten, scans, changes
        }
    }

    public struct Lock: Sendable, Equatable, Encodable {
        public let relation: String
        public let mode: LockMode
    }

    public struct Scan: Sendable, Equatable, Encodable {
        public let relation: String
        /// Sequential scans begun.
        public let count: Int
        /// Rows read by them.
        public let rows: Int
    }

    public struct Change: Sendable, Equatable, Encodable {
        public let relation: String
        public let inserted: Int
        public let updated: Int
        public let deleted: Int
    }

    private enum CodingKeys: String, CodingKey {
        case how, notices, warnings, squashed = "adopted", heldBack = "held_back", files, differences, error
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(how, forKey: .how)
        try container.encode(notices, forKey: .notices)
        try container.encode(warnings, forKey: .warnings)
        try container.encode(squashed, forKey: .squashed)
        try container.encode(heldBack, forKey: .heldBack)
        try container.encode(files, forKey: .files)
        try container.encode(differences, forKey: .differences)
        try container.encodeIfPresent(failure, forKey: .error)
    }
}

extension RehearsalReport.Statement {
    /// - Parameter existing: the relations that were there before the run, by OID.
    init(_ statement: SQLScript.Statement, _ seen: StatementObservation, existing: Set<UInt32>) {
        self.init(line: statement.line, head: statement.head(), duration: seen.milliseconds)
        func concerns(_ relation: StatementObservation.Relation) -> Bool { existing.contains(relation.oid) }
        rows = seen.rows > 0 ? seen.rows : nil
        locks = seen.locks.filter { concerns($0.relation) }.map { .init(relation: $0.relation.name, mode: $0.strongest) }
        rewritten = seen.rewritten.filter(concerns).map(\.name)
        scans = seen.scans.filter { concerns($0.relation) }
            .map { .init(relation: $0.relation.name, count: $0.count, rows: $0.rows) }
        changes = seen.changes.map {
            .init(relation: $0.relation.name, inserted: $0.inserted, updated: $0.updated, deleted: $0.deleted)
        }
    }
}
