import Foundation
import Glibc
import HTTPClient
import Testing

/// Tests/http/server.py in a process of its own, which ends with this.
final class TestServer: @unchecked Sendable {  // constant after init; Process is asked from deinit only
    let url: String
    private let process = Process()
    private let input = Pipe()

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", root.appendingPathComponent("http/server.py").path]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(output.fileHandleForReading.fileDescriptor, &bytes, bytes.count)
        let line = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the server has not started: \(line)")
        url = "http://127.0.0.1:\(port)"
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func counts(_ client: HTTPClient = HTTPClient()) async throws -> (connections: Int, aborted: Int) {
        let object = try await json(client.send(HTTPRequest("GET", "\(url)/counts")))
        return (try #require(object["connections"] as? Int), try #require(object["aborted"] as? Int))
    }
}

func json(_ response: HTTPResponse) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}

func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

/// Waits until something holds, for twenty seconds at most.
func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "waited in vain: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
