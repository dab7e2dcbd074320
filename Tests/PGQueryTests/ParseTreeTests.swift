import Testing

@testable import PGQuery

@Suite struct ParseTreeTests {
    @Test func statementsAndTheirFields() throws {
        let trees = try PGQuery.parse("alter table a.t add column c int not null; create view v as select true as x")
        #expect(trees.map(\.kind) == ["AlterTableStmt", "ViewStmt"])
        #expect(trees[0]["relation"]["schemaname"].text == "a")
        #expect(trees[0]["relation"]["relname"].text == "t")
        #expect(trees[0]["relation"]["inh"].isTrue)
        let command = trees[0]["cmds"].items[0]
        #expect(command.kind == "AlterTableCmd")
        #expect(command["subtype"].text == "AT_AddColumn")
        #expect(command["def"]["ColumnDef"]["typeName"]["names"].names == ["pg_catalog", "int4"])
    }

    @Test func anErrorHasItsPlace() throws {
        let error = #expect(throws: PGQueryError.self) { try PGQuery.parse("select 'ä', from") }
        #expect(error?.position == 13)
    }

    /// libpg_query stumbles over comments where PostgreSQL's parser looks ahead.
    @Test func commentsMayStandAnywhere() throws {
        for text in [
            "select * from f() with -- ä\n ordinality", "select a not /* x */ in (1)",
            "select a from t order by a nulls /* */ first",
        ] {
            #expect(try PGQuery.parse(text).map(\.kind) == ["SelectStmt"], "\(text)")
        }
        let error = #expect(throws: PGQueryError.self) { try PGQuery.parse("select /* ä */ a not in from") }
        #expect(error?.position == 25)
    }
}
