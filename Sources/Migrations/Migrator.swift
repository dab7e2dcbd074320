import Logging
import Postgres

/// Brings a database to the state that a project's SQL files describe.
///
///     let project = try MigrationProject(root: ".")
///     let migrator = Migrator(project: project, configuration: admin, options: .init(ownerRole: "app_owner"))
///     let report = try await migrator.apply()
///
/// Order: `sql/roles/0*`, `migrations/NNNN_*`, `sql/functions/**`, `sql/roles/9*`; one transaction a file, with the
/// file's row of `ops.migration` written first in it. A cancelled task rolls back the file under way.
/// Every error is a `MigrationError`, or a `CancellationError`.
public struct Migrator: Sendable {
    public let project: MigrationProject
    public let configuration: ConnectionConfiguration
    public let options: MigrationOptions
    let logger: Logger
    /// Of the apply under way; nil outside of one.
    var progress: Progress?

    /// - Parameter configuration: whoever applies: a superuser, or a user with CREATEROLE and CREATE on the database.
    ///   Goes past poolers.
    public init(
        project: MigrationProject, configuration: ConnectionConfiguration, options: MigrationOptions = .init(),
        logger: Logger = Logger(label: "migrate")
    ) {
        self.project = project
        self.configuration = configuration
        self.options = options
        self.logger = logger
    }

    /// What `apply` would run, in order, or refuse. Changes nothing, takes no lock.
    public func plan() async throws -> MigrationPlan {
        try checkTarget()
        return try await withSession { session in
            plan(against: try await Ledger.read(session.connection) ?? [])
        }
    }

    /// How every file, and every row without a file, stands. Changes nothing, takes no lock.
    public func status() async throws -> [MigrationStatus] { try await plan().statuses }

    /// Runs what is pending; returns at once where nothing is.
    /// - Parameter onApplied: called after each commit.
    /// - Throws: `MigrationError`: `.refused` before anything ran, `.statementFailed` with the place in the file,
    ///   `.lockNotObtained`, `.busy`, `.lockLost`, `.unavailable`, `.configuration`.
    @discardableResult
    public func apply(
        onApplied: (@Sendable (MigrationReport.Applied) -> Void)? = nil
    ) async throws -> MigrationReport {
        try await withProgress { migrator, applied in
            try await migrator.applyPending { file in
                applied(file)
                onApplied?(file)
            }
        }
    }

    private func applyPending(_ onApplied: (MigrationReport.Applied) -> Void) async throws -> MigrationReport {
        try refuse(project.problems)
        try checkTarget()
        return try await withSession { session in
            // Without the lock first: on most days there is nothing to do.
            let glance = plan(against: try await Ledger.read(session.connection) ?? [])
            try refuse(glance.problems)
            progress?.note(
                .runStarted, nil, ["files": .number(project.files.count), "pending": .number(glance.steps.count)])
            if glance.steps.isEmpty && glance.squashes.isEmpty && glance.restamps.isEmpty {
                for warning in glance.warnings { logger.warning("\(warning)") }
                return MigrationReport(heldBack: glance.heldBack.map(\.path), warnings: glance.warnings)
            }
            return try await withLock { lock in
                let ledger = try await Ledger.read(session.connection)
                let plan = plan(against: ledger ?? [])
                try refuse(plan.problems)
                for warning in plan.warnings { logger.warning("\(warning)") }
                try await lock.check()
                try await prepareLedger(for: plan, ledger, session.connection)
                if !plan.restamps.isEmpty {
                    logger.notice(
                        "\(plan.restamps.count) checksums of an earlier release were rewritten; no file ran for that")
                }
                progress?.record(in: configuration)
                var report = MigrationReport(
                    squashed: plan.squashes.map(\.file.path), heldBack: plan.heldBack.map(\.path),
                    warnings: plan.warnings)
                var steps = plan.steps[...]
                while let step = steps.popFirst() {
                    let applied = try await run(step, upcoming: Array(steps), session, lock)
                    // Some of those that were to come may have run along.
                    let done = Set(applied.map(\.path))
                    steps.removeAll { done.contains($0.file.path) }
                    report.applied += applied
                    applied.forEach(onApplied)
                }
                return report
            }
        }
    }

