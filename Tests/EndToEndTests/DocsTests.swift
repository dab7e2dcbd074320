import Foundation
import Testing

extension EndToEnd { @Suite struct Docs {} }

extension EndToEnd.Docs {
    /// The one that CI has for a stale page: after a change of the schema, `emporium docs` and commit.
    @Test func theCommittedPageIsWhatTheMigratedDatabaseGives() async throws {
        try await Bench.with { bench in
            let outcome = try await bench.run("docs", "--check", "--out", "\(TestStack.root)/docs/erd.md")
            #expect(outcome.exitCode == 0, "\(outcome.err)")
        }
    }

    @Test func checkKnowsAStalePageFromAFreshOne() async throws {
        try await Bench.with { bench in
            let missing = try await bench.run("docs", "--check", "--out", "erd.md")
            #expect(missing.exitCode == 2 && missing.err.contains("erd.md cannot be read"), "\(missing.err)")

            let written = try await bench.run("docs", "--out", "erd.md")
            #expect(written.exitCode == 0 && written.out == "erd.md\n", "\(written.err)")
            let page = try bench.read("erd.md")
            #expect(try await bench.run("docs", "--check", "--out", "erd.md").exitCode == 0)

            // The database moves on: the page is stale, is not touched by --check, and is mended by one command.
            _ = try await bench.sql("create table ops.later (later_id bigint primary key)")
            let stale = try await bench.run("docs", "--check", "--out", "erd.md")
            #expect(stale.exitCode == 2 && stale.err.contains("erd.md is stale, from line"), "\(stale.err)")
            #expect(stale.err.contains("emporium docs --out erd.md"))
            #expect(try bench.read("erd.md") == page)
            #expect(try await bench.run("docs", "--out", "erd.md").exitCode == 0)
            #expect(try await bench.run("docs", "--check", "--out", "erd.md").exitCode == 0)
            #expect(try bench.read("erd.md").contains("\"later\" {"))
        }
    }

    @Test func neitherObjectIdsNorPartitionsShow() async throws {
        try await Bench.with { bench in
            #expect(try await bench.run("docs", "--out", "before.md").exitCode == 0)
            _ = try await bench.sql("select ops.ensure_partition('staging.reject', '2026-03-01')")
            _ = try await bench.sql("alter table ops.setting add column gone int")
            _ = try await bench.sql("alter table ops.setting drop column gone")
            _ = try await bench.sql("create extension pgtap")  // what an extension brings is not ours
            #expect(try await bench.run("docs", "--check", "--out", "before.md").exitCode == 0)
        }
    }

    @Test func everyTableAndEveryForeignKeyShows() async throws {
        try await Bench.with { bench in
            #expect(try await bench.run("docs", "--out", "erd.md").exitCode == 0)
            let page = try Page(try bench.read("erd.md"))
            let tables = try await bench.sql(
                """
                select relnamespace::regnamespace::text, relname from pg_class
                where relkind in ('r', 'p') and not relispartition and relowner = 'emporium_owner'::regrole order by 1, 2
                """)
            for table in tables {
                let (schema, name) = (table[0] ?? "", table[1] ?? "")
                #expect(page.tables[schema]?.contains(name) == true, "\(schema).\(name)")
                #expect(page.text.contains("\n* **\(name)**: "), "\(schema).\(name) has no line")
            }
            #expect(!page.text.contains("(no comment)"), "each table says by `comment on` what it is")
            let keys = try await bench.count(
                """
                select count(*) from pg_constraint c join pg_class r on r.oid = c.conrelid
                where c.contype = 'f' and c.conparentid = 0 and r.relowner = 'emporium_owner'::regrole
                """)
            #expect(page.relationships == keys && keys > 15)
        }
    }

