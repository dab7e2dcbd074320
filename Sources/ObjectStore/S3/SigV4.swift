import Digests
import Glibc

/// Whom a request is from. Says nothing of itself but that it is there, wherever it is printed.
public struct S3Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let keyID: String
    let secret: String
    let token: String?

    /// - Parameter token: of temporary credentials; nil for none.
    public init(keyID: String, secret: String, token: String? = nil) {
        self.keyID = keyID
        self.secret = secret
        self.token = token
    }

    public var description: String { "S3Credentials" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A text of a server's without what it may have repeated of these.
    func removed(from text: String) -> String {
        var rest = text
        for secret in [secret, token ?? "", keyID] where !secret.isEmpty {
            rest = rest.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
        }
        return rest
    }
}

/// Signature Version 4 in a header, as S3 has it: paths are encoded once and not normalised.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
enum SigV4 {
    typealias Pairs = [(name: String, value: String)]

    /// Every byte but the unreserved ones of RFC 3986 in percent and two capitals.
    static func encoded(_ text: String, slash: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            case UInt8(ascii: "/") where slash: bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(contentsOf: "0123456789ABCDEF".utf8.dropFirst(Int(byte >> 4)).prefix(1))
                bytes.append(contentsOf: "0123456789ABCDEF".utf8.dropFirst(Int(byte & 15)).prefix(1))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A query, encoded and in the order that is signed. It is sent in that order, too: some servers sign what they get.
    static func query(_ items: Pairs) -> String {
        items.map { (encoded($0.name), encoded($0.value)) }
            .sorted { $0.0 == $1.0 ? $0.1.precedes($1.1) : $0.0.precedes($1.0) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// - Parameters:
    ///   - path: encoded.
    ///   - query: as `query` gives it.
    ///   - headers: all that are signed.
    ///   - payload: the body's SHA-256, hexadecimal.
    static func canonicalRequest(
        _ method: String, path: String, query: String, headers: Pairs, payload: String
    ) -> (text: String, signed: String) {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(squeezed(header.value)) }
        let names = values.keys.sorted { $0.precedes($1) }
        let signed = names.joined(separator: ";")
        let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
        return ("\(method)\n\(path)\n\(query)\n\(lines)\n\(signed)\n\(payload)", signed)
    }

    /// Without blanks around, and with one where several stand.
    private static func squeezed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r\n" }.joined(separator: " ")
    }

    static func stringToSign(_ canonicalRequest: String, stamp: String, region: String, service: String) -> String {
        "AWS4-HMAC-SHA256\n\(stamp)\n\(stamp.prefix(8))/\(region)/\(service)/aws4_request\n\(sha256Hex(canonicalRequest))"
    }

    static func signature(_ text: String, secret: String, stamp: String, region: String, service: String) -> String {
        var key = Array("AWS4\(secret)".utf8)
        for part in [String(stamp.prefix(8)), region, service, "aws4_request"] { key = HMAC.sha256(key: key, part.utf8) }
        return hexadecimal(HMAC.sha256(key: key, text.utf8))
    }

    /// The value of `Authorization`.
    static func authorization(
        _ method: String, path: String, query: String, headers: Pairs, payload: String, credentials: S3Credentials, stamp: String,
        region: String, service: String = "s3"
    ) -> String {
        let request = canonicalRequest(method, path: path, query: query, headers: headers, payload: payload)
        let text = stringToSign(request.text, stamp: stamp, region: region, service: service)
        let signature = signature(text, secret: credentials.secret, stamp: stamp, region: region, service: service)
        return "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(stamp.prefix(8))/\(region)/\(service)/aws4_request, "
            + "SignedHeaders=\(request.signed), Signature=\(signature)"
    }

    /// `20130524T000000Z`
    /// - Parameter time: seconds since 1970.
    static func stamp(_ time: Int) -> String {
        var (seconds, parts) = (time_t(time), tm())
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int32, _ width: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1) + digits(parts.tm_mday) + "T" + digits(parts.tm_hour)
            + digits(parts.tm_min) + digits(parts.tm_sec) + "Z"
    }

    /// The time of a `Date` header (`Fri, 24 May 2013 00:00:00 GMT`), in seconds since 1970.
    static func time(ofDate header: String) -> Int? {
        let words = header.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let month = months.firstIndex(of: String(words[2])),
            let year = Int32(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3 else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = Int32(month)
        parts.tm_mday = day
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Int(timegm(&parts))
    }
}

/// RFC 4648, with padding.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = Array(bytes[start..<min(start + 3, bytes.count)])
        let bits = UInt32(group[0]) << 16 | UInt32(group.count > 1 ? group[1] : 0) << 8 | UInt32(group.count > 2 ? group[2] : 0)
        for index in 0..<4 {
            text.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}

/// - Returns: 32 bytes; nil for what is no SHA-256 in hexadecimal.
func digest(hexadecimal text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard text.utf8.count == 2 * SHA256.byteCount, digits.count == text.utf8.count else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
