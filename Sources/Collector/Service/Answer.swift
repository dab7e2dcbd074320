/// What a request is answered with.
public struct Answer: Sendable {
    public var status: Int
    public var contentType: String
    /// Besides Content-Type, Content-Length, Connection and Date; names in lower case.
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8]
    /// For metrics and logs: `accepted`, or the code of the refusal.
    public var code: String
    /// Kept until the answer is with the client's system.
    public var hold: RegistryHold?

    init(_ status: Int, _ contentType: String, _ body: [UInt8], code: String = "ok") {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.code = code
    }

    static func json(_ status: Int, _ text: String) -> Answer { Answer(status, "application/json", Array(text.utf8)) }

    /// Problem details, RFC 9457.
    static func problem(
        _ status: Int, _ code: String, _ detail: String, position: Int? = nil, line: Int? = nil, retryAfter: Duration? = nil
    ) -> Answer {
        var text = #"{"type":"about:blank","title":\#(quoted(title(status))),"status":\#(status),"code":\#(quoted(code)),"detail":\#(quoted(detail))"#
        if let position { text += #","position":\#(position)"# }
        if let line { text += #","line":\#(line)"# }
        var answer = Answer(status, "application/problem+json", Array((text + "}").utf8), code: code)
        if let retryAfter { answer.headers.append(("retry-after", String(wholeSeconds(retryAfter)))) }
        if status == 401 { answer.headers.append(("www-authenticate", #"Bearer realm="collect""#)) }
        return answer
    }

    static func refusal(_ refusal: Refusal) -> Answer {
        problem(refusal.status, refusal.code, refusal.detail, position: refusal.position, line: refusal.line)
    }

    // MARK: What the connection itself answers

    /// The request did not come to its end in time.
    public static let tooSlow = problem(408, "too_slow", "the request was not complete in time; the connection is closed")
    /// The HTTP decoder gave up.
    public static let badRequest = problem(400, "bad_request", "this is not an HTTP request that can be understood")
    public static let headersTooLarge = problem(431, "headers_too_large", "the request has too many or too long headers")
    public static let tooManyConnections = problem(
        503, "overloaded", "there are too many connections", retryAfter: .seconds(1))
    public static let tooManyBytes = problem(
        503, "overloaded", "too many bytes of other requests are waiting", retryAfter: .seconds(1))
    public static func bodyTooLarge(_ limit: Int) -> Answer {
        problem(413, "body_too_large", "a body has at most \(limit) bytes, unpacked, too")
    }

    private static func wholeSeconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return max(1, seconds + (attoseconds > 0 ? 1 : 0))
    }

    /// As in RFC 9110.
    public static func title(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: status < 500 ? "Error" : "Internal Server Error"
        }
    }
}

/// A JSON string.
func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 2)
    appendQuoted(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0a: bytes.append(contentsOf: #"\n"#.utf8)
        case 0x0d: bytes.append(contentsOf: #"\r"#.utf8)
        case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
        case ..<0x20:
            bytes.append(contentsOf: #"\u00"#.utf8)
            bytes.append(contentsOf: (byte < 16 ? "0" : "").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        default: bytes.append(byte)
        }
    }
    bytes.append(UInt8(ascii: "\""))
}
