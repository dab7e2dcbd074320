import Testing

@testable import Migrations

/// Mending the ledger: values first, then a database.
@Suite(.timeLimit(.minutes(1))) struct RepairTests {
    private let first = try! PlanTests.file("migrations/0001_create_a.sql")
    private let second = try! PlanTests.file("migrations/0002_create_b.sql", "select 2")
    private var ledger: [LedgerRow] { [first, second].enumerated().map { PlanTests.row($1, $0 + 1) } }

    private func actions(_ plan: RepairPlan) -> [String] {
        plan.actions.map { "\($0.kind.rawValue) \($0.previousPath.map { $0 + " > " } ?? "")\($0.path)" }
    }

    @Test func nothingToDoWhereAllFits() {
        let plan = RepairPlan(files: [first, second], ledger: ledger, forgetMissing: true)
        #expect(plan.actions.isEmpty && plan.advice.isEmpty)
        // What was never applied is no business of repair.
        #expect(RepairPlan(files: [first, second], ledger: []).actions.isEmpty)
    }

    @Test func acceptsAnEdit() throws {
        let edited = try PlanTests.file(first.path, "select 'edited'")
        let plan = RepairPlan(files: [edited, second], ledger: ledger)
        #expect(actions(plan) == ["accept \(first.path)"])
        #expect(plan.actions[0].checksum == edited.checksum && plan.actions[0].previousChecksum == first.checksum)
        // A repeatable that changed is applied again: its row must not say that it was.
        let function = try PlanTests.file("sql/functions/a.sql")
        let changed = try PlanTests.file(function.path, "select 'changed'")
        #expect(RepairPlan(files: [changed], ledger: [PlanTests.row(function, 1)]).actions.isEmpty)
    }

    @Test func aRenameNeedsTheSameContent() throws {
        let renamed = try PlanTests.file("migrations/0007_make_b.sql", second.text)
        #expect(actions(RepairPlan(files: [first, renamed], ledger: ledger)) == ["rename \(second.path) > \(renamed.path)"])
        // The same number and other content may be a migration that never ran here.
        let other = try PlanTests.file("migrations/0002_make_c.sql", "select 'c'")
        let plan = RepairPlan(files: [first, other], ledger: ledger)
        #expect(plan.actions.isEmpty && plan.advice.count == 1 && plan.advice[0].path == other.path)
        #expect(plan.advice[0].message.contains(second.path))
        #expect(actions(RepairPlan(files: [first, other], ledger: ledger, forgetMissing: true)) == ["forget \(second.path)"])
    }

    @Test func filesOfOneContentKeepTheirNumbers() throws {
        let twin = try PlanTests.file("migrations/0002_create_b.sql", first.text)
        let ledger = [PlanTests.row(first, 1), PlanTests.row(twin, 2)]
        let files = [
            try PlanTests.file("migrations/0001_make_a.sql", first.text),
            try PlanTests.file("migrations/0002_make_b.sql", first.text),
        ]
        #expect(
            actions(RepairPlan(files: files, ledger: ledger)) == [
                "rename \(first.path) > \(files[0].path)", "rename \(twin.path) > \(files[1].path)",
            ])
    }

    @Test func anInterruptedFileIsLeftToApply() throws {
        let alone = try PlanTests.file("migrations/0003_clean_up.sql", "-- migrate: no-transaction\nvacuum")
        let row = PlanTests.row(alone, 3, finished: false)
        let plan = RepairPlan(files: [first, second, alone], ledger: ledger + [row])
        #expect(plan.actions.isEmpty && plan.advice.map(\.path) == [alone.path])
        let gone = RepairPlan(files: [first, second], ledger: ledger + [row])
        #expect(gone.actions.isEmpty && gone.advice.count == 2)
    }

    // MARK: In a database

    @Test func mendsAllAtOnce() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_a.sql": "create table a ()", "migrations/0002_create_b.sql": "create table b ()",
            "migrations/0003_create_c.sql": "create table c ()", "migrations/0004_create_d.sql": "create table d ()",
            "sql/functions/one.sql": "create or replace function one() returns int language sql return 1",
        ])
        try await bench.apply()
        let before = try await bench.values("select applied_order from ops.migration order by path")
        try bench.write("migrations/0001_create_a.sql", "create table a (); comment on table a is 'edited'")
        // Renumbered one onto the other, and one is gone.
        try bench.move("migrations/0003_create_c.sql", "migrations/0005_create_c.sql")
        try bench.move("migrations/0002_create_b.sql", "migrations/0003_create_b.sql")
        try bench.move("migrations/0004_create_d.sql", "kept.sql")
        try bench.move("sql/functions/one.sql", "sql/functions/uno.sql")
        #expect(try await bench.failure().code == .refused)

        let migrator = try bench.migrator()
        let plan = try await migrator.repairs(forgetMissing: true)
        #expect(
            actions(plan) == [
                "accept migrations/0001_create_a.sql",
                "rename migrations/0002_create_b.sql > migrations/0003_create_b.sql",
                "forget migrations/0004_create_d.sql",
                "rename migrations/0003_create_c.sql > migrations/0005_create_c.sql",
                "rename sql/functions/one.sql > sql/functions/uno.sql",
            ])
        // Looking changes nothing.
        #expect(try await bench.values("select applied_order from ops.migration order by path") == before)
        try await migrator.repair(plan, forgetMissing: true)

        #expect(
            try await bench.values("select path || ' ' || coalesce(version, 0) from ops.migration order by path") == [
                "migrations/0001_create_a.sql 1", "migrations/0003_create_b.sql 3", "migrations/0005_create_c.sql 5",
                "sql/functions/uno.sql 0",
            ])
        #expect(try await bench.apply().isEmpty)
        #expect(try await bench.value("select obj_description('a'::regclass)") == "null")
        #expect(try await bench.value("select to_regclass('d')::text") == "d")
        #expect(try await migrator.repairs(forgetMissing: true).actions.isEmpty)
    }

    @Test func whatWasNotAgreedToIsNotDone() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        try await bench.apply()
        try bench.write("migrations/0001_create_a.sql", "create table a (); select 1")
        let plan = try await bench.migrator().repairs()
        try bench.write("migrations/0001_create_a.sql", "create table a (); select 2")
        let error = try await #require(throws: MigrationError.self) { try await bench.migrator().repair(plan) }
        #expect(error.code == .refused && error.description.contains("has changed"))
        #expect(try await bench.value("select checksum from ops.migration") == plan.actions[0].previousChecksum)
    }

    @Test func noLedgerNothingToRepair() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a ()"])
        #expect(try await bench.migrator().repairs() == RepairPlan(files: [], ledger: []))
        #expect(try await bench.value("select to_regnamespace('ops')::text") == "null")
    }
}
