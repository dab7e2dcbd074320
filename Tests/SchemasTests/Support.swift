import Avro
import Foundation
import Glibc
import HTTPClient
import Logging
import Schemas
import Stack
import Synchronization
import TestSupport
import Testing

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

let one = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}"#
/// `one` and an optional field.
let two = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": ["null", "int"], "default": null}]}"#
/// Reads neither: `b` has no default, `a` is a number.
let three = #"{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}, {"name": "c", "type": "int"}]}"#

/// Gives answers in their order and keeps what was asked.
final class Scripted: HTTPTransport {
    private let state: Mutex<(answers: [Result<HTTPResponse, HTTPError>], asked: [HTTPRequest])>

    init(_ answers: Result<HTTPResponse, HTTPError>...) { state = Mutex((answers, [])) }
    init(_ answers: [Result<HTTPResponse, HTTPError>]) { state = Mutex((answers, [])) }

    var asked: [HTTPRequest] { state.withLock { $0.asked } }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let answer = state.withLock { state in
            state.asked.append(request)
            return state.answers.isEmpty ? .failure(HTTPError(isOutage: true, "the script is over")) : state.answers.removeFirst()
        }
        return try answer.get()
    }
}

func answer(_ status: Int, _ body: String) -> Result<HTTPResponse, HTTPError> {
    .success(HTTPResponse(status: status, headers: [], body: Array(body.utf8)))
}

/// Tests/registry/server.py.
final class RegistryServer: Sendable {
    private let server: PythonServer
    var url: String { server.url }

    init(_ arguments: String...) throws { server = try PythonServer("registry/server.py", arguments) }

    func client(_ more: String? = nil, userInfo: String? = nil, timeout: Duration = .seconds(10)) throws -> SchemaRegistryClient {
        try SchemaRegistryClient(
            urls: more.map { "\($0),\(url)" } ?? url, userInfo: userInfo, transport: HTTPClient(), timeout: timeout)
    }

    /// The next answers, one a request, as JSON.
    func answer(_ faults: String) async throws {
        let body = Array(#"{"answers": [\#(faults)]}"#.utf8)
        let done = try await HTTPClient().send(HTTPRequest("POST", "\(url)/_fault", body: body))
        try #require(done.status == 200)
    }

    func log() async throws -> [String] {
        let answer = try await HTTPClient().send(HTTPRequest("GET", "\(url)/_log"))
        return try JSONDecoder().decode([String].self, from: Data(answer.body))
    }
}

/// Wants an error of a kind. No macro around a closure: in Swift 6.3 one in `#expect` and another one beside it in the same
/// function have been seen to be taken for each other.
func expect<T>(
    _ kind: SchemaError.Kind, _ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> T
) async throws {
    let error = try await schemaError(at: location, body)
    #expect(error.kind == kind, comment, sourceLocation: location)
}

/// The error that something throws.
func schemaError<T>(
    at location: SourceLocation = #_sourceLocation, _ body: () async throws -> T
) async throws -> SchemaError {
    do { _ = try await body() } catch let error as SchemaError { return error }
    Issue.record("nothing was thrown", sourceLocation: location)
    throw SchemaError(.unknown, "nothing was thrown")
}

/// Waits until something holds, for twenty seconds at most.
func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "waited in vain: \(what)")
        try await Task.sleep(for: .milliseconds(2))
    }
}
