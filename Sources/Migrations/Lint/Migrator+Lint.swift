import Postgres

extension Migrator {
    /// Judges the files, and the catalog that they make, or the connected database's. Changes nothing.
    /// - Parameters:
    ///   - live: judge the connected database as it is; otherwise a scratch database in which every file runs.
    ///   - masked: views that are meant to run as their owner.
    ///   - squawk: what squawk found in the files; nil: it was not asked.
    /// - Throws: `MigrationError`: `.configuration` where `sql/lint-exceptions` is not as it must be or a right lacks,
    ///   `.statementFailed` where a file cannot be run, `.unavailable`.
    public func lint(live: Bool, masked: MaskedViews? = nil, squawk: [LintFinding]? = nil) async throws -> LintReport {
        let exceptions = try LintExceptions.read(root: project.root)
        var report = LintReport()
        report.files = project.files.count
        report.squawk = squawk != nil
        var findings = squawk ?? []
        for problem in project.problems {
            findings.append(
                LintFinding(
                    rule: LintRule.badFile.rawValue, path: problem.path, line: problem.line, column: problem.column,
                    message: problem.message, mend: problem.mend))
        }
        for file in project.files {
            let judged = StaticRules.judge(file)
            findings += judged.findings
            report.notes += judged.notes
        }
        if live {
            findings += try await withSession { try await Self.judgeCatalog($0.connection, masked) }
            report.catalog = .live
        } else if project.problems.isEmpty {
            findings += try await judgeScratch(masked)
            report.catalog = .scratch
        } else {
            report.notes.append("the catalog was not judged: the files cannot be run as they are")
        }
        let ours = Set(LintRule.allCases.map(\.rawValue))
        let catalog = Set(CatalogRules.all(masked: masked).map(\.rule.rawValue))
        let (left, excepted) = exceptions.applied(to: findings) { rule in
            if catalog.contains(rule) { return report.catalog != .none }
            return ours.contains(rule) || squawk != nil
        }
        report.findings = left.sorted(by: LintFinding.precedes)
        report.excepted = excepted
        return report
    }

    /// Names are printed with their schema, whatever the user's search_path.
    static func judgeCatalog(_ connection: Connection, _ masked: MaskedViews?) async throws -> [LintFinding] {
        try await connection.execute("select set_config('search_path', 'pg_catalog', false)")
        var findings: [LintFinding] = []
        for rule in CatalogRules.all(masked: masked) {
            if let needed = rule.needs {
                let found = try await connection.query("select to_regclass($1) is not null as there", [.text(needed)])
                guard found.first?.bool("there") == true else { continue }
            }
            for row in try await connection.query(rule.sql, rule.parameters).rows {
                findings.append(
                    LintFinding(
                        rule: rule.rule.rawValue, object: row.text("object"), message: row.text("message"),
                        mend: row["mend"]))
            }
        }
        return findings
    }

    /// All files in one transaction in a database of its own, which is rolled back: roles are the whole cluster's.
    private func judgeScratch(_ masked: MaskedViews?) async throws -> [LintFinding] {
        do {
            return try await Scratch.withScratchDatabase(configuration, logger: logger) { scratch in
                let connection = try await Connection.connect(scratch, logger: logger)
                do {
                    try await build(in: connection)
                    let findings = try await Self.judgeCatalog(connection, masked)
                    try await connection.execute("rollback")
                    await connection.close()
                    return findings
                } catch {
                    await connection.close()
                    throw error
                }
            }
        } catch let error as PostgresError {
            if Task.isCancelled { throw CancellationError() }
            throw MigrationError(error, during: "judging what the files make")
        }
    }
}
