import Logging
import Postgres

/// A rehearsal under way.
///
/// In the database itself everything is one transaction, rolled back at the end. In a copy each file commits as in an
/// apply, so that what an apply's commits bring (deferred constraints, new values of enumerations, locks given back) is
/// rehearsed as well; but roles belong to the whole cluster and outlive the copy. So before each commit it is looked
/// whether something would stay behind, and from there on nothing is committed in the copy either.
struct Rehearsal {
    /// Its options send statements through the log.
    let migrator: Migrator
    let session: WorkSession
    /// In no transaction.
    let outside: Connection
    let log: ObservationLog
    let bystanders: Bystanders
    let isClone: Bool
    /// Nothing is committed any more.
    private(set) var isHeld: Bool
    /// The database may have changed since the log looked at it last.
    private var isUnseen = true
    private(set) var report: RehearsalReport

    init(
        _ migrator: Migrator, _ session: WorkSession, _ outside: Connection, _ log: ObservationLog,
        _ bystanders: Bystanders, _ report: RehearsalReport
    ) {
        self.migrator = migrator
        self.session = session
        self.outside = outside
        self.log = log
        self.bystanders = bystanders
        self.report = report
        isClone = report.how == .clone
        isHeld = !isClone
    }

    private var connection: Connection { session.connection }

