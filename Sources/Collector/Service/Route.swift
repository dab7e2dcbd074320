/// What there is.
enum Route: Sendable, Equatable {
    case collect, live, ready, metrics, openAPI
    case schema(Substring)
    case subjects
    case versions(subject: String)
    case version(subject: String, version: Substring)

    /// - Returns: nil for a path that leads nowhere.
    init?(_ path: Substring) {
        switch path {
        case "/collect": self = .collect
        case "/live": self = .live
        case "/ready": self = .ready
        case "/metrics": self = .metrics
        case "/openapi.json": self = .openAPI
        case "/subjects": self = .subjects
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { $0 }
            switch (parts.count, parts.first) {
            case (3, "schemas") where parts[1] == "ids":
                self = .schema(parts[2])
            case (3, "subjects") where parts[2] == "versions":
                guard let subject = Self.decoded(parts[1]) else { return nil }
                self = .versions(subject: subject)
            case (4, "subjects") where parts[2] == "versions":
                guard let subject = Self.decoded(parts[1]) else { return nil }
                self = .version(subject: subject, version: parts[3])
            default: return nil
            }
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
        case .schema: "/schemas/ids/{id}"
        case .subjects: "/subjects"
        case .versions: "/subjects/{subject}/versions"
        case .version: "/subjects/{subject}/versions/{version}"
        }
    }

    /// Percent-decoded; nil for what is no UTF-8 text, or holds a NUL.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value != 0 else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
