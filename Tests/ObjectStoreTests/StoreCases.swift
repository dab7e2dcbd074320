import Foundation
import Glibc
import ObjectStore
import Testing

/// What holds for every store: a folder, nanio, and the bucket of `EMPORIUM_TEST_S3_URL` where it is set.
@Suite(.serialized) struct StoreCases {
    enum Kind: String, CaseIterable, Sendable { case file, nanio, given }

    static let kinds: [Kind] = Kind.allCases.filter { $0 != .given || given != nil }
    private static let given = ProcessInfo.processInfo.environment["EMPORIUM_TEST_S3_URL"]
    private static let servers = Result { try Servers() }

    /// A store that is empty; what is in it is deleted in the end, every version.
    private func with(_ kind: Kind, _ body: (any ObjectStore) async throws -> Void) async throws {
        let run = UUID().uuidString
        let folder = try Folder()
        let store: any ObjectStore =
            switch kind {
            case .file: try objectStore(url: "file://\(folder.path)/archive", environment: [:])
            case .nanio: try objectStore(url: "s3://emporium/\(run)", environment: try Self.servers.get().environment)
            case .given: try objectStore(url: "\(Self.given ?? "")/\(run)", environment: ProcessInfo.processInfo.environment)
            }
        try await body(store)
        for found in try await store.versions("") { try await store.delete(found.key, version: found.version) }
        let left = try await store.list("", after: nil)
        #expect(left.objects.isEmpty)
    }

    @Test(arguments: kinds) func whatIsPutIsThere(kind: Kind) async throws {
        try await with(kind) { store in
            let key = "events/dt=2026-01-31/events.raw-000000000001.jsonl"
            let bytes = Array("{\"a\":1}\n{\"b\":\"\u{1F600}\"}\n".utf8)
            let missing = try await store.head(key)
            #expect(missing == nil)
            let put = try await store.put(key, body(bytes, encoding: "gzip"))
            #expect(put.key == key && put.bytes == Int64(bytes.count) && put.sha256 == digest(bytes))
            let head = try #require(try await store.head(key))
            #expect(head == put)
            let got = try await store.get(key, version: nil, limit: bytes.count)
            #expect(got == bytes)
            let tooLong = await failure { () throws(StoreError) in _ = try await store.get(key, version: nil, limit: bytes.count - 1) }
            #expect(tooLong?.kind == .refused)
            try await store.delete(key, version: nil)
            try await store.delete(key, version: nil)
            let gone = await failure { () throws(StoreError) in _ = try await store.get(key, version: nil, limit: 1) }
            #expect(gone?.kind == .missing)
            let head2 = try await store.head(key)
            #expect(head2 == nil)
        }
    }

    @Test(arguments: kinds) func theNewestIsSeen(kind: Kind) async throws {
        try await with(kind) { store in
            for text in ["one", "two", "two", "three and more"] {
                _ = try await store.put("a", body(text))
                let head = try await store.head("a")
                #expect(head?.sha256 == digest(Array(text.utf8)) && head?.bytes == Int64(text.utf8.count))
                let got = try await store.get("a", version: nil, limit: 100)
                #expect(String(decoding: got, as: UTF8.self) == text)
            }
            let versions = try await store.versions("")
            #expect(versions.filter(\.isLatest).map(\.key) == ["a"])
        }
    }

    @Test(arguments: kinds) func anEmptyOneAndOneOfSeveralRanges(kind: Kind) async throws {
        try await with(kind) { store in
            // 8 MiB is a range, 16 MiB the most that goes up at once.
            for count in [0, 1, 8 << 20, (8 << 20) + 1, (17 << 20) + 3] {
                let bytes = noise(count)
                let put = try await store.put("large/\(count)", body(bytes))
                #expect(put.bytes == Int64(count))
                let got = try await store.get("large/\(count)", version: nil, limit: 32 << 20)
                #expect(got == bytes)
            }
        }
    }

