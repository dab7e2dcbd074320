import Digests
import Foundation
import Testing

@testable import Migrations

/// Folders and names: no server here.
@Suite final class ProjectTests {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "emporium-project-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ path: String, _ bytes: [UInt8] = Array("select 1".utf8)) throws {
        let url = URL(filePath: root + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private func problems() throws -> [String] { try MigrationProject(root: root).problems.map(\.description) }

    @Test func putsFilesInOrder() throws {
        let order = [
            "sql/roles/00_roles.sql", "sql/roles/01_more.sql", "migrations/0001_create_a.sql",
            "migrations/0010_create_b.sql", "sql/functions/10_ops/Z.sql", "sql/functions/10_ops/a.sql",
            "sql/functions/10_ops/b/c.sql", "sql/functions/10_ops-x.sql", "sql/functions/20_staging/a.sql",
            "sql/roles/90_grants.sql",
        ]
        for path in order.shuffled() { try write(path) }
        for path in [
            "migrations/README.md", "sql/functions/.hidden.sql", "sql/queries/q.sql", "migrations/0002_a.sql~",
        ] {
            try write(path)
        }
        let project = try MigrationProject(root: root)
        #expect(project.files.map(\.path) == order)
        #expect(project.problems.isEmpty)
        #expect(project.files.map(\.version) == [nil, nil, 1, 10] + Array(repeating: nil, count: 6))
    }

    @Test(arguments: [
        "1_add_a.sql", "0001_add.sql", "0001_Add_a.sql", "0001-add-a.sql", "00001_add_a.sql", "0001_add__a.sql",
        "0001_add_a_.sql", "0001add_a.sql", "0000_add_a.sql", "0001_1add_a.sql", "add_a.sql", "0001_é_a.sql",
        "0001_.sql",
    ])
    func refusesNames(_ name: String) throws {
        try write("migrations/" + name)
        #expect(try problems().first?.hasPrefix("migrations/\(name): its name is not NNNN_verb_object.sql") == true)
    }

    @Test func refusesFilesThatWouldNeverRun() throws {
        try write("sql/roles/50_middle.sql")
        try write("migrations/old/0001_add_a.sql")
        #expect(
            try MigrationProject(root: root).problems.map(\.path).sorted() == [
                "migrations/old/0001_add_a.sql", "sql/roles/50_middle.sql",
            ])
    }

    @Test func refusesANumberGivenTwice() throws {
        for name in ["0001_add_a", "0001_add_b", "0007_add_c"] { try write("migrations/\(name).sql") }
        #expect(
            try problems() == [
                """
                migrations/0001_add_b.sql: migrations/0001_add_a.sql has the number 0001, too
                  rename the one that is not applied anywhere: git mv migrations/0001_add_b.sql migrations/0008_add_b.sql
                """
            ])
    }

    @Test(arguments: [
        ("select 1;\ncommit;", "2:1: commit: a file is one transaction"),
        (
            "-- migrate: no-transaction\nvacuum;\nvacuum;",
            "3:1: a no-transaction file holds exactly one statement, this one 2"
        ),
        ("-- migrate: no-transaction\n", "a no-transaction file holds exactly one statement, this one 0"),
        ("-- migrate: notransaction\nselect 1", "unknown directive: notransaction"),
        ("select 1;\n create index concurrently a_b_idx on a (b)", "2:2: a concurrent operation cannot run inside"),
        ("-- migrate: no-transaction\ncreate index concurrently on a (b)", "2:1: the index has no name"),
        ("copy a from stdin;", "1:1: copy … from stdin"), ("select 'a", "1:8: this quoted string is never closed"),
    ])
    func refusesContents(_ text: String, _ expected: String) throws {
        try write("migrations/0001_add_a.sql", Array(text.utf8))
        let found = try problems()
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test func refusesBytesThatAreNoText() throws {
        try write("migrations/0001_add_a.sql", [0x61, 0xFF])
        try write("migrations/0002_add_b.sql", Array("a\n\0".utf8))
        #expect(
            try problems() == [
                "migrations/0001_add_a.sql: it is not UTF-8", "migrations/0002_add_b.sql:2: it holds a NUL byte",
            ])
    }

    @Test func sumsWhatAFileSays() throws {
        func file(_ text: String) throws -> MigrationFile {
            try #require(MigrationFile.read(path: "sql/functions/a.sql", kind: .repeatable, bytes: Array(text.utf8)).file)
        }
        let one = try file("select a, 'x  y' -- one\n;")
        #expect(one.byteChecksum == sha256Hex(Array(one.text.utf8)) && one.checksum != one.byteChecksum)
        let other = try file("\u{FEFF}/* two */ SELECT a,\r\n'x  y';")
        #expect(other.checksum == one.checksum && other.byteChecksum != one.byteChecksum)
        for text in ["select A, 'x  y';", "select a, 'x y';", "select b, 'x  y';", "select a, 'x  y'"] {
            #expect(try file(text).checksum != one.checksum, "\(text)")
        }
        // To the migrator a directive is no comment.
        #expect(try file("-- migrate: no-transaction\nvacuum").checksum != file("vacuum").checksum)
        #expect(try file("-- migrate: no-transaction\nvacuum").checksum == file("--migrate:no-transaction \nVACUUM").checksum)
    }

    @Test func refusesAFolderThatIsNoProject() throws {
        let error = try #require(throws: MigrationError.self) { try MigrationProject(root: root) }
        #expect(error.code == .configuration && error.exitCode == 78)
    }

    @Test func makesTheNextFile() throws {
        try write("sql/functions/a.sql")
        let project = try MigrationProject(root: root)
        #expect(try project.makeMigration(named: "create_shop") == "migrations/0001_create_shop.sql")
        #expect(try project.makeMigration(named: "add_order_currency") == "migrations/0002_add_order_currency.sql")
        try write("migrations/0041_drop_it.sql")
        #expect(try project.makeMigration(named: "add_it") == "migrations/0042_add_it.sql")
        #expect(try problems().isEmpty)
        for name in ["shop", "Add_shop", "add shop", "add_", "_add", "1_add", "add-shop", "../a_b", ""] {
            let error = try #require(throws: MigrationError.self) { try project.makeMigration(named: name) }
            #expect(error.exitCode == 64)
        }
    }
}
