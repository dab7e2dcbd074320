import Foundation
import Testing

@testable import ObjectStore

/// What a store that fails looks like: nanio behind a proxy that does what it is told.
@Suite(.serialized) struct S3FaultTests {
    private static let shared = Result { try Servers() }

    private func with(_ faults: String = "[]", _ body: (Servers) async throws -> Void) async throws {
        let servers = try Self.shared.get()
        try await servers.fail(faults)
        _ = try await servers.log()
        try await body(servers)
        try await servers.heal()
    }

    private static let impatient = S3Store.Patience(attempt: .milliseconds(300), call: .seconds(5), pause: .milliseconds(20))

    @Test func requestsSayWhatTheBodyIs() async throws {
        try await with { servers in
            let store = try servers.store(prefix: "said", token: "session/token")
            _ = try await store.put("a/b+ä", body(Array("text".utf8), encoding: "gzip"))
            let headers = try #require(try await servers.log().first).headers
            let sha256 = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
            #expect(headers["x-amz-content-sha256"] == sha256 && headers["x-amz-meta-sha256"] == sha256)
            #expect(headers["x-amz-checksum-sha256"] == "mC2ePrmW9VnmM/TRlN7zdh2Qn1o7ZH0ahR/q1nwyydE=")
            #expect(headers["content-type"] == "application/x-ndjson" && headers["content-encoding"] == "gzip")
            #expect(headers["x-amz-security-token"] == "session/token" && headers["accept-encoding"] == "identity")
            #expect(headers["host"] == servers.url.replacingOccurrences(of: "http://", with: ""))
        }
    }

    @Test(arguments: ["down", "500", "503", "cut", "lose_answer"])
    func whatPassesIsTriedAgain(mode: String) async throws {
        try await with("{\"mode\": \"\(mode)\", \"count\": 2, \"methods\": [\"PUT\", \"HEAD\", \"GET\", \"DELETE\"]}") { servers in
            let store = try servers.store()
            _ = try await store.put("a", body("one"))
            let tries = try await servers.log().map(\.method)
            #expect(Set(tries) == ["PUT"] && (2...3).contains(tries.count))  // curl itself may have sent one again
            try await servers.fail("{\"mode\": \"\(mode)\", \"count\": 2}")
            let got = try await store.get("a", version: nil, limit: 10)  // HEAD and GET, each of which may fail
            #expect(got == Array("one".utf8))
        }
    }

