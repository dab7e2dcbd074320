import Testing

@testable import Migrations

/// Stopping at a version.
@Suite(.timeLimit(.minutes(1))) struct TargetTests {
    private static let files = [
        "migrations/0001_create_a.sql": "create table a (x int)",
        "migrations/0002_add_y.sql": "alter table a add y int",
        "migrations/0003_add_z.sql": "alter table a add z int",
        // Written for the newest schema: with less it would fail.
        "sql/functions/10_a/total.sql":
            "create or replace function total() returns bigint language sql begin atomic select sum(x + y + z) from a; end",
        "sql/roles/90_grants.sql": "revoke all on function total() from public",
    ]

    @Test func stopsThereAndGoesOnLater() async throws {
        let bench = try await Bench.make(Self.files)
        let first = try await bench.migrator { $0.target = 2 }.apply()
        #expect(first.applied.map(\.path) == ["migrations/0001_create_a.sql", "migrations/0002_add_y.sql"])
        #expect(first.heldBack == ["migrations/0003_add_z.sql", "sql/functions/10_a/total.sql", "sql/roles/90_grants.sql"])
        #expect(try await bench.value("select to_regprocedure('total()')::text") == "null")

        let again = try await bench.migrator { $0.target = 2 }.apply()
        #expect(again.applied.isEmpty && again.heldBack == first.heldBack)
        #expect(try await bench.apply() == first.heldBack)
        #expect(try await bench.migrator { $0.target = 1 }.apply() == MigrationReport())
    }

    @Test func aVersionThatIsNotThereIsRefusedBeforeAnythingRuns() async throws {
        let bench = try await Bench.make(Self.files)
        let error = try await bench.failure { $0.target = 7 }
        #expect(error.code == .usage && error.exitCode == 64)
        #expect(error.description.contains("no file has the version 0007") && error.description.contains("0001 to 0003"))
        #expect(try await bench.value("select to_regclass('ops.migration')::text") == "null")
        await #expect(throws: MigrationError.self) { try await bench.migrator { $0.target = 7 }.plan() }
    }
}
