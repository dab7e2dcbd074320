import Foundation
import Kafka
import Logging
import Postgres
import Schemas
import Synchronization
import Testing

@testable import Collector

/// The door before a registry that answers what it is told to, and keeps what it was asked.
@Suite struct RegistryDoor {
    private final class Desk: RegistryDesk {
        let state = Mutex((asked: [RegistryRequest](), changed: [RegistryRequest]()))
        private let answer: @Sendable () throws -> RegistryReply

        init(_ answer: @escaping @Sendable () throws -> RegistryReply) { self.answer = answer }
        var asked: [RegistryRequest] { state.withLock { $0.asked } }
        var changed: [RegistryRequest] { state.withLock { $0.changed } }

        func ask(_ request: RegistryRequest) throws -> RegistryReply {
            state.withLock { $0.asked.append(request) }
            return try answer()
        }
        func change(_ request: RegistryRequest) throws -> RegistryReply {
            state.withLock { $0.changed.append(request) }
            return try answer()
        }
    }

    /// Everything that was logged.
    private final class Log: LogHandler, Sendable {
        let lines = Mutex<[String]>([])
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }
        func log(event: LogEvent) { lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
        var text: String { lines.withLock { $0.joined(separator: "\n") } }
    }

    private static let json = ("Content-Type", "application/vnd.schemaregistry.v1+json")
    private static let key = "emp_good"

    private struct Bench {
        let door: Door
        let log = Log()

        init(_ desk: Desk?, _ access: RegistryAccess = .open) async throws {
            var settings = CollectSettings()
            settings.registry = access
            let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let metrics = Metrics()
            let keys = KeyRing(pause: .zero, logger: quiet) {
                [APIKey(id: 1, sender: "shop", digest: KeyDigest(of: RegistryDoor.key), rate: nil)]
            }
            await keys.refresh()
            struct Nothing: Error {}
            door = Door(
                settings,
                DoorParts(
                    keys: keys, schema: SchemaKeeper(subject: "s", source: NoSchemas(), logger: quiet),
                    sender: try EventSender(
                        KafkaConfiguration(["bootstrap.servers": "127.0.0.1:1"]), settings, metrics: metrics, logger: quiet),
                    metrics: metrics, remember: { _, _, _, _ in throw Nothing() }, registry: desk),
                logger: Logger(label: "test") { [log] _ in log })
        }

        /// As a connection does it: head, key, body.
        func send(_ method: String, _ target: String, _ headers: [(String, String)] = [], _ body: String = "") async -> Answer {
            await send(method, target, headers, Array(body.utf8))
        }

        func send(_ method: String, _ target: String, _ headers: [(String, String)] = [], _ body: [UInt8]) async -> Answer {
            let length = body.isEmpty ? [] : [("Content-Length", "\(body.count)")]
            let head = RequestHead(
                method: method, target: target, headers: (headers + length).map { (name: $0.0, value: $0.1) }, needsHost: false)
            var admission = door.admit(head)
            if case .unknownKey(let digest) = admission { admission = door.admit(head, key: await door.ask(digest)) }
            switch admission {
            case .refused(let answer, _): return answer
            case .read(let question): return await door.read(question)
            case .registry(let ticket): return await door.registry(ticket, body)
            case .collect, .unknownKey: return .badRequest
            }
        }
    }

    private func code(_ answer: Answer) throws -> Int {
        #expect(answer.contentType == Answer.registryType)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        return try #require(object["error_code"] as? Int)
    }

