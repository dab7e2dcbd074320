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
                Issue.record("\(statement)\n  \(name): not forecast, seen \(locks[name].map { "\($0.strongest)" } ?? "")")
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
