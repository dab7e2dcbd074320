/// One thing in which a catalog is not as expected.
public struct CatalogDifference: Sendable, Equatable, Encodable, CustomStringConvertible {
    public enum Change: String, Sendable, Encodable {
        /// Expected, and not there.
        case missing
        /// There, and not expected.
        case extra
        /// There, with another aspect.
        case changed
    }

    /// `table`, `column`, `function`, …
    public var kind: String
    /// Quoted, with its schema.
    public var identity: String
    public var change: Change
    /// What of the object is another one: `owner`, `definition`, `grant to analytics`; nil for missing and extra ones.
    public var aspect: String?
    /// nil: the aspect should not be there.
    public var expected: String?
    /// nil: the aspect is not there.
    public var found: String?

    init(
        kind: String, identity: String, change: Change, aspect: String? = nil, expected: String? = nil,
        found: String? = nil
    ) {
        self.kind = kind
        self.identity = identity
        self.change = change
        self.aspect = aspect
        self.expected = expected
        self.found = found
    }

    /// `table shop.orders: missing`; `column shop.orders.status: type is text, should be shop.order_status`.
    public var description: String {
        let object = "\(kind) \(identity)"
        guard change == .changed, let aspect else { return "\(object): \(change.rawValue)" }
        switch (expected, found) {
        case (nil, let found?):
            return found == "yes" ? "\(object): is \(aspect)" : "\(object): \(aspect) should not be: \(Self.short(found, ""))"
        case (let expected?, nil):
            return expected == "yes"
                ? "\(object): is not \(aspect)" : "\(object): \(aspect) is missing: \(Self.short(expected, ""))"
        case (let expected?, let found?):
            return "\(object): \(aspect) is \(Self.short(found, expected)), should be \(Self.short(expected, found))"
        case (nil, nil): return "\(object): \(aspect)"
        }
    }

    /// One line of at most 80 characters, from shortly before where it leaves the other text.
    private static func short(_ text: String, _ other: String) -> String {
        let line = Array(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        guard line.count > 80 else { return String(line) }
        let against = other.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let shared = zip(line, against).prefix { $0 == $1 }.count
        let from = against.isEmpty ? 0 : min(max(0, shared - 20), line.count - 78)
        let shown = String(line[from..<min(from + 78, line.count)])
        return (from > 0 ? "…" : "") + shown + (from + 78 < line.count ? "…" : "")
    }
}