    @Test(arguments: [("down", 3), ("500", 3), ("503", 3), ("cut", 3), ("lose_answer", 3), ("403", 1), ("full", 1)])
    func whatStaysIsAnOutage(mode: String, attempts: Int) async throws {
        try await with { servers in
            let store = try servers.store()
            _ = try await store.put("a", body("zero"))
            _ = try await servers.log()
            try await servers.fail("{\"mode\": \"\(mode)\"}")
            let put = await failure { () throws(StoreError) in _ = try await store.put("a", body("one")) }
            #expect(put?.isOutage == true)
            let asked = try await servers.log()
            // curl itself sends a request again whose kept connection was closed without a word.
            #expect((attempts...attempts + (attempts == 1 ? 0 : 1)).contains(asked.count))
            var others = [
                await failure { () throws(StoreError) in _ = try await store.get("a", version: nil, limit: 10) },
                await failure { () throws(StoreError) in _ = try await store.list("", after: nil) },
                await failure { () throws(StoreError) in _ = try await store.versions("") },
            ]
            if mode != "cut" {  // of an answer without a body there is no half
                others.append(await failure { () throws(StoreError) in _ = try await store.head("a") })
                others.append(await failure { () throws(StoreError) in try await store.delete("a", version: nil) })
            }
            #expect(others.allSatisfy { $0?.isOutage == true })
            #expect(put?.description.contains("s3://emporium/") == true)
            if mode == "full" { #expect(put?.description.contains("XMinioStorageFull") == true) }
            if mode == "403" { #expect(put?.description.contains("AccessDenied") == true) }
        }
    }

    @Test func itWaitsForASlowOneAndNotForEverForOneThatHangs() async throws {
        try await with("{\"mode\": \"slow\", \"seconds\": 0.5}") { servers in
            _ = try await servers.store().put("a", body("one"))
            try await servers.fail("{\"mode\": \"hang\"}")
            let store = try servers.store(patience: Self.impatient)
            let began = ContinuousClock.now
            let error = await failure { () throws(StoreError) in _ = try await store.put("a", body("one")) }
            #expect(error?.isOutage == true)
            #expect(began.duration(to: .now) < .seconds(15))
            // The end of the caller's task is the end of the call.
            let patient = try servers.store(patience: S3Store.Patience(attempt: .seconds(60), call: .seconds(120)))
            _ = try await servers.log()
            let task = Task { await failure { () throws(StoreError) in _ = try await patient.put("a", body("one")) } }
            while try await servers.log().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let cancelled = await task.value
            #expect(cancelled?.isOutage == true)
        }
    }

    @Test func whatWasChangedOnItsWayIsNotGiven() async throws {
        try await with { servers in
            let store = try servers.store()
            let bytes = noise((9 << 20))
            _ = try await store.put("a", body(bytes))
            for match in ["a", ""] {
                try await servers.fail("{\"mode\": \"corrupt\", \"count\": 1, \"methods\": [\"GET\"], \"match\": \"\(match)\"}")
                let error = await failure { () throws(StoreError) in _ = try await store.get("a", version: nil, limit: 16 << 20) }
                #expect(error?.kind == .corrupt)
            }
            try await servers.heal()
            let got = try await store.get("a", version: nil, limit: 16 << 20)
            #expect(got == bytes)
        }
    }

    @Test func aClockThatIsWrongIsMadeUpForOnce() async throws {
        try await with { servers in
            for hours in [-5, 3] {
                let store = try servers.store(time: { systemTime() + hours * 3600 })
                let head = try await store.head("clock")  // an answer without a body
                #expect(head == nil)
                _ = try await store.put("clock", body("tick"))
                let asked = try await servers.log().map(\.status)
                #expect(asked == [403, 404, 200])
            }
            let store = try servers.store(time: { systemTime() - 7200 })
            _ = try await store.put("clock", body("tick"))
            let asked = try await servers.log().map(\.status)
            #expect(asked == [403, 200])
            try await servers.fail(
                """
                {"mode": "answer", "status": 403, "body": "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                 "headers": {"Date": "Fri, 24 May 2013 00:00:00 GMT"}}
                """)
            let error = await failure { () throws(StoreError) in _ = try await store.put("clock", body("tick")) }
            #expect(error?.isOutage == true && error?.description.contains("clock") == true)
        }
    }

    @Test func errorsNameNoCredentials() async throws {
        try await with { servers in
            let wrong = try servers.store(secret: "not-the-secret", token: "a-token")
            let error = await failure { () throws(StoreError) in _ = try await wrong.put("a", body("x")) }
            #expect(error?.isOutage == true && error?.description.contains("SignatureDoesNotMatch") == true)
            #expect(error?.description.contains("AWS_SECRET_ACCESS_KEY") == true)
            // A server may repeat what it was sent.
            try await servers.fail(
                """
                {"mode": "answer", "status": 400, "body": "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region>\
                <Message>no: test/x secretsecret &#10;a-token</Message><StringToSign>secretsecret</StringToSign></Error>"}
                """)
            let store = try servers.store(token: "a-token")
            let repeated = await failure { () throws(StoreError) in _ = try await store.put("a", body("x")) }
            let text = try #require(repeated).description
            #expect(!text.contains("secretsecret") && !text.contains("a-token") && !text.contains("test/") && !text.contains("\n"))
            #expect(repeated?.kind == .refused && text.contains("eu-west-3"))
            // Without a word of what is wrong, as to HEAD, it is waited for: keys that have expired are answered so.
            let bare = await failure { () throws(StoreError) in _ = try await store.head("a") }
            #expect(bare?.isOutage == true)
        }
    }

    @Test(arguments: [
        (301, "<Error><Code>PermanentRedirect</Code></Error>", StoreError.Kind.refused, "eu-central-1"),
        (307, "", .refused, "eu-central-1"), (400, "<Error><Code>ExpiredToken</Code></Error>", .outage, "AWS_SESSION_TOKEN"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", .outage, "Make the bucket"), (404, "<html>not here</html>", .outage, "404"),
        (412, "", .refused, "412"), (501, "<Error><Code>NotImplemented</Code></Error>", .refused, "NotImplemented"),
        (507, "", .outage, "full"), (400, "<Error><Code>BadDigest</Code></Error>", .outage, "BadDigest"),
        (400, "<Error><Code>InvalidArgument</Code></Error>", .refused, "InvalidArgument"), (502, "<html></html>", .outage, "502"),
        (429, "", .outage, "429"), (400, "<Error><Code>XMinioAdminBucketQuotaExceeded</Code></Error>", .outage, "Quota"),
    ])
    func answersAreJudged(status: Int, body text: String, kind: StoreError.Kind, says: String) async throws {
        let fault = """
            {"mode": "answer", "status": \(status), "body": "\(text)", "headers": {"x-amz-bucket-region": "eu-central-1", "Retry-After": "0"}}
            """
        try await with(fault) { servers in
            let store = try servers.store()
            let error = await failure { () throws(StoreError) in _ = try await store.put("a", body("x")) }
            #expect(error?.kind == kind)
            #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        }
    }

    @Test(arguments: [
        "<html></html>", "", "<ListBucketResult>", "<!DOCTYPE a [<!ENTITY l 'l'>]><ListBucketResult>&l;</ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>p/b</Key><Size>1</Size></Contents><Contents><Key>p/a</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>p/b</Key><Size>1</Size></Contents><Contents><Key>p/b</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>other/b</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>p/b</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>p/b</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
    ])
    func listsThatAreNoneAreNotBelieved(text: String) async throws {
        try await with("{\"mode\": \"answer\", \"status\": 200, \"body\": \"\(text)\"}") { servers in
            let store = try servers.store(prefix: "p")
            let error = await failure { () throws(StoreError) in _ = try await store.list("", after: nil) }
            #expect(error?.isOutage == true)
        }
    }

    @Test func anAnswerWithoutEndIsNotTakenIn() async throws {
        let long = String(repeating: "x", count: 9 << 20)
        try await with("{\"mode\": \"answer\", \"status\": 200, \"body\": \"\(long)\"}") { servers in
            let store = try servers.store()
            let list = await failure { () throws(StoreError) in _ = try await store.list("", after: nil) }
            #expect(list != nil)
            let get = await failure { () throws(StoreError) in _ = try await store.get("a", version: nil, limit: 64 << 20) }
            #expect(get != nil)
        }
    }

    @Test func versionsAreRead() async throws {
        func page(_ text: String, _ more: String) -> String {
            "<ListVersionsResult><EncodingType>url</EncodingType>\(more)\(text)</ListVersionsResult>"
        }
        func entry(_ name: String, _ key: String, _ version: String, _ latest: Bool) -> String {
            "<\(name)><Key>\(key)</Key><VersionId>\(version)</VersionId><IsLatest>\(latest)</IsLatest><Size>7</Size></\(name)>"
        }
        let more = "<IsTruncated>true</IsTruncated><NextKeyMarker>p/a%2Bb</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>"
        let first = page(entry("DeleteMarker", "p/a%2Bb", "v3", true) + entry("Version", "p/a%2Bb", "v2", false), more)
        let second = page(entry("Version", "p/a%2Bb", "v1", false) + entry("Version", "p/c+d", "null", true), "<IsTruncated>false</IsTruncated>")
        func answer(_ body: String, _ more: String = "") -> String { "{\"mode\": \"answer\", \"count\": 1, \"body\": \"\(body)\"\(more)}" }
        try await with("[\(answer(first)), \(answer(second, ", \"match\": \"key-marker=p%2Fa%2Bb&max-keys=1000\""))]") { servers in
            let store = try servers.store(prefix: "p")
            let versions = try await store.versions("")
            #expect(
                versions == [
                    ObjectVersion(key: "a+b", bytes: 0, version: "v3", isLatest: true, isDeleteMarker: true),
                    ObjectVersion(key: "a+b", bytes: 7, version: "v2", isLatest: false, isDeleteMarker: false),
                    ObjectVersion(key: "a+b", bytes: 7, version: "v1", isLatest: false, isDeleteMarker: false),
                    ObjectVersion(key: "c d", bytes: 7, version: "null", isLatest: true, isDeleteMarker: false),
                ])
            // The same page for ever.
            try await servers.fail("{\"mode\": \"answer\", \"body\": \"\(first)\"}")
            let error = await failure { () throws(StoreError) in _ = try await store.versions("") }
            #expect(error?.isOutage == true)
            try await servers.heal()
            _ = try await servers.log()
            try await store.delete("a", version: "v/1+2")
            let asked = try #require(try await servers.log().first)
            #expect(asked.query == "versionId=v%2F1%2B2")
        }
    }

