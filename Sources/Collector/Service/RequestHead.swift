import Digests
import Foundation

/// What of a request's head matters here.
public struct RequestHead: Sendable {
    public let method: String
    /// Without the query, as it was sent.
    public let path: Substring
    private let target: String
    public private(set) var contentType: String?
    public private(set) var contentEncoding: String?
    public private(set) var contentLength: Int?
    public private(set) var isChunked = false
    public private(set) var expectsContinue = false
    public private(set) var idempotencyKey: String?
    /// Of the key that was given; the key itself is kept nowhere.
    public private(set) var keyDigest: KeyDigest?
    /// Of the password in `Authorization: Basic`, which is how the registry's clients send a key.
    private(set) var passwordDigest: KeyDigest?
    /// Sent by a page in a browser.
    private(set) var hasOrigin = false
    /// Why the head cannot be understood.
    public private(set) var defect: String?

    /// - Parameters:
    ///   - target: path and query.
    ///   - needsHost: HTTP/1.1 and later.
    public init(method: String, target: String, headers: some Sequence<(name: String, value: String)>, needsHost: Bool) {
        self.method = method
        self.target = target
        path = target.prefix { $0 != "?" && $0 != "#" }
        var hosts = 0
        var bearer: Substring?
        var apiKey: String?
        for (name, value) in headers {
            switch name.utf8.count {
            case 4 where name.isName("host"):
                hosts += 1
            case 6 where name.isName("expect"):
                expectsContinue = value.isName("100-continue")
            case 6 where name.isName("origin"):
                hasOrigin = true
            case 9 where name.isName("x-api-key"):
                if apiKey != nil { defect = "X-API-Key is given twice" }
                apiKey = value
            case 12 where name.isName("content-type"):
                if contentType != nil { defect = "Content-Type is given twice" }
                contentType = value
            case 13 where name.isName("authorization"):
                let parts = value.split(separator: " ", maxSplits: 1)
                if parts.count == 2, parts[0].isName("bearer") { bearer = parts[1] }
                if parts.count == 2, parts[0].isName("basic") { passwordDigest = Self.password(parts[1]) }
            case 14 where name.isName("content-length"):
                if contentLength != nil { defect = "Content-Length is given twice" }
                contentLength = Int(value)
                if contentLength == nil || contentLength! < 0 { defect = "Content-Length is no number of bytes" }
            case 15 where name.isName("idempotency-key"):
                if idempotencyKey != nil { defect = "Idempotency-Key is given twice" }
                idempotencyKey = value
            case 16 where name.isName("content-encoding"):
                contentEncoding = contentEncoding.map { "\($0), \(value)" } ?? value
            case 17 where name.isName("transfer-encoding"):
                if isChunked || !value.isName("chunked") { defect = "Transfer-Encoding can only be chunked" }
                isChunked = true
            default: break
            }
        }
        if isChunked, contentLength != nil { defect = "Content-Length and Transfer-Encoding exclude each other" }
        if needsHost ? hosts != 1 : hosts > 1 { defect = "there must be one header Host" }
        if let apiKey { keyDigest = KeyDigest(of: apiKey) } else if let bearer { keyDigest = KeyDigest(of: bearer) }
    }

    /// Without the question mark.
    var query: Substring {
        let rest = target.dropFirst(path.count)
        return rest.first == "?" ? rest.dropFirst().prefix { $0 != "#" } : ""
    }

    /// A key for the registry.
    var registryKeyDigest: KeyDigest? { keyDigest ?? passwordDigest }

    private static func password(_ credentials: Substring) -> KeyDigest? {
        guard let bytes = Data(base64Encoded: String(credentials)), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let password = String(validating: bytes[bytes.index(after: colon)...], as: UTF8.self)
        else { return nil }
        return KeyDigest(of: password)
    }

    /// The format of the body.
    /// - Returns: nil for a type that is not taken.
    var packageFormat: PackageFormat? {
        guard let type = mediaType else { return nil }
        if type.isName("application/json") { return .array }
        return type.isName("application/x-ndjson") ? .lines : nil
    }

    /// Whether the body is what the registry's clients send.
    var isRegistryJSON: Bool {
        guard let type = mediaType else { return false }
        return type.isName("application/vnd.schemaregistry.v1+json") || type.isName("application/vnd.schemaregistry+json")
            || type.isName("application/json")
    }

    /// Without parameters; nil where there is none, or where the text is not in UTF-8.
    private var mediaType: Substring? {
        guard let contentType else { return nil }
        let parts = contentType.split(separator: ";").map { $0.trimmed }
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            guard pair.count == 2, !pair[0].isName("charset") || pair[1].isName("utf-8") || pair[1].isName("\"utf-8\"") else { return nil }
        }
        return parts.first
    }

    enum Packing { case none, gzip }

    /// nil for an encoding that is not taken.
    var packing: Packing? {
        guard let contentEncoding, !contentEncoding.isEmpty, !contentEncoding.isName("identity") else { return Packing.none }
        return contentEncoding.isName("gzip") || contentEncoding.isName("x-gzip") ? .gzip : nil
    }
}

/// The SHA-256 of a key's text.
///
/// Keys are 256 random bits, so a plain digest is all the protection that the stored form needs, and looking it up in a
/// dictionary tells nothing by its timing: whoever wants the timing of a digest's first bytes must find texts with such
/// digests first, and cannot come closer to a key by them.
public struct KeyDigest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    public init(of key: some StringProtocol) {
        var hash = SHA256()
        var key = String(key)
        key.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        self.init(bytes: hash.finish())!
    }

    /// - Returns: nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == SHA256.byteCount else { return nil }
        words = bytes.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    public static func == (one: Self, other: Self) -> Bool {
        (one.words.0 ^ other.words.0) | (one.words.1 ^ other.words.1) | (one.words.2 ^ other.words.2) | (one.words.3 ^ other.words.3) == 0
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension StringProtocol {
    /// Equal but for the case of ASCII letters; `name` in lower case.
    func isName(_ name: StaticString) -> Bool {
        guard utf8.count == name.utf8CodeUnitCount else { return false }
        var place = name.utf8Start
        for byte in utf8 {
            guard (0x41...0x5a ~= byte ? byte | 0x20 : byte) == place.pointee else { return false }
            place += 1
        }
        return true
    }

    /// Without spaces and tabs around it.
    var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return rest
    }
}
