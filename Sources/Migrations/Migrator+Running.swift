import Logging
import Postgres

// One file: attempts, and what an error of its statements means.

/// A statement that failed; nil where the commit did.
struct StatementFailure: Error {
    let error: PostgresError
    let statement: SQLScript.Statement?
    /// The file of the statement, where it is not the one that the attempt began with.
    var file: MigrationFile?
}

/// A file that ran.
struct Ran {
    let step: MigrationPlan.Step
    /// Milliseconds.
    let duration: Int
    /// Functions, views and their dependents that were dropped and made again.
    var remade: [String] = []

    init(_ step: MigrationPlan.Step, _ duration: Int) {
        self.step = step
        self.duration = duration
    }
}

extension Migrator {
    /// - Parameter upcoming: what runs after it; some of it runs along, in the same transaction, where what the file
    ///   replaces is needed by what they make.
    /// - Returns: the files that ran; none where another session applied the very same content meanwhile.
    func run(
        _ step: MigrationPlan.Step, upcoming: [MigrationPlan.Step], _ session: WorkSession, _ lock: MigrationLock
    ) async throws -> [MigrationReport.Applied] {
        let file = step.file
        var policy = RetryPolicy(retries: options.lockRetries)
        let watch = Watch(lock, session.connection.backendPID, file, options.lockTimeout, progress, logger)
        while true {
            try await lock.check()
            let lockTimeout = RetryPolicy.lockTimeout(
                options.lockTimeout, session.deadlockTimeout, behindServer: watch.isBehindServer)
            watch.begin()
            do {
                progress?.note(
                    .fileStarted, file.path,
                    [
                        "kind": .text(file.kind.rawValue), "reason": .text(step.reason.rawValue),
                        "statements": .number(file.script.statements.count), "attempt": .number(policy.attempts + 1),
                    ])
                try await checkpoint(.locked, file, session)
                try await session.renew(lockTimeout: lockTimeout)
                let ran = try await watch.during { [policy] in
                    file.noTransaction
                        ? try await runAlone(step, session, isRepeated: policy.attempts > 0).map { [Ran(step, $0)] }
                        : try await runInTransaction(step, upcoming: upcoming, session)
                }
                guard let ran else {
                    logger.notice("\(file.path) was applied meanwhile by another session")
                    progress?.note(.fileSkipped, file.path)
                    return []
                }
                try await checkpoint(.finished, file, session)
                return ran.map { one in
                    logger.debug("\(one.step.file.path) applied in \(one.duration) ms")
                    if !one.remade.isEmpty {
                        logger.notice("\(one.step.file.path): made again: \(one.remade.joined(separator: ", "))")
                        progress?.note(
                            .remade, one.step.file.path, ["objects": .list(one.remade.map { .text($0) })])
                    }
                    progress?.note(
                        .fileApplied, one.step.file.path,
                        [
                            "duration_ms": .number(one.duration), "attempts": .number(policy.attempts + 1),
                            "reason": .text(one.step.reason.rawValue),
                        ])
                    return .init(
                        path: one.step.file.path, kind: one.step.file.kind, reason: one.step.reason,
                        duration: one.duration, attempts: policy.attempts + 1, remade: one.remade)
                }
            } catch let failure as StatementFailure {
                try await recover(failure, file, session, watch.sighting, &policy)
            } catch let error as PostgresError {
                let failure = StatementFailure(error: error, statement: nil)
                try await recover(failure, file, session, watch.sighting, &policy)
            } catch {
                await session.rollBack()
                throw error
            }
        }
    }

    /// Comes back when the file is to be tried again.
    private func recover(
        _ failure: StatementFailure, _ file: MigrationFile, _ session: WorkSession, _ blockers: String?,
        _ policy: inout RetryPolicy
    ) async throws {
        if Task.isCancelled { throw CancellationError() }
        await session.rollBack()
        let jitter = Double.random(in: 0..<1)
        switch policy.failed(failure.error, kind: file.kind, jitter: jitter) {
        case .retry(let pause, let because):
            let place = failure.statement.map { "\((failure.file ?? file).path):\($0.line) (\($0.head(48)))" } ?? file.path
            let what = blockers.map { "\(because): \($0)" } ?? because
            logger.notice(
                "\(place): \(what); attempt \(policy.attempts) of \(policy.retries + 1), again in \(pause.short)")
            progress?.note(
                .retrying, file.path, line: failure.statement?.line,
                [
                    "attempt": .number(policy.attempts), "of": .number(policy.retries + 1), "because": .text(because),
                    "pause_ms": .number(Int(pause.milliseconds)),
                ].merging(blockers.map { ["blockers": .text($0)] } ?? [:]) { $1 })
            try await Task.sleep(for: pause)
        case .exhausted(let because):
            var error = located(failure, file)
            error.code = .busy
            error.hint =
                "\(because) in each of \(policy.attempts) attempts"
                + (blockers.map { ", at last for \($0)" } ?? "")
                + ";\nend that session, come back at a quieter hour, or raise --lock-retries"
            throw noted(error)
        case .fail:
            throw noted(located(failure, file))
        }
    }

    private func noted(_ error: MigrationError) -> MigrationError {
        progress?.note(.fileFailed, error.path, line: error.line, error.fields)
        return error
    }

