import Foundation
import Testing

@testable import Migrations

/// Files against ledger: no server here.
@Suite struct PlanTests {
    static func file(_ path: String, _ text: String = "select 1") throws -> MigrationFile {
        let kind: MigrationKind =
            path.hasPrefix("sql/roles/0")
            ? .role : path.hasPrefix("sql/roles/9") ? .grant : path.hasPrefix("migrations/") ? .versioned : .repeatable
        return try #require(MigrationFile.read(path: path, kind: kind, bytes: Array(text.utf8)).file)
    }

    static func row(_ file: MigrationFile, _ order: Int, finished: Bool = true) -> LedgerRow {
        LedgerRow(
            path: file.path, kind: file.kind, version: file.version, checksum: file.checksum, appliedOrder: order,
            appliedAt: "2025-01-01T00:00:00Z", appliedBy: "deploy", duration: finished ? 1 : nil,
            finishedAt: finished ? "2025-01-01T00:00:01Z" : nil)
    }

    let role = try! file("sql/roles/00_roles.sql")
    let first = try! file("migrations/0001_create_a.sql")
    let second = try! file("migrations/0002_create_b.sql", "select 2")
    let function = try! file("sql/functions/10_a/a.sql")
    let grants = try! file("sql/roles/90_grants.sql")
    var files: [MigrationFile] { [role, first, second, function, grants] }
    var ledger: [LedgerRow] { files.enumerated().map { Self.row($1, $0 + 1) } }

    private func steps(_ plan: MigrationPlan) -> [String] { plan.steps.map { "\($0.file.path) \($0.reason.rawValue)" } }

    @Test func everythingIsNewAtFirst() {
        let plan = MigrationPlan(files: files, ledger: [])
        #expect(plan.steps.map(\.file.path) == files.map(\.path))
        #expect(Set(plan.steps.map(\.reason)) == [.new])
        #expect(Set(plan.statuses.map(\.state)) == [.pending])
        #expect(plan.isPending)
    }

    @Test func nothingIsPendingAfterwards() {
        let plan = MigrationPlan(files: files, ledger: ledger)
        #expect(plan.steps.isEmpty && plan.problems.isEmpty && plan.warnings.isEmpty && !plan.isPending)
        #expect(Set(plan.statuses.map(\.state)) == [.applied])
    }

    @Test func aChangedFunctionRunsAgainAndTheGrantsAfterIt() throws {
        let changed = try Self.file(function.path, "select 'changed'")
        let plan = MigrationPlan(files: [role, first, second, changed, grants], ledger: ledger)
        #expect(steps(plan) == ["\(function.path) changed", "\(grants.path) grants"])
        #expect(plan.statuses.map(\.state) == [.applied, .applied, .applied, .changed, .pending])
    }

    @Test func grantsAreDueWhenAnEarlierApplyStoppedBeforeThem() {
        var ledger = ledger
        ledger[2].appliedOrder = 9
        #expect(steps(MigrationPlan(files: files, ledger: ledger)) == ["\(grants.path) grants"])
    }

    @Test func rowsOfAnEarlierReleaseHoldTheSumOfTheBytes() throws {
        var ledger = ledger
        for index in [0, 1, 2, 4] { ledger[index].checksum = files[index].byteChecksum }
        let plan = MigrationPlan(files: files, ledger: ledger)
        #expect(plan.steps.isEmpty && plan.problems.isEmpty && !plan.isPending)
        #expect(plan.restamps.map(\.path) == [role.path, first.path, second.path, grants.path])
        // Grants that run write their row anew anyway.
        let changed = try Self.file(function.path, "select 'changed'")
        let other = MigrationPlan(files: [role, first, second, changed, grants], ledger: ledger)
        #expect(other.restamps.map(\.path) == [role.path, first.path, second.path])
        #expect(steps(other) == ["\(function.path) changed", "\(grants.path) grants"])
        // Bytes that are others are an edit, whatever release wrote the row: what they said is not known any more.
        let spaced = try Self.file(first.path, "select  1")
        #expect(MigrationPlan(files: [spaced], ledger: ledger).problems.map(\.code) == [.edited])
        // A file found under another name.
        let renamed = try Self.file("migrations/0003_create_a.sql")
        #expect(MigrationPlan(files: [second, renamed], ledger: ledger).problems.map(\.code) == [.renamed])
    }