    /// Marks every versioned file up to a version as applied, without running any: for a database that has grown by
    /// other means.
    /// - Parameter force: also where the ledger has versioned rows already; files that it knows stay as they are.
    public func baseline(version: Int, force: Bool = false) async throws -> MigrationReport {
        try refuse(project.problems)
        let marked = project.files.filter { $0.kind == .versioned && ($0.version ?? .max) <= version }
        try project.checkVersion(version)
        return try await withSession { session in
            try await withLock { lock in
                var ledger = try await Ledger.read(session.connection)
                if ledger == nil { try await Ledger.create(session.connection); ledger = [] }
                let known = Set(ledger?.map(\.path) ?? [])
                if let first = ledger?.first(where: \.kind.isVersioned), !force {
                    throw MigrationError(
                        .refused, "the ledger has versioned rows already, \(first.path) for one",
                        hint: "to mark further files as applied: --force")
                }
                try await lock.check()
                var report = MigrationReport()
                for file in marked where !known.contains(file.path) {
                    report.applied.append(
                        .init(path: file.path, kind: .baseline, reason: .new, duration: 0, attempts: 1))
                }
                try await session.connection.transaction { connection in
                    for file in marked where !known.contains(file.path) { try await Ledger.baseline(file, connection) }
                }
                return report
            }
        }
    }

    // MARK: Parts

    func plan(against ledger: [LedgerRow]) -> MigrationPlan {
        MigrationPlan(
            files: project.files, problems: project.problems, ledger: ledger,
            allowOutOfOrder: options.allowOutOfOrder, target: options.target)
    }

    /// What becomes of the ledger before any file runs: it is there, whole, and has what the plan takes as applied. In
    /// the caller's transaction where one is open. Runs under the advisory lock, or where all of it is rolled back.
    /// - Parameter ledger: what the plan was made of; nil where there is none yet.
    func prepareLedger(for plan: MigrationPlan, _ ledger: [LedgerRow]?, _ connection: Connection) async throws {
        guard let ledger else {
            if await connection.inTransaction { return try await Ledger.make(connection) }
            return try await Ledger.create(connection)
        }
        try await Ledger.complete(connection)
        try await ObjectLedger.adopt(
            project, ledger: ledger, pending: Set(plan.steps.map(\.file.path)), owner: options.ownerRole, connection)
        if !plan.restamps.isEmpty { try await Ledger.restamp(plan.restamps, connection) }
        if !plan.squashes.isEmpty {
            try await Ledger.together(connection) { connection in
                for squash in plan.squashes { try await Ledger.squash(squash, connection) }
            }
        }
    }

    func checkTarget() throws {
        if let target = options.target { try project.checkVersion(target) }
    }

    func refuse(_ problems: [MigrationProblem]) throws {
        if !problems.isEmpty { throw MigrationError.refused(problems) }
    }

    func withSession<T>(_ body: (WorkSession) async throws -> T) async throws -> T {
        let session: WorkSession
        do {
            session = try await WorkSession.open(configuration, options, logger)
        } catch let error as PostgresError {
            throw MigrationError(error, during: "connecting")
        }
        do {
            do {
                let value = try await body(session)
                await session.connection.close()
                return value
            } catch {
                await session.connection.close()
                throw error
            }
        } catch let error as PostgresError {
            // A cancelled task's statement ends with 57014.
            if Task.isCancelled { throw CancellationError() }
            if error.sqlState == "55P03" { throw await notObtained(error) }
            throw MigrationError(error, during: "the ledger \(Ledger.table)")
        }
    }

    func withLock<T>(_ body: (MigrationLock) async throws -> T) async throws -> T {
        let lock = try await MigrationLock.acquire(configuration, wait: options.lockWait, logger: logger, progress)
        do {
            let value = try await body(lock)
            await lock.release()
            return value
        } catch {
            await lock.release()
            throw error
        }
    }
}
