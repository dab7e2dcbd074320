import Foundation
import Logging
import Postgres
import Testing

@testable import Migrations

/// Databases that last as long as a piece of work.
@Suite(.timeLimit(.minutes(1))) struct ScratchTests {
    private struct Stop: Error {}

    @Test func itIsDroppedWhateverHappens() async throws {
        let bench = try await Bench.make()
        var names: [String] = []
        let encoding = try await Scratch.withScratchDatabase(bench.superuser) { configuration in
            let connection = try await Connection.connect(configuration)
            let row = try await connection.query(
                "select current_database() as name, pg_encoding_to_char(encoding) || datcollate as likeness from pg_database where datname = current_database()"
            ).first
            names.append(row?.text("name") ?? "")
            // The connection stays open: dropping ends it.
            return row?.text("likeness")
        }
        #expect(encoding == "UTF8C.UTF-8" && names[0].hasPrefix("emporium_scratch_"))
        await #expect(throws: Stop.self) {
            try await Scratch.withScratchDatabase(bench.superuser) { configuration in
                names.append(configuration.overrides["dbname"] ?? "")
                throw Stop()
            }
        }
        #expect(names.count == 2 && names[0] != names[1])
        for name in names {
            #expect(try await bench.value("select count(*) from pg_database where datname = '\(name)'") == "0")
        }
    }

    @Test func aCancelledTaskLeavesNone() async throws {
        let bench = try await Bench.make()
        let (names, continuation) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            try await Scratch.withScratchDatabase(bench.superuser) { configuration in
                continuation.yield(configuration.overrides["dbname"] ?? "")
                let connection = try await Connection.connect(configuration)
                try await connection.query("select pg_sleep(60)")
            }
        }
        var iterator = names.makeAsyncIterator()
        let name = try #require(await iterator.next())
        #expect(try await bench.value("select count(*) from pg_database where datname = '\(name)'") == "1")
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(try await bench.value("select count(*) from pg_database where datname = '\(name)'") == "0")
    }

    @Test func aCloneIsMadeWhereNobodyIsConnected() async throws {
        let bench = try await Bench.make()
        try await bench.execute("create table here (a int)")
        let found = try await Scratch.withScratchDatabase(bench.superuser, template: bench.database) { configuration in
            let connection = try await Connection.connect(configuration)
            let found = try await connection.query("select to_regclass('here') is not null as there").first?.bool("there")
            await connection.close()
            return found
        }
        #expect(found == true)
        let open = try await bench.connect()
        let error = try await #require(throws: MigrationError.self) {
            try await Scratch.withScratchDatabase(bench.superuser, template: bench.database) { _ in }
        }
        await open.close()
        #expect(error.server?.sqlState == "55006" && error.exitCode == 75, "\(error)")
    }

    @Test func whatAKilledRunLeftIsDropped() async throws {
        let bench = try await Bench.make()
        let mine = ScratchName.next()
        // Of a process that is no more, on this machine; one of another machine, made just now; one an hour old.
        let parts = mine.text.split(separator: "_").map(String.init)
        func name(made: Int, pid: Int32, machine: String) -> String {
            "emporium_scratch_\(made)_\(pid)_\(machine)_\(bench.database)"
        }
        let dead = name(made: mine.made, pid: 2_000_000_000, machine: parts[4])
        let elsewhere = name(made: mine.made, pid: 2_000_000_000, machine: "other")
        let old = name(made: mine.made - 3700, pid: getpid(), machine: parts[4])
        let busy = name(made: mine.made - 3700, pid: 2_000_000_000, machine: "busy")
        for name in [dead, elsewhere, old, busy] { try await bench.execute("create database \(name)") }
        let connected = try await Connection.connect(bench.superuser.database(busy))
        try await Scratch.withScratchDatabase(bench.superuser) { _ in }
        let left = try await bench.values("select datname from pg_database where datname like '%\\_\(bench.database)' order by 1")
        #expect(Set(left) == [elsewhere, busy])
        await connected.close()
        for name in left { try await bench.execute("drop database \(name) with (force)") }
    }

    @Test func namesTellWhoMadeThem() throws {
        let name = ScratchName.next()
        #expect(ScratchName(name.text) == name && name.text.utf8.count < 64 && !name.isLeftOver())
        #expect(name.isLeftOver { _ in false })
        #expect(!name.isLeftOver(machine: "other") { _ in false })
        #expect(name.isLeftOver(now: name.made + 3601))
        for other in ["emporium_scratch_", "emporium_scratch_mine", "emporium_scratch_1_x_y_z", "ecommerce", "emporium_scratch_0_1_a_b"] {
            #expect(ScratchName(other) == nil)
        }
    }
}
