import Foundation
import Testing

@testable import Migrations

@Suite struct PlaceholdersTests {
    private func file(
        _ text: String, _ values: [String: String], path: String = "sql/functions/a.sql", kind: MigrationKind = .repeatable
    ) throws -> (file: MigrationFile?, problems: [MigrationProblem]) {
        let placeholders = try Placeholders(
            allowed: ["tenant": .init(), "n": .init(default: "7", pattern: "[0-9]+"), "any": .init(default: "", pattern: ".*")],
            values: values)
        return MigrationFile.read(path: path, kind: kind, bytes: Array(text.utf8), placeholders: placeholders)
    }

    /// Nothing of it is a placeholder.
    private static let plain = "select $1, $$ a $$, '${2}', '${}', '${ n }', '$n', '${n', '{n}'"

    @Test(arguments: [
        ("select ${n}", "select 7"), ("${tenant}${n}x${any}", "north7x"), ("'${tenant}' -- ${n}", "'north' -- 7"),
        (plain, plain),
        ("select $$${n}$$", "select $$7$$"), ("ä${n}\nö${n}", "ä7\nö7"),
    ])
    func fillsIn(_ text: String, _ expected: String) throws {
        let file = try #require(try file(text, ["tenant": "north"]).file)
        #expect(file.text == expected && file.source == text)
    }

    @Test func refusesWithThePlace() throws {
        let problems = try file("select 1,\n é, ${tenant}, ${Tenant}, ${other},\n${tenant}, ${n}", ["n": "x"]).problems
        #expect(
            problems.map(\.description) == [
                """
                sql/functions/a.sql:2:5: ${tenant} has no value
                  give it: --placeholder tenant=VALUE, or EMPORIUM_PLACEHOLDER_TENANT=VALUE
                """,
                """
                sql/functions/a.sql:2:16: ${Tenant} is no placeholder of this project
                  list it in placeholders.yaml
                """,
                """
                sql/functions/a.sql:2:27: ${other} is no placeholder of this project
                  list it in placeholders.yaml
                """,
                "sql/functions/a.sql:3:12: ${n} is \"x\", which does not match [0-9]+",
            ])
        for value in ["a b", "a;b", "a'b", "a\nb", "a\u{0}", "", "é"] {
            let found = try file("${tenant}", ["tenant": value])
            #expect(found.file == nil && found.problems.count == 1, "\(value)")
        }
        #expect(try file("${any}", ["any": "a\u{1B}"]).problems.first?.message == "${any} holds a control character")
    }

    @Test func placesAreThoseOfTheFile() throws {
        // A statement begins behind a value that is longer than its placeholder, another behind one that is shorter.
        let text = "\u{FEFF}select '${tenant}'; commit;\nselect ${n}, ${n}; commit"
        let problems = try file(text, ["tenant": String(repeating: "x", count: 40)]).problems
        #expect(problems.map { [$0.line, $0.column] } == [[1, 21], [2, 20]])
        let unclosed = try file("select ${n}; select ${tenant} 'a", ["tenant": "x"]).problems
        #expect(unclosed.map(\.column) == [31])
        let fillings = try #require(try file("${tenant}${n} x", ["tenant": "abc"]).file).fillings
        #expect((1...6).map { fillings.column(ofSent: $0, line: 1) } == [1, 1, 1, 10, 14, 15])
        #expect(fillings.column(ofSent: 5, line: 2) == 5)
    }

    @Test func valuesCountWhereAFileRunsAgain() throws {
        func sums(_ text: String, _ value: String, _ kind: MigrationKind) throws -> (String, String) {
            let path = kind == .versioned ? "migrations/0001_create_a.sql" : "sql/functions/a.sql"
            let file = try #require(try file(text, ["tenant": value], path: path, kind: kind).file)
            return (file.checksum, file.byteChecksum)
        }
        let text = "create schema ${tenant}"
        for kind in [MigrationKind.role, .repeatable, .grant] {
            #expect(try sums(text, "a", kind) != sums(text, "b", kind))
            #expect(try sums(text, "a", kind).0 == sums("-- ${tenant}\nCREATE schema ${tenant}", "a", kind).0)
            #expect(try sums("select 1 -- ${tenant}", "a", kind).0 == sums("select 1 -- ${tenant}", "b", kind).0)
        }
        #expect(try sums(text, "a", .versioned) == sums(text, "b", .versioned))
        #expect(try sums(text, "a", .versioned).0 == sums("CREATE  schema ${tenant} -- ${n}", "a", .versioned).0)
        for other in ["${n}", "tenant", "a", "x${tenant}", "$ {tenant}"] {
            #expect(try sums(text, "a", .versioned).0 != sums("create schema \(other)", "a", .versioned).0, "\(other)")
        }
        // Without placeholders in it, a file has the checksum that it has in a project without a list.
        let bytes = Array("select 1".utf8)
        let plain = try #require(MigrationFile.read(path: "sql/functions/a.sql", kind: .repeatable, bytes: bytes).file)
        #expect(try sums("select 1", "a", .repeatable) == (plain.checksum, plain.byteChecksum))
    }

    @Test func refusesAListThatIsNone() {
        let bad: [[String: Placeholders.Allowed]] = [
            ["Tenant": .init()], ["": .init()], ["1a": .init()], ["a-b": .init()], ["a": .init(pattern: "[")],
            ["a": .init(default: "x y")], ["a": .init(default: "\n", pattern: "[^x]*")],
        ]
        for allowed in bad {
            let error = #expect(throws: MigrationError.self) { try Placeholders(allowed: allowed) }
            #expect(error?.exitCode == 78, "\(allowed)")
        }
        let error = #expect(throws: MigrationError.self) { try Placeholders(allowed: ["a": .init()], values: ["b": "1"]) }
        #expect(error?.exitCode == 64 && error?.hint == "listed are: a")
    }

    /// What the server says of a filled statement is shown at its place in the file.
    @Test func anErrorOfTheServerIsShownInTheFile() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "select 1;\nselect '${tenant}', nope, ${n}"])
        let allowed = ["tenant": Placeholders.Allowed(default: "a-long-tenant"), "n": .init(default: "1")]
        let project = try MigrationProject(root: bench.root, placeholders: Placeholders(allowed: allowed))
        let migrator = Migrator(project: project, configuration: bench.superuser)
        let error = try await #require(throws: MigrationError.self) { try await migrator.apply() }
        #expect(error.line == 2 && error.column == 21, "\(error)")
        #expect(error.description.contains("    2 | select '${tenant}', nope, ${n}\n      |                     ^"), "\(error)")
    }
}