    /// The failure with its place in the file.
    func located(_ failure: StatementFailure, _ file: MigrationFile) -> MigrationError {
        let error = failure.error
        let file = failure.file ?? file
        var result = MigrationError(
            error.isConnectionLost ? .unavailable : .statementFailed, MigrationError.headline(error))
        result.path = file.path
        result.server = error
        if let statement = failure.statement {
            let place = statement.place(of: error)
            result.line = place.line
            result.column = place.column.map { file.fillings.column(ofSent: $0, line: place.line) }
            result.excerpt = SourceExcerpt(text: file.source, line: place.line, column: result.column)
        }
        result.hint =
            switch error.sqlState {
            case _ where error.isConnectionLost: "the session ended under way; what is committed stays: run it again"
            case "25001": "give the statement a file of its own whose first line is: -- migrate: no-transaction"
            case _ where file.noTransaction:
                "the file is recorded as unfinished: mend the cause (or the file) and run it again"
            default: "the file was rolled back whole, nothing after it ran: mend it and run it again"
            }
        return result
    }

    // MARK: In one transaction

    /// - Returns: what ran; nil where there was nothing left to do.
    private func runInTransaction(
        _ step: MigrationPlan.Step, upcoming: [MigrationPlan.Step], _ session: WorkSession
    ) async throws -> [Ran]? {
        let connection = session.connection
        try await connection.execute("begin")
        guard let ran = try await runWithinTransaction(step, upcoming: upcoming, session) else {
            try await connection.execute("rollback")
            return nil
        }
        try await connection.execute("commit")
        return ran
    }

    /// Everything between begin and commit.
    /// - Returns: what ran; nil where there was nothing left to do.
    func runWithinTransaction(
        _ step: MigrationPlan.Step, upcoming: [MigrationPlan.Step], _ session: WorkSession
    ) async throws -> [Ran]? {
        var remake = Remake(session.connection, self, pending: Set(([step] + upcoming).map(\.file.path)))
        guard let first = try await runStatements(of: step, session, &remake) else { return nil }
        var ran = [first]
        var upcoming = upcoming[...]
        // What no longer fits what the file has made may be changed by a file that comes later; that one may need what
        // those before it make.
        while let index = upcoming.firstIndex(where: { remake.awaits($0.file) }) {
            let along = upcoming[...index]
            if along.contains(where: \.file.noTransaction) { break }
            upcoming = upcoming[(index + 1)...]
            for other in along {
                logger.notice("\(other.file.path) runs in the same transaction: what \(step.file.path) replaces is in use there")
                if let one = try await runStatements(of: other, session, &remake) { ran.append(one) }
            }
        }
        try remake.end()
        try await checkpoint(.finishing, step.file, session)
        return ran
    }

    /// Runs a file in the transaction that is open, its row of the ledger first.
    private func runStatements(
        of step: MigrationPlan.Step, _ session: WorkSession, _ remake: inout Remake
    ) async throws -> Ran? {
        let file = step.file
        let connection = session.connection
        guard try await Ledger.begin(file, again: step.reason == .grants, connection) else { return nil }
        try await checkpoint(.recorded, file, session)
        let objects = file.kind == .repeatable ? try await remake.begin(file) : nil
        try await session.becomeOwner(of: file, inTransaction: true)
        for (index, statement) in file.script.statements.enumerated() {
            try await checkpoint(.statement(index), file, session)
            if let objects {
                try await look(statement, file, connection) {
                    try await remake.run(index, of: file, objects)
                    return 0
                }
            } else {
                try await send(statement, file, connection)
            }
        }
        guard await connection.inTransaction else {
            var error = MigrationError(.statementFailed, "the file has ended the transaction it was to run in")
            error.path = file.path
            throw error
        }
        try await session.becomeConnectingUser()
        if let objects { try await remake.end(objects) }
        var ran = Ran(step, try await Ledger.finish(file, connection))
        ran.remade = remake.takeRemade()
        return ran
    }

    func send(_ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection) async throws {
        try await look(statement, file, connection) { try await transmit(statement, file, connection).affected }
    }

    /// Says what is sent, and sends it.
    /// - Parameter savepoint: set before the statement and released behind it, in one message.
    @discardableResult
    func transmit(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection, behind savepoint: String? = nil
    ) async throws -> QueryResult {
        logger.debug("\(file.path):\(statement.line) \(statement.head())")
        let statements = file.script.statements
        let index = statements.firstIndex { $0.line == statement.line && $0.column == statement.column } ?? 0
        progress?.place = .init(path: file.path, statement: statement)
        progress?.note(
            .statementStarted, file.path, line: statement.line,
            ["number": .number(index + 1), "of": .number(statements.count), "statement": .text(statement.outline)])
        let prefix = savepoint.map { "savepoint \($0);" } ?? ""
        let suffix = savepoint.map { ";release savepoint \($0)" } ?? ""
        do {
            return try await connection.execute(prefix + statement.text + suffix)
        } catch var error as PostgresError {
            error.position = error.position.map { $0 - prefix.unicodeScalars.count }
            throw StatementFailure(error: error, statement: statement, file: file)
        }
    }

    /// Notes, in a rehearsal, what a statement does.
    /// - Parameter run: gives the rows that the statement touched.
    private func look(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection,
        _ run: () async throws -> Int
    ) async throws {
        guard let log = options.observations else { _ = try await run(); return }
        try await log.look(statement, file, connection, run)
    }

    func checkpoint(
        _ moment: MigrationOptions.Checkpoint.Moment, _ file: MigrationFile, _ session: WorkSession
    ) async throws {
        try await options.checkpoint?(
            .init(moment: moment, path: file.path, backendPID: session.connection.backendPID))
    }
}
