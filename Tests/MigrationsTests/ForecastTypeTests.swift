import Postgres
import Testing

@testable import Migrations

/// Which changes of a column's type write every row again: each type to each other one, as the server does it.
@Suite struct ForecastTypeTests {
    private static let types = [
        "smallint", "integer", "bigint", "oid", "regclass", "numeric", "numeric(8, 2)", "numeric(10, 2)",
        "numeric(10, 3)", "real", "money", "text", "varchar", "varchar(5)", "varchar(9)", "char(4)", "char(6)",
        "bpchar",
        "\"char\"", "name", "bytea", "json", "jsonb", "xml", "boolean", "uuid", "bit(3)", "bit(5)", "bit varying",
        "varbit(4)", "varbit(9)", "date", "time", "time(2)", "timetz", "timestamp", "timestamp(3)", "timestamp(6)",
        "timestamptz", "timestamptz(3)", "interval", "interval(2)", "interval hour", "cidr", "inet", "text[]",
        "varchar[]", "varchar(5)[]", "integer[]", "oid[]", "short", "shorter", "positive", "label", "mood",
    ]

    @Test(arguments: ["UTC", "Europe/Berlin"])
    func everyChangeIsForecast(zone: String) async throws {
        let bench = try await Bench.make()
        try await bench.execute(
            """
            create domain short as varchar(9);
            create domain shorter as short;
            create domain positive as integer check (value > 0);
            create domain label as text;
            create type mood as enum ('calm', 'busy')
            """)
        // Time zones matter to timestamps alone.
        let types = zone == "UTC" ? Self.types : Self.types.filter { $0.hasPrefix("time") || $0 == "date" }
        for (number, type) in types.enumerated() { try await bench.execute("create table t\(number) (c \(type))") }
        let connection = try await bench.connect()
        try await connection.execute("set timezone = '\(zone)'")
        let catalog = try await ForecastCatalog.load(connection)
        var observer = StatementObserver()
        var changes = 0
        for number in types.indices {
            for type in types {
                for end in ["", " using c::\(type)"] {
                    let statement = "alter table t\(number) alter c type \(type)\(end)"
                    try await connection.execute("begin")
                    observer.reset()
                    let seen = try? await observer.observe(connection) { try await connection.execute(statement) }
                    try await connection.execute("rollback")
                    // There is no such cast.
                    guard let seen else { continue }
                    var forecaster = Forecaster(catalog: catalog, path: ["pg_temp", "public"], connection: connection)
                    let effect = try #require(try await forecaster.judge(statement).effects.first?.effect)
                    #expect(effect.rewrites == !seen.rewritten.isEmpty, "\(types[number]): \(statement)")
                    changes += 1
                    break
                }
            }
        }
        #expect(changes >= types.count)
        await connection.close()
    }
}