    @Test func whateverTheNamesItIsMermaid() async throws {
        try await Bench.with { bench in
            _ = try await bench.sql(#"create domain ops."odd ""type""" as numeric(10,2)"#)
            _ = try await bench.sql(
                #"""
                create table ops."odd ""name"" 100%" (
                    uk int primary key, "2nd column" ops."odd ""type""" unique, a numeric(10,2)[] not null,
                    b char(2) not null, c double precision, d time(3) without time zone, "é" timestamp(3) with time zone,
                    run_id bigint unique references ops.run, setting text not null references ops.setting)
                """#)
            _ = try await bench.sql(#"comment on table ops."odd ""name"" 100%" is E'a | b * c\n```\n<b>d</b>'"#)
            _ = try await bench.sql(
                #"comment on column ops."odd ""name"" 100%".c is E'"quoted" #quot; %% <b>\nand `a` word that goes on and on and on and on'"#)
            #expect(try await bench.run("docs", "--out", "erd.md").exitCode == 0)
            let page = try Page(try bench.read("erd.md"))
            for line in [
                #"        integer uk_ PK"#, #"        numeric[] a"#, #"        character(2) b"#,
                #"        timestamptz _ "nullable""#, #"        _odd_type_ _2nd_column UK "nullable""#,
                #"    "run" |o..o| "odd _name_ 100_" : "run_id""#, #"    "setting" ||..o{ "odd _name_ 100_" : "setting""#,
            ] {
                #expect(page.text.contains(line + "\n"), "\(line) in \(page.text.split(separator: "\n").filter { $0.contains("odd") || $0.contains("2nd") })")
            }
            #expect(page.text.contains(#": a \| b \* c \`\`\` \<b\>d\</b\>"#))
        }
    }
}

/// The page, read by a grammar stricter than Mermaid's own: what passes here is drawn by every version since 10.
private struct Page {
    struct NotMermaid: Error, CustomStringConvertible { let description: String }

    let text: String
    var tables: [String: Set<String>] = [:]
    var relationships = 0

    init(_ text: String) throws {
        self.text = text
        let attribute = #/^        [A-Za-z_][A-Za-z0-9_()\[\]-]* (?<name>[A-Za-z_][A-Za-z0-9_-]*)(?: [PFU]K(?:, [PFU]K)*)?(?: "[^"#`<>]+")?$/#
        let entity = #/^    "(?<name>[^"%\\]+)" \{$/#
        let relationship = #/^    "(?<parent>[^"%\\]+)" \|[|o](?:--|\.\.)o[|{] "(?<child>[^"%\\]+)" : "[^"#`<>]+"$/#
        var schema = ""
        var block: String?  // the diagram's text so far
        var inEntity = false
        var own: Set<String> = []
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            func refuse(_ why: String) -> NotMermaid { NotMermaid(description: "line \(index + 1): \(why): \(line)") }
            guard let diagram = block else {
                if line.hasPrefix("## ") { schema = String(line.dropFirst(3)) }
                if line == "```mermaid" { (block, own) = ("", []) } else if line.contains("```") && !line.contains("\\`") {
                    throw refuse("a fence of what")
                }
                continue
            }
            block = diagram + line + "\n"
            if line == "```" {
                if inEntity { throw refuse("an entity is open") }
                if diagram.count > 50_000 { throw refuse("Mermaid's own limit is 50,000 characters") }
                tables[schema] = own
                block = nil
            } else if diagram.isEmpty {
                if line != "erDiagram" { throw refuse("no erDiagram") }
            } else if inEntity {
                if line == "    }" { inEntity = false; continue }
                guard let match = try attribute.wholeMatch(in: line) else { throw refuse("no attribute") }
                if ["pk", "fk", "uk"].contains(match.name.lowercased()) { throw refuse("a keyword") }
            } else if let match = try entity.wholeMatch(in: line) {
                inEntity = true
                if !own.insert(String(match.name)).inserted { throw refuse("twice") }
            } else if let match = try relationship.wholeMatch(in: line) {
                relationships += 1
                if !own.contains(String(match.child)) { throw refuse("an unknown child") }
                let isForeign = match.parent.contains(".") && !match.parent.hasPrefix(schema + ".")
                if !isForeign && !own.contains(String(match.parent)) { throw refuse("an unknown parent") }
            } else {
                throw refuse("neither entity nor relationship")
            }
        }
        if block != nil { throw NotMermaid(description: "a diagram without end") }
    }
}
