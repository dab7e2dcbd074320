import Foundation
import Glibc
import Testing

@testable import ObjectStore

@Suite struct FileStoreTests {
    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    }

    @Test func objectsArePlainFiles() async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path + "//")
        #expect(store.name == "file://\(folder.path)")
        _ = try await store.put("events/dt=2026-01-31/a.jsonl", body("{}\n"))
        let content = try String(contentsOfFile: "\(folder.path)/events/dt=2026-01-31/a.jsonl", encoding: .utf8)
        #expect(content == "{}\n")
        let noted = try String(contentsOfFile: "\(folder.path)/.emporium/sha256/events/dt=2026-01-31/a.jsonl", encoding: .utf8)
        #expect(noted == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356\n")
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/.emporium/tmp")
        #expect(left.isEmpty)
    }

    /// The folder itself, not the one above: that may be a disk that is not mounted.
    @Test func theFolderIsMadeWhereItsOwnIs() async throws {
        let folder = try Folder()
        _ = try await FileStore(folder: "\(folder.path)/archive").put("a", body("x"))
        let store = FileStore(folder: "\(folder.path)/mnt/archive")
        let error = await failure { () throws(StoreError) in _ = try await store.put("a", body("x")) }
        #expect(error?.isOutage == true)
        let found = try files(folder.path)
        #expect(!found.contains("mnt"))
    }

    @Test func nothingOutsideIsReadOrWritten() async throws {
        let (folder, outside) = (try Folder(), try Folder())
        let store = FileStore(folder: folder.path)
        try "secret".write(toFile: "\(outside.path)/f", atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/out", withDestinationPath: outside.path)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "\(outside.path)/f")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/self", withDestinationPath: ".")
        mkfifo("\(folder.path)/pipe", 0o600)
        for key in ["out/f", "link", "self/link", "pipe"] {
            let error = await failure { () throws(StoreError) in _ = try await store.get(key, version: nil, limit: 100) }
            #expect(error?.kind == .refused, "\(key)")
        }
        for key in ["out/new", "out/f"] {
            let error = await failure { () throws(StoreError) in _ = try await store.put(key, body("x")) }
            #expect(error?.kind == .refused, "\(key)")
            let kept = await failure { () throws(StoreError) in try await store.delete(key, version: nil) }
            #expect(kept?.kind == .refused)
        }
        _ = try await store.put("link", body("mine"))  // takes the link's place
        let found = try files(outside.path)
        let text = try String(contentsOfFile: "\(outside.path)/f", encoding: .utf8)
        #expect(found == ["f"] && text == "secret")
        let page = try await store.list("", after: nil)
        #expect(page.objects.map(\.key) == ["link"])
    }

    @Test(arguments: [".emporium/lock", "a/.emporium", ".emporium-x", String(repeating: "n", count: 300)])
    func namesOfItsOwnAreRefused(key: String) async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        let error = await failure { () throws(StoreError) in _ = try await store.put(key, body("x")) }
        #expect(error?.kind == .refused)
    }

    @Test func aFileIsNoFolder() async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        _ = try await store.put("a", body("x"))
        _ = try await store.put("b/c", body("x"))
        for key in ["a/b", "b"] {
            let error = await failure { () throws(StoreError) in _ = try await store.put(key, body("y")) }
            #expect(error?.kind == .refused, "\(key)")
        }
        try await store.delete("b", version: nil)
        let head = try await store.head("b")
        #expect(head == nil)
        let page = try await store.list("", after: nil)
        #expect(page.objects.map(\.key) == ["a", "b/c"])
    }

    @Test func whatRotsIsFound() async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        _ = try await store.put("a", body("one"))
        try "two".write(toFile: "\(folder.path)/a", atomically: false, encoding: .utf8)
        let error = await failure { () throws(StoreError) in _ = try await store.get("a", version: nil, limit: 100) }
        #expect(error?.kind == .corrupt)
        // Without its digest it is what its bytes are.
        try FileManager.default.removeItem(atPath: "\(folder.path)/.emporium/sha256/a")
        let head = try await store.head("a")
        #expect(head?.sha256 == digest(Array("two".utf8)))
        _ = try await store.put("a", body("three"))
        let noted = try String(contentsOfFile: "\(folder.path)/.emporium/sha256/a", encoding: .utf8)
        #expect(noted == "\(digest(Array("three".utf8)).map { String(format: "%02x", $0) }.joined())\n")
    }

    /// Cut off while it was replaced: the digests of both are noted, and the object is one of them.
    @Test(arguments: ["old", "new"]) func whatWasCutOffIsOneOrTheOther(text: String) async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        _ = try await store.put("a", body(text))
        let noted = ["new", "old"].map { digest(Array($0.utf8)).map { String(format: "%02x", $0) }.joined() }.joined(separator: "\n")
        try noted.write(toFile: "\(folder.path)/.emporium/sha256/a", atomically: false, encoding: .utf8)
        let head = try await store.head("a")
        let got = try await store.get("a", version: nil, limit: 100)
        #expect(head?.sha256 == digest(Array(text.utf8)) && got == Array(text.utf8))
        _ = try await store.put("a", body("newer"))
        let after = try await store.head("a")
        #expect(after?.sha256 == digest(Array("newer".utf8)))
    }

    @Test func whatAKilledOneLeftIsTakenAway() async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        _ = try await store.put("a", body("x"))
        let scratch = "\(folder.path)/.emporium/tmp"
        for name in ["old", "busy", "young"] { try "half".write(toFile: "\(scratch)/\(name)", atomically: false, encoding: .utf8) }
        for name in ["old", "busy"] {
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: "\(scratch)/\(name)")
        }
        let busy = open("\(scratch)/busy", O_RDONLY)
        defer { close(busy) }
        try #require(flock(busy, LOCK_EX | LOCK_NB) == 0)
        _ = try await store.put("b", body("x"))
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch).sorted()
        #expect(left == ["busy", "young"])
    }

    @Test func oneOfSeveralWins() async throws {
        let folder = try Folder()
        let store = FileStore(folder: folder.path)
        let texts = (0..<16).map { String(repeating: "\($0) ", count: 1000 * ($0 + 1)) }
        try await withThrowingTaskGroup { group in
            for text in texts {
                group.addTask {
                    for _ in 0..<4 {
                        _ = try await store.put("a", body(text))
                        let got = try await store.get("a", version: nil, limit: 1 << 20)
                        let whole = texts.contains(String(decoding: got, as: UTF8.self))
                        #expect(whole)
                    }
                }
            }
            try await group.waitForAll()
        }
        let (head, got) = (try await store.head("a"), try await store.get("a", version: nil, limit: 1 << 20))
        #expect(head?.sha256 == digest(got))
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/.emporium/tmp")
        #expect(left.isEmpty)
    }

    /// In a process of its own: the limit is for all that it writes.
    @Test func aFullDiskIsAnOutageAndLeavesNothing() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try Folder()
            let store = FileStore(folder: folder.path)
            _ = try await store.put("before", body("x"))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            try #require(getrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let usual = limit.rlim_cur
            limit.rlim_cur = 1 << 20
            try #require(setrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let error = await failure { () throws(StoreError) in _ = try await store.put("a/large", body(noise(3 << 20))) }
            #expect(error?.isOutage == true && error?.description.contains("full") == true)
            let head = try await store.head("a/large")
            #expect(head == nil)
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/.emporium/tmp")
            #expect(left.isEmpty)
            limit.rlim_cur = usual
            try #require(setrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit) == 0)
            _ = try await store.put("a/large", body(noise(3 << 20)))
        }
    }
}
