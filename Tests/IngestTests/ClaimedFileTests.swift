import Foundation
import Glibc
import Testing

@testable import Ingest

@Suite struct ClaimedFileTests {
    private func refusal(_ path: String) -> ClaimedFile.Refusal? {
        do {
            _ = try ClaimedFile(opening: path, name: "x.csv")
            return nil
        } catch { return error }
    }

    @Test func regularFilesOnly() throws {
        try withFolder { folder in
            try put("a", folder + "/real.csv")
            #expect(mkfifo(folder + "/fifo.csv", 0o644) == 0)
            #expect(mkdir(folder + "/folder.csv", 0o755) == 0)
            #expect(symlink(folder + "/real.csv", folder + "/link.csv") == 0)
            #expect(symlink(folder + "/nowhere", folder + "/dangling.csv") == 0)
            #expect(refusal(folder + "/real.csv") == nil)
            for name in ["fifo.csv", "folder.csv", "link.csv", "dangling.csv"] {
                #expect(refusal("\(folder)/\(name)") == .irregular, "\(name)")
            }
            #expect(refusal("/dev/null") == .irregular)
            #expect(refusal("/dev/zero") == .irregular)
            #expect(refusal(folder + "/none.csv") == .gone)
        }
    }

    @Test func aFileOpenForWritingIsRefused() throws {
        try withFolder { folder in
            let path = folder + "/a.csv"
            let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            #expect(write(fd, "a,b\n", 4) == 4)
            #expect(refusal(path) == .beingWritten)
            close(fd)
            #expect(refusal(path) == nil)
        }
    }

    @Test func oneHolderAtATime() throws {
        try withFolder { folder in
            let path = folder + "/a.csv"
            try put("a", path)
            do {
                let first = try ClaimedFile(opening: path, name: "a.csv")
                #expect(refusal(path) == .taken)
                withExtendedLifetime(first) {}
            }
            #expect(refusal(path) == nil)
        }
    }

    @Test func anotherProcessHoldsIt() throws {
        try withFolder { folder in
            let path = folder + "/a.csv"
            try put("a", path)
            try withChild(["/usr/bin/flock", "-x", path, "-c", "echo held; read line"]) { output, input in
                #expect(output.availableData == Data("held\n".utf8))
                #expect(refusal(path) == .taken)
                try input.write(contentsOf: Data("go\n".utf8))
                #expect(output.availableData.isEmpty)  // it has ended
                #expect(refusal(path) == nil)
            }
        }
    }

    @Test func movingNeverOverwrites() throws {
        try withFolder { folder in
            let target = folder + "/processed"
            #expect(mkdir(target, 0o755) == 0)
            for (content, expected) in [("1", "a.csv.gz"), ("2", "a-2.csv.gz"), ("3", "a-3.csv.gz")] {
                try put(content, folder + "/a.csv.gz")
                let file = try ClaimedFile(opening: folder + "/a.csv.gz", name: "a.csv.gz")
                try file.move(into: target)
                #expect(file.path == "\(target)/\(expected)")
                #expect(try contents(file.path) == content)
            }
            #expect(try names(target) == ["a-2.csv.gz", "a-3.csv.gz", "a.csv.gz"])
            #expect(try names(folder) == ["processed"])
        }
    }

    @Test func aFileReplacedMeanwhileIsGone() throws {
        try withFolder { folder in
            let path = folder + "/a.csv"
            #expect(mkdir(folder + "/to", 0o755) == 0)
            try put("1", path)
            let file = try ClaimedFile(opening: path, name: "a.csv")
            #expect(unlink(path) == 0)
            try put("another", path)
            #expect(throws: ClaimedFile.Refusal.gone) { try file.move(into: folder + "/to") }
            #expect(try contents(path) == "another")
            #expect(try names(folder + "/to").isEmpty)
        }
    }

    @Test(arguments: [
        ("a.csv", 1, "a.csv"), ("a.csv", 2, "a-2.csv"), ("a.csv.gz", 12, "a-12.csv.gz"), ("a", 3, "a-3"),
        (".a", 2, ".a-2"), ("..a", 2, ".-2.a"), ("é.csv", 2, "é-2.csv"),
    ])
    func numbers(name: String, number: Int, expected: String) {
        #expect(ClaimedFile.numbered(name, number) == expected)
    }