    @Test(arguments: kinds) func aFileIsPut(kind: Kind) async throws {
        try await with(kind) { store in
            let folder = try Folder()
            for count in [10, (16 << 20) + 1] {
                let bytes = noise(count)
                try Data(bytes).write(to: URL(filePath: "\(folder.path)/f"))
                let content = ObjectBody(.file(path: "\(folder.path)/f"), type: "text/plain", sha256: digest(bytes))
                _ = try await store.put("f", content)
                let got = try await store.get("f", version: nil, limit: 32 << 20)
                #expect(got == bytes)
            }
            let none = ObjectBody(.file(path: "\(folder.path)/none"), type: "text/plain", sha256: digest([]))
            let error = await failure { () throws(StoreError) in _ = try await store.put("g", none) }
            #expect(error?.kind == .refused)
        }
    }

    @Test(arguments: kinds) func otherBytesThanTheDigestSaysAreNotPut(kind: Kind) async throws {
        try await with(kind) { store in
            for count in [5, (16 << 20) + 1] {
                let wrong = ObjectBody(.bytes(noise(count)), type: "text/plain", sha256: digest([1]))
                let error = await failure { () throws(StoreError) in _ = try await store.put("a", wrong) }
                #expect(error?.kind == .corrupt)
                let head = try await store.head("a")
                #expect(head == nil)
            }
        }
    }

    @Test(arguments: kinds) func listsAreInTheOrderOfBytes(kind: Kind) async throws {
        try await with(kind) { store in
            // "." is before "/", "0" after it, and an umlaut after all of ASCII.
            let keys = ["a.b", "a/b", "a/b.c", "a/b/c", "a0", "b", "b-ä", "b+c", "b&<d>", "e%2F", "z='\"~!*()"]
                // In folders a name is a file's or a folder's; nanio decodes percent signs twice.
                .filter { kind == .given || $0 != "a/b" && (kind == .file || $0 != "e%2F") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for key in keys.shuffled() { _ = try await store.put(key, body(key)) }
            func listed(_ prefix: String, _ after: String? = nil) async throws -> [String] {
                try await store.list(prefix, after: after).objects.map(\.key)
            }
            let all = try await store.list("", after: nil)
            #expect(all.objects.map(\.key) == keys && !all.hasMore)
            #expect(all.objects.map(\.bytes) == keys.map { Int64($0.utf8.count) })
            for prefix in ["a", "a/", "a/b", "b", "b+", "none", "z='"] {
                let found = try await listed(prefix)
                #expect(found == keys.filter { $0.hasPrefix(prefix) }, "\(prefix)")
            }
            for after in keys + ["a/", "a/a", "b,", "0", "~"] {
                let found = try await listed("", after)
                #expect(found == keys.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }, "\(after)")
            }
            let versions = try await store.versions("a")
            #expect(versions.map(\.key) == keys.filter { $0.hasPrefix("a") } && versions.allSatisfy { $0.isLatest && !$0.isDeleteMarker })
        }
    }

    /// In either of them an object is a file.
    @Test(arguments: [Kind.file, .nanio]) func pagesGoOn(kind: Kind) async throws {
        let folder = try Folder()
        let keys = (0..<1005).map { "p/\(10_000 + $0)" }
        let place = kind == .file ? folder.path : "\(folder.path)/emporium"
        try FileManager.default.createDirectory(atPath: "\(place)/p", withIntermediateDirectories: true)
        for key in keys { close(open("\(place)/\(key)", O_CREAT | O_WRONLY, 0o600)) }  // Foundation would synchronise each
        let servers = kind == .file ? nil : try Servers(data: folder.path)
        let url = kind == .file ? "file://\(folder.path)" : "s3://emporium"
        let store = try objectStore(url: url, environment: servers?.environment ?? [:])
        let first = try await store.list("p/", after: nil)
        #expect(first.hasMore && first.objects.map(\.key) == Array(keys.prefix(1000)))
        let second = try await store.list("p/", after: first.objects.last?.key)
        #expect(!second.hasMore && second.objects.map(\.key) == Array(keys.suffix(5)))
        let versions = try await store.versions("p/")
        #expect(versions.map(\.key) == keys)
    }
}
