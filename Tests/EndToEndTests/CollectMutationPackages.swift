import Foundation

/// Makes requests of mutated packages: whatever may come at the door from senders that are broken, or hostile.
struct MutatedPackages {
    /// A request, and what is known beforehand of its answer.
    struct Request {
        var bytes: [UInt8]
        /// Of the body once unpacked; nil where only the collector can tell.
        var unpacked: Int?
        /// Codes that its head alone leads to; empty where the body decides.
        var codes: Set<String> = []
        var isPacked = false
        var isLines = false
        /// The client goes away before the end: there is no answer.
        var isAbandoned = false
        var idempotencyKey: String?
        /// The Idempotency-Key of an earlier package, whose body this is, or is not.
        var again: (key: String, isSame: Bool)?
    }

    private var events: SentEvents
    private let key: String
    private let packed: [[UInt8]]
    private let worker: Int
    private var earlier: [[UInt8]] = []
    private var named: [(key: String, body: [UInt8])] = []
    private var names = 0

    /// - Parameter packed: gzip of packages, to be damaged.
    init(seed: UInt64, worker: Int, key: String, packed: [[UInt8]]) {
        events = SentEvents(seed: seed &+ UInt64(worker) &* 0x1000_0001)
        (self.worker, self.key, self.packed) = (worker, key, packed)
    }

    mutating func next() -> Request {
        let isLines = events.below(4) == 0
        var body = package(isLines: isLines)
        switch events.below(100) {
        case 0..<30: break
        case 30..<96: body = mutated(body)
        default: body = extreme()
        }
        var request = Request(bytes: [], unpacked: body.count, isLines: isLines)
        var headers = ["Host: a", "X-API-Key: \(key)", "Content-Type: application/\(isLines ? "x-ndjson" : "json")"]
        if events.below(8) == 0 {
            headers.append("Content-Encoding: gzip")
            (request.isPacked, request.unpacked) = (true, nil)
            let isHard = !packed.isEmpty && events.below(2) == 0
            body = isHard ? events.oneOf(packed) : Self.stored(body)
            if events.below(3) == 0 { body = mutated(body) }
        }
        var line = "POST /collect HTTP/1.1"
        switch events.below(400) {
        case 0: (headers[1], request.codes) = ("X-API-Key: emp_wrong", ["wrong_api_key"])
        case 1: (headers[1], request.codes) = ("X-Other: a", ["no_api_key"])
        case 2: (headers[2], request.codes) = ("Content-Type: \(events.oneOf(["text/plain", "", "application/json; charset=latin1"]))", ["wrong_content_type"])
        case 3: (headers[2], request.codes) = ("X-Other: a", ["wrong_content_type"])
        case 4:
            headers.append("Content-Encoding: \(events.oneOf(["br", "deflate", "gzip, gzip", "none"]))")
            request.codes = ["wrong_content_encoding"]
        case 5: (line, request.codes) = ("\(events.oneOf(["GET", "PUT", "DELETE"])) /collect HTTP/1.1", ["method_not_allowed"])
        case 6: (line, request.codes) = ("POST /\(events.oneOf(["nowhere", "collec", "collect/", "%00", "../collect"])) HTTP/1.1", ["not_found"])
        case 7: (headers[0], request.codes) = ("X-Other: a", ["bad_request"])
        case 8:
            headers.append(events.oneOf(["Content-Type: application/json", "Host: b", "Transfer-Encoding: gzip, chunked", "Bad Header"]))
            request.codes = ["bad_request"]
        case 9: (headers, request.codes) = (headers + ["X-Long: " + String(repeating: "x", count: 200_000)], ["headers_too_large"])
        case 10: (line, request.codes) = (events.oneOf(["POST", "\u{16}\u{3}", "POST /collect HTTP/9.9", "POST  /collect"]), ["bad_request"])
        case 11:
            // By the length alone; nothing of it comes.
            (body, request.codes) = ([], ["body_too_large"])
            headers.append("Content-Length: \(events.oneOf(["5000000", "9223372036854775807"]))")
            return finished(request, line, headers, body)
        case 12:
            request.codes = ["bad_request"]
            headers.append("Content-Length: \(events.oneOf(["-1", "1x", "99999999999999999999", "+3", ""]))")
            return finished(request, line, headers, [])
        case 13:
            request.isAbandoned = true
            headers.append("Content-Length: \(body.count + 1)")
            return finished(request, line, headers, body)
        case 14..<24: headers.append("Expect: 100-continue")
        case 24..<54:
            headers.append("Transfer-Encoding: chunked")
            body = chunked(body, &request)
            return finished(request, line, headers, body)
        case 54..<62:
            names += 1
            let name = "\(worker)-\(names)"
            request.idempotencyKey = name
            named.append((name, body))
            headers.append("Idempotency-Key: \(name)")
            // A packed body is another body, and lines are another format: only plain arrays come again.
            if request.isPacked || isLines { named.removeLast() }
        case 62..<68:
            guard let first = named.last else { break }
            headers = ["Host: a", "X-API-Key: \(key)", "Content-Type: application/json", "Idempotency-Key: \(first.key)"]
            let isSame = events.below(3) > 0
            body = isSame ? first.body : first.body + [0x20]
            request = Request(bytes: [], unpacked: body.count, again: (first.key, isSame))
        default: break
        }
        headers.append("Content-Length: \(body.count)")
        return finished(request, line, headers, body)
    }

    private func finished(_ request: Request, _ line: String, _ headers: [String], _ body: [UInt8]) -> Request {
        var made = request
        made.bytes = Array("\(line)\r\n\(headers.joined(separator: "\r\n"))\r\n\r\n".utf8) + body
        return made
    }

