import Foundation
import Glibc
import Postgres
import Testing

@testable import Stack

extension Clusters {
    /// What only root meets, and what only root can stage: other users, closed folders, full disks.
    @Suite(.enabled(if: isRoot, "needs root: other users, closed folders, file systems of its own"))
    struct RootTests {
        /// A clone under /root: the server's user cannot get there.
        @Test func closedAncestorMovesTheData() async throws {
            try await withFolder(mode: 0o700) { folder in
                let cluster = makeCluster("\(folder)/.emporium")
                let state = try await cluster.up()
                let place = "/var/lib/postgresql/emporium/\(StackLayout.hash(cluster.home))"
                #expect(state.dataDirectory == "\(place)/data" && state.socketDirectory == "\(place)/run")
                #expect(Files.read(cluster.layout.locationFile) == "data \(place)\n")
                #expect(!Files.exists("\(cluster.home)/data"))
                #expect(try psql(cluster.url(), "select current_user") == "emporium")
                _ = try psql(cluster.url(admin: true), "create table kept as select 42 as answer")
                #expect(try await cluster.up(tcpPort: nil).pid == state.pid)
                let finding = await diagnose(home: cluster.home).first { $0.name == "state folder" }
                #expect(finding?.status == .ok && finding?.what.contains(place) == true)

                // A copy of the home must not share the original's data; a moved one takes it along.
                #expect(try run(["cp", "-a", cluster.home, "\(folder)/copy"]).status == 0)
                let copy = makeCluster("\(folder)/copy")
                #expect(try copy.state() == nil)
                try await copy.down()
                #expect(try await copy.up().dataDirectory != state.dataDirectory)
                try await copy.destroy()
                #expect(try cluster.state()?.status == .running)
                #expect(rename(cluster.home, "\(folder)/moved") == 0)
                let moved = makeCluster("\(folder)/moved")
                #expect(try await moved.up().pid == state.pid)
                try await moved.down()
                #expect(try await moved.up().dataDirectory == state.dataDirectory)
                #expect(rename(moved.home, cluster.home) == 0)
                #expect(try await cluster.up().status == .running)

                // The home was removed, the data not: it is found again, running or not.
                try Files.remove(cluster.home)
                #expect(try cluster.state() == nil)
                #expect(try await cluster.up().dataDirectory == state.dataDirectory)
                #expect(try psql(cluster.url(admin: true), "select answer from kept") == "42")

                try await cluster.destroy()
                #expect(!Files.exists(place) && !Files.exists(cluster.home))
            }
        }

        @Test func aRecordedPlaceThatIsGoneIsNotReplaced() async throws {
            try await withFolder(mode: 0o700) { folder in
                let cluster = makeCluster("\(folder)/home")
                try cluster.layout.claim()
                try Files.write("data \(folder)/gone\n", to: "\(cluster.home)/location", mode: 0o644)
                let error = try await stackError { try await cluster.up() }
                #expect(error.code == .notOurs && error.message.contains("\(folder)/gone"))
            }
        }

        @Test func anAncestorClosedLaterIsNamed() async throws {
            try await withFolder { folder in
                try Files.makeFolder("\(folder)/between", mode: 0o755)
                let cluster = makeCluster("\(folder)/between/home")
                try cluster.layout.claim()
                try Files.makeFolder(cluster.layout.pgdata, mode: 0o700)
                chmod("\(folder)/between", 0o700)
                let error = try await stackError { try await cluster.up() }
                #expect(error.code == .noAccess && error.hint == "chmod o+x \(folder)/between")
                #expect(!Files.exists(cluster.layout.locationFile))
            }
        }

        /// In /tmp everybody can be there first.
        @Test func aSocketFolderOfSomebodyElseIsRefused() async throws {
            try await withFolder { folder in
                let cluster = makeCluster("\(folder)/with,comma")
                let trap = "/tmp/emporium-0-\(StackLayout.hash(cluster.home))"
                #expect(mkdir(trap, 0o777) == 0 && chown(trap, 65534, 65534) == 0)
                try await expect(.notOurs) { try await cluster.up() }
                #expect(Files.info(trap)?.st_uid == 65534 && Files.names(in: trap).isEmpty)
                rmdir(trap)
                #expect(symlink(folder, trap) == 0)
                try await expect(.notOurs) { try await cluster.up() }
                unlink(trap)
                #expect(Files.info(folder)?.st_uid == 0, "what the link points to is untouched")
                #expect(!Files.exists(cluster.layout.pgdata), "refused before the data is made")
            }
        }

