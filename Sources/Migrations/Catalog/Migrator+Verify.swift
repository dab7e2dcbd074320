import Postgres

/// In what a database is not what its project's files make of an empty one.
public struct VerifyReport: Sendable, Equatable, Encodable {
    /// A difference and how to come out of it.
    public struct Drift: Sendable, Equatable, Encodable, CustomStringConvertible {
        public var difference: CatalogDifference
        /// SQL where one statement does it, else words.
        public var mend: String

        public var description: String {
            "\(difference)\n  " + mend.split(separator: "\n").joined(separator: "\n  ")
        }

        private enum CodingKeys: String, CodingKey { case mend }
        public func encode(to encoder: any Encoder) throws {
            try difference.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(mend, forKey: .mend)
        }
    }

    public struct InvalidIndex: Sendable, Equatable, Encodable {
        public var index: String
        public var table: String
        /// SQL.
        public var mend: String
    }

    /// The live catalog against the files', object by object.
    public var differences: [Drift] = []
    /// Applied, and their files are gone.
    public var missingFiles: [String] = []
    /// Applied, and later than any file here: a newer release's.
    public var unknownRows: [String] = []
    /// Applied, and edited since, or renamed: apply refuses.
    public var edited: [String] = []
    /// Not applied yet, or not as they are now: they are part of what is compared with.
    public var pending: [String] = []
    /// Begun outside a transaction, and not seen to end.
    public var unfinished: [String] = []
    /// Indexes that no query uses, and that every write keeps up; those of partitions, too.
    public var invalidIndexes: [InvalidIndex] = []

    public var isClean: Bool { self == VerifyReport() }

    private enum CodingKeys: String, CodingKey {
        case differences, edited, pending, unfinished, missingFiles = "missing_files", unknownRows = "unknown_rows"
        case invalidIndexes = "invalid_indexes"
    }
}

extension Migrator {
    /// Compares the live catalog and grants with what the files make in a scratch database, and the ledger with the
    /// files. Changes nothing: the scratch database is dropped, and what the files do to roles is rolled back.
    /// - Throws: `MigrationError`; `.configuration` where this user may not make databases, or where a file cannot run
    ///   in one transaction with the others.
    public func verify() async throws -> VerifyReport {
        try refuse(project.problems)
        let unmanaged = try Unmanaged(root: project.root)
        let deployers = try await deployers()
        var attempt = 0
        while true {
            attempt += 1
            do {
                let (expected, build) = try await expectedCatalog(deployers)
                return try await compare(expected.without(unmanaged), build, deployers, unmanaged)
            } catch let error as MigrationError where attempt < 4 && Self.isRace(error) {
                logger.notice("another session was changing roles; comparing once more")
            }
        }
    }

    /// Roles are the whole cluster's: somebody else may write them at the same moment.
    private static func isRace(_ error: MigrationError) -> Bool {
        guard let server = error.server else { return false }
        return ["40P01", "40001"].contains(server.sqlState)
            || (server.sqlState == "XX000" && server.message.hasPrefix("tuple concurrently "))
            || (server.sqlState == "23505" && server.schema == "pg_catalog")
    }

    /// Who has applied here, and who compares: what belongs to one of them would belong to another one elsewhere.
    private func deployers() async throws -> Set<String> {
        try await withSession { session in
            let users = try await session.connection.query("select current_user as name union select session_user").rows
            let rows = try await Ledger.read(session.connection) ?? []
            return Set(users.map { $0.text("name") } + rows.map(\.appliedBy))
        }
    }

    private func expectedCatalog(_ deployers: Set<String>) async throws -> (CatalogSnapshot, Build) {
        try await Scratch.withScratchDatabase(configuration, logger: logger) { configuration in
            let connection: Connection
            do {
                connection = try await Connection.connect(configuration, logger: logger)
            } catch let error as PostgresError {
                throw MigrationError(error, during: "connecting to the scratch database")
            }
            do {
                let build = try await build(in: connection, rolesAside: true)
                let roles = CatalogSnapshot.Roles(
                    described: build.roles, deployers: deployers.subtracting(build.roles))
                let snapshot = try await CatalogSnapshot.take(connection, roles: roles)
                try await connection.execute("rollback")
                await connection.close()
                return (snapshot, build)
            } catch {
                await connection.close()
                guard let error = error as? PostgresError else { throw error }
                if Task.isCancelled { throw CancellationError() }
                throw MigrationError(error, during: "reading what the files have made")
            }
        }
    }

