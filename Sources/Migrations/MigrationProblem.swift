/// Something that `apply` refuses to begin with, found by reading alone.
public struct MigrationProblem: Sendable, Equatable, Encodable, CustomStringConvertible {
    /// An open set: a caller that knows a code may act on it, all others print it.
    public struct Code: RawRepresentable, Sendable, Hashable, Encodable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// A name that breaks the rule, a text that is no script, a statement that cannot stand in such a file.
        public static let badFile = Code(rawValue: "bad_file")
        /// Two files with one number.
        public static let duplicateVersion = Code(rawValue: "duplicate_version")
        /// An applied versioned file that says something else now.
        public static let edited = Code(rawValue: "edited")
        /// A file that sorts before the last applied version and is not applied.
        public static let outOfOrder = Code(rawValue: "out_of_order")
        /// An applied file that goes by another name now.
        public static let renamed = Code(rawValue: "renamed")
        /// A squashed file of whose files only some are applied, or others.
        public static let halfSquashed = Code(rawValue: "half_squashed")

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }
    }

    public var code: Code
    /// Relative to the project's root.
    public var path: String
    /// 1-based, as far as they are known.
    public var line: Int?
    public var column: Int?
    public var message: String
    /// What to do: a sentence or a command.
    public var mend: String?

    public init(
        code: Code, path: String, line: Int? = nil, column: Int? = nil, message: String, mend: String? = nil
    ) {
        self.code = code
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.mend = mend
    }

    /// `path:line:column: message`, and the mend on lines of its own.
    public var description: String {
        let place = ([path] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":")
        return "\(place): \(message)"
            + (mend.map { "\n  " + $0.split(separator: "\n").joined(separator: "\n  ") } ?? "")
    }
}
