/// Where a bucket is, and how it is addressed.
public struct S3Place: Sendable, Equatable {
    public let bucket: String
    /// Below which all keys are; empty for none.
    public let prefix: String
    public let region: String
    /// With scheme, host and, where it is not the scheme's own, port: as it stands in `Host`, which is signed.
    let origin: String
    let host: String
    /// Before a key in a URL's path: empty where the host names the bucket.
    let root: String

    var name: String { prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix)" }

    /// - Parameters:
    ///   - url: `s3://bucket` or `s3://bucket/prefix`.
    ///   - endpoint: of a server that is not Amazon's: `https://host:port`, `host:port`; nil for Amazon's of that region.
    /// - Throws: `StoreError`, refused.
    public init(url: String, region: String, endpoint: String?) throws(StoreError) {
        guard url.hasPrefix("s3://") else { throw StoreError(.refused, "not a URL such as s3://bucket/prefix") }
        let parts = url.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        bucket = String(parts.first ?? "")
        var rest = parts.count > 1 ? String(parts[1]) : ""
        while rest.hasSuffix("/") { rest.removeLast() }
        prefix = rest
        guard Self.isBucket(bucket) else {
            throw StoreError(.refused, "not the name of a bucket in s3://bucket/prefix: 3 to 63 of a-z, 0-9, \"-\" and \".\"")
        }
        guard !url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "%") }) else {
            throw StoreError(.refused, "s3://\(bucket)/…: a URL of the object store has no query, and its prefix is not encoded")
        }
        if !prefix.isEmpty { _ = try ObjectKey.segments(prefix) }
        guard (1...64).contains(region.utf8.count),
            region.utf8.allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || (0x30...0x39).contains($0) || $0 == 0x2D })
        else { throw StoreError(.refused, "AWS_REGION is not the name of a region, such as us-east-1") }
        self.region = region
        if let endpoint {
            (origin, host) = try Self.read(endpoint)
            root = "/\(bucket)"
        } else {
            let amazon = "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
            // Amazon's certificates are for one label before that: a name with dots goes into the path.
            let isInPath = bucket.contains(".")
            host = isInPath ? amazon : "\(bucket).\(amazon)"
            origin = "https://\(host)"
            root = isInPath ? "/\(bucket)" : ""
        }
    }

    private static func isBucket(_ name: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard (3...63).contains(name.utf8.count), let first = name.utf8.first, let last = name.utf8.last else { return false }
        return isPlain(first) && isPlain(last) && !name.contains("..")
            && name.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Plain http only to this machine, or where the URL says so.
    private static func read(_ endpoint: String) throws(StoreError) -> (origin: String, host: String) {
        let wrong = StoreError(.refused, "AWS_ENDPOINT_URL_S3 is not a URL such as https://host:port (no path, no user, no query)")
        var scheme: String?
        var rest = Substring(endpoint)
        for known in ["https", "http"] where rest.lowercased().hasPrefix("\(known)://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
            break
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let isAllowed = rest.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || ".-:[]_".utf8.contains(byte)
        }
        guard isAllowed, !rest.isEmpty, rest.utf8.count <= 255 else { throw wrong }
        var (host, port) = (rest.lowercased(), "")
        let colon = host.utf8.lastIndex(of: UInt8(ascii: ":"))
        if let colon, !host.hasSuffix("]") {
            port = String(host[host.utf8.index(after: colon)...])
            host = String(host[..<colon])
            guard let number = UInt16(port), number > 0 else { throw wrong }
        }
        guard !host.isEmpty, host.hasPrefix("[") == host.hasSuffix("]"), host.hasPrefix("[") || !host.contains(":") else { throw wrong }
        let isLocal = host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
        let used = scheme ?? (isLocal ? "http" : "https")
        let isUsual = port.isEmpty || port == (used == "https" ? "443" : "80")
        let place = isUsual ? host : "\(host):\(port)"
        return ("\(used)://\(place)", place)
    }

    /// What the server calls a key, or what keys begin with.
    func full(_ key: String) -> String { prefix.isEmpty ? key : "\(prefix)/\(key)" }
}
