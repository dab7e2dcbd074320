import Digests
import Foundation
import Testing

@testable import ObjectStore

@Suite struct SigV4Tests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var method: String
        /// As it is meant, not encoded.
        var target: String
        var headers: [[String]]
        var body: String
        var key: String
        var secret: String
        var stamp: String
        var region: String
        var service: String
        var signature: String
        var testDescription: String { name }
    }

    private static func vectors() throws -> [Vector] {
        try JSONDecoder().decode([Vector].self, from: Data(contentsOf: URL(filePath: "\(tests)/objects/sigv4.json")))
    }

    /// Tests/objects/README.md says where they are from.
    @Test func signaturesAreThosePublished() throws {
        let vectors = try Self.vectors()
        #expect(vectors.count == 30)
        for vector in vectors {
            let target = vector.target.split(separator: "?", maxSplits: 1)
            var items: SigV4.Pairs = []
            for item in target.count < 2 ? [] : target[1].split(separator: "&") {
                let parts = item.split(separator: "=", maxSplits: 1)
                items.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
            }
            let header = SigV4.authorization(
                vector.method, path: SigV4.encoded(String(target[0]), slash: true), query: SigV4.query(items),
                headers: vector.headers.map { ($0[0], $0[1]) }, payload: sha256Hex(vector.body),
                credentials: S3Credentials(keyID: vector.key, secret: vector.secret), stamp: vector.stamp, region: vector.region,
                service: vector.service)
            #expect(header.hasSuffix("Signature=\(vector.signature)"), "\(vector.name)")
            let scope = "\(vector.stamp.prefix(8))/\(vector.region)/\(vector.service)/aws4_request"
            #expect(header.hasPrefix("AWS4-HMAC-SHA256 Credential=\(vector.key)/\(scope), SignedHeaders="))
        }
    }

    @Test func timesAreThoseOfGreenwich() {
        #expect(SigV4.stamp(1_369_353_600) == "20130524T000000Z")
        #expect(SigV4.stamp(1_709_210_096) == "20240229T123456Z")
        #expect(SigV4.time(ofDate: "Fri, 24 May 2013 00:00:00 GMT") == 1_369_353_600)
        #expect(SigV4.time(ofDate: "Thu, 29 Feb 2024 12:34:56 GMT") == 1_709_210_096)
        for wrong in ["", "yesterday", "Fri, 24 May 2013 00:00 GMT", "Fri, 24 Mai 2013 00:00:00 GMT", "Fri, 24 May 99999999 00:00:00 GMT"] {
            #expect(SigV4.time(ofDate: wrong) == nil, "\(wrong)")
        }
    }

    /// RFC 4648, section 10.
    @Test(arguments: zip(["", "f", "fo", "foo", "foob", "fooba", "foobar"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]))
    func base64IsThatOfTheRFC(text: String, encoded: String) { #expect(base64(Array(text.utf8)) == encoded) }

    @Test func credentialsSayNothingOfThemselves() {
        let credentials = S3Credentials(keyID: "AKID", secret: "hush-hush", token: "tok/en")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("AKID") && !text.contains("hush") && !text.contains("tok/en"))
        }
        #expect(credentials.removed(from: "AKID hush-hush tok/en AKI") == "… … … AKI")
    }
}
