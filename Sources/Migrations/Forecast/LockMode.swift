/// A lock on a relation, the weakest first (PostgreSQL's manual, "Table-Level Locks").
public enum LockMode: Int, Sendable, Comparable, CaseIterable, Encodable, CustomStringConvertible {
    case accessShare = 1
    case rowShare, rowExclusive, shareUpdateExclusive, share, shareRowExclusive, exclusive, accessExclusive

    public static func < (one: LockMode, other: LockMode) -> Bool { one.rawValue < other.rawValue }

    /// From pg_locks: `AccessShareLock`; nil for a mode that is none of relations.
    public init?(catalogName: String) {
        guard let mode = Self.allCases.first(where: { $0.catalogName == catalogName }) else { return nil }
        self = mode
    }

    /// As pg_locks has it.
    public var catalogName: String {
        description.split(separator: " ").map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined() + "Lock"
    }

    /// As `lock table … in … mode` takes it.
    public var description: String {
        switch self {
        case .accessShare: "ACCESS SHARE"
        case .rowShare: "ROW SHARE"
        case .rowExclusive: "ROW EXCLUSIVE"
        case .shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE"
        case .share: "SHARE"
        case .shareRowExclusive: "SHARE ROW EXCLUSIVE"
        case .exclusive: "EXCLUSIVE"
        case .accessExclusive: "ACCESS EXCLUSIVE"
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// The modes in which nobody else may hold the relation (lock.c, LockConflicts).
    public var conflicts: [LockMode] {
        switch self {
        case .accessShare: [.accessExclusive]
        case .rowShare: [.exclusive, .accessExclusive]
        case .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareUpdateExclusive: [.shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .share: [.rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareRowExclusive: Self.allCases.filter { $0 >= .rowExclusive }
        case .exclusive: Self.allCases.filter { $0 >= .rowShare }
        case .accessExclusive: Self.allCases
        }
    }

    public var blocksReaders: Bool { conflicts.contains(.accessShare) }
    public var blocksWriters: Bool { conflicts.contains(.rowExclusive) }
}