    @Test func layoutIsNoEdit() throws {
        let files = [
            role, try Self.file(first.path, "-- why\r\nSELECT\r\n1"), second,
            try Self.file(function.path, "/* x */ select 1"), grants,
        ]
        let plan = MigrationPlan(files: files, ledger: ledger)
        #expect(plan.steps.isEmpty && plan.problems.isEmpty && plan.restamps.isEmpty)
    }

    @Test func anEditedVersionIsRefused() throws {
        let edited = try Self.file(first.path, "select 'edited'")
        let plan = MigrationPlan(files: [role, edited, second, function, grants], ledger: ledger)
        let problem = try #require(plan.problems.first)
        #expect(plan.problems.count == 1 && problem.code == .edited && problem.path == first.path)
        #expect(problem.message.contains(first.checksum.prefix(12)))
        #expect(problem.message.contains(edited.checksum.prefix(12)))
        #expect(problem.mend?.contains("emporium migrate new") == true)
        #expect(plan.statuses[1].state == .edited)
    }

    @Test func aLateFileIsRefusedWithTheCommandThatMendsIt() throws {
        let late = try Self.file("migrations/0003_add_x.sql", "select 3")
        let later = try Self.file("migrations/0004_add_y.sql", "select 4")
        let last = try Self.file("migrations/0006_create_c.sql", "select 6")
        let pending = try Self.file("migrations/0007_create_d.sql", "select 7")
        let files = [first, second, late, later, last, pending]
        let ledger = [first, second, last].enumerated().map { Self.row($1, $0) }
        let plan = MigrationPlan(files: files, ledger: ledger)
        #expect(plan.problems.map(\.code) == [.outOfOrder, .outOfOrder])
        #expect(
            plan.problems[0].description == """
                migrations/0003_add_x.sql: it sorts before migrations/0006_create_c.sql, which is applied already
                  git mv migrations/0003_add_x.sql migrations/0008_add_x.sql
                  or run it where it stands: emporium migrate --allow-out-of-order
                """)
        #expect(plan.problems[1].mend?.contains("migrations/0009_add_y.sql") == true)
        #expect(plan.statuses.map(\.state) == [.applied, .applied, .outOfOrder, .outOfOrder, .applied, .pending])

