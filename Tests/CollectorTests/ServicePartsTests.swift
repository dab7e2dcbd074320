import Foundation
import Logging
import Synchronization
import Testing

@testable import Collector

private func head(
    _ headers: [(String, String)], method: String = "POST", target: String = "/collect", needsHost: Bool = false
) -> RequestHead {
    RequestHead(
        method: method, target: target, headers: headers.map { (name: $0.0, value: $0.1) }, needsHost: needsHost)
}

@Suite struct PackageIDs {
    @Test func theBitsAreWhereTheyBelong() throws {
        var random = SystemRandomNumberGenerator()
        let id = PackageID(milliseconds: 0x0123_4567_89ab, using: &random)
        let text = id.text()
        #expect(text.wholeMatch(of: /01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{7}00000/) != nil, "\(text)")
        #expect(id.text(1) == text.dropLast(5) + "00001")
        #expect(id.text(0xabcde) == text.dropLast(5) + "abcde")
        #expect(id.text(PackageID.maxOrdinal) == text.dropLast(5) + "fffff")
        #expect(PackageID(text) == id && UUID(uuidString: text) != nil)
    }

    @Test func whatIsNoPackageIDIsNotTaken() throws {
        for text in [
            "", "01234567-89ab-7cde-8000-000000000001", "01234567-89ab-4cde-8000-000000000000",
            "01234567-89ab-7cde-c000-000000000000", "0123456789ab7cde8000000000000000", "01234567-89ab-7cde-8000-0000000000000",
            "g1234567-89ab-7cde-8000-000000000000",
        ] { #expect(PackageID(text) == nil, "\(text)") }
        #expect(PackageID("01234567-89ab-7cde-8000-000000000000") != nil)
    }

    @Test func twoInOneMillisecondDiffer() {
        var random = SystemRandomNumberGenerator()
        #expect(Set((0..<10_000).map { _ in PackageID(milliseconds: 1, using: &random).text() }).count == 10_000)
    }

    @Test func rewritingGivesTheSameTextAsWriting() {
        var random = SystemRandomNumberGenerator()
        let id = PackageID(milliseconds: 1_795_000_000_000, using: &random)
        var bytes = [UInt8](id.text().utf8)
        for ordinal in [1, 15, 16, 4095, 65_536, 1_048_575, 2] {
            bytes.withUnsafeMutableBytes { PackageID.rewrite(ordinal, in: $0) }
            #expect(String(decoding: bytes, as: UTF8.self) == id.text(ordinal))
        }
    }
}

@Suite struct RequestHeads {
    @Test func namesAreReadInAnyCase() {
        let one = head([
            ("HOST", "a"), ("CONTENT-TYPE", "Application/JSON; Charset=UTF-8"), ("content-Encoding", "GZIP"),
            ("X-Api-Key", "k"), ("Content-LENGTH", "12"), ("expect", "100-Continue"), ("IDEMPOTENCY-KEY", "i"),
        ])
        #expect(one.defect == nil && one.packageFormat == .array && one.packing == .gzip && one.contentLength == 12)
        #expect(one.expectsContinue && one.idempotencyKey == "i" && one.keyDigest == KeyDigest(of: "k"))
    }

    @Test func aBearerTokenIsAKey() {
        #expect(head([("Authorization", "bearer k")]).keyDigest == KeyDigest(of: "k"))
        #expect(head([("Authorization", "Basic k")]).keyDigest == nil)
        #expect(head([("Authorization", "Bearer other"), ("X-API-Key", "k")]).keyDigest == KeyDigest(of: "k"))
        #expect(KeyDigest(of: "k") != KeyDigest(of: "K"))
    }

