import Testing

@testable import ObjectStore

@Suite struct OpenStoreTests {
    private let keys = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hush-hush"]

    private func place(_ url: String, _ more: [String: String] = [:]) throws -> S3Place {
        let environment = keys.merging(more) { _, new in new }
        return try #require(try objectStore(url: url, environment: environment) as? S3Store).place
    }

    @Test func aBucketIsWhereTheEnvironmentSays() throws {
        let plain = try place("s3://archive")
        #expect(plain.origin == "https://archive.s3.us-east-1.amazonaws.com" && plain.root == "" && plain.full("a") == "a")
        let dotted = try place("s3://my.archive/x/y/", ["AWS_DEFAULT_REGION": "eu-central-1"])
        #expect(dotted.origin == "https://s3.eu-central-1.amazonaws.com" && dotted.root == "/my.archive" && dotted.full("a") == "x/y/a")
        #expect(try place("s3://archive", ["AWS_REGION": "cn-north-1"]).host == "archive.s3.cn-north-1.amazonaws.com.cn")
        #expect(try place("s3://archive", ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"]).region == "eu-west-1")
    }

    @Test(arguments: [
        ("http://minio:9000", "http://minio:9000"), ("https://s3.example.com/", "https://s3.example.com"),
        ("minio.example.com:9000", "https://minio.example.com:9000"), ("localhost:9000", "http://localhost:9000"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000"), ("https://s3.example.com:443", "https://s3.example.com"),
        ("http://s3.example.com:80", "http://s3.example.com"), ("https://[::1]:9000", "https://[::1]:9000"), ("[::1]", "http://[::1]"),
    ])
    func anEndpointIsAskedByHTTPSUnlessItSaysOtherwise(endpoint: String, origin: String) throws {
        let place = try place("s3://archive/x", ["AWS_ENDPOINT_URL_S3": endpoint, "AWS_ENDPOINT_URL": "http://other"])
        #expect(place.origin == origin && place.root == "/archive")
    }

    @Test(arguments: [
        "s3://", "s3://ab", "s3://Archive", "s3://a_b_c", "s3://archive?x=1", "s3://archive/a//b", "s3://archive/../b", "s3://archive/a b",
        "file://", "file:///", "file://host/a", "file:///a/../b", "http://archive", "archive", "",
    ])
    func wrongURLsAreRefused(url: String) {
        #expect(throws: StoreError.self) { try objectStore(url: url, environment: keys) }
    }

    @Test(arguments: [
        ["AWS_ENDPOINT_URL_S3": "http://user:pass@minio"], ["AWS_ENDPOINT_URL_S3": "http://minio/path"], ["AWS_ENDPOINT_URL_S3": "minio:0"],
        ["AWS_ENDPOINT_URL_S3": "minio:99999"], ["AWS_ENDPOINT_URL_S3": "ftp://minio"], ["AWS_ENDPOINT_URL_S3": "http://"],
        ["AWS_REGION": "eu west"], ["AWS_REGION": "a/b"], ["AWS_ACCESS_KEY_ID": ""], ["AWS_SECRET_ACCESS_KEY": ""],
        ["AWS_SESSION_TOKEN": "tok en\n"],
    ])
    func wrongSettingsAreRefusedAndNotRepeated(more: [String: String]) throws {
        let environment = keys.merging(more) { _, new in new }
        let error = #expect(throws: StoreError.self) { try objectStore(url: "s3://archive", environment: environment) }
        #expect(error?.kind == .refused)
        for secret in ["pass", "hush", "tok en"] { #expect(error?.description.contains(secret) == false) }
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "a\nb", "a\u{0}b", "a\u{7F}", "a\u{200B}b", "a\u{202E}b",
        String(repeating: "a", count: 1025),
    ])
    func keysThatAreNoneAreRefusedBeforeAnythingIsAsked(key: String) async throws {
        let away = try objectStore(url: "s3://archive", environment: keys.merging(["AWS_ENDPOINT_URL_S3": "127.0.0.1:1"]) { $1 })
        for store in [away, FileStore(folder: "/nowhere/at/all")] {
            let errors = [
                await failure { () throws(StoreError) in _ = try await store.put(key, body("x")) },
                await failure { () throws(StoreError) in _ = try await store.head(key) },
                await failure { () throws(StoreError) in _ = try await store.get(key, version: nil, limit: 1) },
                await failure { () throws(StoreError) in try await store.delete(key, version: nil) },
            ]
            #expect(errors.map { $0?.kind } == [.refused, .refused, .refused, .refused])
        }
    }
}
