import Foundation
import Glibc
import HTTPClient
import TestSupport
import Testing

/// Tests/http/server.py.
final class TestServer: Sendable {
    private let server: PythonServer
    var url: String { server.url }

    init() throws { server = try PythonServer("http/server.py") }

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