    private func compare(
        _ expected: CatalogSnapshot, _ build: Build, _ deployers: Set<String>, _ unmanaged: Unmanaged
    ) async throws -> VerifyReport {
        try await withSession { session in
            let connection = session.connection
            let roles = CatalogSnapshot.Roles(described: build.roles, deployers: deployers.subtracting(build.roles))
            // Reading a definition opens the tables that it names. A reader that waits keeps nobody from working, so it
            // may wait longer than a migration would.
            let patience = max(options.lockTimeout, min(options.lockWait, .seconds(10)))
            try await connection.execute("set lock_timeout = \(patience.milliseconds)")
            let live: CatalogSnapshot
            do {
                live = try await CatalogSnapshot.take(connection, roles: roles)
            } catch let error as PostgresError where error.sqlState != "55P03" && !Task.isCancelled {
                throw MigrationError(error, during: "reading the catalog")
            }
            var report = VerifyReport()
            report.note(plan(against: try await Ledger.read(connection) ?? []), project)
            report.invalidIndexes = try await invalidIndexes(connection)
            let invalid = Set(report.invalidIndexes.map(\.index))
            // Whom people have given a role is theirs to decide.
            let ours = build.roles.map { " to \($0)" } + build.roles.map { " to \(quoteIdentifier($0))" }
            report.differences = live.without(unmanaged).differences(from: expected)
                .filter { $0.kind != "membership" || $0.change != .extra || ours.contains(where: $0.identity.hasSuffix) }
                .filter { $0.kind != "index" || $0.aspect != "invalid" || !invalid.contains($0.identity) }
                .map { .init(difference: $0, mend: mend($0)) }
            return report
        }
    }

    private func invalidIndexes(_ connection: Connection) async throws -> [VerifyReport.InvalidIndex] {
        try await connection.query(
            """
            select format('%I.%I', n.nspname, c.relname) as index, format('%I.%I', tn.nspname, t.relname) as table,
              c.relkind = 'I' as is_partitioned, c.relname ~ '_cc(new|old)[0-9]*$' as is_leftover
            from pg_catalog.pg_index i
            join pg_catalog.pg_class c on c.oid = i.indexrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            join pg_catalog.pg_class t on t.oid = i.indrelid
            join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
            where not (i.indisvalid and i.indisready) and n.nspname !~ '^pg_(toast|temp)'
            order by 1
            """
        ).rows.map { row in
            let index = row.text("index")
            let mend =
                row.bool("is_leftover") == true
                ? "drop index concurrently \(index);"
                : row.bool("is_partitioned") == true
                    ? "alter index \(index) attach partition …; -- the index of each partition that lacks one"
                    : "reindex index concurrently \(index);"
            return .init(index: index, table: row.text("table"), mend: mend)
        }
    }
}

extension VerifyReport {
    fileprivate mutating func note(_ plan: MigrationPlan, _ project: MigrationProject) {
        let last = project.files.compactMap(\.version).max() ?? 0
        for status in plan.statuses {
            switch status.state {
            case .applied, .squashed: break
            case .pending, .changed, .outOfOrder, .incomplete: pending.append(status.path)
            case .edited, .renamed: edited.append(status.path)
            case .unfinished: unfinished.append(status.path)
            case .missing:
                let name = status.path.split(separator: "/").last.map(String.init) ?? ""
                if status.kind.isVersioned, (MigrationName.version(of: name) ?? 0) > last {
                    unknownRows.append(status.path)
                } else {
                    missingFiles.append(status.path)
                }
            }
        }
    }
}
