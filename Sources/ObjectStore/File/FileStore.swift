import Dispatch

/// A folder whose files are the objects: `events/dt=2026-01-31/a.jsonl` is that file below it.
///
/// - An object is written under `.emporium/tmp`, synchronised, renamed to its place, and its folder synchronised.
/// - Its SHA-256 stands in `.emporium/sha256/<key>`. While an object is replaced that file names the new digest and the old one:
///   whatever was cut off when, one of them is that of the bytes.
/// - No symbolic link below the folder is followed, no device or pipe opened. What is not a file is no object, nor is what begins
///   with `.emporium`.
/// - There are no versions.
///
/// It makes the folder itself, not the one above: where a disk is not mounted, nothing is written to what lies under it.
public struct FileStore: ObjectStore {
    public let name: String
    let folder: String
    private let queue = DispatchQueue(label: "emporium.objects", attributes: .concurrent)

    /// - Parameter folder: absolute.
    public init(folder: String) {
        var folder = folder
        while folder.hasSuffix("/"), folder.utf8.count > 1 { folder.removeLast() }
        self.folder = folder
        name = "file://\(folder)"
    }

    public func put(_ key: String, _ body: ObjectBody) async throws(StoreError) -> StoredObject {
        let segments = try Self.segments(key)
        return try await run("PUT \(name)/\(key)") { tree throws(FileFault) in
            let source: BodySource
            do throws(StoreError) { source = try BodySource(body.content) } catch { throw .store(error) }
            try tree.put(segments, source, body.sha256)
            return StoredObject(key: key, bytes: source.bytes, sha256: body.sha256)
        }
    }

    public func head(_ key: String) async throws(StoreError) -> StoredObject? {
        let segments = try Self.segments(key)
        return try await run("HEAD \(name)/\(key)") { tree throws(FileFault) in
            guard let found = try tree.open(segments) else { return nil }
            return StoredObject(key: key, bytes: Int64(found.bytes), sha256: try found.sha256())
        }
    }

    public func get(_ key: String, version: String?, limit: Int) async throws(StoreError) -> [UInt8] {
        let segments = try Self.segments(key)
        return try await run("GET \(name)/\(key)") { tree throws(FileFault) in
            guard version == nil, let found = try tree.open(segments) else {
                throw .store(StoreError(.missing, "there is no such object"))
            }
            return try found.read(limit)
        }
    }

    public func delete(_ key: String, version: String?) async throws(StoreError) {
        let segments = try Self.segments(key)
        guard version == nil else { return }
        try await run("DELETE \(name)/\(key)") { tree throws(FileFault) in try tree.delete(segments) }
    }

    public func list(_ prefix: String, after: String?) async throws(StoreError) -> ObjectPage {
        try ObjectKey.check(prefix: prefix)
        if let after { try ObjectKey.check(prefix: after) }
        return try await run("LIST \(name)/\(prefix)") { tree throws(FileFault) in
            var walk = FileWalk(prefix: prefix, after: after)
            try walk.visit(tree.base, "")
            return walk.page
        }
    }

    public func versions(_ prefix: String) async throws(StoreError) -> [ObjectVersion] { try await objectsAsVersions(prefix) }

    private static func segments(_ key: String) throws(StoreError) -> [String] {
        let segments = try ObjectKey.segments(key)
        guard !segments.contains(where: { $0.hasPrefix(FileTree.hidden) }) else {
            throw StoreError(.refused, "key \"\(key)\": what begins with \(FileTree.hidden) is the store's own")
        }
        return segments
    }

    /// On a queue: a disk can be slow, and the threads of tasks are few.
    private func run<T: Sendable>(
        _ what: String, _ body: @escaping @Sendable (borrowing FileTree) throws(FileFault) -> T
    ) async throws(StoreError) -> T {
        let folder = folder
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(FileFault) {
                    let tree = try FileTree(folder)
                    continuation.resume(returning: .success(try body(tree)))
                } catch { continuation.resume(returning: .failure(error.error(what))) }
            }
        }
        return try result.get()
    }
}
