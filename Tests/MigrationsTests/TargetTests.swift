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

    @Test(arguments: [RehearsalReport.How.clone, .transaction]) func aRehearsalStopsThere(_ how: RehearsalReport.How) async throws {
        let bench = try await Bench.make(Self.files)
        let later = ["migrations/0003_add_z.sql", "sql/functions/10_a/total.sql", "sql/roles/90_grants.sql"]
        let report = try await bench.migrator { $0.target = 2 }.rehearse(how: how)
        #expect(report.failure == nil && report.heldBack == later)
        #expect(report.files.map(\.path) == ["migrations/0001_create_a.sql", "migrations/0002_add_y.sql"])
        #expect(try await bench.value("select to_regclass('ops.migration')::text") == "null")
        try await bench.apply { $0.target = 2 }
        let rest = try await bench.migrator { $0.target = 2 }.rehearse(how: how)
        #expect(rest.files.isEmpty && rest.heldBack == later)
        await #expect(throws: MigrationError.self) { try await bench.migrator { $0.target = 7 }.rehearse(how: how) }
    }

    /// What an apply does to the ledger before any file runs is part of a rehearsal, and as much of nothing afterwards.
    @Test(arguments: [RehearsalReport.How.clone, .transaction])
    func aRehearsalTakesTheLedgerAsAnApplyDoes(_ how: RehearsalReport.How) async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply { $0.target = 2 }
        let project = try MigrationProject(root: bench.root)
        // The ledger of an earlier release: the bytes' checksums, no companions.
        for file in project.files {
            try await bench.execute(
                "update ops.migration set checksum = '\(file.byteChecksum)' where path = '\(file.path)'")
        }
        try await bench.execute("drop table ops.migration_object, ops.migration_event")
        // The two that are there go into one.
        let parts = project.files.filter { ($0.version ?? 9) <= 2 }.flatMap(\.squashParts)
        let squash = "migrations/0002_create_a.sql"
        try bench.write(squash, SquashedFiles(parts: parts).head + "create table a (x int, y int)")
        for file in project.files where (file.version ?? 9) <= 2 { try bench.remove(file.path) }
        let ledger = "select path || checksum from ops.migration order by 1"
        let before = try await bench.values(ledger)
        let report = try await bench.migrator().rehearse(how: how)
        #expect(report.failure == nil && report.squashed == [squash], "\(report)")
        #expect(report.files.count == 3 && report.files.allSatisfy { $0.outcome == .rehearsed })
        #expect(try await bench.values(ledger) == before)
        #expect(try await bench.value("select to_regclass('ops.migration_object')::text") == "null")
        #expect(try await bench.migrator().apply().squashed == [squash])
    }
}
