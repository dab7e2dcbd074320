import Foundation
import Glibc
import Postgres
import Testing

@testable import Stack

// What goes wrong, and what is done about it.

extension Clusters.ClusterTests {
    @Test func killedServersAndReusedNumbers() async throws {
        try await withFolder { folder in
            let cluster = makeCluster("\(folder)/home")
            let first = try await cluster.up()
            _ = try psql(cluster.url(admin: true), "create table kept as select 42 as answer")
            // At once: the dying server may still be there to be seen, and its children for a while after it.
            #expect(kill(try #require(first.pid), SIGKILL) == 0)
            let second = try await cluster.up()
            #expect(second.pid != first.pid)
            #expect(try psql(cluster.url(admin: true), "select answer from kept") == "42")

            // After a crash of the machine, both lock files name a process that is none of ours.
            #expect(kill(try #require(second.pid), SIGKILL) == 0)
            let user = try ServerUser.current()
            try await eventually { Postmaster.processes(in: cluster.layout.pgdata, user).isEmpty }
            try await withBystander { bystander in
                for path in [cluster.layout.postmasterFile, "\(cluster.layout.socketDirectory)/.s.PGSQL.5432.lock"] {
                    let text = try #require(Files.read(path), "\(path)")
                    let lines =
                        ["\(bystander)"]
                        + text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
                    try Files.write(lines.joined(separator: "\n"), to: path, mode: 0o600, owner: user.owner)
                }
                #expect(try cluster.state()?.status == .stopped, "a pid proves nothing")
                try await cluster.down()
                let third = try await cluster.up()
                #expect(third.status == .running && third.pid != bystander)
                #expect(try psql(cluster.url(admin: true), "select answer from kept") == "42")
                try await cluster.down()
            }
        }
    }

    @Test func whatAKilledOrFailedUpLeftIsFinished() async throws {
        try await withFolder { folder in
            let cluster = makeCluster("\(folder)/home")
            try cluster.layout.claim()
            let partial = "\(cluster.home)/data.partial-1"
            try Files.makeFolder("\(partial)/base", mode: 0o700)
            try Files.write("15\n", to: "\(partial)/PG_VERSION", mode: 0o600)
            #expect(try cluster.state() == nil)

            // A start that fails says why, and spoils nothing.
            let broken = makeCluster(
                cluster.home, settings: ["shared_preload_libraries": "no_such_library", "fsync": "off"])
            let error = try await stackError { try await broken.up() }
            #expect(error.code == .startFailed)
            #expect(error.message.contains("no_such_library"), "the log's last lines: \(error)")
            #expect(error.hint?.contains("emporium doctor") == true)
            #expect(try cluster.state()?.status == .stopped)
            try await cluster.up()
            #expect(!Files.exists(partial))

            // Killed between the start and the making of role and database.
            _ = try psql(
                cluster.url(admin: true).replacingOccurrences(of: "/ecommerce?", with: "/postgres?"),
                "drop database ecommerce")
            _ = try psql(
                cluster.url(admin: true).replacingOccurrences(of: "/ecommerce?", with: "/postgres?"),
                "drop role emporium")
            try await cluster.up()
            #expect(try psql(cluster.url(), "select current_user") == "emporium")
        }
    }

    @Test func twoAtATime() async throws {
        try await withFolder { folder in
            let states = try await withThrowingTaskGroup(of: StackState.self) { group in
                for _ in 0..<3 { group.addTask { try await makeCluster("\(folder)/home").up() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(states.count == 3 && Set(states.map(\.pid)).count == 1)
            let cluster = makeCluster("\(folder)/home")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { try await cluster.destroy() } }
                try await group.waitForAll()
            }
            #expect(!Files.exists(cluster.home))
        }
    }

    @Test func movedAndCopiedFoldersAndOtherVersions() async throws {
        try await withFolder { folder in
            let old = makeCluster("\(folder)/old")
            try await old.up()
            _ = try psql(old.url(admin: true), "create table kept as select 42 as answer")
            // A copy of a running stack's folder names the original's server, which is not its own.
            #expect(try run(["cp", "-a", old.home, "\(folder)/copy"]).status == 0)
            let copy = makeCluster("\(folder)/copy")
            #expect(try copy.state()?.status == .stopped)
            try await copy.down()
            #expect(try old.state()?.status == .running)
            try await old.down()

            #expect(rename(old.home, "\(folder)/new") == 0)
            let new = makeCluster("\(folder)/new")
            try await new.up()
            #expect(try psql(new.url(admin: true), "select answer from kept") == "42")

            // Data of another major version: refused, untouched, and said what to do.
            let installed = try ServerBinaries.find().version
            for major in ["14", "99"] {
                let path = "\(copy.layout.pgdata)/PG_VERSION"
                try Files.write("\(major)\n", to: path, mode: 0o600, owner: ServerUser.current().owner)
                let before = try snapshot(copy.layout.pgdata)
                let error = try await stackError { try await copy.up() }
                #expect(error.code == .otherMajor)
                #expect(error.message.contains("PostgreSQL \(major)") && error.message.contains(installed))
                #expect(error.hint!.contains("pg_upgrade") && error.hint!.contains("mv -- "))
                #expect(try snapshot(copy.layout.pgdata) == before)
                let finding = await diagnose(home: copy.home).first { $0.name == "PostgreSQL server" }
                #expect(finding?.status == .failure && finding?.mend?.contains("pg_upgrade") == true)
            }
        }
    }

    @Test func whatIsNotOursIsLeftAlone() async throws {
        try await withFolder { folder in
            let foreign = makeCluster("\(folder)/foreign")
            try Files.makeFolder(foreign.home, mode: 0o755)
            try Files.write("x", to: "\(foreign.home)/thesis.txt", mode: 0o644)
            let before = try snapshot(foreign.home)
            try await expect(.notOurs) { try await foreign.up() }
            try await expect(.notOurs) { try await foreign.destroy() }
            #expect(try foreign.state() == nil)
            try await foreign.down()
            #expect(try snapshot(foreign.home) == before)

            // Ours, but the data is somebody else's.
            let swapped = makeCluster("\(folder)/swapped")
            try swapped.layout.claim()
            try Files.makeFolder(swapped.layout.pgdata, mode: 0o700)
            try Files.write("15\n", to: "\(swapped.layout.pgdata)/PG_VERSION", mode: 0o600)
            let data = try snapshot(swapped.layout.pgdata)
            try await expect(.notOurs) { try await swapped.up() }
            #expect(try snapshot(swapped.layout.pgdata) == data)

            // A file of ours that somebody else keeps in the home survives us.
            let shared = makeCluster("\(folder)/shared")
            try shared.layout.claim()
            try Files.write("x", to: "\(shared.home)/history", mode: 0o644)
            try Files.makeFolder(shared.layout.logDirectory, mode: 0o700)
            try await shared.destroy()
            #expect(Files.names(in: shared.home) == ["history"])
            try await expect(.notOurs) { try await shared.destroy() }  // it bears no marker any more
            try Files.remove(swapped.home)
        }
    }
}