    /// Runs the steps up to the first that fails; the transaction that holds them may still be open afterwards.
    mutating func run(
        _ steps: [MigrationPlan.Step], onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws {
        var steps = steps[...]
        while let step = steps.popFirst() {
            let files = try await run(step, upcoming: Array(steps))
            // Some of those that were to come may have run along.
            let done = Set(files.map(\.path))
            steps.removeAll { done.contains($0.file.path) }
            for file in files {
                report.files.append(file)
                onFile?(file)
            }
            if report.failure != nil { return }
        }
    }

    /// The catalog and the grants after it all, against those before. Rolls back what is open.
    /// - Parameter before: taken when the rehearsal began.
    mutating func compare(with before: CatalogSnapshot) async throws {
        do {
            var before = before
            if await connection.inTransaction { try await session.renewInTransaction() }
            let after = try await CatalogSnapshot.take(connection)
            await session.rollBack()
            if after.differences(from: before).contains(where: \.isOfCluster) {
                // Another database's session may have changed roles meanwhile: what is so without the files, too, is
                // not their doing. Only now, because definitions of what the transaction had locked could not be read.
                before.replaceClusterObjects(with: try await CatalogSnapshot.take(connection))
            }
            report.differences = after.differences(from: before)
        } catch let error as PostgresError {
            try giveWay()
            throw MigrationError(error, during: "reading the catalog")
        }
    }

    // MARK: One file

    /// - Returns: what ran, the last one maybe in vain.
    private mutating func run(
        _ step: MigrationPlan.Step, upcoming: [MigrationPlan.Step]
    ) async throws -> [RehearsalReport.File] {
        var file = RehearsalReport.File(path: step.file.path, kind: step.file.kind, reason: step.reason)
        if let why = obstacle(step.file) {
            file.outcome = .notRehearsed
            file.why = why
            return [file]
        }
        var policy = RetryPolicy(retries: migrator.options.lockRetries)
        while true {
            log.clear(hasChanged: isUnseen)
            isUnseen = true
            do {
                let ran: [Ran]
                do {
                    if step.file.standsAlone {
                        try await session.renew(lockTimeout: migrator.options.lockTimeout)
                        ran = try await migrator.runAlone(step, session, isRepeated: policy.attempts > 0)
                            .map { [Ran(step, $0)] } ?? []
                    } else {
                        ran = try await runWithinTransaction(step, upcoming: upcoming)
                    }
                } catch let error as PostgresError {
                    throw StatementFailure(error: error, statement: nil)
                }
                isUnseen = step.file.standsAlone
                return ran.map { one in
                    var file = RehearsalReport.File(
                        path: one.step.file.path, kind: one.step.file.kind, reason: one.step.reason)
                    file.attempts = policy.attempts + 1
                    file.remade = one.remade
                    file.statements = log.statements(of: file.path)
                    return file
                }
            } catch let failure as StatementFailure {
                try await undo(failure, step.file)
                if let why = impossibility(failure.error, step.file) {
                    file.outcome = .notRehearsed
                    file.why = why
                    return [file]
                }
                let verdict = policy.failed(failure.error, kind: step.file.kind, jitter: .random(in: 0..<1))
                if case .retry(let pause, _) = verdict {
                    try await Task.sleep(for: pause)
                    continue
                }
                file.attempts = policy.attempts
                file.outcome = .failed
                file.statements = log.statements(of: file.path)
                report.failure = located(failure, step.file, verdict)
                return [file]
            }
        }
    }

    private mutating func runWithinTransaction(
        _ step: MigrationPlan.Step, upcoming: [MigrationPlan.Step]
    ) async throws -> [Ran] {
        if await !connection.inTransaction { try await connection.execute("begin") }
        try await connection.execute("savepoint \(Self.savepoint)")
        try await session.renewInTransaction()
        let ran = try await migrator.runWithinTransaction(step, upcoming: upcoming, session) ?? []
        try await checkDeferredConstraints()
        try await connection.execute("release savepoint \(Self.savepoint)")
        if let victims = bystanders.victims { throw givingWay(to: victims) }
        if isHeld { return ran }
        if let traces = try await ClusterState.traces(connection, outside) {
            isHeld = true
            report.notices.append(
                "from \(step.file.path) on all files are one transaction, rolled back at the end: it changes \(traces), "
                    + "which the copy shares with every other database")
        } else {
            try await connection.execute("commit")
        }
        return ran
    }

    private static let savepoint = "emporium_rehearsal"

    /// What a commit would check. Afterwards each constraint is as it was declared; by name, not by `all`, which would
    /// also hold for those that a later file makes.
    private func checkDeferredConstraints() async throws {
        let rows = try await connection.query(
            """
            select distinct pg_catalog.format('%I.%I', n.nspname, c.conname) as name, c.condeferred
            from pg_catalog.pg_constraint c
            join pg_catalog.pg_namespace n on n.oid = c.connamespace
            where c.condeferrable and c.conparentid = 0
            order by name
            """
        ).rows
        guard !rows.isEmpty else { return }
        let all = rows.map { $0.text("name") }.joined(separator: ", ")
        let deferred = rows.filter { $0.bool("condeferred") == true }.map { $0.text("name") }.joined(separator: ", ")
        try await connection.execute("set constraints \(all) immediate")
        if !deferred.isEmpty { try await connection.execute("set constraints \(deferred) deferred") }
    }

    // MARK: What cannot be rehearsed

    /// Known before it runs.
    private func obstacle(_ file: MigrationFile) -> String? {
        if file.standsAlone {
            if !isClone { return "it runs outside of a transaction, so that nothing could take it back" }
            if isHeld { return "it runs outside of a transaction, and what came before it must not be committed" }
        }
        if !isClone, let statement = file.script.statements.first(where: \.setsSequence) {
            return "line \(statement.line) calls setval, which no rollback takes back"
        }
        return nil
    }

    /// Known from its error: an apply would not have it.
    private func impossibility(_ error: PostgresError, _ file: MigrationFile) -> String? {
        switch error.sqlState {
        case "25001" where file.noTransaction, "2D000" where file.noTransaction:
            "it runs outside of a transaction only, and might change more than this database"
        case "55P04" where isHeld && !file.script.statements.contains(where: \.addsEnumValue):
            "it needs a new enum value to be committed first, and here nothing is"
        default: nil
        }
    }

    // MARK: Failures

    /// Back to where the file began. Throws where there is no going on.
    private func undo(_ failure: StatementFailure, _ file: MigrationFile) async throws {
        try giveWay()
        if failure.error.isConnectionLost { throw migrator.located(failure, file) }
        if failure.error.sqlState == "53200", isHeld {
            var error = migrator.located(failure, file)
            error.code = .configuration
            error.hint =
                "one transaction for all files holds every table's lock until its end:\n"
                + "raise max_locks_per_transaction of the server, or rehearse fewer files at once"
            throw error
        }
        guard await connection.inTransaction else { return }
        try await connection.execute(isHeld ? "rollback to savepoint \(Self.savepoint)" : "rollback")
    }

    /// - Throws: where an error was not the statement's fault.
    private func giveWay() throws {
        if Task.isCancelled { throw CancellationError() }
        if let victims = bystanders.victims { throw givingWay(to: victims) }
    }

    private func givingWay(to victims: String) -> MigrationError {
        MigrationError(
            .busy, "others waited for the rehearsal, which has given way and was rolled back: \(victims)",
            hint: "an apply gives locks back with each file, a rehearsal in one transaction keeps them to its end:\n"
                + (isClone
                    ? "come back at a quieter hour: what it changes is shared with the cluster's other databases"
                    : "come back at a quieter hour, or rehearse in a copy (--how clone), which nobody else sees"))
    }

    private func located(
        _ failure: StatementFailure, _ file: MigrationFile, _ verdict: RetryPolicy.Verdict
    ) -> MigrationError {
        var error = migrator.located(failure, file)
        var hints = ["an apply would stop here: mend the file; nothing was changed"]
        if case .exhausted(let because) = verdict {
            error.code = .busy
            hints = ["\(because) in each of \(migrator.options.lockRetries + 1) attempts; nothing was changed"]
        }
        let skipped = report.files.filter { $0.outcome == .notRehearsed }.map(\.path)
        if !skipped.isEmpty {
            hints.append("it may need what was not rehearsed before it: \(skipped.joined(separator: ", "))")
        }
        error.hint = hints.joined(separator: "\n")
        return error
    }
}

extension MigrationFile {
    /// Its one statement commits by itself, and is confined to its database.
    fileprivate var standsAlone: Bool {
        guard noTransaction, let statement = script.statements.first else { return false }
        return statement.concurrent != nil
            || ["vacuum", "reindex", "cluster"].contains(statement.tokens.first?.word ?? "")
    }
}

extension SQLScript.Statement {
    /// Calls `setval`, as far as its text tells; the text of a function that it makes does not run.
    fileprivate var setsSequence: Bool {
        if tokens.first?.word == "create" { return false }
        return text.lowercased().contains(/\bsetval"?\s*\(/)
    }

    fileprivate var addsEnumValue: Bool {
        tokens.first?.word == "alter" && tokens.dropFirst().first?.word == "type"
            && zip(tokens, tokens.dropFirst()).contains { $0.word == "add" && $1.word == "value" }
    }
}

extension CatalogDifference {
    fileprivate var isOfCluster: Bool { CatalogSnapshot.clusterKinds.contains(kind) }
}

extension CatalogSnapshot {
    fileprivate static let clusterKinds: Set<String> = ["role", "membership"]

    fileprivate mutating func replaceClusterObjects(with other: CatalogSnapshot) {
        objects = objects.filter { !Self.clusterKinds.contains($0.key.kind) }
        for (object, aspects) in other.objects where Self.clusterKinds.contains(object.kind) { objects[object] = aspects }
    }
}
