/// One row of the ledger `ops.migration`: what was applied, when, by whom.
public struct LedgerRow: Sendable, Equatable {
    /// Relative to the project's root, with `/`.
    public var path: String
    public var kind: MigrationKind
    public var version: Int?
    /// SHA-256 of what was applied (`MigrationFile.checksum`), or, of an earlier release, of its bytes.
    public var checksum: String
    /// Grows with each application, whatever the clocks do.
    public var appliedOrder: Int
    /// ISO 8601 in UTC, to the second.
    public var appliedAt: String
    public var appliedBy: String
    /// Milliseconds from the begin to just before the commit; nil while it runs.
    public var duration: Int?
    /// ISO 8601 in UTC; nil while a no-transaction file is under way, or was interrupted.
    public var finishedAt: String?

    public init(
        path: String, kind: MigrationKind, version: Int? = nil, checksum: String, appliedOrder: Int = 0,
        appliedAt: String = "", appliedBy: String = "", duration: Int? = nil, finishedAt: String? = nil
    ) {
        self.path = path
        self.kind = kind
        self.version = version
        self.checksum = checksum
        self.appliedOrder = appliedOrder
        self.appliedAt = appliedAt
        self.appliedBy = appliedBy
        self.duration = duration
        self.finishedAt = finishedAt
    }
}

/// How a file, or a row without its file, stands.
public struct MigrationStatus: Sendable, Equatable, Encodable {
    public enum State: String, Sendable, Encodable {
        case applied
        /// The next apply runs it.
        case pending
        /// Repeatable and changed: the next apply runs it again.
        case changed
        /// Versioned, applied and changed: refused.
        case edited
        /// Applied, and its file is gone.
        case missing
        /// A no-transaction file that began and was not seen to end.
        case unfinished
        case outOfOrder = "out of order"
        /// Applied under another name: refused.
        case renamed
        /// Its file went into a squashed one, whose row takes the place of this one at the next apply.
        case squashed
        /// A squashed file of whose files only some are applied here: refused.
        case incomplete
    }

    public var path: String
    public var kind: MigrationKind
    public var state: State
    /// ISO 8601 in UTC; nil where it was never applied.
    public var appliedAt: String?
    public var appliedBy: String?
    /// Milliseconds.
    public var duration: Int?

    init(path: String, kind: MigrationKind, state: State, row: LedgerRow?) {
        self.path = path
        self.kind = kind
        self.state = state
        appliedAt = row?.appliedAt
        appliedBy = row?.appliedBy
        duration = row?.duration
    }

    private enum CodingKeys: String, CodingKey {
        case path, kind, state, appliedAt = "applied_at", appliedBy = "applied_by", duration = "duration_ms"
    }
}

/// What an apply, or a baseline, did.
public struct MigrationReport: Sendable, Equatable, Encodable {
    public struct Applied: Sendable, Equatable, Encodable {
        public var path: String
        public var kind: MigrationKind
        public var reason: MigrationPlan.Reason
        /// Milliseconds of the attempt that held.
        public var duration: Int
        /// 1, or more where locks were not to be had at once.
        public var attempts: Int
        /// Functions and views that the file has made in another shape, and everything that depended on them and was
        /// made again; in the server's words: `view shop.sales`.
        public var remade: [String] = []

        private enum CodingKeys: String, CodingKey { case path, kind, reason, duration = "duration_ms", attempts, remade }
    }

    /// In the order of running.
    public var applied: [Applied] = []
    /// Squashed files whose own files were all applied: only the ledger has changed. By path.
    public var squashed: [String] = []
    /// Files that stand behind the target, by path.
    public var heldBack: [String] = []
    public var warnings: [String] = []

    private enum CodingKeys: String, CodingKey { case applied, squashed = "adopted", heldBack = "held_back", warnings }
}
