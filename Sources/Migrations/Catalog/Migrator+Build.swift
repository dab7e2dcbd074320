import Postgres

// Everything from empty, in one transaction that nobody commits.

/// What `Migrator.build` has made, as far as the catalog alone does not tell.
public struct Build: Sendable, Equatable {
    /// The roles that the files make; empty unless roles were set aside.
    public var roles: Set<String> = []
}

extension Migrator {
    /// Runs the files on an empty database in one transaction and leaves it open: the caller looks, and rolls back, so
    /// that nothing is left, not even of roles, which belong to the whole cluster.
    ///
    /// Each file finds a session as new, as in a real apply: settings, role, temporary tables and cursors of the one
    /// before are gone, deferred constraints are checked after each. The ledger is there, with a row for each file.
    /// `concurrently` is left out, `vacuum` is not run. What a file may do only after another one has committed fails.
    /// - Parameters:
    ///   - connection: to the scratch database, outside of any transaction.
    ///   - target: versioned files up to there; nil: all.
    ///   - rolesAside: roles that the files make are renamed before, so that the files make them anew and not find
    ///     them as somebody has changed them. Only for a caller that rolls back.
    /// - Throws: `MigrationError`: `.refused` where files are no migrations, `.statementFailed` with the place in the
    ///   file, `.configuration` where a file cannot run in one transaction with the others.
    @discardableResult
    public func build(
        in connection: Connection, upTo target: Int? = nil, kinds: Set<MigrationKind> = Set(MigrationKind.allCases),
        rolesAside: Bool = false
    ) async throws -> Build {
        try refuse(project.problems)
        do {
            var options = options
            // Role names are the whole cluster's: another migrator may be writing them.
            options.lockTimeout = max(options.lockTimeout, options.lockWait)
            let session = try await WorkSession.adopt(connection, options)
            try await connection.execute("begin")
            try await Ledger.make(connection)
            var build = Build()
            if rolesAside { build.roles = try await setRolesAside(session) }
            for file in project.files where kinds.contains(file.kind) {
                if let target, let version = file.version, version > target { continue }
                try await run(file, inOneTransaction: session)
            }
            try await session.renewInTransaction()
            return build
        } catch let error as PostgresError {
            if Task.isCancelled { throw CancellationError() }
            throw MigrationError(error, during: "building a database from the files")
        }
    }

    /// One file with its row, and a session as new before it.
    func run(_ file: MigrationFile, inOneTransaction session: WorkSession, isRecorded: Bool = true) async throws {
        let connection = session.connection
        try await session.renewInTransaction()
        if isRecorded { _ = try await Ledger.begin(file, again: true, connection) }
        try await session.becomeOwner(of: file, inTransaction: true)
        do {
            for statement in file.script.statements where !statement.isVacuum {
                logger.debug("\(file.path):\(statement.line) \(statement.head())")
                do {
                    try await connection.execute(statement.textInTransaction)
                } catch let error as PostgresError {
                    throw StatementFailure(error: error, statement: statement)
                }
            }
            try await checkDeferredConstraints(connection)
        } catch let error as PostgresError {
            throw failure(StatementFailure(error: error, statement: nil), file)
        } catch let error as StatementFailure {
            if Task.isCancelled { throw CancellationError() }
            throw failure(error, file)
        }
        guard await connection.inTransaction else {
            var error = MigrationError(.statementFailed, "the file has ended the transaction it was to run in")
            error.path = file.path
            throw error
        }
        try await session.becomeConnectingUser()
        if isRecorded { _ = try await Ledger.finish(file, connection) }
    }

    /// What a commit would check. There is no way back to "as declared" within a transaction: all are made immediate,
    /// and those deferred that were declared so.
    private func checkDeferredConstraints(_ connection: Connection) async throws {
        let deferred = try await connection.query(
            """
            select distinct format('%I.%I', n.nspname, c.conname) as name
            from pg_catalog.pg_constraint c
            join pg_catalog.pg_namespace n on n.oid = c.connamespace
            where c.condeferred and c.conparentid = 0
            order by name
            """)
        guard !deferred.rows.isEmpty else { return }
        try await connection.execute("set constraints all immediate")
        let names = deferred.rows.map { $0.text("name") }.joined(separator: ", ")
        try await connection.execute("set constraints \(names) deferred")
    }

    private func failure(_ failure: StatementFailure, _ file: MigrationFile) -> MigrationError {
        var error = located(failure, file)
        guard !failure.error.isConnectionLost else { return error }
        switch failure.error.sqlState {
        case "25001", "55P04", "2D000", "55006":
            error.code = .configuration
            error.hint =
                "all files run in one transaction here, so that nothing is left of it; this statement needs one before it\n"
                + "to be committed, or none at all: what it makes cannot be compared"
        case "53200":
            error.code = .configuration
            error.hint =
                "all files run in one transaction here, and hold every table's lock until its end:\n"
                + "raise max_locks_per_transaction of the server (and restart it)"
        default:
            error.hint = "it failed in a scratch database, from empty: nothing was changed"
        }
        return error
    }
}

extension SQLScript.Statement {
    /// Changes nothing that a catalog shows, and runs in no transaction.
    var isVacuum: Bool { tokens.first?.word == "vacuum" }
}
