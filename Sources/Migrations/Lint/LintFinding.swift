/// Something in the SQL files, or in the catalog they make, that a rule speaks against.
public struct LintFinding: Sendable, Equatable, Encodable, CustomStringConvertible {
    /// In kebab-case: one of `LintRule`, or one of squawk's.
    public var rule: String
    /// Of a finding in a file: relative to the project's root; nil for an object of the catalog.
    public var path: String?
    /// 1-based.
    public var line: Int?
    /// 1-based, in bytes.
    public var column: Int?
    /// Of a finding in the catalog: the object, `shop.orders`, `ops.claim(bigint)`, `schema shop`.
    public var object: String?
    public var message: String
    /// What to do: a sentence or a statement.
    public var mend: String?

    public init(
        rule: String, path: String? = nil, line: Int? = nil, column: Int? = nil, object: String? = nil,
        message: String, mend: String? = nil
    ) {
        self.rule = rule
        self.path = path
        self.line = line
        self.column = column
        self.object = object
        self.message = message
        self.mend = mend
    }

    /// What an exception names: the object, or the file's path.
    var subject: String { object ?? path ?? "" }

    /// `path:line:column: message [rule]` or `object: message [rule]`, and the mend on lines of its own.
    public var description: String {
        let place =
            object ?? ([path ?? ""] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":")
        return "\(place): \(message) [\(rule)]"
            + (mend.map { "\n  " + $0.split(separator: "\n").joined(separator: "\n  ") } ?? "")
    }

    /// Files first, by place; then the catalog, by rule and object.
    static func precedes(_ one: LintFinding, _ other: LintFinding) -> Bool {
        func key(_ finding: LintFinding) -> (Int, String, Int, Int, String) {
            finding.object == nil
                ? (0, finding.path ?? "", finding.line ?? 0, finding.column ?? 0, finding.rule)
                : (1, finding.rule, 0, 0, finding.subject)
        }
        return key(one) < key(other)
    }
}

/// What a lint has judged, and what it found.
public struct LintReport: Sendable, Equatable, Encodable {
    /// Where the catalog came from.
    public enum Catalog: String, Sendable, Encodable {
        /// What the files make in a database of its own.
        case scratch
        /// The connected database as it is.
        case live
        /// Not judged: the files cannot be run as they are.
        case none
    }

    public var findings: [LintFinding] = []
    /// How many findings an exception took away.
    public var excepted = 0
    /// How many files were read.
    public var files = 0
    public var catalog = Catalog.none
    /// True when squawk's rules were judged.
    public var squawk = false
    /// What could not be judged, and why.
    public var notes: [String] = []
}

/// The rules of our own, by name. All other names are squawk's.
public enum LintRule: String, Sendable, CaseIterable {
    case badFile = "bad-file"
    case unnamedConstraint = "unnamed-constraint"
    case unnamedIndex = "unnamed-index"
    case definerSearchPath = "definer-search-path"
    case viewSecurityInvoker = "view-security-invoker"
    case partitionGrant = "partition-grant"
    case noPrimaryKey = "no-primary-key"
    case narrowKey = "narrow-key"
    case unindexedForeignKey = "unindexed-foreign-key"
    case invalidIndex = "invalid-index"
    case notValidatedConstraint = "not-validated-constraint"
    case publicPrivilege = "public-privilege"
    case unclassifiedColumn = "unclassified-column"
    case unusedException = "unused-exception"
}
