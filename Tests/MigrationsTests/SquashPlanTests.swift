import Foundation
import PGQuery
import Testing

@testable import Migrations

/// A squashed file against ledgers, and what its head says: no server here.
@Suite struct SquashPlanTests {
    private let first = try! PlanTests.file("migrations/0001_create_a.sql")
    private let second = try! PlanTests.file("migrations/0002_create_b.sql", "select 2")
    private let fourth = try! PlanTests.file("migrations/0004_create_d.sql", "select 4")
    private let fifth = try! PlanTests.file("migrations/0005_create_e.sql", "select 5")
    private var old: [MigrationFile] { [first, second, fourth] }

    private func squash(_ files: [MigrationFile], _ name: String = "create_base") throws -> MigrationFile {
        let parts = SquashedFiles(parts: files.flatMap(\.squashParts))
        let path = "migrations/\(MigrationName.digits(parts.versions.upperBound))_\(name).sql"
        return try PlanTests.file(path, parts.head + "\ncreate table base ();\n")
    }

    private func rows(_ files: [MigrationFile]) -> [LedgerRow] { files.enumerated().map { PlanTests.row($1, $0 + 1) } }

    @Test func theHeadSaysWhatItIsMadeOf() throws {
        let file = try squash(old)
        #expect(file.path == "migrations/0004_create_base.sql" && file.script.directive == "squash 0001-0004")
        #expect(file.squashed?.parts.map(\.path) == old.map(\.path))
        #expect(file.squashed?.parts.map(\.checksums) == old.map(\.checksums))
        #expect(file.script.statements.map(\.text) == ["create table base ()"])
        #expect(first.squashed == nil)
    }

    @Test(arguments: [
        "-- migrate: squash 0001-0004\nselect 1", "-- migrate: squash 1-4\nselect 1",
        "-- migrate: squash 0001-0003\n-- of: migrations/0003_a_b.sql \(String(repeating: "0", count: 64))\nselect 1",
        "-- migrate: squash 0001-0004\n-- of: migrations/0004_a_b.sql 12ab\nselect 1",
        "-- migrate: squash 0002-0004\n-- of: migrations/0004_a_b.sql \(String(repeating: "0", count: 64))\nselect 1",
        "-- migrate: squish\nselect 1",
    ])
    func aBrokenHeadIsRefused(_ text: String) {
        let read = MigrationFile.read(path: "migrations/0004_create_base.sql", kind: .versioned, bytes: Array(text.utf8))
        #expect(read.problems.map(\.code) == [.badFile])
    }

    @Test func anEmptyDatabaseRunsIt() throws {
        let file = try squash(old)
        let plan = MigrationPlan(files: [file, fifth], ledger: [])
        #expect(plan.steps.map(\.file) == [file, fifth] && plan.squashes.isEmpty && plan.problems.isEmpty)
    }

    @Test func aDatabaseThatHasThemAllTakesIt() throws {
        let file = try squash(old)
        let function = try PlanTests.file("sql/functions/a.sql")
        let grants = try PlanTests.file("sql/roles/90_grants.sql")
        let plan = MigrationPlan(files: [file, fifth, function, grants], ledger: rows(old + [fifth, function, grants]))
        #expect(plan.steps.isEmpty && plan.problems.isEmpty && plan.warnings.isEmpty && plan.isPending)
        #expect(plan.squashes.map(\.file) == [file] && plan.squashes[0].rows.map(\.path) == old.map(\.path))
        #expect(plan.statuses.map(\.state) == [.pending, .squashed, .squashed, .squashed, .applied, .applied, .applied])
        // Marked by a baseline is as good as applied.
        var marked = rows(old)
        for index in marked.indices { marked[index].kind = .baseline }
        #expect(MigrationPlan(files: [file], ledger: marked).squashes.count == 1)
        #expect(RepairPlan(files: [file], ledger: rows(old), forgetMissing: true) == RepairPlan(files: [], ledger: []))
    }

    @Test func afterwardsItIsAFileLikeOthers() throws {
        let file = try squash(old)
        var row = PlanTests.row(file, 3)
        row.kind = .baseline
        let plan = MigrationPlan(files: [file, fifth], ledger: [row])
        #expect(plan.steps.map(\.file) == [fifth] && plan.squashes.isEmpty && plan.problems.isEmpty)
    }

    @Test func halfOfThemIsRefused() throws {
        let file = try squash(old)
        var edited = rows(old)
        edited[1].checksum = String(repeating: "0", count: 64)
        var unfinished = rows(old)
        unfinished[2].finishedAt = nil
        let stranger = PlanTests.row(try PlanTests.file("migrations/0003_create_c.sql"), 9)
        let cases: [([LedgerRow], String)] = [
            (rows([first]), "2 are not applied here, the first migrations/0002_create_b.sql"),
            (rows([first, fourth]), "1 is not applied here, the first migrations/0002_create_b.sql"),
            (edited, "0002_create_b.sql was applied with other content"), (unfinished, "was not seen to end"),
            (rows(old) + [stranger], "0003_create_c.sql is applied, and is none of the files"),
        ]
        for (ledger, words) in cases {
            let plan = MigrationPlan(files: [file, fifth], ledger: ledger, allowOutOfOrder: true)
            #expect(plan.problems.map(\.code) == [.halfSquashed] && plan.squashes.isEmpty)
            #expect(plan.problems.first?.message.contains(words) == true, "\(plan.problems)")
            #expect(plan.problems.first?.mend?.contains("--target 0004") == true)
            #expect(!plan.steps.contains { $0.file == file } && plan.statuses.first?.state == .incomplete)
        }
    }

