import Postgres

// A file without a transaction, and how a second run picks up what an interrupted one has left.

/// What an interrupted concurrent index build calls for; a value, decided without any server.
enum IndexRepair: Equatable, Sendable {
    case build
    case dropAndBuild
    /// The build ended well and only its record is missing.
    case done

    /// - Parameters:
    ///   - isValid: of the index that has the name; nil where there is none.
    ///   - isSameFile: the file is what it was when the build began.
    init(isValid: Bool?, isSameFile: Bool) {
        switch isValid {
        case nil: self = .build
        case false?: self = .dropAndBuild
        // Edited since: whether the index is the one that is wanted now, only the server's own answer can tell.
        case true?: self = isSameFile ? .done : .build
        }
    }
}

extension Migrator {
    /// The row is committed first, unfinished; then the statement runs by itself; then the row is finished.
    /// - Parameter isRepeated: an earlier attempt of this apply has failed.
    /// - Returns: milliseconds; nil where there was nothing left to do.
    func runAlone(_ step: MigrationPlan.Step, _ session: WorkSession, isRepeated: Bool) async throws -> Int? {
        let file = step.file
        let connection = session.connection
        let statement = file.script.statements[0]
        guard try await Ledger.begin(file, again: step.reason == .grants, connection) else { return nil }
        try await checkpoint(.recorded, file, session)
        try await session.becomeOwner(of: file, inTransaction: false)
        try await checkpoint(.statement(0), file, session)
        let wasBegun = step.reason == .interrupted || isRepeated
        try await run(statement, file, connection, isSameFile: isRepeated || !step.isEdited, wasBegun: wasBegun)
        try await session.becomeConnectingUser()
        try await checkpoint(.finishing, file, session)
        return try await Ledger.finish(file, connection)
    }

    private func run(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection, isSameFile: Bool,
        wasBegun: Bool
    ) async throws {
        switch statement.concurrent {
        case .createIndex(let index?, let table):
            // An invalid one may be there without our having begun it: another tool's, or somebody's by hand.
            let isLeft = try await self.index(index, on: table, connection)?.isValid == false
            if wasBegun || isLeft {
                let found = try await settledIndex(index, on: table, connection)
                switch IndexRepair(isValid: found?.isValid, isSameFile: wasBegun && isSameFile) {
                case .done:
                    logger.notice("\(file.path): the interrupted build of \(index) has ended well")
                    return
                case .dropAndBuild:
                    logger.notice("\(file.path): dropping the invalid index \(index) that an interrupted build has left")
                    progress?.note(
                        .indexDropped, file.path, line: statement.line, ["index": .text(found?.name ?? index)])
                    try await connection.execute("set lock_timeout = 0")
                    try await connection.execute("drop index concurrently if exists \(found?.name ?? "")")
                case .build: break
                }
            }
            try await sendUnhurried(statement, file, connection)
            try await verify(index, on: table, statement, file, connection)
        case .dropIndex(let index):
            if wasBegun, try await !exists(index, connection) { return }
            try await sendUnhurried(statement, file, connection)
        case .detach(let parent, let partition):
            try await detach(partition, of: parent, statement, file, connection, wasBegun: wasBegun)
        case .reindex(let scope):
            try await dropLeftovers(of: scope, statement, file, connection)
            try await sendUnhurried(statement, file, connection)
        case .createIndex(nil, _), nil:
            try await send(statement, file, connection)
        }
    }

    /// Concurrent operations wait for every older transaction, and keep nobody else from working meanwhile.
    private func sendUnhurried(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ connection: Connection
    ) async throws {
        try await connection.execute("set lock_timeout = 0")
        try await send(statement, file, connection)
    }

    // MARK: Indexes

    private struct FoundIndex {
        /// Quoted, with its schema.
        let name: String
        let isValid: Bool
    }

    /// An index always lies in its table's schema. That of a partitioned table may rightly be invalid.
    private func index(_ name: String, on table: String, _ connection: Connection) async throws -> FoundIndex? {
        let row = try await connection.query(
            """
            select format('%I.%I', n.nspname, c.relname) as name, i.indisvalid and i.indisready as valid
            from pg_catalog.pg_index i
            join pg_catalog.pg_class c on c.oid = i.indexrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where i.indrelid = to_regclass($2) and c.relname = $1::name and c.relkind = 'i'
            """, [.text(name), .text(table)]
        ).first
        return row.map { FoundIndex(name: $0.text("name"), isValid: $0.bool("valid") ?? false) }
    }

    /// The index once nobody builds it any more: a killed migrator's backend may still be at it, and holds this lock
    /// on the table until it ends. A wait that is too long is an attempt that failed.
    private func settledIndex(_ name: String, on table: String, _ connection: Connection) async throws -> FoundIndex? {
        guard try await exists(table, connection) else { return nil }
        try await connection.execute("begin; lock table \(table) in share update exclusive mode")
        let found = try await index(name, on: table, connection)
        try await connection.execute("commit")
        return found
    }

    private func verify(
        _ name: String, on table: String, _ statement: SQLScript.Statement, _ file: MigrationFile,
        _ connection: Connection
    ) async throws {
        let found = try await index(name, on: table, connection)
        if found?.isValid == true { return }
        var error = MigrationError(
            .statementFailed, "the index \(name) on \(table) is \(found == nil ? "not there" : "invalid")",
            hint: found == nil
                ? "another object has the name, and `if not exists` took it for this index"
                : "an interrupted build left it and `if not exists` took it for done; run it again to build it anew")
        error.path = file.path
        error.line = statement.line
        throw error
    }

    private func exists(_ name: String, _ connection: Connection) async throws -> Bool {
        try await connection.query("select to_regclass($1) is not null as there", [.text(name)]).first?.bool("there")
            ?? false
    }

    // MARK: Partitions

    /// Its last phase locks the partition against readers, so that it waits no longer than any other ALTER and is tried
    /// again; without limit, as all that is concurrent: until then it keeps nobody from working.
    private func detach(
        _ partition: String, of parent: String, _ statement: SQLScript.Statement, _ file: MigrationFile,
        _ connection: Connection, wasBegun: Bool
    ) async throws {
        var state = wasBegun ? try await detachState(parent, partition, connection) : .attached
        var attempt = 0
        while true {
            do {
                switch state {
                case .detached: return
                case .pending:
                    try await connection.execute("alter table \(parent) detach partition \(partition) finalize")
                case .attached: try await send(statement, file, connection)
                }
                return
            } catch {
                let failure = error as? StatementFailure ?? (error as? PostgresError).map { .init(error: $0, statement: statement) }
                guard failure?.error.sqlState == "55P03", !Task.isCancelled else { throw error }
                state = try await detachState(parent, partition, connection)
                if state == .attached { throw error }
            }
            attempt += 1
            let pause = RetryPolicy.delay(attempt: attempt, jitter: Double.random(in: 0..<1))
            progress?.note(
                .retrying, file.path, line: statement.line,
                [
                    "attempt": .number(attempt), "because": "a lock was not to be had in time",
                    "pause_ms": .number(Int(pause.milliseconds)),
                ])
            try await Task.sleep(for: pause)
        }
    }

    private enum DetachState { case attached, pending, detached }

    private func detachState(
        _ parent: String, _ partition: String, _ connection: Connection
    ) async throws -> DetachState {
        let row = try await connection.query(
            """
            select inhdetachpending as pending
            from pg_catalog.pg_inherits
            where inhparent = to_regclass($1) and inhrelid = to_regclass($2)
            """, [.text(parent), .text(partition)]
        ).first
        guard let row else { return .detached }
        return row.bool("pending") == true ? .pending : .attached
    }
}
