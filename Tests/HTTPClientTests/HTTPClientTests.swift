import Foundation
import Glibc
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(2))) struct HTTPClientTests {
    private static func error(_ request: HTTPRequest, _ client: HTTPClient = HTTPClient()) async throws -> HTTPError {
        do throws(HTTPError) {
            let response = try await client.send(request)
            Issue.record("it was answered: \(response.status)")
            return HTTPError(isOutage: false, "")
        } catch {
            return error
        }
    }

    // MARK: Answers

    @Test(arguments: [200, 201, 400, 404, 409, 500, 503]) func everyStatusIsAnAnswer(status: Int) async throws {
        let server = try TestServer()
        let response = try await HTTPClient().send(HTTPRequest("GET", "\(server.url)/status/\(status)"))
        #expect(response.status == status && text(response) == "so it is")
        #expect(response.header("content-length") == "8")
    }

    @Test func whatIsSentArrivesAndHeadersComeBack() async throws {
        let server = try TestServer()
        let response = try await HTTPClient().send(
            HTTPRequest(
                "GET", "\(server.url)/echo?a=b%20c",
                headers: [("X-One", "1 ö"), ("X-Empty", ""), ("Authorization", "Basic Zm9v")]))
        let seen = try json(response)
        #expect(seen["method"] as? String == "GET" && seen["path"] as? String == "/echo?a=b%20c")
        let headers = try #require(seen["headers"] as? [[String]])
        #expect(headers.contains(["X-Empty", ""]) && headers.contains(["Authorization", "Basic Zm9v"]))
        #expect(headers.contains { $0[0] == "X-One" && Data($0[1].unicodeScalars.map { UInt8($0.value) }) == Data("1 ö".utf8) })
        #expect(!headers.contains { ["content-type", "expect", "content-length"].contains($0[0].lowercased()) })
        #expect(response.headers.filter { $0.name == "x-twice" }.map(\.value) == ["one", "two"])
        #expect(response.header("x-empty") == "" && response.header("X-Empty") == nil)
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "GET"]) func bodiesGoWithEveryMethod(method: String) async throws {
        let server = try TestServer()
        let body = String(repeating: "{\"n\":1}\n", count: method == "POST" ? 400_000 : 10)  // 3.2 MB: no round trip before it
        let response = try await HTTPClient().send(
            HTTPRequest(method, "\(server.url)/echo", headers: [("content-type", "application/x-ndjson")], body: Array(body.utf8)))
        let seen = try json(response)
        #expect(seen["method"] as? String == method && seen["body"] as? String == body)
        let headers = try #require(seen["headers"] as? [[String]])
        #expect(headers.filter { $0[0].lowercased() == "content-type" }.map { $0[1] } == ["application/x-ndjson"])
        #expect(headers.filter { $0[0].lowercased() == "content-length" }.map { $0[1] } == ["\(body.utf8.count)"])
        #expect(!headers.contains { $0[0].lowercased() == "expect" })
    }

    @Test(arguments: [("POST", "0"), ("PUT", "0"), ("DELETE", nil), ("GET", nil)])
    func withoutABodyTheLengthIsRight(method: String, length: String?) async throws {
        let server = try TestServer()
        let seen = try json(await HTTPClient().send(HTTPRequest(method, "\(server.url)/echo")))
        let headers = try #require(seen["headers"] as? [[String]])
        #expect(headers.first { $0[0].lowercased() == "content-length" }?[1] == length)
        #expect(seen["method"] as? String == method)
    }

    @Test func headHasHeadersOnly() async throws {
        let server = try TestServer()
        // The length said is more than an answer may have: nothing of it comes.
        let response = try await HTTPClient().send(HTTPRequest("HEAD", "\(server.url)/bytes/5000", maxResponseBytes: 100))
        #expect(response.status == 200 && response.body.isEmpty && response.header("content-length") == "5000")
    }

    @Test func chunksAreJoined() async throws {
        let server = try TestServer()
        let response = try await HTTPClient().send(HTTPRequest("GET", "\(server.url)/chunked"))
        #expect(text(response) == "one two three")
    }

    @Test func redirectsAreAnswers() async throws {
        let server = try TestServer()
        let response = try await HTTPClient().send(HTTPRequest("GET", "\(server.url)/redirect"))
        #expect(response.status == 302 && response.header("location") == "/echo")
    }

    // MARK: Connections

    @Test func aConnectionIsKept() async throws {
        let server = try TestServer()
        let client = HTTPClient()
        for number in 0..<20 {
            _ = try await client.send(HTTPRequest(number % 2 == 0 ? "POST" : "GET", "\(server.url)/status/200"))
        }
        #expect(try await server.counts(client).connections == 1)
    }

    @Test func aKeptConnectionThatWasClosedIsReplaced() async throws {
        let server = try TestServer()
        let client = HTTPClient()
        for _ in 0..<10 {
            let response = try await client.send(HTTPRequest("POST", "\(server.url)/once", body: Array("[]".utf8)))
            #expect(text(response) == "last")
        }
    }

    @Test func aThousandRequestsSixteenAtATime() async throws {
        let server = try TestServer()
        let client = HTTPClient()
        _ = try await client.send(HTTPRequest("GET", "\(server.url)/status/200"))
        let before = try Self.openFiles()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for number in 0..<63 {
                        let body = "\(number)"
                        let response = try await client.send(HTTPRequest("POST", "\(server.url)/echo", body: Array(body.utf8)))
                        #expect(try json(response)["body"] as? String == body)
                    }
                    return 63
                }
            }
            var all = 0
            for try await one in group { all += one }
            #expect(all == 1008)
        }
        let connections = try await server.counts(client).connections
        #expect(connections <= 17)
        #expect(try Self.openFiles() <= before + 16)
    }

    @Test func moreThanTheLimitAtOnceWaitTheirTurn() async throws {
        let server = try TestServer()
        let client = HTTPClient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let response = try await client.send(HTTPRequest("GET", "\(server.url)/bytes/\(number)"))
                    #expect(response.body.count == number)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await server.counts(client).connections <= 64)
    }

    @Test func aClientThatGoesLeavesNothingOpen() async throws {
        let server = try TestServer()
        let before = (try Self.openFiles(), try Self.threads())
        for _ in 0..<50 {
            #expect(try await HTTPClient().send(HTTPRequest("GET", "\(server.url)/status/200")).status == 200)
            _ = HTTPClient()  // never used: no thread
        }
        // Other tests run beside this one, with some files and threads of theirs.
        try await eventually("threads and files closed") {
            try Self.openFiles() < before.0 + 40 && Self.threads() < before.1 + 40
        }
    }

    private static func openFiles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    private static func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }

    // MARK: No answer

    @Test func aSlowAnswerIsAnOutage() async throws {
        let server = try TestServer()
        let begin = ContinuousClock.now
        let error = try await Self.error(HTTPRequest("GET", "\(server.url)/slow", timeout: .milliseconds(200)))
        #expect(error.isOutage && error.description.contains("GET \(server.url)/slow: "), "\(error)")
        // The server trickles for 60 s; how long a busy machine takes to notice is no matter.
        #expect(begin.duration(to: .now) < .seconds(50))
    }

    @Test func nobodyThereIsAnOutage() async throws {
        let error = try await Self.error(HTTPRequest("GET", "http://127.0.0.1:1/x?key=secret"))
        #expect(error.isOutage && error.description.contains("GET http://127.0.0.1:1/x: "), "\(error)")
        #expect(!error.description.contains("secret"))
        #expect(try await Self.error(HTTPRequest("GET", "http://no-such-host.invalid/")).isOutage)
    }

    @Test(arguments: ["cut", "nothing", "nonsense"]) func halfAnAnswerIsAnOutage(path: String) async throws {
        let server = try TestServer()
        #expect(try await Self.error(HTTPRequest("GET", "\(server.url)/\(path)")).isOutage)
    }

    @Test(arguments: ["bytes/101", "endless", "headers/400"]) func tooMuchIsNoOutage(path: String) async throws {
        let server = try TestServer()
        let error = try await Self.error(HTTPRequest("GET", "\(server.url)/\(path)", maxResponseBytes: 100))
        #expect(!error.isOutage && error.description.contains("longer than 100 bytes"), "\(error)")
        #expect(error.status == 200)
        if path == "endless" { try await eventually("the server notices") { try await server.counts().aborted == 1 } }
        #expect(try await HTTPClient().send(HTTPRequest("GET", "\(server.url)/bytes/100", maxResponseBytes: 100)).body.count == 100)
    }

    @Test func theEndOfATaskEndsTheTransfer() async throws {
        let server = try TestServer()
        let client = HTTPClient()
        let task = Task { try await Self.error(HTTPRequest("GET", "\(server.url)/slow"), client) }
        try await eventually("it is asked") { try await server.counts(client).connections == 2 }
        let begin = ContinuousClock.now
        task.cancel()
        let error = try await task.value
        #expect(error.description == "GET \(server.url)/slow: cancelled" && begin.duration(to: .now) < .seconds(10))
        try await eventually("the server notices") { try await server.counts(client).aborted == 1 }
        // Before it began.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Self.error(HTTPRequest("GET", "\(server.url)/slow"), client)
        }
        #expect(try await early.value.description.hasSuffix("cancelled"))
        #expect(try await client.send(HTTPRequest("GET", "\(server.url)/status/200")).status == 200)
    }

    // MARK: Requests that are none

    @Test(arguments: [
        "", "localhost", "ftp://localhost/x", "file:///etc/passwd", "http://", "http://user:hunter2@localhost/",
        "http://localhost/a b", "http://localhost/\r\nX: y", "gopher://x/", "http://localhost:99999/",
    ])
    func urlsThatAreNone(url: String) async throws {
        let error = try await Self.error(HTTPRequest("GET", url))
        #expect(!error.isOutage && !error.description.contains("hunter2"), "\(error)")
    }

    @Test func headersAndMethodsThatAreNone() async throws {
        let requests = [
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("X-Key", "hunter2\r\nX-Other: y")]),
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("X Key", "y")]),
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("", "y")]),
            HTTPRequest("get /", "http://127.0.0.1:1/"),
            HTTPRequest("", "http://127.0.0.1:1/"),
            HTTPRequest("HEAD", "http://127.0.0.1:1/", body: [1]),
        ]
        for request in requests {
            let error = try await Self.error(request)
            #expect(!error.isOutage && !error.description.contains("hunter2"), "\(error)")
        }
    }

    @Test(arguments: [
        ("http://localhost:8000/x?y", "http://localhost:8000/x", true), ("http://127.0.0.53/", "http://127.0.0.53/", true),
        ("https://[::1]:4/a", "https://[::1]:4/a", true), ("http://127.example.com/", "http://127.example.com/", false),
        ("HTTP://Example.COM", "http://Example.COM/", false), ("http://10.0.0.1/", "http://10.0.0.1/", false),
    ])
    func places(url: String, text: String, isLocal: Bool) throws {
        let place = try Place(url)
        #expect(place.text == text && place.isLocal == isLocal)
    }

    @Test func durationsAreRoundedUp() {
        #expect(Duration.seconds(2).milliseconds == 2000)
        #expect(Duration.microseconds(1).milliseconds == 1)
        #expect(Duration.seconds(-1).milliseconds == 0)
        #expect(Duration.seconds(1_000_000_000_000).milliseconds == 86_400_000)
    }
}