    private mutating func chunked(_ body: [UInt8], _ request: inout Request) -> [UInt8] {
        var made: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let part = rest.prefix(1 + events.below(rest.count))
            made += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [13, 10]
            rest = rest.dropFirst(part.count)
        }
        if events.below(6) == 0 {
            request.codes = ["bad_request"]
            return made + Array("zz\r\n".utf8)
        }
        return made + Array("0\r\n\r\n".utf8)
    }

    // MARK: Packages

    private mutating func package(isLines: Bool) -> [UInt8] {
        var made: [UInt8] = isLines ? [] : [UInt8(ascii: "[")]
        let count = events.below(60) == 0 ? 40 : 1 + events.below(1 + events.below(5))
        for index in 0..<count {
            if index > 0 { made.append(isLines ? 10 : UInt8(ascii: ",")) }
            let event: [UInt8]
            switch events.below(20) {
            case 0: event = Array(events.oneOf(Self.poor).utf8)
            case 1 where !earlier.isEmpty: event = events.oneOf(earlier)
            case 2..<9: event = events.changed().bytes
            default: event = events.good().bytes
            }
            made += event
            if earlier.count < 50 { earlier.append(event) } else { earlier[events.below(50)] = event }
        }
        if !isLines { made.append(UInt8(ascii: "]")) }
        return made
    }

    private static let poor = ["{}", "5", "[{}]", "null", "\"\"", #"{"data":{"id":5,"amount":1},"headers":{}}"#, #"{"headers":{"a":1,"a":2}}"#]

    /// What passes a limit.
    private mutating func extreme() -> [UInt8] {
        func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        return Array(
            [
                "[" + many("[", 1000) + many("]", 1001), many("[", 200_000), many("{\"a\":", 3000), "[{\"a\":\"" + many("x", 270_000) + "\"}]",
                "[" + many("1,", 10_001) + "1]", "[1" + many("0", 400) + "]", "[-1" + many("0", 300) + "e-300]", "[\"" + many("\\u00e9", 2000) + "\"]",
                "[{" + (0..<300).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}]", "[\"" + many("\\", 999) + "\"]", many(" ", 5000), "[1e99999999999]",
                "{\"data\":{}}", "[{\"data\":" + many("[{\"a\":", 20) + "1" + many("}]", 20) + "}]",
            ][events.below(14)].utf8)
    }

    // MARK: Changes that need not leave it JSON

    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\u00e9", "null", "true", "-", "0", "1e999", "1e-999", "99999999999999999999",
        "1.0", ".", "e", "\n", "\r\n", " ", "\t", "\u{FEFF}", "é", "😀", "\"a\":1,", "[[[[", "]]]]", "\"id\":7,", "/", "\u{1}", "NaN", "{}", "[]", ",,",
        "X-Message-Stamp-", "timestampStamp", "headers",
    ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE]]

    private static let parts = [
        "\"id\"", "\"amount\"", "\"type\"", "null", "\"[", "\"dispatchedAt\"", "\"data\"", "\"userId\"", "Stamp\"", "},", "\"billing\"",
    ].map { Array($0.utf8) }
    private static let values = [
        "\"id\"", "\"\\u0000\"", "\"[]\"", "\"[", "\"{\\u0022a", "\"type\"", "\"attributes\"", "\"timestampStamp\"", "\"\\ud83d\"", "\"\\\\u0000",
        "1e400", "\"a\":{\"b\":1,\"b\":2},",
    ].map { Array($0.utf8) }

    /// A bit turned, bytes taken out, doubled or replaced, a token put in, a part of another event, the end cut off: once to four times.
    private mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var made = bytes
        for _ in 0...(events.below(2) * events.below(4)) where !made.isEmpty {
            let at = events.below(made.count)
            let end = min(made.count, at + 1 + events.below(events.below(3) == 0 ? made.count : 12))
            switch events.below(11) {
            case 0: made[at] ^= 1 << UInt8(events.below(8))
            case 1: made[at] = UInt8(events.below(256))
            case 2: made.removeSubrange(at..<end)
            case 3: made.insert(contentsOf: Array(made[at..<end]), at: events.below(made.count + 1))
            case 4: made.insert(contentsOf: events.oneOf(Self.tokens), at: at)
            case 5: made.replaceSubrange(at..<end, with: events.oneOf(Self.tokens))
            case 6:
                guard !earlier.isEmpty else { continue }
                let other = events.oneOf(earlier)
                let from = events.below(other.count)
                made.replaceSubrange(at..<end, with: other[from..<min(other.count, from + end - at)])
            case 7: if events.below(3) == 0 { made.removeSubrange(at...) }
            case 8: if events.below(5) == 0 { made.insert(contentsOf: events.oneOf([[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0]]), at: 0) }
            default:
                // A part that leaves JSON whole, most of the time: another value, or another name.
                let part = events.oneOf(Self.parts)
                guard let found = place(of: part, in: made, from: at) else { continue }
                made.replaceSubrange(found..<found + part.count, with: events.oneOf(Self.values))
            }
        }
        return made
    }

    // MARK: gzip

    /// A gzip file that holds the bytes as they are (RFC 1951, stored blocks).
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        func little(_ number: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        var made: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = bytes[...]
        repeat {
            let part = rest.prefix(65_535)
            rest = rest.dropFirst(part.count)
            made.append(rest.isEmpty ? 1 : 0)
            made += little(UInt32(part.count), 2) + little(~UInt32(part.count), 2) + part
        } while !rest.isEmpty
        return made + little(checksum(bytes), 4) + little(UInt32(bytes.count), 4)
    }

    private static let checksums: [UInt32] = (0..<256).map { (0..<8).reduce(UInt32($0)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) } }

    /// CRC-32.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let table = checksums
        return ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }
}
