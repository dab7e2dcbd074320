import Digests
import Foundation
import HTTPClient
import ObjectStore
import TestSupport
import Testing

let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path

/// Tests/objects/nanio.py behind Tests/objects/proxy.py.
final class Servers: Sendable {
    private let server: PythonServer
    private let proxy: PythonServer
    private let client = HTTPClient()
    var url: String { proxy.url }

    /// - Parameter data: a folder with a folder for each bucket; nil for one of the server's own.
    init(data: String? = nil) throws {
        server = try PythonServer("objects/nanio.py", data.map { ["--data", $0] } ?? [])
        proxy = try PythonServer("objects/proxy.py", [server.url])
    }

    static let quick = S3Store.Patience(attempt: .seconds(5), call: .seconds(20), pause: .milliseconds(20))

    var environment: [String: String] {
        ["AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secretsecret"]
    }

    func store(
        prefix: String = UUID().uuidString, secret: String = "secretsecret", token: String? = nil, region: String = "us-east-1",
        patience: S3Store.Patience = quick, time: (@Sendable () -> Int)? = nil
    ) throws -> S3Store {
        let place = try S3Place(url: "s3://emporium/\(prefix)", region: region, endpoint: url)
        return S3Store(
            place, S3Credentials(keyID: "test", secret: secret, token: token), client: client, patience: patience, time: time)
    }

    /// - Parameter faults: JSON, as proxy.py has it.
    func fail(_ faults: String) async throws {
        let answer = try await client.send(HTTPRequest("POST", "\(url)/_fault", body: Array(faults.utf8)))
        try #require(answer.status == 200)
    }

    func heal() async throws { _ = try await client.send(HTTPRequest("DELETE", "\(url)/_fault")) }

    struct Entry: Decodable {
        var method: String
        var path: String
        var query: String
        var status: Int?
        var fault: String?
        var bytes: Int
        var headers: [String: String]
    }

    /// What was asked of it since the last time.
    func log() async throws -> [Entry] {
        let answer = try await client.send(HTTPRequest("POST", "\(url)/_log"))
        return try JSONDecoder().decode([Entry].self, from: Data(answer.body))
    }

    /// - Returns: how many uploads in parts were begun since the log was read, and not ended.
    func unfinished() async throws -> Int {
        let entries = try await log()
        let begun = entries.filter { $0.method == "POST" && $0.query == "uploads=" && $0.status == 200 }.count
        let ended = entries.filter {
            $0.query.hasPrefix("uploadId=") && ($0.method == "DELETE" ? $0.status == 204 : $0.method == "POST" && $0.status == 200)
        }.count
        return begun - ended
    }
}

func digest(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
}

func body(_ text: String) -> ObjectBody { body(Array(text.utf8)) }
func body(_ bytes: [UInt8], encoding: String? = nil) -> ObjectBody {
    ObjectBody(.bytes(bytes), type: "application/x-ndjson", encoding: encoding, sha256: digest(bytes))
}

/// Bytes that look like nothing, always the same, no two blocks alike.
func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    var block = (0..<65_536).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for number in 0..<(count + 65_535) / 65_536 {
        (block[0], block[1]) = (UInt8(number & 255), UInt8(number >> 8))
        bytes.append(contentsOf: block.prefix(count - bytes.count))
    }
    return bytes
}

/// A folder of its own, which goes with it.
final class Folder: Sendable {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "emporium-objects-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The error that something throws.
func failure(_ of: () async throws(StoreError) -> Void) async -> StoreError? {
    do throws(StoreError) { try await of() } catch { return error }
    return nil
}