    @Test func squashedAgain() throws {
        let base = try squash(old)
        let again = try squash([base, fifth], "create_all")
        #expect(again.squashed?.versions == 1...5)
        #expect(again.squashed?.parts.map(\.path) == [first, second, base, fourth, fifth].map(\.path).sorted())
        // A database may know the first squashed file, or the files before it, or neither.
        for ledger in [rows([base, fifth]), rows(old + [fifth])] {
            let plan = MigrationPlan(files: [again], ledger: ledger)
            #expect(plan.squashes.count == 1 && plan.problems.isEmpty && plan.squashes[0].rows.count == ledger.count)
        }
        for ledger in [rows([base]), rows(old), rows([first, fifth])] {
            #expect(MigrationPlan(files: [again], ledger: ledger).problems.map(\.code) == [.halfSquashed])
        }
    }

    @Test func aNumberWithinTheRangeIsTaken() throws {
        let file = try squash(old)
        let late = try PlanTests.file("migrations/0003_create_c.sql")
        let project = MigrationProject(root: ".", files: [file, late, fifth])
        #expect(project.problems.map(\.code) == [.duplicateVersion] && project.problems[0].path == late.path)
        #expect(project.problems[0].mend?.contains("migrations/0006_create_c.sql") == true)
        let left = MigrationProject(root: ".", files: [file, first, second, fourth])
        #expect(left.problems.map(\.path) == old.map(\.path))
    }

    /// A ledger of an earlier release knows the files by their bytes.
    @Test func aLedgerOfAnEarlierReleaseHasThem() throws {
        let commented = try PlanTests.file("migrations/0006_create_f.sql", "-- why\nSELECT 6")
        #expect(commented.checksum != commented.byteChecksum)
        let file = try squash([fifth, commented])
        for checksum in [commented.checksum, commented.byteChecksum] {
            var ledger = rows([fifth, commented])
            ledger[1].checksum = checksum
            #expect(MigrationPlan(files: [file], ledger: ledger).squashes.count == 1)
        }
    }

    // MARK: From a dump to a file

    @Test func leavesOutWhatWasThereBefore() throws {
        let before = """
            \\restrict abc
            SET lock_timeout = 0;
            SET check_function_bodies = false;
            CREATE SCHEMA ops;
            COMMENT ON SCHEMA ops IS 'old';
            SET default_tablespace = '';
            \\unrestrict abc
            """
        let dump = """
            \\restrict def
            SET lock_timeout = 0;
            SET row_security = off;
            SET check_function_bodies = false;
            SELECT pg_catalog.set_config('search_path', '', false);
            CREATE SCHEMA ops;
            COMMENT ON SCHEMA ops IS 'the; books';
            SET default_tablespace = '';
            CREATE TABLE ops.a (x text);
            INSERT INTO ops.a (x) VALUES
            \t('\\restrict');
            SET default_tablespace = other;
            \\unrestrict def
            """
        let script = try SquashScript(dump: dump, before: before)
        #expect(
            script.statements == [
                "SET check_function_bodies = false", "SELECT pg_catalog.set_config('search_path', '', false)",
                "COMMENT ON SCHEMA ops IS 'the; books'", "SET default_tablespace = ''", "CREATE TABLE ops.a (x text)",
                "INSERT INTO ops.a (x) VALUES\n\t('\\restrict')",
            ])
        let text = script.text(head: SquashedFiles(parts: old.flatMap(\.squashParts)).head)
        let file = try PlanTests.file("migrations/0004_create_base.sql", text)
        #expect(file.script.statements.map(\.text) == script.statements && text.hasSuffix(";\n") && !text.hasSuffix("\n\n"))
        #expect(try SquashScript(dump: before, before: before).statements.isEmpty)
    }

    @Test func differencesAreByStatement() throws {
        let (one, other) = try SquashScript.difference("create a; create b; create b", "create b; create a; create c")
        #expect(one == ["create b"] && other == ["create c"])
        // One meaning in other words, as servers write it before and after a dump.
        let checks = [
            ("((((a >= 1) AND (a <= 2)) AND (b > 0)))", "(((a >= 1) AND (a <= 2) AND (b > 0)))"),
            (
                "((s)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
                "((s)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text]))"
            ),
        ]
        for (before, after) in checks {
            let table = { (check: String) in "CREATE TABLE t (CONSTRAINT t_check CHECK (\(check)))" }
            let found = try SquashScript.difference(table(before), table(after))
            #expect(found.one.isEmpty && found.other.isEmpty)
            #expect(PGQuery.isSamePart("CHECK (\(before))", "CHECK (\(after))") && PGQuery.isSamePart(before, after))
        }
        #expect(PGQuery.isSame("select 'x'::text as text, a from t where (a and (b and c))", "select 'x'::text, a from t where a and b and c"))
        #expect(!PGQuery.isSame("select 'x'::text as word", "select 'x'::text"))
        #expect(!PGQuery.isSame("select a or (b and c)", "select a or b and (c or a)"))
        // A dump names the column that the server has named itself.
        #expect(PGQuery.isSame("SELECT 'a'::text, NULL::bigint", "SELECT 'a'::text AS text, NULL::bigint AS int8"))
        #expect(!PGQuery.isSame("SELECT 'a'::text", "SELECT 'a'::text AS name"))
        #expect(!PGQuery.isSame("SELECT x.a::text", "SELECT x.a::text AS text"))
        for (before, after) in [("(a > 1) AND (b > 2)", "(a > 1) OR (b > 2)"), ("(ARRAY['x'])::text[]", "(ARRAY['x'])::name[]"), ("a > 1", "a > 2")] {
            #expect(!PGQuery.isSamePart(before, after))
            #expect(try SquashScript.difference("select \(before)", "select \(after)").one.count == 1)
        }
    }
}
