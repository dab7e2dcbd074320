import Postgres

// What the pending files will lock, and who would be in the way.

extension Migrator {
    /// What each statement of a plan does to the relations that are there now. Changes nothing; reads the catalog
    /// alone, so that it waits for nobody: where a relation's size cannot be had at once, its last vacuum's is given.
    /// - Throws: `MigrationError`: `.unavailable`, `.configuration`.
    public func forecast(_ plan: MigrationPlan) async throws -> [StatementForecast] {
        if plan.steps.isEmpty { return [] }
        let connection: Connection
        do {
            connection = try await Connection.connect(configuration, logger: logger)
        } catch let error as PostgresError {
            throw MigrationError(error, during: "connecting")
        }
        do {
            let forecasts = try await forecast(plan.steps.map(\.file), connection)
            await connection.close()
            return forecasts
        } catch {
            await connection.close()
            guard let error = error as? PostgresError else { throw error }
            if Task.isCancelled { throw CancellationError() }
            var failure = MigrationError(error, during: "the forecast")
            failure.hint = "the files only: emporium migrate plan --no-forecast"
            throw failure
        }
    }

    private func forecast(_ files: [MigrationFile], _ connection: Connection) async throws -> [StatementForecast] {
        // Nobody waits for this session, and it for nobody but a moment.
        try await connection.execute(
            "set lock_timeout = '100ms'; set statement_timeout = '60s'; set default_transaction_read_only = on")
        let paths = try await searchPaths(connection)
        var forecaster = Forecaster(
            catalog: try await ForecastCatalog.load(connection), path: paths.user, connection: connection)
        var survey = ForecastSurvey(connection: connection)
        var forecasts: [StatementForecast] = []
        for file in files {
            // Each file begins in a session as if new.
            forecaster.path = ["pg_temp"] + (file.kind.runsAsOwner ? paths.owner : paths.user)
            for statement in file.script.statements {
                let (effects, notes) = try await forecaster.judge(statement.text)
                var forecast = StatementForecast(
                    path: file.path, line: statement.line, statement: statement.head(72), effects: [], notes: notes)
                let ids = Set(effects.map(\.id))
                for (id, effect) in effects {
                    var effect = effect
                    effect.partOf = forecaster.catalog.ancestor(of: id, among: ids).map {
                        forecaster.catalog.quoted($0)
                    }
                    forecast.effects.append(
                        try await survey.complete(effect, id, in: forecaster.catalog))
                }
                forecasts.append(forecast)
            }
        }
        return forecasts
    }

    /// The schemas in which unqualified names are looked for, by those who run files: `"$user"` differs.
    private func searchPaths(_ connection: Connection) async throws -> (user: [String], owner: [String]) {
        let rows = try await connection.query(
            """
            select coalesce(nullif(x.name, '$user'), u.name) as schema, x.name = '$user' as own, u.owner
            from (select current_user::text, coalesce($1::text, current_user)) u (name, owner)
            cross join lateral unnest(
              regexp_split_to_array(current_setting('search_path'), '\\s*,\\s*')) with ordinality p (item, place)
            cross join lateral (select trim('"' from p.item)) x (name)
            where x.name <> ''
            order by p.place
            """, [.optional(options.ownerRole)])
        let user = rows.rows.map { $0.text("schema") }
        let owner = rows.rows.map { $0.bool("own") == true ? $0.text("owner") : $0.text("schema") }
        return (user, owner)
    }
}
