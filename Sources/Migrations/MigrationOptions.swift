/// How an apply goes about its work.
public struct MigrationOptions: Sendable {
    /// The role that versioned and repeatable files run as (`set local role`), so that it owns what they make.
    /// nil: the connecting user.
    public var ownerRole: String?
    /// How long to wait for another migrator on the same database.
    public var lockWait: Duration
    /// How long one statement may wait for a lock, which is how long readers may have to queue behind it: the default
    /// keeps that under a second, what the statement itself takes included.
    public var lockTimeout: Duration
    /// How often a file is begun again after such a wait, a deadlock or a race with another session.
    public var lockRetries: Int
    /// Run files that sort before the last applied version rather than refuse them.
    public var allowOutOfOrder: Bool
    /// Called with each event of an apply, one after another; it holds the run up for as long as it takes.
    public var onEvent: (@Sendable (MigrationEvent) -> Void)?
    /// The last version that runs; what comes after it is held back. nil: all there are.
    public var target: Int?

    public static let defaultLockTimeout = Duration.milliseconds(750)

    /// For tests: called between the steps of an apply.
    var checkpoint: (@Sendable (Checkpoint) async throws -> Void)?

    /// For a rehearsal: looks what the files' statements do.
    var observations: ObservationLog?

    public init(
        ownerRole: String? = nil, lockWait: Duration = .seconds(60), lockTimeout: Duration = defaultLockTimeout,
        lockRetries: Int = 30, allowOutOfOrder: Bool = false, target: Int? = nil
    ) {
        self.ownerRole = ownerRole
        self.lockWait = lockWait
        self.lockTimeout = lockTimeout
        self.lockRetries = lockRetries
        self.allowOutOfOrder = allowOutOfOrder
        self.target = target
    }

    /// A moment of an apply at which the process, or its session, may die.
    struct Checkpoint: Sendable {
        enum Moment: Sendable {
            case locked, recorded
            /// The index counts the file's statements from 0.
            case statement(Int)
            case finishing, finished
        }
        let moment: Moment
        let path: String
        /// The working session's process id.
        let backendPID: Int32
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// `250 ms`, `1.5 s`, `60 s`.
    var short: String {
        let milliseconds = milliseconds
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let tenths = (milliseconds % 1000) / 100
        return tenths == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds / 1000).\(tenths) s"
    }
}
