import Postgres
import Testing

@testable import Migrations

/// What is forecast against what a server does, statement by statement.
@Suite struct ForecastServerTests {
    @Test func aForecastIsWhatTheServerDoes() async throws {
        let bench = try await Bench.make()
        try await bench.execute(ForecastFixture.sql)
        let connection = try await bench.connect()
        try await connection.execute("set timezone = 'UTC'")
        let catalog = try await ForecastCatalog.load(connection)
        #expect(ForecastFixture.statements.count >= 80)
        var observer = StatementObserver()
        var held = 0
        for statement in ForecastFixture.statements {
            var forecaster = Forecaster(
                catalog: catalog, path: ["pg_temp", "postgres", "public"], connection: connection)
            let forecast = try await forecaster.judge(statement)
            try await connection.execute("begin")
            observer.reset()
            do {
                let seen = try await observer.observe(connection) { try await connection.execute(statement) }
                compare(statement, forecast.effects.map(\.effect), seen)
                held += 1
            } catch let error as PostgresError {
                Issue.record("\(statement): \(error.debugDescription)")
            }
            try await connection.execute("rollback")
        }
        #expect(held == ForecastFixture.statements.count)
        await connection.close()
    }

    /// One forecaster for all: what earlier statements change it has to keep in mind. Locks that the transaction holds
    /// already are not seen again, so that the forecast may say more.
    @Test func aFileIsForecastAsAWhole() async throws {
        let bench = try await Bench.make()
        try await bench.execute(ForecastFixture.sql)
        let connection = try await bench.connect()
        let other = try await bench.connect()
        try await connection.execute("set timezone = 'UTC'; begin")
        try await other.execute("set timezone = 'UTC'; set lock_timeout = '100ms'")
        // As in a plan: what is asked of the server is asked before anything has happened.
        var forecaster = Forecaster(
            catalog: try await ForecastCatalog.load(other), path: ["pg_temp", "postgres", "public"], connection: other)
        var observer = StatementObserver()
        for statement in ForecastFixture.file {
            let forecast = try await forecaster.judge(statement)
            let seen = try await observer.observe(connection) { try await connection.execute(statement) }
            let effects = Dictionary(
                forecast.effects.map { ($0.effect.relation, $0.effect) }, uniquingKeysWith: { $1 })
            for lock in seen.locks where !lock.relation.isNew && !"iIS".contains(lock.relation.kind) {
                let name = lock.relation.name
                guard let effect = effects[name] else {
                    Issue.record("\(statement)\n  \(name): not forecast, seen \(lock.strongest)")
                    continue
                }
                #expect(effect.lock >= lock.strongest, "\(statement)\n  \(name)")
            }
            let tables = { (relation: StatementObservation.Relation) in "rm".contains(relation.kind) && !relation.isNew
            }
            let written = Set(seen.rewritten.filter(tables).map(\.name))
            #expect(
                Set(effects.values.filter { ($0.rewrites || $0.empties) && !made($0, seen) }.map(\.relation))
                    == written,
                "\(statement): files")
            let read = Set(seen.scans.map(\.relation).filter(tables).map(\.name)).subtracting(written)
            let known = effects.values.filter { $0.scans != nil && !$0.rewrites && !made($0, seen) }
            let unsure = Set(effects.values.filter { $0.scans == nil }.map(\.relation))
            #expect(
                Set(known.filter { $0.scans == true }.map(\.relation)) == read.subtracting(unsure),
                "\(statement): scans")
        }
        try await connection.execute("rollback")
        await connection.close()
        await other.close()
    }

    private func made(_ effect: StatementForecast.Effect, _ seen: StatementObservation) -> Bool {
        seen.locks.contains { $0.relation.isNew && $0.relation.name == effect.relation }
    }

    private func compare(
        _ statement: String, _ effects: [StatementForecast.Effect], _ seen: StatementObservation
    ) {
        let forecast = Dictionary(
            effects.filter { !$0.isNew }.map { ($0.relation, $0) }, uniquingKeysWith: { $1 })
        let locks = Dictionary(
            seen.locks.filter { !$0.relation.isNew }.map { ($0.relation.name, $0) }, uniquingKeysWith: { $1 })
        let files = Set(seen.rewritten.map(\.name))
        let scans = Set(seen.scans.map(\.relation.name))
        for name in Set(forecast.keys).union(locks.keys).sorted() {
            // Every lock on a table brings others on its indexes and sequences: those are told of only where the
            // statement is about them.
            if forecast[name] == nil, "iIS".contains(locks[name]?.relation.kind ?? "r") { continue }
            guard let effect = forecast[name] else {
                Issue.record(
                    "\(statement)\n  \(name): not forecast, seen \(locks[name].map { "\($0.strongest)" } ?? "")")
                continue
            }
            guard let lock = locks[name] else {
                Issue.record("\(statement)\n  \(name): forecast \(effect.lock), nothing seen")
                continue
            }
            #expect(effect.lock == lock.strongest, "\(statement)\n  \(name)")
            // A sequence is one row: that it is written anew keeps nobody.
            if lock.relation.kind == "S" { continue }
            #expect((effect.rewrites || effect.empties) == files.contains(name), "\(statement)\n  \(name): files")
            // What is written anew may be read by an index; and an index is not read as a table is.
            if let reads = effect.scans, !effect.rewrites, !effect.empties, lock.relation.kind != "i" {
                #expect(reads == scans.contains(name), "\(statement)\n  \(name): scans")
            }
        }
    }
}
