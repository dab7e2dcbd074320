/// What there is.
enum Route: Sendable, Equatable {
    case collect, live, ready, metrics, openAPI
    /// A path of the registry's, with its segments, percent-decoded.
    case registry(RegistryPath, segments: [String])

    /// - Returns: nil for a path that leads nowhere.
    init?(_ path: Substring) {
        switch path {
        case "/collect": self = .collect
        case "/live": self = .live
        case "/ready": self = .ready
        case "/metrics": self = .metrics
        case "/openapi.json": self = .openAPI
        default:
            guard let segments = Self.segments(path), let found = RegistryPath(segments) else { return nil }
            self = .registry(found, segments: segments)
        }
    }

    /// For metrics.
    var name: String {
        switch self {
        case .collect: "/collect"
        case .live: "/live"
        case .ready: "/ready"
        case .metrics: "/metrics"
        case .openAPI: "/openapi.json"
        case .registry(let path, _): path.rawValue
        }
    }

    /// Between the slashes; one slash at the end counts for nothing, as with Confluent's server.
    private static func segments(_ path: Substring) -> [String]? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        var parts = path.dropFirst().split(separator: "/", maxSplits: RegistryPath.mostSegments, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        var segments: [String] = []
        for part in parts {
            guard let segment = percentDecoded(part) else { return nil }
            segments.append(segment)
        }
        return segments
    }
}

/// The paths of the registry's API, as Confluent's documents write them.
enum RegistryPath: String, CaseIterable, Sendable {
    case root = "/"
    case contexts = "/contexts"
    case schemas = "/schemas"
    case types = "/schemas/types"
    case schema = "/schemas/ids/{id}"
    case schemaText = "/schemas/ids/{id}/schema"
    case schemaSubjects = "/schemas/ids/{id}/subjects"
    case schemaVersions = "/schemas/ids/{id}/versions"
    case subjects = "/subjects"
    case subject = "/subjects/{subject}"
    case versions = "/subjects/{subject}/versions"
    case version = "/subjects/{subject}/versions/{version}"
    case versionText = "/subjects/{subject}/versions/{version}/schema"
    case referencedBy = "/subjects/{subject}/versions/{version}/referencedby"
    case config = "/config"
    case subjectConfig = "/config/{subject}"
    case mode = "/mode"
    case subjectMode = "/mode/{subject}"
    case compatibility = "/compatibility/subjects/{subject}/versions"
    case versionCompatibility = "/compatibility/subjects/{subject}/versions/{version}"
    case metadataID = "/v1/metadata/id"
    case metadataVersion = "/v1/metadata/version"

    static let mostSegments = 6

    private static let patterns = allCases.map { path in (path, path.rawValue.split(separator: "/")) }

    init?(_ segments: [String]) {
        let found = Self.patterns.first { _, pattern in
            pattern.count == segments.count
                && zip(pattern, segments).allSatisfy { $0.utf8.first == UInt8(ascii: "{") ? !$1.isEmpty : $0 == $1 }
        }
        guard let found else { return nil }
        self = found.0
    }

    /// Methods that only read; GET goes for HEAD, too.
    var asking: [String] {
        switch self {
        case .subject, .compatibility, .versionCompatibility: ["POST"]
        default: ["GET"]
        }
    }

    /// Methods that change what is there.
    var changing: [String] {
        switch self {
        case .subject, .version: ["DELETE"]
        case .versions: ["POST"]
        case .config, .subjectConfig, .mode, .subjectMode: ["PUT", "DELETE"]
        default: []
        }
    }
}

/// Percent-decoded; nil for what is no UTF-8 text, or holds a NUL.
/// - Parameter isForm: whether `+` is a space, as in a query.
func percentDecoded(_ text: Substring, isForm: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            let digits = rest.prefix(2)
            guard digits.count == 2, let high = hexadecimal(digits.first), let low = hexadecimal(digits.last), high | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
        case 0: return nil
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimal(_ digit: UInt8?) -> UInt8? {
    switch digit {
    case .some(let digit) where 0x30...0x39 ~= digit: digit - 0x30
    case .some(let digit) where 0x41...0x46 ~= digit: digit - 0x41 + 10
    case .some(let digit) where 0x61...0x66 ~= digit: digit - 0x61 + 10
    default: nil
    }
}

/// Names and values of a query in turn, percent-decoded; nil where they cannot be.
func queryItems(_ query: Substring) -> [String]? {
    var items: [String] = []
    for pair in query.split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = percentDecoded(parts[0], isForm: true),
            let value = parts.count == 2 ? percentDecoded(parts[1], isForm: true) : ""
        else { return nil }
        items += [name, value]
    }
    return items
}
