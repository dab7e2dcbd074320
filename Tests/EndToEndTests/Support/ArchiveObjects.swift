import Digests
import Foundation
import TestSupport
import Testing

/// An object store for tests: a folder, or nanio behind a proxy that fails when told to. What it holds is read from the disk,
/// past everything of ours.
final class ArchiveObjects {
    enum Kind: String, CaseIterable { case file, s3 }

    let kind: Kind
    /// Where the objects lie, by their keys.
    let folder: String
    let environment: [String: String]
    private let nanio: PythonServer?
    private let proxy: PythonServer?

    /// - Parameter parent: a folder that goes with the test.
    init(_ kind: Kind, in parent: String) throws {
        self.kind = kind
        switch kind {
        case .file:
            folder = "\(parent)/objects"
            (nanio, proxy) = (nil, nil)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            environment = ["EMPORIUM_OBJECT_STORE": "file://\(folder)"]
        case .s3:
            folder = "\(parent)/nanio/emporium"
            let nanio = try PythonServer("objects/nanio.py", ["--data", "\(parent)/nanio"])
            let proxy = try PythonServer("objects/proxy.py", [nanio.url])
            (self.nanio, self.proxy) = (nanio, proxy)
            environment = [
                "EMPORIUM_OBJECT_STORE": "s3://emporium", "AWS_ENDPOINT_URL_S3": proxy.url, "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "secretsecret",
            ]
        }
    }

    // MARK: What it holds

    /// Keys of all objects, whole ones only: what is being written has a name of its own.
    func keys() throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return names.filter { name in
            var isFolder: ObjCBool = false
            return !name.split(separator: "/").contains { $0.hasPrefix(".") }
                && FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) && !isFolder.boolValue
                && (name.hasSuffix(".jsonl") || name.hasSuffix(".jsonl.gz"))
        }.sorted()
    }

    func bytes(_ key: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(key)"))) }

    func digests() throws -> [String: String] {
        try Dictionary(uniqueKeysWithValues: keys().map { ($0, sha256Hex(try bytes($0))) })
    }

    /// The lines of every object; what is packed is unpacked by gzip(1).
    func lines() async throws -> [String: [String]] {
        let copy = "\(folder)-copy-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try await system(["/bin/cp", "-r", folder, copy])
        let keys = try keys()
        if keys.contains(where: { $0.hasSuffix(".gz") }) {
            try await system(["/bin/sh", "-c", "find \"$0\" -name '.*' -prune -o -name '*.jsonl.gz' -print0 | xargs -0 gzip -d", copy])
        }
        return try Dictionary(
            uniqueKeysWithValues: keys.map { key in
                let plain = key.hasSuffix(".gz") ? String(key.dropLast(3)) : key
                let text = try String(contentsOfFile: "\(copy)/\(plain)", encoding: .utf8)
                try #require(text.hasSuffix("\n"), "\(key) ends in mid-line, or is empty")
                return (key, text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
            })
    }

    // MARK: Faults

    /// Of nanio's proxy: see Tests/objects/proxy.py.
    func fail(_ mode: String, count: Int? = nil, methods: [String]? = nil, seconds: Double? = nil) async throws {
        var fault: [String: Any] = ["mode": mode]
        fault["count"] = count
        fault["methods"] = methods
        fault["seconds"] = seconds
        let body = String(decoding: try JSONSerialization.data(withJSONObject: fault), as: UTF8.self)
        try await curl(["-X", "POST", "-H", "Content-Type: application/json", "--data-binary", body], "/_fault")
    }

    func heal() async throws { try await curl(["-X", "DELETE"], "/_fault") }

    struct Request: Decodable {
        var method: String
        var path: String
        /// nil: it was not answered.
        var status: Int?
        var fault: String?
    }

    func log() async throws -> [Request] { try JSONDecoder().decode([Request].self, from: Data(try await curl([], "/_log").utf8)) }

    @discardableResult
    private func curl(_ arguments: [String], _ path: String) async throws -> String {
        let proxy = try #require(proxy, "a folder does not fail when told to")
        return try await system(["/usr/bin/curl", "-sS", "-f", "-m", "20"] + arguments + [proxy.url + path])
    }
}
