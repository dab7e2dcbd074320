import CCurl

/// Where a URL leads, by curl's own reading of it.
struct Place {
    /// Scheme, host, port where one is named, path.
    let text: String
    /// Whether the server is on this machine.
    let isLocal: Bool

    /// - Throws: `HTTPError` that shows nothing of a URL with a password in it.
    init(_ url: String) throws(HTTPError) {
        guard let parsed = curl_url() else { throw HTTPError(isOutage: true, "no memory to read a URL") }
        defer { curl_url_cleanup(parsed) }
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw HTTPError(isOutage: false, "a URL has a blank or a control character in it")
        }
        let code = curl_url_set(parsed, CURLUPART_URL, url, 0)
        guard code == CURLUE_OK else {
            throw HTTPError(isOutage: false, "not a URL such as http://host:port/path: \(String(cString: curl_url_strerror(code)))")
        }
        func part(_ which: CURLUPart) -> String? {
            var found: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parsed, which, &found, 0) == CURLUE_OK, let found else { return nil }
            defer { curl_free(found) }
            return String(cString: found)
        }
        let scheme = part(CURLUPART_SCHEME) ?? ""
        guard scheme == "http" || scheme == "https" else {
            throw HTTPError(isOutage: false, "not a URL with http or https: it begins with \"\(scheme.prefix(20))\"")
        }
        guard part(CURLUPART_USER) == nil, part(CURLUPART_PASSWORD) == nil else {
            throw HTTPError(isOutage: false, "a URL names a user or a password: they belong into a header")
        }
        let host = part(CURLUPART_HOST) ?? ""
        let port = part(CURLUPART_PORT).map { ":\($0)" } ?? ""
        text = "\(scheme)://\(host)\(port)\(part(CURLUPART_PATH) ?? "/")"
        isLocal = Self.isLocal(host.lowercased())
    }

    private static func isLocal(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