    @Test func eachMethodOfEachPathGoesWhereItBelongs() async throws {
        for path in RegistryPath.allCases {
            let target = path.rawValue.replacing("{subject}", with: "a%2Fb").replacing("{version}", with: "1").replacing("{id}", with: "7")
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                let desk = Desk { RegistryReply(status: 200, body: "{}") }
                let bench = try await Bench(desk)
                let answer = await bench.send(method, target + "?deleted=true", [Self.json], method == "GET" || method == "HEAD" ? "" : "{}")
                let asks = path.asking.contains(method == "HEAD" ? "GET" : method)
                let changes = path.changing.contains(method)
                #expect(desk.asked.count == (asks ? 1 : 0) && desk.changed.count == (changes ? 1 : 0), "\(method) \(target)")
                if asks || changes {
                    let request = try #require((desk.asked + desk.changed).first)
                    #expect(answer.status == 200 && answer.contentType == Answer.registryType)
                    let segments = target.split(separator: "/").map { $0 == "a%2Fb" ? "a/b" : String($0) }
                    #expect(request.path == segments && request.query == ["deleted", "true"])
                    #expect(request.method == (method == "HEAD" ? "GET" : method))
                    #expect(request.body == (["POST", "PUT"].contains(method) ? "{}" : nil), "\(method) \(target)")
                } else {
                    #expect(answer.status == 405, "\(method) \(target)")
                    #expect(try code(answer) == 405)
                    let allowed = try #require(answer.headers.first { $0.name == "allow" }).value.components(separatedBy: ", ")
                    #expect(Set(allowed).subtracting(["HEAD"]) == Set(path.asking + path.changing), "\(target)")
                }
            }
        }
    }

    @Test func whatTheRegistrySaysIsPassedOn() async throws {
        let body = #"{"error_code":409,"message":"Schema being registered is incompatible"}"#
        let answer = await (try await Bench(Desk { RegistryReply(status: 409, body: body) }))
            .send("POST", "/subjects/s/versions", [Self.json], #"{"schema":"\"string\""}"#)
        #expect(answer.status == 409 && answer.body == Array(body.utf8) && answer.contentType == Answer.registryType)
    }

    /// No text of the database's goes to a client; what passes by itself is to be tried again.
    @Test(arguments: [
        ("08006", 503), ("40001", 503), ("53300", 503), ("57014", 500), ("57P01", 503), ("42883", 500), ("42501", 500), ("XX000", 500),
        ("EM006", 500), ("22P02", 500),
    ]) func errorsOfTheDatabase(_ state: String, _ status: Int) async throws {
        let bench = try await Bench(Desk { throw PostgresError(sqlState: state, message: "secret in the database") })
        for (method, target) in [("GET", "/subjects"), ("POST", "/subjects/s/versions")] {
            let answer = await bench.send(method, target, [Self.json], method == "GET" ? "" : "{}")
            #expect(answer.status == status)
            #expect(try code(answer) == (state == "57014" ? 50002 : 50001))
            #expect(answer.headers.contains { $0.name == "retry-after" } == (status == 503))
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("secret"))
        }
        #expect(bench.log.text.contains(state))
    }

    @Test func aRegistryThatDoesNotAnswerIsAway() async throws {
        let answer = await (try await Bench(Desk { throw CancellationError() })).send("GET", "/schemas/ids/1")
        #expect(answer.status == 503)
        #expect(try code(answer) == 50001)
    }

    @Test func whoMayChange() async throws {
        let basic = Data("anybody:\(Self.key)".utf8).base64EncodedString()
        let good = [("X-API-Key", Self.key), ("Authorization", "Bearer \(Self.key)"), ("Authorization", "Basic \(basic)")]
        let bad = [
            ("X-API-Key", "emp_bad"), ("Authorization", "Bearer emp_bad"), ("Authorization", "Basic \(Data("emp_good:".utf8).base64EncodedString())"),
            ("Authorization", "Basic \(Self.key)"), ("Authorization", "Basic !"), ("Authorization", Self.key), ("X-Nothing", ""),
        ]
        for (method, target) in [("POST", "/subjects/s/versions"), ("DELETE", "/subjects/s"), ("PUT", "/config"), ("DELETE", "/mode/s")] {
            let desk = Desk { RegistryReply(status: 200, body: "{}") }
            let bench = try await Bench(desk, .key)
            for header in bad {
                let answer = await bench.send(method, target, [Self.json, header], "{}")
                #expect(answer.status == 401, "\(method) \(header)")
                #expect(try code(answer) == 401)
                #expect(answer.headers.contains { $0.name == "www-authenticate" && $0.value.contains("Basic") })
            }
            #expect(desk.changed.isEmpty)
            for header in good { #expect(await bench.send(method, target, [Self.json, header], "{}").status == 200, "\(method) \(header)") }
            #expect(desk.changed.count == good.count)
            #expect(!bench.log.text.contains(Self.key) && !bench.log.text.contains(basic) && bench.log.text.contains("shop"))

            let readOnly = try await Bench(desk, .read)
            let answer = await readOnly.send(method, target, [Self.json, good[0]], "{}")
            #expect(answer.status == 403)
            #expect(try code(answer) == 403)
            #expect(desk.changed.count == good.count)
        }
    }

    @Test func readingNeedsNoKey() async throws {
        for access in RegistryAccess.allCases {
            let desk = Desk { RegistryReply(status: 200, body: "{}") }
            let bench = try await Bench(desk, access)
            for (method, target) in [
                ("GET", "/subjects"), ("POST", "/subjects/s"), ("POST", "/compatibility/subjects/s/versions/latest"), ("GET", "/"),
            ] {
                #expect(await bench.send(method, target, [Self.json], method == "POST" ? "{}" : "").status == 200, "\(access) \(target)")
            }
            #expect(desk.asked.count == 4)
        }
    }

    /// A page in a browser sends these types without asking first; one whose name leads to this machine sends its origin.
    @Test func pagesInBrowsersChangeNothing() async throws {
        let desk = Desk { RegistryReply(status: 200, body: "{}") }
        let bench = try await Bench(desk)
        for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", ""] {
            for target in ["/subjects/s/versions", "/subjects/s", "/compatibility/subjects/s/versions"] {
                let answer = await bench.send("POST", target, type.isEmpty ? [] : [("Content-Type", type)], "{}")
                #expect(answer.status == 415, "\(type)")
                #expect(try code(answer) == 415)
            }
        }
        for type in ["application/json; charset=latin1", "application/json+x"] {
            #expect(await bench.send("PUT", "/config", [("Content-Type", type)], "{}").status == 415)
        }
        #expect(await bench.send("PUT", "/config", [Self.json, ("Content-Encoding", "gzip")], "{}").status == 415)
        for method in ["PUT", "DELETE"] {
            #expect(await bench.send(method, "/config", [Self.json, ("Origin", "http://127.0.0.1:8000")], "{}").status == 403)
        }
        #expect(desk.changed.isEmpty && desk.asked.isEmpty)
        for type in ["application/json", "Application/VND.schemaregistry.v1+JSON; charset=UTF-8", "application/vnd.schemaregistry+json"] {
            #expect(await bench.send("PUT", "/config", [("Content-Type", type)], "{}").status == 200, "\(type)")
        }
    }

    @Test func bodiesHaveALimitAndAreText() async throws {
        let desk = Desk { RegistryReply(status: 200, body: "{}") }
        let bench = try await Bench(desk)
        let long = RequestHead(
            method: "POST", target: "/subjects/s/versions",
            headers: [("content-type", "application/json"), ("content-length", "\(Door.registryBodyBytes + 1)")].map { (name: $0.0, value: $0.1) },
            needsHost: false)
        guard case .refused(let answer, let route) = bench.door.admit(long) else { return #expect(Bool(false), "by its head alone") }
        #expect(answer.status == 413 && route == "/subjects/{subject}/versions")
        #expect(try code(answer) == 413)
        for bytes in [[0x22, 0xff, 0x22], [0x22, 0, 0x22], [0xed, 0xa0, 0x80]] as [[UInt8]] {
            let answer = await bench.send("POST", "/subjects/s/versions", [Self.json], bytes)
            #expect(answer.status == 400)
            #expect(try code(answer) == 400)
        }
        #expect(desk.changed.isEmpty)
        // What is text is the database's to judge.
        #expect(await bench.send("POST", "/subjects/s/versions", [Self.json], "{ ü").status == 200)
        #expect(await bench.send("POST", "/subjects/s/versions", [Self.json]).status == 200)
        #expect(desk.changed.map(\.body) == ["{ ü", nil])
    }

    @Test func answersThatAreTooLongAreNotSent() async throws {
        let answer = await (try await Bench(Desk { RegistryReply(status: 200, body: nil) })).send("GET", "/schemas")
        #expect(answer.status == 413)
        #expect(try code(answer) == 413)
    }

    /// Answers count until they are gone; events' bytes are counted apart.
    @Test func memoryHasALimit() async throws {
        let size = Door.registryBytesInFlight / 2
        let bench = try await Bench(Desk { RegistryReply(status: 200, body: String(repeating: "x", count: size)) })
        var answers: [Answer] = []
        for _ in 0..<3 { answers.append(await bench.send("GET", "/schemas")) }
        #expect(answers.map(\.status) == [200, 200, 503])
        #expect(bench.door.metrics.registryBytesInFlight.load(ordering: .relaxed) == 2 * size)
        #expect(bench.door.metrics.bytesInFlight.load(ordering: .relaxed) == 0)
        answers = []
        #expect(bench.door.metrics.registryBytesInFlight.load(ordering: .relaxed) == 0)
        #expect(await bench.send("GET", "/schemas").status == 200)
    }

    @Test func whereSchemasAreSomewhereElse() async throws {
        let bench = try await Bench(nil, .key)
        for (method, target) in [("GET", "/subjects"), ("POST", "/subjects/s/versions"), ("DELETE", "/subjects/s")] {
            let answer = await bench.send(method, target, [Self.json])
            #expect(answer.status == 404)
            #expect(String(decoding: answer.body, as: UTF8.self).contains("SCHEMA_REGISTRY_URL"))
        }
    }

    /// What somebody puts into a path does not make lines of the log.
    @Test func theLogNamesWhoChangedWhat() async throws {
        let bench = try await Bench(Desk { RegistryReply(status: 200, body: "[1]") }, .key)
        _ = await bench.send("DELETE", "/subjects/a%0Ab?permanent=true", [("X-API-Key", Self.key)])
        #expect(bench.log.lines.withLock { $0.count } == 1)
        let line = bench.log.text
        #expect(line.contains("DELETE /subjects/{subject}") && line.contains("a b") && line.contains("shop") && !line.contains("\n"), "\(line)")
    }
}

private struct NoSchemas: SchemaSource {
    func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema { throw SchemaError(.outage, "none") }
    func latest(subject: String) async throws(SchemaError) -> SchemaVersion { throw SchemaError(.outage, "none") }
}