        let allowed = MigrationPlan(files: files, ledger: ledger, allowOutOfOrder: true)
        #expect(allowed.problems.isEmpty)
        #expect(allowed.steps.map(\.reason) == [.outOfOrder, .outOfOrder, .new])
    }

    @Test func aRenamedVersionIsRefused() throws {
        let renamed = try Self.file("migrations/0002_make_b.sql", second.text)
        let renumbered = try Self.file("migrations/0009_create_b.sql", second.text)
        for other in [renamed, renumbered] {
            let plan = MigrationPlan(files: [first, other], ledger: [first, second].map { Self.row($0, 1) })
            #expect(plan.problems.map(\.code) == [.renamed])
            #expect(plan.problems[0].mend?.hasPrefix("git mv \(other.path) \(second.path)\n") == true)
        }
    }

    @Test func aRowWithoutFileIsAWarning() {
        let plan = MigrationPlan(files: [role, first, second, grants], ledger: ledger)
        #expect(plan.steps.isEmpty && plan.problems.isEmpty)
        #expect(plan.warnings.count == 1 && plan.warnings[0].contains(function.path))
        #expect(plan.statuses.last?.state == .missing)
    }

    @Test func anUnfinishedFileRunsAgainEvenWhenEdited() throws {
        let text = "-- migrate: no-transaction\nvacuum"
        let alone = try Self.file("migrations/0003_clean_up.sql", text)
        let edited = try Self.file("migrations/0003_clean_up.sql", text + " analyze")
        let row = Self.row(alone, 3, finished: false)
        let plan = MigrationPlan(files: [alone], ledger: [row])
        #expect(plan.steps.map(\.reason) == [.interrupted] && plan.warnings.isEmpty && !plan.steps[0].isEdited)
        #expect(plan.statuses.map(\.state) == [.unfinished])
        let other = MigrationPlan(files: [edited], ledger: [row])
        #expect(other.steps.map(\.reason) == [.interrupted] && other.warnings.count == 1 && other.steps[0].isEdited)
    }

    @Test func aBaselineCountsAsApplied() throws {
        var row = Self.row(second, 1)
        row.kind = .baseline
        let plan = MigrationPlan(files: [second, try Self.file("migrations/0003_add_x.sql")], ledger: [row])
        #expect(steps(plan) == ["migrations/0003_add_x.sql new"])
    }

    @Test func aTargetHoldsBackWhatComesAfterIt() throws {
        let third = try Self.file("migrations/0003_create_c.sql", "select 3")
        let files = [role, first, second, third, function, grants]
        let fresh = MigrationPlan(files: files, ledger: [], target: 2)
        #expect(steps(fresh) == [role, first, second].map { "\($0.path) new" })
        #expect(fresh.heldBack == [third, function, grants] && fresh.isPending && fresh.problems.isEmpty)
        #expect(fresh.statuses.map(\.state) == Array(repeating: .pending, count: 6))

        // Nothing versioned stays pending: the others run, though they were changed after a later version was applied.
        let last = MigrationPlan(files: files, ledger: [], target: 3)
        #expect(last.steps.count == 6 && last.heldBack.isEmpty)
        let passed = MigrationPlan(files: files, ledger: [role, first, second, third].map { Self.row($0, 1) }, target: 2)
        #expect(steps(passed) == ["\(function.path) new", "\(grants.path) new"] && passed.heldBack.isEmpty)

        // A changed function waits as well, and so does an interrupted file after the target.
        let changed = try Self.file(function.path, "select 'changed'")
        let waiting = MigrationPlan(files: [role, first, second, third, changed, grants], ledger: ledger, target: 2)
        #expect(waiting.steps.isEmpty && !waiting.isPending && waiting.heldBack == [third, changed, grants])
        let alone = try Self.file("migrations/0003_clean_up.sql", "-- migrate: no-transaction\nvacuum")
        let interrupted = MigrationPlan(files: [alone], ledger: [Self.row(alone, 3, finished: false)], target: 2)
        #expect(interrupted.steps.isEmpty && interrupted.heldBack == [alone])
    }

    @Test func encodesForScripts() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let plan = MigrationPlan(files: [first], ledger: [])
        #expect(
            String(decoding: try encoder.encode(plan), as: UTF8.self)
                == #"{"adopted":[],"held_back":[],"pending":[{"kind":"versioned","path":"migrations/0001_create_a.sql","reason":"new"}],"problems":[],"warnings":[]}"#
        )
        let status = MigrationStatus(path: first.path, kind: .versioned, state: .applied, row: Self.row(first, 1))
        #expect(
            String(decoding: try encoder.encode(status), as: UTF8.self)
                == #"{"applied_at":"2025-01-01T00:00:00Z","applied_by":"deploy","duration_ms":1,"kind":"versioned","path":"migrations/0001_create_a.sql","state":"applied"}"#
        )
    }

    @Test(arguments: [
        (nil as Bool?, true, IndexRepair.build), (false, true, .dropAndBuild), (false, false, .dropAndBuild),
        (true, true, .done), (true, false, .build),
    ])
    func interruptedBuilds(_ isValid: Bool?, _ isSameFile: Bool, _ expected: IndexRepair) {
        #expect(IndexRepair(isValid: isValid, isSameFile: isSameFile) == expected)
    }
}