    @Test(arguments: [
        [("Content-Length", "1"), ("Content-Length", "1")], [("Content-Length", "-1")], [("Content-Length", "x")],
        [("Transfer-Encoding", "gzip, chunked")], [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "chunked"), ("Content-Length", "1")], [("Content-Type", "a/b"), ("Content-Type", "a/b")],
        [("Idempotency-Key", "a"), ("Idempotency-Key", "a")], [("Host", "a"), ("Host", "b")],
    ]) func whatCanBeReadInTwoWaysIsADefect(_ headers: [(String, String)]) { #expect(head(headers).defect != nil) }

    @Test func hostIsNeededFromHTTP11On() {
        #expect(head([], needsHost: true).defect != nil && head([], needsHost: false).defect == nil)
    }

    @Test func typesAndEncodings() {
        let types: [(String, PackageFormat?)] = [
            ("application/json", .array), ("application/x-ndjson", .lines), ("application/json;charset=utf-8", .array),
            ("application/json; charset=\"utf-8\"", .array), ("application/json; charset=latin1", nil), ("text/json", nil),
            ("", nil), (";", nil), ("application/json; charset", nil), ("application/json; profile=x", .array),
        ]
        for (type, format) in types { #expect(head([("Content-Type", type)]).packageFormat == format, "\(type)") }
        #expect(head([]).packageFormat == nil && head([]).packing == RequestHead.Packing.none)
        for (encoding, packing) in [("identity", RequestHead.Packing.none), ("", RequestHead.Packing.none), ("x-gzip", .gzip)] {
            #expect(head([("Content-Encoding", encoding)]).packing == packing, "\(encoding)")
        }
        #expect(head([("Content-Encoding", "br")]).packing == nil)
        #expect(head([("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")]).packing == nil)
    }

    @Test func theRegistrysClientsSendAKeyAsAPassword() {
        func basic(_ text: String) -> RequestHead { head([("Authorization", "Basic \(Data(text.utf8).base64EncodedString())")]) }
        #expect(basic("user:k").registryKeyDigest == KeyDigest(of: "k") && basic("user:k").keyDigest == nil, "not for events")
        #expect(basic(":a:b").registryKeyDigest == KeyDigest(of: "a:b"))
        #expect(basic("k").registryKeyDigest == nil && head([("Authorization", "Basic k")]).registryKeyDigest == nil)
        #expect(head([("Authorization", "Bearer k")]).registryKeyDigest == KeyDigest(of: "k"))
    }

    @Test func pathsLeadSomewhereOrNowhere() {
        #expect(Route("/collect") == .collect && Route("/collect/") == nil && Route("") == nil)
        #expect(Route("/") == .registry(.root, segments: []))
        #expect(Route("/subjects") == .registry(.subjects, segments: ["subjects"]) && Route("/subjects/") == Route("/subjects"))
        #expect(Route("/subjects/a%2Fb/versions") == .registry(.versions, segments: ["subjects", "a/b", "versions"]))
        #expect(Route("/subjects/a/versions/latest") == .registry(.version, segments: ["subjects", "a", "versions", "latest"]))
        #expect(Route("/schemas/types") == .registry(.types, segments: ["schemas", "types"]))
        #expect(Route("/subjects/a+b%20%C3%BC") == .registry(.subject, segments: ["subjects", "a+b ü"]), "a plus is a plus in a path")
        for path in [
            "/subjects/a%/versions", "/subjects/a%zz/versions", "/subjects/a%+1", "/subjects/%ff/versions", "/subjects/%00/versions",
            "/schemas/ids", "//live", "//subjects", "/subjects//versions", "/subjects/a/versions/1/schema/x", "/subjects/a/b", "subjects",
            "/" + String(repeating: "/", count: 16_000), "/v1/metadata", "/%63ollect",
        ] { #expect(Route(path[...]) == nil, "\(path)") }
        #expect(head([], target: "/collect?a=/live#x").path == "/collect")
    }

    @Test func queriesAreNamesAndValues() {
        func items(_ target: String) -> [String]? { queryItems(head([], target: target).query) }
        #expect(items("/a") == [] && items("/a?") == [] && items("/a#b?c=d") == [])
        #expect(items("/a?deleted=true&x=%26+y%2B&z#q") == ["deleted", "true", "x", "& y+", "z", ""])
        #expect(items("/a?=1&&a==b") == ["", "1", "a", "=b"])
        for bad in ["/a?b=%", "/a?b=%0", "/a?%00=1", "/a?b=%ff"] { #expect(items(bad) == nil, "\(bad)") }
    }
}

@Suite struct RateLimits {
    private let begin = ContinuousClock.now

    @Test func aSecondsWorthMayComeAtOnceAndOnePackageMore() {
        let limiter = RateLimiter(totalRate: 0, at: begin)
        #expect(limiter.take(1, key: 1, rate: 100, at: begin) == nil)
        #expect(limiter.take(5000, key: 1, rate: 100, at: begin) == nil, "a package larger than the burst goes through, once")
        let wait = limiter.take(1, key: 1, rate: 100, at: begin)
        #expect(wait.map { 48...50 ~= $0 / .seconds(1) } == true, "\(String(describing: wait))")
        #expect(limiter.take(1, key: 1, rate: 100, at: begin + .seconds(48)) != nil)
        #expect(limiter.take(1, key: 1, rate: 100, at: begin + .seconds(50)) == nil)
    }

    @Test func keysDoNotTakeFromEachOtherButAllFromTheTotal() {
        let limiter = RateLimiter(totalRate: 100, at: begin)
        #expect(limiter.take(20, key: 1, rate: 10, at: begin) == nil)
        #expect(limiter.take(1, key: 1, rate: 10, at: begin) != nil)
        #expect(limiter.take(90, key: 2, rate: 1000, at: begin) == nil)
        #expect(limiter.take(1, key: 3, rate: 1000, at: begin) != nil, "the total is used up")
        #expect(limiter.take(1, key: 3, rate: nil, at: begin) != nil)
        #expect(limiter.take(1, key: 3, rate: nil, at: begin + .seconds(1)) == nil)
    }

    @Test func theRateInTheLongRunIsTheOneThatIsSet() {
        let limiter = RateLimiter(totalRate: 0, at: begin)
        var taken = 0
        for step in 0..<10_000 where limiter.take(7, key: 1, rate: 50, at: begin + .milliseconds(step * 10)) == nil { taken += 7 }
        #expect(5000...5060 ~= taken, "100 s of 50, a burst of 50, and the last package: \(taken)")
    }

    @Test func aNewRateCountsAtOnce() {
        let limiter = RateLimiter(totalRate: 0, at: begin)
        #expect(limiter.take(10, key: 1, rate: 1, at: begin) == nil)
        #expect(limiter.take(1, key: 1, rate: 1, at: begin + .seconds(1)) != nil)
        #expect(limiter.take(1, key: 1, rate: 1000, at: begin + .seconds(2)) == nil)
    }
}

@Suite struct ConnectionClocks {
    private func clock(_ change: (inout CollectSettings) -> Void = { _ in }) -> ConnectionClock {
        var settings = CollectSettings()
        settings.requestTimeout = .nanoseconds(100)
        settings.idleTimeout = .nanoseconds(1000)
        change(&settings)
        return ConnectionClock(.init(settings), at: 0)
    }

    @Test func silenceFromTheStartIsCutOffWithoutAWord() {
        let clock = clock()
        #expect(clock.verdict(at: 99) == .wait && clock.verdict(at: 100) == .close)
    }

    @Test func drippingDoesNotHelp() {
        var clock = clock()
        for time in stride(from: 10, to: 100, by: 10) { clock.received(at: Int64(time), isFirstRequest: true) }
        #expect(clock.verdict(at: 99) == .wait)
        #expect(clock.verdict(at: 100) == .tooSlow, "from the connection's start, not from the last byte")
    }

    @Test func eachLaterRequestHasItsTimeFromItsFirstByte() {
        var clock = clock()
        clock.received(at: 50, isFirstRequest: true)
        clock.work()
        #expect(clock.deadline == nil && clock.verdict(at: 1_000_000) == .wait)
        clock.answer(at: 1_000_000)
        #expect(clock.verdict(at: 1_000_100) == .close, "an answer that is not taken")
        clock.answered(at: 1_000_050, isReading: false)
        #expect(clock.verdict(at: 1_001_049) == .wait && clock.verdict(at: 1_001_050) == .close)
        clock.received(at: 1_000_900, isFirstRequest: false)
        clock.received(at: 1_000_990, isFirstRequest: false)
        #expect(clock.verdict(at: 1_000_999) == .wait && clock.verdict(at: 1_001_000) == .tooSlow)
    }

    @Test func lingeringEnds() {
        var clock = clock()
        clock.linger(at: 7)
        #expect(clock.verdict(at: 2_000_000_006) == .wait && clock.verdict(at: 2_000_000_007) == .close)
    }
}

@Suite struct CollectorSettings {
    @Test func whatIsNotSetHasItsDefault() throws {
        #expect(try CollectSettings(environment: [:]) == CollectSettings())
        #expect(try CollectSettings(environment: ["EMPORIUM_COLLECT_PORT": ""]) == CollectSettings())
        let settings = try CollectSettings(environment: [
            "EMPORIUM_COLLECT_PORT": "0", "EMPORIUM_COLLECT_REQUEST_TIMEOUT": "2.5", "EMPORIUM_COLLECT_TOTAL_RATE": "0",
            "EMPORIUM_COLLECT_MAX_BODY": "1000",
        ])
        #expect(settings.port == 0 && settings.requestTimeout == .milliseconds(2500) && settings.totalRate == 0)
        #expect(settings.package.bodyBytes == 1000)
    }

    @Test(arguments: [
        ("127.0.0.1", RegistryAccess.open), ("127.1.2.3", .open), ("::1", .open), ("localhost", .open), ("0.0.0.0", .key), ("::", .key),
        ("collector", .key), ("127.0.0.1.example.org", .key), ("127.evil.0.1", .key), ("10.0.0.1", .key), ("128.0.0.1", .key),
    ]) func whereOthersReachTheRegistryItTakesAKeyToChangeIt(_ host: String, _ access: RegistryAccess) throws {
        #expect(try CollectSettings(environment: ["EMPORIUM_COLLECT_HOST": host]).registry == access)
        for given in RegistryAccess.allCases {
            let settings = try CollectSettings(environment: ["EMPORIUM_COLLECT_HOST": host, "EMPORIUM_COLLECT_REGISTRY": given.rawValue])
            #expect(settings.registry == given)
        }
    }

    @Test(arguments: [
        ("REGISTRY", "yes"), ("PORT", "-1"), ("PORT", "x"), ("MAX_BODY", "0"), ("REQUEST_TIMEOUT", "0"), ("REQUEST_TIMEOUT", "nan"),
        ("TOTAL_RATE", "-1"), ("MAX_EVENTS_IN_FLIGHT", "5"), ("MAX_IN_FLIGHT", "1"), ("MAX_EVENTS", "2000000"),
    ]) func whatCannotBeUsedIsNamed(_ name: String, _ value: String) {
        let error = #expect(throws: CollectSettings.Invalid.self) {
            try CollectSettings(environment: ["EMPORIUM_COLLECT_\(name)": value])
        }
        #expect(error?.description.contains("EMPORIUM_COLLECT_\(name)") == true)
    }
}

@Suite struct Texts {
    @Test func problemsAreJSON() throws {
        let answer = Answer.problem(400, "a_code", "a \"text\" \\ with\u{1}\n\u{1f}é", position: 7, line: 3, retryAfter: .milliseconds(1500))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(object["detail"] as? String == "a \"text\" \\ with\u{1}\n\u{1f}é")
        #expect(object["position"] as? Int == 7 && object["line"] as? Int == 3 && object["title"] as? String == "Bad Request")
        #expect(answer.headers.first { $0.name == "retry-after" }?.value == "2")
    }

    @Test func theOpenAPIDocumentIsJSONAndNamesEveryRoute() throws {
        let text = openAPIDocument(CollectSettings())
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: Any])
        let routes: [Route] = [.collect, .live, .ready, .metrics, .openAPI]
        #expect(Set(paths.keys) == Set(routes.map(\.name) + RegistryPath.allCases.map(\.rawValue)))
        var references = 0
        for match in text.matches(of: /"\$ref": *"#\/components\/([a-z]+)\/([A-Za-z]+)"/) {
            let part = (document["components"] as? [String: Any])?[String(match.1)] as? [String: Any]
            #expect(part?[String(match.2)] != nil, "\(match.0)")
            references += 1
        }
        #expect(references > 100)
        for path in RegistryPath.allCases {
            let methods = try #require(paths[path.rawValue] as? [String: [String: Any]])
            #expect(Set(methods.keys) == Set((path.asking + path.changing).map { $0.lowercased() }))
            for (method, operation) in methods {
                #expect(operation["security"] == nil, "nobody is asked for a key where everybody may change something")
                let isChange = path.changing.contains(method.uppercased())
                var settings = CollectSettings()
                settings.registry = .key
                let guarded = try JSONSerialization.jsonObject(with: Data(openAPIDocument(settings).utf8)) as? [String: Any]
                let same = (guarded?["paths"] as? [String: Any])?[path.rawValue] as? [String: [String: Any]]
                #expect(same?[method] != nil && (same?[method]?["security"] != nil) == isChange)
            }
        }
    }

    @Test func timesAreISO8601() {
        #expect(timestamp(milliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(timestamp(milliseconds: 1_795_264_354_007) == "2026-11-21T12:32:34.007Z")
    }

    @Test func numbersInPlace() {
        for value in [0, 7, 10, 1_048_575, Int.max] {
            var decimal = InlineDecimal(value)
            #expect(decimal.withBytes { String(decoding: $0, as: UTF8.self) } == "\(value)")
        }
    }

    @Test func histogramsCountEachValueOnce() {
        var histogram = Histogram()
        for value in [0.0005, 0.001, 0.0011, 9, 11] { histogram.add(value) }
        #expect(histogram.count == 5 && histogram.counts.first == 2 && histogram.counts.reduce(0, +) == 4)
    }
}
