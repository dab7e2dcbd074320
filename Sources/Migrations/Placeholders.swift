/// What `${name}` stands for in a project's SQL files: an allow-list, and the values of this run.
///
///     let placeholders = try Placeholders(
///         allowed: ["shop_schema": .init(default: "shop"), "tenant": .init(pattern: "[a-z]{2,8}")],
///         values: ["tenant": "north"])
///     let project = try MigrationProject(root: ".", placeholders: placeholders)
///
/// Values are pasted into SQL as they are, and shown in plans, logs and errors: they are no secrets. What keeps them
/// from being anything but a name or a number is their pattern.
public struct Placeholders: Sendable, Equatable {
    public struct Allowed: Sendable, Equatable {
        /// nil: a value must be given.
        public var `default`: String?
        /// A regular expression that the whole value matches.
        public var pattern: String

        public static let usualPattern = "[A-Za-z0-9_.-]+"

        public init(default: String? = nil, pattern: String = Allowed.usualPattern) {
            self.default = `default`
            self.pattern = pattern
        }
    }

    public let allowed: [String: Allowed]
    /// Those that were given for this run; they come before the defaults.
    public let values: [String: String]

    /// - Throws: `MigrationError.Code.configuration` where a name is none, a pattern is no regular expression, or a
    ///   default does not match its pattern; `.usage` where a value is given for a name that is not allowed.
    public init(allowed: [String: Allowed], values: [String: String] = [:]) throws {
        for (name, one) in allowed.sorted(by: { $0.key < $1.key }) {
            guard Self.isName(name) else {
                throw MigrationError(
                    .configuration, "\(name) is no name for a placeholder",
                    hint: "lower-case letters, digits and _, a letter first")
            }
            do {
                _ = try Regex(one.pattern)
            } catch {
                throw MigrationError(
                    .configuration, "the pattern of the placeholder \(name) is no regular expression: \(one.pattern)")
            }
            if let value = one.default, let fault = Self.fault(of: value, one) {
                throw MigrationError(.configuration, "the default of the placeholder \(name) \(fault)")
            }
        }
        for name in values.keys.sorted() where allowed[name] == nil {
            throw MigrationError(
                .usage, "there is no placeholder \(name)",
                hint: allowed.isEmpty ? "none is listed" : "listed are: \(allowed.keys.sorted().joined(separator: ", "))")
        }
        self.allowed = allowed
        self.values = values
    }

    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else { return false }
        return name.utf8.allSatisfy(isNameByte) && name == foldCase(name)
    }

    /// - Returns: why the value cannot be used, to be said after its name; nil where it can.
    private static func fault(of value: String, _ allowed: Allowed) -> String? {
        if value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "holds a control character"
        }
        guard let pattern = try? Regex(allowed.pattern), value.wholeMatch(of: pattern) == nil else { return nil }
        return "is \"\(value)\", which does not match \(allowed.pattern)"
    }

    // MARK: Filling in

    /// A placeholder that was filled in, in one line of a file.
    struct Filling: Sendable, Equatable {
        let name: String
        let line: Int
        /// In the file and in the text as it is sent; 1-based, in Unicode scalars.
        let column: Int
        let sentColumn: Int
        /// Unicode scalars of `${name}` and of its value.
        let length: Int
        let sentLength: Int
    }

    struct Filled {
        var text = ""
        /// The text with each placeholder as an identifier of its own: the same whatever the values are.
        var unfilled = ""
        var fillings: [Filling] = []
        /// The first fault of each name.
        var faults: [(line: Int, column: Int, message: String, mend: String?)] = []
    }

    /// Puts values in the place of `${name}`, in strings and comments, too. What is not of that form stays.
    func fill(_ text: String) -> Filled {
        var filled = Filled()
        let bytes = Array(text.utf8)
        var copied = 0
        var at = 0
        // A byte order mark takes no column: SQLScript leaves it out.
        var (line, lineStart, grown) = (1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, 0)
        var faulty: Set<String> = []
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\n") { (line, lineStart, grown) = (line + 1, at + 1, 0) }
            guard let end = Self.end(of: bytes, at) else { at += 1; continue }
            let name = String(decoding: bytes[at + 2..<end - 1], as: UTF8.self)
            let column = bytes[lineStart..<at].count { $0 & 0xC0 != 0x80 } + 1
            let before = String(decoding: bytes[copied..<at], as: UTF8.self)
            var value = "${\(name)}"
            switch resolve(name) {
            case .success(let found): value = found
            case .failure(let fault) where faulty.insert(name).inserted:
                filled.faults.append((line, column, "${\(name)} \(fault.message)", fault.mend))
            case .failure: break
            }
            filled.text += before + value
            // Private-use characters are letters to PostgreSQL's scanner: what touches them stays one word with them.
            filled.unfilled += before + "\u{E000}\(name)\u{E001}"
            let sentLength = value.unicodeScalars.count
            filled.fillings.append(
                Filling(
                    name: name, line: line, column: column, sentColumn: column + grown, length: end - at,
                    sentLength: sentLength))
            grown += sentLength - (end - at)
            at = end
            copied = end
        }
        let rest = String(decoding: bytes[copied...], as: UTF8.self)
        filled.text += rest
        filled.unfilled += rest
        return filled
    }

    /// The offset behind `${name}`, where one begins.
    private static func end(of bytes: [UInt8], _ start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "$"), start + 2 < bytes.count, bytes[start + 1] == UInt8(ascii: "{") else {
            return nil
        }
        var at = start + 2
        while at < bytes.count, isNameByte(bytes[at]) { at += 1 }
        // `${2}` is a part of a regular expression.
        let isNumber = UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[start + 2]
        guard at < bytes.count, at > start + 2, !isNumber, bytes[at] == UInt8(ascii: "}") else { return nil }
        return at + 1
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 && byte < 0x80 || byte == UInt8(ascii: "_")
            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private struct Fault: Error {
        let message: String
        var mend: String?
    }

    private func resolve(_ name: String) -> Result<String, Fault> {
        guard let one = allowed[name] else {
            return .failure(Fault(message: "is no placeholder of this project", mend: "list it in placeholders.yaml"))
        }
        guard let value = values[name] ?? one.default else {
            return .failure(
                Fault(
                    message: "has no value",
                    mend: "give it: --placeholder \(name)=VALUE, or EMPORIUM_PLACEHOLDER_\(name.uppercased())=VALUE"))
        }
        if let fault = Self.fault(of: value, one) { return .failure(Fault(message: fault)) }
        return .success(value)
    }
}
