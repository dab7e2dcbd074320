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
    /// Of a missing object its definition, where that is one text. nil: the aspect should not be there.
    public var expected: String?
    /// Of an extra object its definition. nil: the aspect is not there.
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
        guard change == .changed, let aspect else {
            let what = kind == "default privileges" ? (found ?? expected).map { ": \($0)" } ?? "" : ""
            return "\(object): \(change.rawValue)\(what)"
        }
        switch (expected, found) {
        case (nil, let found?) where found != "yes":
            return "\(object): \(aspect) should not be: \(Self.short(found, ""))"
        case (let expected?, nil) where expected != "yes":
            return "\(object): \(aspect) is missing: \(Self.short(expected, ""))"
        default:
            let (wanted, there) = (expected ?? "no", found ?? "no")
            return "\(object): \(aspect) is \(Self.short(there, wanted)), should be \(Self.short(wanted, there))"
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