    @Test(arguments: [0, 1, 1 << 20, (3 << 20) + 17])
    func digestIsThatOfSha256sum(size: Int) throws {
        try withFolder { folder in
            let path = folder + "/a.csv"
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let digest = try ClaimedFile(opening: path, name: "a.csv").digest()
            try withChild(["/usr/bin/sha256sum", path]) { output, _ in
                let said = try output.readToEnd() ?? Data()
                #expect(String(decoding: said, as: UTF8.self).prefix(64) == digest)
            }
        }
    }

    @Test func aFileCutShortMeanwhileIsNoDigest() throws {
        try withFolder { folder in
            try put(String(repeating: "a", count: 5000), folder + "/a.csv")
            let file = try ClaimedFile(opening: folder + "/a.csv", name: "a.csv")
            #expect(truncate(folder + "/a.csv", 100) == 0)
            #expect(throws: ClaimedFile.Refusal.gone) { try file.digest() }
        }
    }
}

@Suite struct DropFolderTests {
    @Test func defaultsLieBesideTheInput() {
        let folder = DropFolder(input: "/data/input//")
        #expect(folder.input == "/data/input" && folder.processed == "/data/processed" && folder.failed == "/data/failed")
        #expect(DropFolder(input: "in").processed == "./processed")
        #expect(DropFolder(input: "a/in", processed: "p").processed == "p")
        #expect(DropFolder(input: "/in").failed.hasSuffix("/failed"))
    }

    @Test func makesItsFoldersOnce() throws {
        try withFolder { root in
            let folder = DropFolder(input: root + "/deep/er/input")
            for _ in 0..<2 { try folder.prepare() }
            #expect(try names(root + "/deep/er") == ["failed", "input", "processed"])
            #expect(try names(root + "/deep/er/input") == [".claimed"])
        }
    }

    @Test func ordersOrphansFirstAndLeavesOthersAlone() throws {
        try withFolder { root in
            let folder = DropFolder(input: root + "/input")
            try folder.prepare()
            for name in ["b.csv", "a.csv", "c.csv.part", ".hidden.csv", "d.csv~", "note.txt", "e.tmp"] {
                try put("x", "\(root)/input/\(name)")
            }
            try put("x", root + "/input/.claimed/z.csv")
            try put("x", root + "/input/.claimed/.z.csv")
            let found = try folder.candidates()
            #expect(found.map(\.name) == ["z.csv", "a.csv", "b.csv", "note.txt"])
            #expect(found.map(\.orphan) == [true, false, false, false])
            #expect(found[0].path == root + "/input/.claimed/z.csv")
        }
    }

    @Test func failedFilesGetAReason() throws {
        try withFolder { root in
            let folder = DropFolder(input: root + "/input")
            try folder.prepare()
            try put("old", root + "/failed/a.csv")
            try put("new", root + "/input/a.csv")
            try folder.fail(ClaimedFile(opening: root + "/input/a.csv", name: "a.csv"), reason: "it is empty")
            #expect(try names(root + "/failed") == ["a-2.csv", "a-2.csv.reason", "a.csv"])
            #expect(try contents(root + "/failed/a-2.csv.reason") == "it is empty\n")
        }
    }

    @Test func aFileWhereAFolderShouldBe() throws {
        try withFolder { root in
            try put("x", root + "/input")
            #expect(throws: FolderError.self) { try DropFolder(input: root + "/input").prepare() }
        }
    }

    /// Only where the machine has a second file system to write to.
    @Test func anotherFileSystemIsRefused() throws {
        try withFolder { root in
            var here = stat()
            var there = stat()
            guard stat(root, &here) == 0, stat("/dev/shm", &there) == 0, here.st_dev != there.st_dev,
                access("/dev/shm", W_OK) == 0
            else { return }
            let far = "/dev/shm/emporium-ingest-\(getpid())"
            defer { rmdir(far) }
            let error = #expect(throws: FolderError.self) {
                try DropFolder(input: root + "/input", processed: far).prepare()
            }
            #expect(error?.code == EXDEV && error?.hint != nil && error?.isOutage == false)
        }
    }
}
