import PGQuery
import Postgres

/// What a squash has made.
public struct SquashReport: Sendable, Equatable, Encodable {
    /// The new file, relative to the root.
    public let path: String
    /// The files that it replaces; they are gone.
    public let removed: [String]
    /// How many statements it has, and they had.
    public let statements: Int
    public let statementsBefore: Int
    /// False where nothing was to be written.
    public let isWritten: Bool

    private enum CodingKeys: String, CodingKey {
        case path, removed, statements, statementsBefore = "statements_before", isWritten = "written"
    }
}

extension Migrator {
    /// What pg_dump is asked for beside the database.
    public struct DumpRequest: Sendable, Equatable {
        public let database: ConnectionConfiguration
        /// The server's major version: pg_dump's own must not be lower.
        public let serverMajor: Int
        public let arguments: [String]

        public static func == (one: Self, other: Self) -> Bool {
            one.arguments == other.arguments && one.serverMajor == other.serverMajor
        }
    }

    /// Makes one file of the versioned files up to a version, proves in databases of its own that it makes the same,
    /// and only then puts it in their place.
    ///
    /// Databases are made on the connected server and dropped afterwards; the connected one is only read.
    /// - Parameters:
    ///   - name: `verb_object`, for the new file's name.
    ///   - dryRun: prove it, and write nothing.
    ///   - dump: runs pg_dump and gives its standard output.
    /// - Throws: `.usage` for a version that is not there or a name that breaks the rule; `.refused` where the files
    ///   are unsound, or the new one would not make the same; `.configuration` where no database may be made.
    public func squash(
        to version: Int, name: String, dryRun: Bool = false,
        dump: @Sendable @escaping (DumpRequest) async throws -> String
    ) async throws -> SquashReport {
        let old = try filesToSquash(version, name)
        try await checkRoles()
        let path = "migrations/\(MigrationName.digits(version))_\(name).sql"
        let made = try await picture(old, dump)
        let script: SquashScript
        do {
            script = try SquashScript(dump: made.bare, before: made.before)
        } catch {
            throw MigrationError(.refused, "pg_dump's text is no script: line \(error.line): \(error.message)")
        }
        let parts = SquashedFiles(parts: old.flatMap(\.squashParts))
        let text = script.text(head: parts.head)
        let read = MigrationFile.read(path: path, kind: .versioned, bytes: Array(text.utf8))
        guard let file = read.file, read.problems.isEmpty else { throw MigrationError.refused(read.problems) }
        try await prove(file, makes: made, dump)
        if !dryRun { try write(file, insteadOf: old) }
        return SquashReport(
            path: path, removed: old.map(\.path), statements: file.script.statements.count,
            statementsBefore: old.reduce(0) { $0 + $1.script.statements.count }, isWritten: !dryRun)
    }

    private func filesToSquash(_ version: Int, _ name: String) throws -> [MigrationFile] {
        try refuse(project.problems)
        guard MigrationName.isSnakeCase(name) else {
            throw MigrationError(.usage, "\(name) is no name for a migration", hint: "it is " + MigrationName.wordsRule)
        }
        try project.checkVersion(version)
        let old = project.files.filter { $0.kind == .versioned && ($0.version ?? .max) <= version }
        guard old.count > 1 else {
            throw MigrationError(.usage, "nothing to squash: \(old[0].path) is the only file up to there")
        }
        try refuse(old.flatMap(\.roleStatements))
        if let filled = old.first(where: { !$0.fillings.isEmpty }) {
            throw MigrationError(
                .refused, "\(filled.path) has placeholders: one file for all would hold the values that they have here",
                hint: "squash up to the file before it")
        }
        if let same = old.first(where: { $0.path.hasSuffix("_\(name).sql") && $0.version == version }) {
            throw MigrationError(.usage, "\(same.path) has that name already", hint: "give another: --name verb_object")
        }
        return old
    }

    /// Roles are the whole cluster's: role files that were never run here would make them by way of a scratch database.
    private func checkRoles() async throws {
        let pending = try await plan().steps.filter { $0.file.kind == .role }.map(\.file.path)
        guard pending.isEmpty else {
            throw MigrationError(
                .refused, "role files are pending on the connected database: \(pending.joined(separator: ", "))",
                hint: "roles belong to the whole cluster, and a squash must change nothing there:\n"
                    + "emporium migrate apply first, or connect to a database that is up to date")
        }
    }

