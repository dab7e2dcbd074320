import Logging
import Postgres
import Synchronization

// One file: attempts, and what an error of its statements means.

/// A statement that failed; nil where the commit did.
struct StatementFailure: Error {
    let error: PostgresError
    let statement: SQLScript.Statement?
}

extension Migrator {
    /// - Returns: nil where another session applied the very same content meanwhile.
    func run(
        _ step: MigrationPlan.Step, _ session: WorkSession, _ lock: MigrationLock
    ) async throws -> MigrationReport.Applied? {
        let file = step.file
        var policy = RetryPolicy(retries: options.lockRetries)
        while true {
            try await lock.check()
            let sighting = Sighting()
            do {
                try await checkpoint(.locked, file, session)
                try await session.renew(lockTimeout: policy.lockTimeout(options.lockTimeout, session.deadlockTimeout))
                let watch = watch(session, lock, sighting)
                let result = await Result { [policy] in
                    file.noTransaction
                        ? try await runAlone(step, session, isRepeated: policy.attempts > 0)
                        : try await runInTransaction(step, session)
                }
                watch.cancel()
                await watch.value
                guard let duration = try result.get() else {
                    logger.notice("\(file.path) was applied meanwhile by another session")
                    return nil
                }
                try await checkpoint(.finished, file, session)
                logger.debug("\(file.path) applied in \(duration) ms")
                return .init(
                    path: file.path, kind: file.kind, reason: step.reason, duration: duration,
                    attempts: policy.attempts + 1)
            } catch let failure as StatementFailure {
                try await recover(failure, file, session, sighting.text, &policy)
            } catch let error as PostgresError {
                let failure = StatementFailure(error: error, statement: nil)
                try await recover(failure, file, session, sighting.text, &policy)
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
            let place = failure.statement.map { "\(file.path):\($0.line) (\($0.head(48)))" } ?? file.path
            let what = blockers.map { "\(because): \($0)" } ?? because
            logger.notice(
                "\(place): \(what); attempt \(policy.attempts) of \(policy.retries + 1), again in \(pause.short)")
            try await Task.sleep(for: pause)
        case .exhausted(let because):
            var error = located(failure, file)
            error.code = .busy
            error.hint =
                "\(because) in each of \(policy.attempts) attempts"
                + (blockers.map { ", at last for \($0)" } ?? "")
                + ";\nend that session, come back at a quieter hour, or raise --lock-retries"
            throw error
        case .fail:
            throw located(failure, file)
        }
    }

    /// The failure with its place in the file.
    func located(_ failure: StatementFailure, _ file: MigrationFile) -> MigrationError {
        let error = failure.error
        var result = MigrationError(
            error.isConnectionLost ? .unavailable : .statementFailed, MigrationError.headline(error))
        result.path = file.path
        result.server = error
        if let statement = failure.statement {
            let place = statement.place(of: error)
            result.line = place.line
            result.column = place.column
            result.excerpt = SourceExcerpt(text: file.text, line: place.line, column: place.column)
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

    /// - Returns: milliseconds; nil where there was nothing left to do.
    private func runInTransaction(_ step: MigrationPlan.Step, _ session: WorkSession) async throws -> Int? {
        let file = step.file
        let connection = session.connection
        try await connection.execute("begin")
        guard try await Ledger.begin(file, again: step.reason == .grants, connection) else {
            try await connection.execute("rollback")
            return nil
        }
        try await checkpoint(.recorded, file, session)
        try await session.becomeOwner(of: file, inTransaction: true)
        for (index, statement) in file.script.statements.enumerated() {
            try await checkpoint(.statement(index), file, session)
            try await send(statement, file, connection)
        }
        guard await connection.inTransaction else {
            var error = MigrationError(.statementFailed, "the file has ended the transaction it was to run in")
            error.path = file.path
            throw error
        }
        try await session.becomeConnectingUser()
        let duration = try await Ledger.finish(file, connection)
        try await checkpoint(.finishing, file, session)
        try await connection.execute("commit")
        return duration
    }

    func send(_ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection) async throws {
        logger.debug("\(file.path):\(statement.line) \(statement.head())")
        do {
            try await connection.execute(statement.text)
        } catch let error as PostgresError {
            throw StatementFailure(error: error, statement: statement)
        }
    }

    func checkpoint(
        _ moment: MigrationOptions.Checkpoint.Moment, _ file: MigrationFile, _ session: WorkSession
    ) async throws {
        try await options.checkpoint?(
            .init(moment: moment, path: file.path, backendPID: session.connection.backendPID))
    }

    // MARK: Who is in the way

    /// Looks now and then who keeps the session waiting: once the wait has timed out, nobody can tell any more.
    private func watch(_ session: WorkSession, _ lock: MigrationLock, _ sighting: Sighting) -> Task<Void, Never> {
        let pid = session.connection.backendPID
        let interval = options.lockTimeout > .zero ? max(options.lockTimeout * 0.6, .milliseconds(20)) : .seconds(1)
        return Task {
            while true {
                do { try await Task.sleep(for: interval) } catch { return }
                // In a task of its own, so that ending the watch cancels no statement on the lock's session.
                let look = Task { try? await lock.blockers(of: pid) }
                if let seen = await look.value { sighting.note(seen) }
            }
        }
    }
}

private final class Sighting: Sendable {
    private let seen = Mutex<String?>(nil)
    func note(_ text: String) { seen.withLock { $0 = text } }
    var text: String? { seen.withLock { $0 } }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
