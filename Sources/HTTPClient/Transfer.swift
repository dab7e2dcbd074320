import CCurl
import Synchronization

/// A request on its way, and what has come of its answer.
///
/// `@unchecked Sendable`: until `TransferEngine.start` its maker alone has it; after that the engine's thread alone touches
/// what is not constant, and `isCancelled` is atomic.
final class Transfer: @unchecked Sendable {
    typealias Answer = Result<HTTPResponse, HTTPError>

    let request: HTTPRequest
    /// Method and URL without its query, which may hold what nobody else should read.
    let name: String
    let isLocal: Bool
    let isCancelled = Atomic(false)

    var continuation: CheckedContinuation<Answer, Never>?
    var lines: UnsafeMutablePointer<curl_slist>?
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    let message: UnsafeMutablePointer<CChar>

    private static let mostHeaderBytes = 256 << 10

    /// - Throws: `HTTPError`, no outage: the request is not one.
    init(_ request: HTTPRequest) throws(HTTPError) {
        self.request = request
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw HTTPError(isOutage: false, "the method of an HTTP request is in capitals: GET, POST …")
        }
        let place = try Place(request.url)
        name = "\(request.method) \(place.text)"
        isLocal = place.isLocal
        for header in request.headers { try Self.check(header, of: name) }
        if request.method == "HEAD", request.body != nil {
            throw HTTPError(isOutage: false, "\(name): HEAD takes no body")
        }
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))  // last: deinit, which frees it, runs for what is whole
        message.pointee = 0
    }

    deinit {
        curl_slist_free_all(lines)
        message.deallocate()
    }

    private static func check(_ header: (name: String, value: String), of name: String) throws(HTTPError) {
        let isName = !header.name.isEmpty && header.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
        guard isName, header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            // Its value may be a key.
            throw HTTPError(isOutage: false, "\(name): header \"\(isName ? header.name : "?")\" has a control character in it")
        }
    }

    // MARK: Asking

    /// Everything that curl must know; `handle` is as new.
    func configure(_ handle: UnsafeMutableRawPointer) {
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_http_only(handle)
        curl_set_text(handle, CURLOPT_URL, request.url)
        curl_set_text(handle, CURLOPT_USERAGENT, "emporium")
        if isLocal { curl_set_text(handle, CURLOPT_NOPROXY, "*") }
        let limit = max(1, request.timeout.milliseconds)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, limit)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, min(limit, 5000))
        curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message)
        setMethod(handle)
        setHeaders(handle)
        let this = Unmanaged.passUnretained(self).toOpaque()  // the engine holds it for as long as curl has the handle
        curl_set_pointer(handle, CURLOPT_WRITEDATA, this)
        curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, this in
            Transfer.of(this).take(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        curl_set_pointer(handle, CURLOPT_HEADERDATA, this)
        curl_set_data_function(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, this in
            Transfer.of(this).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    private func setMethod(_ handle: UnsafeMutableRawPointer) {
        if request.method == "HEAD" {
            curl_set_long(handle, CURLOPT_NOBODY, 1)
        } else if request.body != nil || ["POST", "PUT", "PATCH"].contains(request.method) {
            // With a length of 0 where there is no body: some servers want one.
            let body = request.body ?? []
            curl_set_long(handle, CURLOPT_POST, 1)
            curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            body.withUnsafeBytes { bytes in
                // Copied by curl. Nil would mean that a function gives the body.
                withUnsafePointer(to: UInt8(0)) { nothing in
                    let start = bytes.baseAddress ?? UnsafeRawPointer(nothing)
                    curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: start))
                }
            }
        }
        if request.method != "GET" || request.body != nil {
            if request.method != "HEAD" { curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    private func setHeaders(_ handle: UnsafeMutableRawPointer) {
        for header in request.headers {
            // An empty value would take the header away.
            lines = curl_slist_append(lines, header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        // What curl would add of its own: a form's type, and a round trip before a large body.
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines = curl_slist_append(lines, "Content-Type:")
        }
        lines = curl_slist_append(lines, "Expect:")
        curl_set_pointer(handle, CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(lines))
    }

    // MARK: Reading the answer

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(pointer!).takeUnretainedValue()
    }

    /// - Returns: how much was taken; anything but all of it ends the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= request.maxResponseBytes else {
            isTooLarge = true
            return bytes.isEmpty ? 1 : 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.mostHeaderBytes else {
            isTooLarge = true
            return 0
        }
        if bytes.starts(with: "HTTP/".utf8) {
            headers.removeAll()  // an interim answer (1xx) came before
            return bytes.count
        }
        var line = bytes[...]
        while let last = line.last, last <= 0x20 { line.removeLast() }
        guard let first = line.first else { return bytes.count }
        if first == 0x20 || first == 0x09 {  // a folded line
            if !headers.isEmpty { headers[headers.count - 1].value += " " + Self.trimmed(line) }
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            headers.append((name, Self.trimmed(line[(colon + 1)...])))
        }
        return bytes.count
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes.drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    }

    // MARK: The end

    func answer(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> Answer {
        var status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        if isTooLarge {
            return .failure(
                HTTPError(
                    isOutage: false,
                    "\(name): the answer is longer than \(request.maxResponseBytes) bytes, or its headers than \(Self.mostHeaderBytes)",
                    status: status > 0 ? status : nil))
        }
        guard code == CURLE_OK else { return .failure(failure(code)) }
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    func failure(_ code: CURLcode) -> HTTPError {
        let said = String(cString: message)
        let what = said.isEmpty ? String(cString: curl_easy_strerror(code)) : said
        // Faults of the request. Of the rest each can pass without anybody changing what is asked.
        let isOwn = [CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT].contains(code)
        return HTTPError(isOutage: !isOwn, "\(name): \(what) (curl \(code.rawValue))")
    }

    var cancelled: Answer { .failure(HTTPError(isOutage: true, "\(name): cancelled")) }
}

extension Duration {
    /// Rounded up; at most a day.
    var milliseconds: Int {
        let parts = components
        guard parts.seconds < 86_400 else { return 86_400_000 }
        return max(0, Int(parts.seconds) * 1000 + Int((parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
