import Foundation
import Glibc
import Testing

@testable import Stack

/// What needs no server.
@Suite struct PureTests {
    @Test func pathsAreAbsoluteAndOneStackHasOneName() async throws {
        try await withFolder { folder in
            #expect(symlink(folder, "\(folder)/link") == 0)
            #expect(StackLayout.resolved("\(folder)/link/./x/../.emporium/") == "\(folder)/.emporium")
            #expect(StackLayout.resolved("/nonexistent/../a//b") == "/a/b")
            #expect(StackLayout.resolved("/..") == "/")
            #expect(
                StackLayout.resolved(".emporium")
                    == StackLayout.resolved(FileManager.default.currentDirectoryPath) + "/.emporium")
        }
        let layout = StackLayout(home: "/nonexistent/.emporium")
        #expect(layout.pgdata == "/nonexistent/.emporium/data")
        #expect(layout.socketDirectory == "/nonexistent/.emporium/run")
        #expect(!layout.isRelocated)
    }

    @Test func hashIsTwelveDigitsAndTellsHomesApart() {
        #expect(StackLayout.hash("/a").count == 12)
        #expect(StackLayout.hash("/a") == StackLayout.hash("/a"))
        #expect(StackLayout.hash("/a") != StackLayout.hash("/b"))
    }

    @Test func socketFolders() {
        #expect(StackLayout.canHoldSocket("/" + String(repeating: "a", count: 91)))
        #expect(!StackLayout.canHoldSocket("/" + String(repeating: "a", count: 92)))
        #expect(!StackLayout.canHoldSocket("/a,b"), "libpq would take it for two hosts")
    }

    @Test func locationIsReadBackAsWritten() async throws {
        try await withFolder { folder in
            for (place, socket) in [("/a b/c", nil), (nil, "/tmp/x"), ("/a", "/b"), (nil, nil)] as [(String?, String?)]
            {
                let location = Location(place: place, socketDirectory: socket)
                try Files.write(location.text, to: "\(folder)/location", mode: 0o644)
                #expect(Location(home: folder) == location)
            }
        }
    }

    @Test func postmasterFile() throws {
        let text = "123\n/data\n1700000000\n5433\n/run\n127.0.0.1\n  12 34\nready   \n"
        let postmaster = try #require(Postmaster(text: text))
        #expect(postmaster.pid == 123)
        #expect(postmaster.startedAt == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(postmaster.tcpPort == 5433)
        #expect(Postmaster(text: "123\n/data\n1\n5432\n/run\n\n")?.tcpPort == nil)
        #expect(Postmaster(text: "123")?.port == 5432, "it is written in steps")
        for text in ["", "abc", "-1\n", "0\n"] { #expect(Postmaster(text: text) == nil) }
    }

    @Test func settingsAreSizedForTheMachine() {
        func machine(_ memoryMB: Int64, _ sharedMB: Int64 = 4096) -> ServerSettings.Machine {
            ServerSettings.Machine(memory: memoryMB << 20, sharedMemory: sharedMB << 20)
        }
        #expect(machine(512).sharedBuffersMB == 128)
        #expect(machine(16384).sharedBuffersMB == 1024)
        #expect(machine(16).sharedBuffersMB == 16)
        #expect(machine(16384).effectiveCacheMB == 8192)
        #expect(machine(1024, 64).dynamicSharedMemory == "sysv", "a container's /dev/shm")
        #expect(machine(1024).dynamicSharedMemory == "posix")
        #expect(ServerSettings.Machine.here().memory > 64 << 20)
    }

    @Test func whatIsWrittenIntoConfigurationIsQuoted() {
        #expect(ServerSettings.quoted(#"a'b\c"#) == #"'a''b\\c'"#)
        var settings = ServerSettings(
            socketDirectory: #"/a "b"'c"#, hbaFile: "/h", identFile: "/i", port: 5432, listensOnTCP: false,
            machine: .here(), hasLZ4: false, extra: [:])
        #expect(settings.configuration.contains(#"unix_socket_directories = '"/a ""b""''c"'"#))
        #expect(settings.configuration.contains("listen_addresses = ''\n"))
        for name in ["fsync", "full_page_writes", "synchronous_commit"] {
            #expect(settings.configuration.contains("\n\(name) = on\n"))
        }
        settings.extra = ["work_mem": "1MB"]
        #expect(settings.configuration.hasSuffix("work_mem = '1MB'\n"), "the caller's come last")
        let ident = ServerSettings.ident(clients: ["postgres", "postgres"])
        #expect(ident.split(separator: "\n").count == 3, "nobody is listed twice")
    }

    @Test func wordsForShellAndURL() throws {
        for word in ["plain", "two words", "it's", "$HOME", "a\"b", "`x`", ""] {
            #expect(try run(["sh", "-c", "printf %s \(shellQuoted(word))"]).output == word)
        }
        #expect(EmbeddedCluster.percentEncoded("/a b%&?ü") == "/a%20b%25%26%3F%C3%BC")
    }

    @Test func childrenInheritNothing() throws {
        let file = open("/dev/null", O_RDONLY)  // not close-on-exec
        defer { close(file) }
        #expect(file > 2)
        // ls itself has no more than the three that every program has, and the folder that it reads.
        #expect(try run(["ls", "/proc/self/fd"]).output == "0\n1\n2\n3")
        #expect(try run(["readlink", "/proc/self/cwd"]).output == "/")
        let variables = try run(["env"]).output.split(separator: "\n").map { $0.prefix { $0 != "=" } }
        #expect(Set(variables).isSubset(of: ["LANG", "LC_ALL", "PATH", "TMPDIR", "LD_LIBRARY_PATH"]))
        #expect(try run(["sh", "-c", "exit 7"]).status == 7)
        #expect(try run(["sh", "-c", "kill -9 $$"]).status == 137)
        #expect(throws: StackError.self) { try Child.runBlocking(["/nonexistent"]) }
    }

    @Test func binaries() async throws {
        try await withFolder { folder in
            func fake(_ name: String, _ version: String, programs: [String] = ["initdb", "pg_ctl", "postgres"]) throws {
                try Files.makeFolder("\(folder)/\(name)/bin", mode: 0o755)
                for program in programs {
                    try Files.write(
                        "#!/bin/sh\necho '\(program) (PostgreSQL) \(version) (Debian)'\n",
                        to: "\(folder)/\(name)/bin/\(program)", mode: 0o755)
                }
            }
            func find(_ major: Int? = nil, _ named: String? = nil) throws -> ServerBinaries {
                try .find(
                    major: major, data: "/d", environment: named.map { ["EMPORIUM_PG_BINDIR": $0] } ?? [:],
                    packages: folder)
            }
            try fake("9", "9.6.1")
            try fake("16", "16.3")
            try fake("101", "101.2")
            try fake("102", "102.1", programs: ["psql"])  // the client's package alone
            #expect(try find().version == "101.2", "by number, not by letter")
            #expect(try find(16).folder == "\(folder)/16/bin", "data are run by their own version")
            #expect(try find(16, "\(folder)/101/bin").major == 16, "whatever is named")
            #expect(try find(nil, "\(folder)/16/bin").major == 16)

            let missing = try await stackError { _ = try find(103) }
            #expect(missing.code == .otherMajor)
            #expect(missing.message.contains("103") && missing.message.contains("101.2"))
            #expect(missing.hint!.contains("apt-get install postgresql-103") && missing.hint!.contains("pg_upgrade"))
            try await expect(.otherMajor) { _ = try find(9) }  // too old, though installed
            let wrong = try await stackError { _ = try find(nil, "\(folder)/102/bin") }
            #expect(wrong.code == .noServer && wrong.message.contains("EMPORIUM_PG_BINDIR"))
        }
        #expect(ServerBinaries.version(in: "postgres (PostgreSQL) 17beta1") == "17beta1")
    }

    @Test func listenersAreNamed() async throws {
        try await withListener { port in
            #expect(!LoopbackPort.isFree(port))
            try await expect(.portTaken) { try LoopbackPort.require(port) }
            #expect(LoopbackPort.holder(of: port)?.contains("process \(getpid())") == true)
        }
        #expect(LoopbackPort.isFree(try LoopbackPort.pick()))
    }

    @Test func arguments() async throws {
        func code(_ cluster: EmbeddedCluster, _ port: Int? = nil) async throws -> StackError.Code {
            try await stackError { try await cluster.up(tcpPort: port) }.code
        }
        let home = "/nonexistent/emporium"
        #expect(try await code(makeCluster(home), 65536) == .invalid)
        #expect(try await code(makeCluster(home), -1) == .invalid)
        #expect(try await code(makeCluster("/nonexistent/a\nb")) == .invalid)
        #expect(try await code(makeCluster("/nonexistent/" + String(repeating: "a", count: 900))) == .invalid)
        #expect(try await code(EmbeddedCluster(home: home, databaseName: "template1")) == .invalid)
        #expect(try await code(makeCluster(home, settings: ["a = 1\nb": "2"])) == .invalid)
        #expect(try await code(makeCluster(home, settings: ["a": "1\nb = 2"])) == .invalid)
        var short = makeCluster(home)
        short.spaceNeeded = 1 << 60
        #expect(try await code(short) == .diskFull)
        #expect(!Files.exists("/nonexistent"))
    }

    @Test func locksAreHeldOneAtATime() async throws {
        try await withFolder { folder in
            let path = "\(folder)/lock"
            let error = try await stackError {
                try await FolderLock.hold(path, prepare: {}) {
                    try await FolderLock.hold(path, patience: .milliseconds(60), prepare: {}) {}
                }
            }
            #expect(error.code == .busy && error.message.contains("process \(getpid())"))
            // Removed and made anew while somebody waited: the old file's lock is worth nothing.
            try await FolderLock.hold(path, prepare: {}) {
                try Files.remove(path)
                try await FolderLock.hold(path, patience: .milliseconds(60), prepare: {}) {}
            }
        }
    }

    @Test func spaceIsMeasuredWhereTheFolderWillBe() {
        #expect(Files.freeBytes(at: "/tmp/nonexistent/x/y") == Files.freeBytes(at: "/tmp"))
        let full = StackError(.startFailed, "")
        #expect(full.description == "")
        let layout = StackLayout(home: "/nonexistent")
        let error = EmbeddedCluster.failure(.initFailed, "initdb failed", "x: No space left on device", layout)
        #expect(error.code == .diskFull && error.description.contains("hint: "))
    }
}
