import Logging
import Postgres

extension Migrator {
    /// Runs everything pending where nothing of it stays, and tells what each statement did.
    ///
    /// A copy of the database is preferred: nobody waits for it, and files commit there as in an apply. It cannot be
    /// made while others are connected, or without the right to make databases; then it is one transaction in the
    /// database itself, which is rolled back. That one gives way as soon as somebody has waited for it for the lock
    /// timeout.
    ///
    /// What a file does outside of the database (`copy … to program`, dblink) happens. Sequences that a transaction
    /// draws from keep the gap.
    /// - Parameters:
    ///   - how: nil: a copy where it can be made, else a transaction. `clone`: fails where it cannot be made.
    ///   - onFile: called after each file.
    /// - Returns: the report; `failure` is set where an apply would stop.
    /// - Throws: `MigrationError`: `.refused` before anything ran, `.busy` where others are connected (`clone`), or
    ///   where they waited; `.lockNotObtained`, `.configuration`, `.unavailable`.
    public func rehearse(
        how: RehearsalReport.How? = nil, onFile: (@Sendable (RehearsalReport.File) -> Void)? = nil
    ) async throws -> RehearsalReport {
        do {
            return try await rehearsed(how, onFile)
        } catch let error as PostgresError {
            if Task.isCancelled { throw CancellationError() }
            throw MigrationError(error, during: "rehearsing")
        }
    }

    private func rehearsed(
        _ how: RehearsalReport.How?, _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        try refuse(project.problems)
        try checkTarget()
        let (glance, furnishing, others) = try await withSession { session in
            (
                plan(against: try await Ledger.read(session.connection) ?? []),
                try await DatabaseFurnishing.read(session.connection), try await Self.others(session.connection)
            )
        }
        try refuse(glance.problems)
        if glance.steps.isEmpty {
            var report = RehearsalReport(how: how ?? .clone)
            report.note(glance)
            report.differences = []
            return report
        }
        if how == .transaction { return try await rehearseInTransaction(notices: [], onFile) }
        let because: String
        if how == nil, let others {
            because = "others are connected (\(others))"
        } else {
            do {
                return try await rehearseInClone(furnishing, onFile)
            } catch let error as CloneRefusal {
                if how == .clone { throw error.cause }
                because = error.cause.message
            }
        }
        let notice =
            "in the database itself, in one transaction that is rolled back: no copy could be made, \(because);\n"
            + "until it ends it holds its locks, and gives way when somebody has waited for \(options.lockTimeout.short)"
        logger.notice("\(notice)")
        return try await rehearseInTransaction(notices: [notice], onFile)
    }

    /// Why there is no copy.
    private struct CloneRefusal: Error { let cause: MigrationError }

    /// Who else is connected to the database, in words; nil where nobody is. Autovacuum makes way for a copy.
    private static func others(_ connection: Connection) async throws -> String? {
        let rows = try await connection.query(
            """
            select a.pid, a.usename, a.application_name, coalesce(a.state, a.backend_type) as what
            from pg_catalog.pg_stat_activity a
            where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
              and a.backend_type <> 'autovacuum worker' and a.leader_pid is null
            order by a.backend_start
            """
        ).rows.map(MigrationLock.session)
        let prepared = try await connection.query(
            "select p.gid from pg_catalog.pg_prepared_xacts p where p.database = pg_catalog.current_database()"
        ).rows.map { "prepared transaction \($0.text("gid"))" }
        let all = rows + prepared
        guard !all.isEmpty else { return nil }
        return all.prefix(5).joined(separator: "; ") + (all.count > 5 ? "; and \(all.count - 5) more" : "")
    }

    // MARK: In a copy

    private func rehearseInClone(
        _ furnishing: DatabaseFurnishing, _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        let result: Result<RehearsalReport, any Error>
        do {
            result = try await Scratch.withScratchDatabase(
                configuration, template: furnishing.database, logger: logger
            ) { place in
                do {
                    return .success(try await rehearse(in: place, furnishing, onFile))
                } catch {
                    return .failure(error)
                }
            }
        } catch let error as MigrationError {
            guard let state = error.server?.sqlState, ["55006", "42501", "28000", "3D000"].contains(state) else {
                throw error
            }
            var cause = error
            if state == "55006", let others = try await withSession({ try await Self.others($0.connection) }) {
                cause.message += ": \(others)"
            }
            cause.hint =
                (cause.hint.map { $0 + "\n" } ?? "")
                + "or rehearse in the database itself, rolled back: --how transaction"
            throw CloneRefusal(cause: cause)
        }
        return try result.get()
    }

    private func rehearse(
        in place: ConnectionConfiguration, _ furnishing: DatabaseFurnishing,
        _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        var report = RehearsalReport(how: .clone)
        let furnisher = try await Connection.connect(place, logger: logger)
        let missing: [String]
        do {
            missing = try await furnishing.give(furnisher)
            await furnisher.close()
        } catch {
            await furnisher.close()
            throw error
        }
        if !missing.isEmpty {
            report.notices.append("the copy lacks what this user may not give it: \(missing.joined(separator: "; "))")
        }
        let copy = Migrator(project: project, configuration: place, options: options, logger: logger)
        return try await copy.rehearse(report, onFile)
    }

    // MARK: In the database itself

    private func rehearseInTransaction(
        notices: [String], _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        var report = RehearsalReport(how: .transaction)
        report.notices = notices + ["a lock is told of with the first file that takes it: all of them are one transaction"]
        return try await withLock { [report] _ in try await rehearse(report, onFile) }
    }

    // MARK: In either

    private func rehearse(
        _ report: RehearsalReport, _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        let outside: Connection
        do {
            var place = configuration
            place.applicationName += " (watch)"
            outside = try await Connection.connect(place, logger: logger)
            try await outside.execute("set statement_timeout = 0; set idle_session_timeout = 0; set lock_timeout = '1s'")
        } catch let error as PostgresError {
            throw MigrationError(error, during: "connecting")
        }
        do {
            let report = try await withSession { try await rehearse(report, $0, outside, onFile) }
            await outside.close()
            return report
        } catch {
            await outside.close()
            throw error
        }
    }

    private func rehearse(
        _ report: RehearsalReport, _ session: WorkSession, _ outside: Connection,
        _ onFile: (@Sendable (RehearsalReport.File) -> Void)?
    ) async throws -> RehearsalReport {
        var report = report
        let ledger = try await Ledger.read(session.connection)
        let plan = plan(against: ledger ?? [])
        try refuse(plan.problems)
        report.note(plan)
        let before: CatalogSnapshot
        do {
            before = try await CatalogSnapshot.take(session.connection)
        } catch let error as PostgresError where error.sqlState != "55P03" && !Task.isCancelled {
            throw MigrationError(error, during: "reading the catalog")
        }
        let log = try await ObservationLog.begin(session.connection)
        if report.how == .transaction { try await session.connection.execute("begin") }
        try await prepareLedger(for: plan, ledger, session.connection)
        var options = options
        options.observations = log
        let observed = Migrator(project: project, configuration: configuration, options: options, logger: logger)
        let bystanders = Bystanders(outside, of: session.connection, patience: options.lockTimeout)
        var rehearsal = Rehearsal(observed, session, outside, log, bystanders, report)
        do {
            try await rehearsal.run(plan.steps, onFile: onFile)
            if rehearsal.report.failure == nil { try await rehearsal.compare(with: before) }
        } catch {
            await bystanders.stop()
            await session.rollBack()
            throw error
        }
        await bystanders.stop()
        await session.rollBack()
        return rehearsal.report
    }
}
