import Foundation
import Postgres
import Stack
import Testing

extension EndToEnd { @Suite struct MigrateUpgrade {} }

/// Whatever way a database has come, it is the one that the files make from empty.
extension EndToEnd.MigrateUpgrade {
    static let releases: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".sql.gz") }.sorted()
    }()
    private static let folder = "\(TestStack.root)/Tests/fixtures/releases"

    private static let people = "select count(*), md5(string_agg(membership_id, ',' order by membership_id)) from membership.member"
    private static let orders = "select count(*), sum(total_amount) from shop.orders"

    @Test func thereAreReleases() { #expect(!Self.releases.isEmpty) }

    @Test(arguments: releases) func aDatabaseOfAnEarlierRelease(_ release: String) async throws {
        try await withEmptyDatabase { bench in
            let url = TestStack.url(bench.stack.adminURL, database: bench.database)
            let restored = try await bench.shell(
                "gunzip -c \(Self.folder)/\(release) | psql -X -q -v ON_ERROR_STOP=1 '\(url)'")
            try #require(restored.exitCode == 0, "\(restored.err.suffix(2000))")
            // The database's own grants are in no dump of it.
            let given = try await bench.shell("psql -X -q -v ON_ERROR_STOP=1 -f \(TestStack.root)/sql/roles/01_database.sql '\(url)'")
            try #require(given.exitCode == 0, "\(given.err)")
            let people = try await bench.sql(Self.people)
            let orders = try await bench.sql(Self.orders)
            #expect(try await bench.count("select count(*) from membership.member") > 0)
            let done = try await bench.sql("select path, applied_at from ops.migration where kind = 'versioned' order by path")
            #expect(done.count > 20)

            let outcome = try await bench.run("migrate", "apply", "--root", TestStack.root)
            #expect(outcome.exitCode == 0, "\(outcome.err)")
            // Nothing of before has run again, and every row is there.
            let kept = try await bench.sql("select path, applied_at from ops.migration where kind = 'versioned' order by path")
            #expect(Set(kept.map(\.description)).isSuperset(of: done.map(\.description)))
            #expect(try await bench.sql(Self.people) == people)
            #expect(try await bench.sql(Self.orders) == orders)

            #expect(try await bench.run("migrate", "status", "--exit-code", "--root", TestStack.root).exitCode == 0)
            try await expectAsFromEmpty(bench)
        }
    }

    @Test func stepByStep() async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(TestStack.root)/migrations").sorted()
        #expect(files.count > 20)
        try await withEmptyDatabase { bench in
            for (index, file) in files.enumerated() {
                let outcome = try await bench.run(
                    "migrate", "apply", "--target", String(file.prefix(4)), "--root", TestStack.root)
                try #require(outcome.exitCode == 0, "\(file): \(outcome.err)")
                // The last one lets the functions and grants follow.
                guard index < files.count - 1 else { break }
                #expect(try await bench.count("select count(*) from ops.migration where kind = 'versioned'") == index + 1)
            }
            #expect(try await bench.run("migrate", "status", "--exit-code", "--root", TestStack.root).exitCode == 0)
            try await expectAsFromEmpty(bench)
        }
    }

    private func withEmptyDatabase(_ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await bench.stack.admin("postgres") {
                try await $0.execute("drop database \(bench.database)")
                try await $0.execute("create database \(bench.database) template template0")
            }
            try await bench.stack.admin(bench.database) { try await $0.execute("create extension if not exists mysql_fdw") }
            try await body(bench)
        }
    }

    /// By pg_dump, with owners and grants, and by the migrator's own comparison.
    private func expectAsFromEmpty(_ bench: Bench) async throws {
        let (mine, fresh) = (try await dump(bench, bench.database), try await dump(bench, "ecommerce"))
        #expect(fresh.count > 5000)
        let difference = mine.difference(from: fresh)
        #expect(difference.isEmpty, "\(difference.prefix(20).map { "\($0)" }.joined(separator: "\n"))")
        let verified = try await bench.run("migrate", "verify", "--root", TestStack.root)
        #expect(verified.exitCode == 0, "\(verified.out.suffix(3000))\(verified.err)")
    }

    /// The schema without comments of pg_dump's own, and without partitions, which are made as time goes by. Restored
    /// once and dumped again: what a server has read from a dump it writes in other words, with fewer parentheses.
    private func dump(_ bench: Bench, _ database: String) async throws -> [String] {
        let partitions = try await bench.stack.admin(database) { admin in
            try await admin.query("select c.oid::regclass::text as name from pg_class c where c.relispartition and c.relkind in ('r', 'p')")
                .rows.map { $0.text("name") }
        }
        func url(_ database: String) -> String { TestStack.url(bench.stack.adminURL, database: database) }
        let copy = "\(bench.database)_copy"
        try await bench.stack.admin("postgres") { try await $0.execute("create database \(copy) template template0") }
        let outcome = try await bench.shell(
            """
            pg_dump --schema-only \(partitions.map { "-T '\($0)'" }.joined(separator: " ")) '\(url(database))' \
                | psql -X -q -v ON_ERROR_STOP=1 '\(url(copy))' >/dev/null && pg_dump --schema-only '\(url(copy))'
            """)
        try await bench.stack.admin("postgres") { try await $0.execute("drop database \(copy) with (force)") }
        try #require(outcome.exitCode == 0, "\(outcome.err)")
        let lines = outcome.lines.filter { !$0.hasPrefix("--") && !$0.hasPrefix("\\") && !$0.isEmpty }
        // Grants stand in the order in which they were given.
        return lines.filter { !$0.hasPrefix("GRANT ") } + lines.filter { $0.hasPrefix("GRANT ") }.sorted()
    }
}

extension Bench {
    fileprivate func shell(_ command: String) async throws -> Emporium.Outcome {
        try await Child("/bin/bash", ["-o", "pipefail", "-c", command], environment, in: folder).outcome()
    }
}