    // MARK: In parts

    private static let large = noise((16 << 20) + 5)

    @Test(arguments: ["500", "cut", "lose_answer", "down"])
    func aPartIsTriedAgain(mode: String) async throws {
        try await with("{\"mode\": \"\(mode)\", \"count\": 2, \"match\": \"partNumber=2\"}") { servers in
            let store = try servers.store()
            _ = try await store.put("large", body(Self.large))
            let asked = try await servers.log().filter { $0.method == "PUT" }.map { $0.query.prefix(12) }
            #expect(asked == ["partNumber=1", "partNumber=2", "partNumber=2", "partNumber=2", "partNumber=3"])
            let got = try await store.get("large", version: nil, limit: 32 << 20)
            #expect(got == Self.large)
        }
    }

    @Test(arguments: ["403", "500", "full"])
    func whatFailsInTheMiddleIsTakenBack(mode: String) async throws {
        try await with("{\"mode\": \"\(mode)\", \"match\": \"partNumber=3\"}") { servers in
            let store = try servers.store()
            let error = await failure { () throws(StoreError) in _ = try await store.put("large", body(Self.large)) }
            #expect(error?.isOutage == true)
            let left = try await servers.unfinished()
            #expect(left == 0)
            let head = try await store.head("large")
            #expect(head == nil)
        }
    }

    @Test func aCompletionWhoseAnswerIsLostIsDone() async throws {
        try await with("{\"mode\": \"lose_answer\", \"methods\": [\"POST\"], \"match\": \"uploadId=\"}") { servers in
            let store = try servers.store()
            let put = try await store.put("large", body(Self.large))
            #expect(put.bytes == Int64(Self.large.count))
            let got = try await store.get("large", version: nil, limit: 32 << 20)
            #expect(got == Self.large)
        }
    }

    @Test func anErrorUnderTheStatusOfSuccessIsOne() async throws {
        let fault = """
            {"mode": "answer", "methods": ["POST"], "match": "uploadId=", "body": "<Error><Code>InternalError</Code></Error>"
            """
        try await with(fault + ", \"count\": 1}") { servers in
            _ = try await servers.store().put("large", body(Self.large))
            try await servers.fail(fault + "}")
            _ = try await servers.log()
            let store = try servers.store()
            let error = await failure { () throws(StoreError) in _ = try await store.put("large", body(Self.large)) }
            #expect(error?.isOutage == true && error?.description.contains("InternalError") == true)
            let entries = try await servers.log()
            #expect(entries.last?.method == "DELETE" && entries.last?.status == 204)
        }
    }
}
