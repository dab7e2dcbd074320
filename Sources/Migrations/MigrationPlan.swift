/// What an apply would do, found by comparing files and ledger; a value, made without any server.
public struct MigrationPlan: Sendable, Equatable {
    /// Why a file runs.
    public enum Reason: String, Sendable, Encodable {
        /// Not in the ledger.
        case new
        /// Repeatable, and it says something else than what was applied.
        case changed
        /// A no-transaction file that began and was never seen to end.
        case interrupted
        /// A grant file: something before it runs, or ran after it, and new objects need their grants.
        case grants
        /// Sorts before the last applied version; runs because that was allowed.
        case outOfOrder = "out of order"
    }

    public struct Step: Sendable, Equatable {
        public let file: MigrationFile
        public let reason: Reason
        /// Interrupted, and changed since.
        var isEdited = false
    }

    /// A squashed file whose own files were all applied.
    public struct Squash: Sendable, Equatable {
        public let file: MigrationFile
        /// Their rows, by version, which one row of the squashed file replaces.
        public let rows: [LedgerRow]
    }

    /// Squashed files that the ledger takes as applied; nothing of them runs.
    public let squashes: [Squash]
    /// What runs, in order.
    public let steps: [Step]
    /// What would run, but stands behind the target: versioned files after it and, while one of those is pending, every
    /// repeatable and grant file, for they are written for the newest schema.
    public let heldBack: [MigrationFile]
    /// What `apply` refuses to begin with. Where there is one, nothing runs.
    public let problems: [MigrationProblem]
    /// What should be looked at and stops nothing.
    public let warnings: [String]
    /// Every file and every row, in order of running, rows without a file last.
    public let statuses: [MigrationStatus]
    /// Files that are as they were applied and do not run, whose rows hold the checksum of an earlier release.
    let restamps: [MigrationFile]

    /// - Parameters:
    ///   - problems: those of the files themselves; they come first.
    ///   - allowOutOfOrder: run files that sort before the last applied version rather than refuse them.
    ///   - target: the last version that runs.
    public init(
        files: [MigrationFile], problems: [MigrationProblem] = [], ledger: [LedgerRow], allowOutOfOrder: Bool = false,
        target: Int? = nil
    ) {
        var draft = Draft(files: files, ledger: ledger, allowOutOfOrder: allowOutOfOrder, target: target)
        for file in files { draft.judge(file) }
        draft.judgeRowsWithoutFile()
        steps = draft.steps
        squashes = draft.squashes
        heldBack = draft.heldBack
        self.problems = problems + draft.problems
        warnings = draft.warnings
        statuses = draft.statuses
        restamps = draft.restamps
    }

    /// True when an apply would change something, or would refuse to. What is held back does not count.
    public var isPending: Bool { !steps.isEmpty || !squashes.isEmpty || !problems.isEmpty }
}

/// `{"pending": [{"path", "kind", "reason"}], "adopted": [path], "held_back": [path], "problems": […], "warnings": […]}`
extension MigrationPlan: Encodable {
    private enum CodingKeys: String, CodingKey { case pending, squashes = "adopted", heldBack = "held_back", problems, warnings }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(steps, forKey: .pending)
        try container.encode(squashes.map(\.file.path), forKey: .squashes)
        try container.encode(heldBack.map(\.path), forKey: .heldBack)
        try container.encode(problems, forKey: .problems)
        try container.encode(warnings, forKey: .warnings)
    }
}

extension MigrationPlan.Step: Encodable {
    private enum CodingKeys: String, CodingKey { case path, kind, reason }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file.path, forKey: .path)
        try container.encode(file.kind, forKey: .kind)
        try container.encode(reason, forKey: .reason)
    }
}

/// A plan while it is being made.
private struct Draft {
    var steps: [MigrationPlan.Step] = []
    var squashes: [MigrationPlan.Squash] = []
    var heldBack: [MigrationFile] = []
    var problems: [MigrationProblem] = []
    var warnings: [String] = []
    var statuses: [MigrationStatus] = []
    var restamps: [MigrationFile] = []

    private let rows: [String: LedgerRow]
    private var orphans: [LedgerRow]
    private let lastApplied: LedgerRow?
    private let allowOutOfOrder: Bool
    private let target: Int?
    private var nextVersion: Int
    /// The latest application among the files judged so far.
    private var latest = 0