        @Test(.enabled("needs the right to mount a file system of its own", { try canMount() }))
        func fullDisks() async throws {
            try await withFolder { folder in
                let disk = "\(folder)/disk"
                try Files.makeFolder(disk, mode: 0o755)
                let mounted = try run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "tmpfs", disk])
                try #require(mounted.status == 0, "a file system of 24 MB: \(mounted.output)")
                do {
                    var cluster = makeCluster("\(disk)/home")
                    let error = try await stackError { try await cluster.up() }
                    #expect(error.code == .diskFull && error.message.contains("100 MB"))
                    #expect(!Files.exists(cluster.home), "refused before anything is made")

                    cluster.spaceNeeded = 0
                    let late = try await stackError { try await cluster.up() }
                    #expect(late.code == .diskFull && late.message.contains("No space left"), "\(late)")
                    #expect(!Files.names(in: cluster.home).contains { $0.hasPrefix("data") }, "nothing half made")
                    #expect(try cluster.state() == nil)
                } catch {
                    Issue.record(error)
                }
                #expect(try run(["umount", disk]).status == 0)
            }
        }

        @Test func aStackOfAnotherUserIsHis() async throws {
            try await withFolder { folder in
                let cluster = makeCluster("\(folder)/home")
                try cluster.layout.claim()
                #expect(chown(cluster.layout.markerFile, 65534, 65534) == 0)
                let error = try await stackError { try await cluster.up() }
                #expect(error.code == .otherUser && error.hint?.contains("runuser -u nobody") == true)
                try await expect(.otherUser) { try await cluster.down() }
                try await expect(.otherUser) { _ = try cluster.state() }
                try await expect(.otherUser) { _ = try cluster.url() }
                try await expect(.otherUser) { try await cluster.destroy() }
            }
        }

        // MARK: The other suite again, under other circumstances

        static let essential = "upMakes|tcpWith|killedServers|foldersOfAnyName"

        /// An ordinary user: `nobody`, who has nothing but a name.
        @Test func ordinaryUser() async throws {
            try await again("ordinary user", ["runuser", "-u", "nobody", "--"], Self.essential, tests: 4)
        }

        /// Root as Docker makes him by default: without CAP_SYS_PTRACE he may not look into the server's processes.
        @Test func rootInAContainer() async throws {
            let gone = "-sys_ptrace,-sys_admin,-sys_resource,-sys_nice,-dac_read_search"
            let prefix = ["setpriv", "--bounding-set", gone, "--inh-caps=-all"]
            try await again("root in a container", prefix, "killedServers", tests: 1)
        }

        /// Runs tests of `ClusterTests` in a process of its own, and counts them: a filter that matches nothing passes.
        private func again(_ what: String, _ prefix: [String], _ filter: String, tests: Int) async throws {
            try await withFolder { folder in
                // A copy: the build may lie where others have no access.
                let program = "\(folder)/tests"
                try FileManager.default.copyItem(atPath: "/proc/self/exe".resolvedLink, toPath: program)
                let command =
                    prefix + [program, "--testing-library", "swift-testing", "--filter", "ClusterTests/(\(filter))"]
                let outcome = try await Child.run([try #require(Child.find(command[0]))] + command.dropFirst())
                let counted = outcome.output.firstMatch(of: /Test run with (\d+) tests? in \d+ suites? passed/)
                #expect(outcome.status == 0, "\(what): \(outcome.output)")
                #expect(counted.flatMap { Int($0.1) } == tests, "\(what): \(outcome.output)")
            }
        }
    }
}

/// Containers as a rule may not.
private func canMount() throws -> Bool {
    var template = Array("/tmp/emporium-test-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer { rmdir(folder) }
    guard try run(["mount", "-t", "tmpfs", "tmpfs", folder]).status == 0 else { return false }
    return try run(["umount", folder]).status == 0
}

extension String {
    fileprivate var resolvedLink: String { StackLayout.resolved(self) }
}