    /// What files make, as pg_dump and the catalog tell it.
    private struct Picture: Sendable {
        /// Before the first versioned file: roles, and the ledger.
        var before = ""
        /// Without owners and privileges.
        var bare = ""
        var whole = ""
        var catalog: CatalogSnapshot?
    }

    private func picture(
        _ versioned: [MigrationFile], _ dump: @Sendable (DumpRequest) async throws -> String
    ) async throws -> Picture {
        try await Scratch.withScratchDatabase(configuration) { scratch in
            let roles = project.files.filter { $0.kind == .role }
            var picture = Picture()
            let bare = ["--no-owner", "--no-privileges"]
            try await migrator(roles, scratch).prepare()
            picture.before = try await dump(request(scratch, bare))
            try await migrator(roles + versioned, scratch).apply()
            picture.bare = try await dump(request(scratch, bare))
            picture.whole = try await dump(request(scratch, []))
            picture.catalog = try await migrator(roles, scratch).withSession {
                // Roles are the whole cluster's: others may be made meanwhile.
                try await CatalogSnapshot.take($0.connection, roles: .init(described: []))
            }
            return picture
        }
    }

    private func migrator(_ files: [MigrationFile], _ database: ConnectionConfiguration) -> Migrator {
        var options = options
        options.target = nil
        options.checkpoint = nil
        return Migrator(
            project: MigrationProject(root: project.root, files: files), configuration: database, options: options,
            logger: logger)
    }

    /// Makes the ledger, also where no file is to run, and runs what there is.
    private func prepare() async throws {
        try await withSession { session in
            try await withLock { _ in
                if try await Ledger.read(session.connection) == nil { try await Ledger.create(session.connection) }
            }
        }
        try await apply()
    }

    private func request(_ database: ConnectionConfiguration, _ more: [String]) async throws -> DumpRequest {
        let version = try await withSession { Int($0.connection.serverVersion) }
        return DumpRequest(
            database: database, serverMajor: version / 10_000,
            arguments: ["--column-inserts", "--rows-per-insert=100"] + more
                + Ledger.tables.map { "--exclude-table=\($0)" })
    }

    /// - Throws: `.refused`, naming what would come out differently.
    private func prove(
        _ file: MigrationFile, makes old: Picture, _ dump: @Sendable (DumpRequest) async throws -> String
    ) async throws {
        let hint = "nothing was written; keep the file that makes it out of the range (--to), or give it to sql/roles or sql/functions"
        let new: Picture
        do {
            new = try await picture([file], dump)
        } catch let error as MigrationError where error.code == .statementFailed && error.path == file.path {
            var refusal = MigrationError(.refused, "one file cannot make it: \(error)", hint: hint)
            refusal.server = error.server
            throw refusal
        }
        var found: [String] = []
        if let before = old.catalog, let after = new.catalog {
            found += after.differences(from: before).map(\.description)
        }
        do {
            let (only, others) = try SquashScript.difference(old.whole, new.whole)
            found += only.map { "only from the old files: \($0)" } + others.map { "only from the one file: \($0)" }
        } catch {
            found.append("pg_dump's text is no script: line \(error.line): \(error.message)")
        }
        guard !found.isEmpty else { return }
        let shown = found.prefix(20).map { $0.count > 600 ? $0.prefix(600) + " …" : $0 }
        let more = found.count > 20 ? ["and \(found.count - 20) more"] : []
        throw MigrationError(
            .refused, (["one file would not make the same:"] + shown + more).joined(separator: "\n  "), hint: hint)
    }

    /// The new file first: a run that is killed in between leaves more than is wanted, and never less.
    private func write(_ file: MigrationFile, insteadOf old: [MigrationFile]) throws {
        try project.create(file)
        for file in old { try project.remove(file) }
    }
}

extension MigrationFile {
    /// What a dump of one database cannot hold, for it is the whole cluster's.
    fileprivate var roleStatements: [MigrationProblem] {
        let kinds: Set<String> = ["CreateRoleStmt", "AlterRoleStmt", "AlterRoleSetStmt", "DropRoleStmt", "GrantRoleStmt"]
        return script.statements.compactMap { statement in
            guard let kind = (try? PGQuery.parse(statement.text))?.first?.kind, kinds.contains(kind) else { return nil }
            return MigrationProblem(
                code: .badFile, path: path, line: statement.line, column: statement.column,
                message: "\(statement.head(48)): roles are the whole cluster's, and one file of a database's would lose it",
                mend: "say it in a file of sql/roles, and squash up to the file before this one")
        }
    }
}