    init(files: [MigrationFile], ledger: [LedgerRow], allowOutOfOrder: Bool, target: Int?) {
        rows = Dictionary(ledger.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        let paths = Set(files.map(\.path))
        orphans = ledger.filter { !paths.contains($0.path) }.sorted { MigrationProject.precedes($0.path, $1.path) }
        lastApplied = ledger.filter(\.kind.isVersioned).max { ($0.version ?? 0) < ($1.version ?? 0) }
        nextVersion = ((files.compactMap(\.version) + ledger.compactMap(\.version)).max() ?? 0) + 1
        self.allowOutOfOrder = allowOutOfOrder
        self.target = target
    }

    mutating func judge(_ file: MigrationFile) {
        let row = rows[file.path]
        defer { latest = max(latest, row?.appliedOrder ?? 0) }
        guard let row else {
            if let squashed = file.squashed, judge(file, squashed) { return }
            if file.kind == .versioned { judgeNewVersion(file) } else { run(file, .new, .pending, nil) }
            return
        }
        let isSame = file.isSame(as: row)
        if row.finishedAt == nil {
            if !isSame { warnings.append("\(file.path) has changed since its interrupted run; it runs as it is now") }
            run(file, .interrupted, .unfinished, row)
        } else if isSame {
            // Not only what runs now counts: an earlier apply may have stopped before it came to the grants.
            if file.kind == .grant && (!steps.isEmpty || !heldBack.isEmpty || row.appliedOrder < latest) {
                run(file, .grants, .pending, row)
            } else {
                note(file, .applied, row)
                if row.checksum != file.checksum { restamps.append(file) }
            }
        } else if file.kind == .versioned {
            note(file, .edited, row)
            problems.append(
                MigrationProblem(
                    code: .edited, path: file.path,
                    message: "it was applied \(row.appliedAt) with checksum \(row.checksum.prefix(12)) "
                        + "and has \(file.checksum.prefix(12)) now",
                    mend: "restore the file as it was (git log -- \(file.path)),\n"
                        + "then put the change into a new migration: emporium migrate new verb_object;\n"
                        + "or, where the edit changes nothing that was made, accept it: emporium migrate repair"))
        } else {
            run(file, .changed, .changed, row)
        }
    }

    /// - Returns: false where the ledger has nothing of what the file was squashed from: it is a file like others.
    private mutating func judge(_ file: MigrationFile, _ squashed: SquashedFiles) -> Bool {
        let found = orphans.filter { $0.isIn(squashed) }.sorted { ($0.version ?? 0) < ($1.version ?? 0) }
        switch squashed.standing(of: found) {
        case .none: return false
        case .all:
            squashes.append(MigrationPlan.Squash(file: file, rows: found))
            note(file, .pending, nil)
        case .some(let why):
            note(file, .incomplete, nil)
            problems.append(
                MigrationProblem(
                    code: .halfSquashed, path: file.path,
                    message: "it stands for the files \(squashed.directive.dropFirst("squash ".count)), and \(why)",
                    mend: "bring this database to them first, with the files as they were:\n"
                        + "git worktree add ../before $(git log -1 --diff-filter=A --format=%H -- \(file.path))^\n"
                        + "emporium migrate apply --root ../before --target \(MigrationName.digits(squashed.versions.upperBound))"))
        }
        orphans.removeAll { $0.isIn(squashed) }
        statuses += found.map { MigrationStatus(path: $0.path, kind: $0.kind, state: .squashed, row: $0) }
        return true
    }

    private mutating func judgeNewVersion(_ file: MigrationFile) {
        if let index = orphans.firstIndex(where: {
            $0.kind.isVersioned && ($0.version == file.version || file.isSame(as: $0))
        }) {
            let row = orphans.remove(at: index)
            note(file, .renamed, row)
            problems.append(
                MigrationProblem(
                    code: .renamed, path: file.path,
                    message: "it was applied \(row.appliedAt) under the name \(row.path)"
                        + (file.isSame(as: row) ? "" : " and with other content"),
                    mend: "git mv \(file.path) \(row.path)"
                        + (file.isSame(as: row) ? "\nor let the ledger follow: emporium migrate repair" : "")))
        } else if let last = lastApplied, let version = file.version, version < last.version ?? 0 {
            if allowOutOfOrder { run(file, .outOfOrder, .outOfOrder, nil); return }
            note(file, .outOfOrder, nil)
            problems.append(
                MigrationProblem(
                    code: .outOfOrder, path: file.path,
                    message: "it sorts before \(last.path), which is applied already",
                    mend: MigrationProject.rename(file, to: nextVersion)
                        + "\nor run it where it stands: emporium migrate --allow-out-of-order"))
            nextVersion += 1
        } else {
            run(file, .new, .pending, nil)
        }
    }

    mutating func judgeRowsWithoutFile() {
        for row in orphans {
            statuses.append(MigrationStatus(path: row.path, kind: row.kind, state: .missing, row: row))
            warnings.append("\(row.path) was applied \(row.appliedAt) and its file is gone")
        }
    }

    private mutating func run(
        _ file: MigrationFile, _ reason: MigrationPlan.Reason, _ state: MigrationStatus.State, _ row: LedgerRow?
    ) {
        let isEdited = reason == .interrupted && row.map(file.isSame) == false
        if isBehindTarget(file) {
            heldBack.append(file)
        } else {
            steps.append(MigrationPlan.Step(file: file, reason: reason, isEdited: isEdited))
        }
        note(file, state, row)
    }

    /// Files are judged in the order of running: a versioned one that is held back is known before any repeatable.
    private func isBehindTarget(_ file: MigrationFile) -> Bool {
        guard let target else { return false }
        switch file.kind {
        case .role: return false
        case .versioned, .baseline: return (file.version ?? 0) > target
        case .repeatable, .grant: return heldBack.contains { $0.kind.isVersioned }
        }
    }

    private mutating func note(_ file: MigrationFile, _ state: MigrationStatus.State, _ row: LedgerRow?) {
        statuses.append(MigrationStatus(path: file.path, kind: row?.kind ?? file.kind, state: state, row: row))
    }
}
