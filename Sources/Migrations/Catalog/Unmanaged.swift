import FoundationEssentials

/// The project's file `sql/unmanaged`: what is made at run time by intent, and so is nobody's drift.
///
///     # one object a line: its kind and a pattern of its name (* any characters, ? one); # begins a comment
///     schema source_*      # what order systems' databases are read through, with all that lies in it
///     server source_*
///     * analytics.tmp_*
public struct Unmanaged: Sendable, Equatable {
    public static let path = "sql/unmanaged"

    struct Line: Sendable, Equatable {
        let kind: String
        let pattern: [Character]
    }
    let lines: [Line]

    /// - Throws: `MigrationError.Code.configuration` with the line that is none, or where the file cannot be read.
    init(root: String) throws {
        let full = root + "/" + Self.path
        guard FileManager.default.fileExists(atPath: full) else { self.init(); return }
        guard let data = FileManager.default.contents(atPath: full), let text = String(validating: data, as: UTF8.self)
        else { throw MigrationError(.configuration, "\(Self.path) cannot be read, or is not UTF-8") }
        try self.init(text)
    }

    init() { lines = [] }

    init(_ text: String) throws {
        var lines: [Line] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else { continue }
            guard words.count > 1 else {
                var error = MigrationError(
                    .configuration, "a line is a kind and a pattern of names, this one has \(words.count) word",
                    hint: "for example: schema source_*; any kind: *")
                error.path = Self.path
                error.line = index + 1
                throw error
            }
            // A kind may have several words, a name may not.
            lines.append(
                Line(kind: words.dropLast().joined(separator: " "), pattern: Array(words[words.count - 1])))
        }
        self.lines = lines
    }

    /// True also for what lies in a schema, or belongs to an object, that is left out.
    func covers(_ object: CatalogSnapshot.Object, _ aspects: [String: String]) -> Bool {
        lines.contains { line in
            if line.kind == "*" || line.kind == object.kind {
                if Self.matches(object.identity[...], line.pattern[...]) { return true }
            }
            switch line.kind {
            case "schema":
                // `name.…`, and `… on name.…`, `for … on server …` not.
                let name = object.identity.components(after: " on ") ?? object.identity
                guard let dot = name.firstIndex(of: "."), object.kind != "schema" else { return false }
                return Self.matches(name[..<dot], line.pattern[...])
            case "server":
                return object.kind == "user mapping"
                    && Self.matches((object.identity.components(after: " on server ") ?? "")[...], line.pattern[...])
            case "table", "foreign table", "view", "materialized view", "type", "domain":
                return aspects[Inventory.ownerAspect].map { Self.matches($0[...], line.pattern[...]) } ?? false
            default: return false
            }
        }
    }

    /// `*` stands for any characters, `?` for one.
    static func matches(_ text: Substring, _ pattern: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            var rest = text
            while true {
                if matches(rest, pattern.dropFirst()) { return true }
                guard !rest.isEmpty else { return false }
                rest = rest.dropFirst()
            }
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return matches(text.dropFirst(), pattern.dropFirst())
    }
}

extension String {
    /// What stands behind the last occurrence of a separator; nil where it does not occur.
    fileprivate func components(after separator: String) -> String? {
        guard let found = ranges(of: separator).last else { return nil }
        return String(self[found.upperBound...])
    }
}

extension CatalogSnapshot {
    func without(_ unmanaged: Unmanaged) -> CatalogSnapshot {
        guard !unmanaged.lines.isEmpty else { return self }
        var copy = self
        copy.objects = objects.filter { !unmanaged.covers($0.key, $0.value) }
        return copy
    }
}
