import CPGQuery
import Foundation

/// A statement as PostgreSQL 15's own parser reads it: the JSON of libpg_query, one node after another.
///
///     let tree = try PGQuery.parse("alter table t add c int")[0]
///     tree.kind                       // "AlterTableStmt"
///     tree["relation"]["relname"].text // "t"
///
/// Good for telling what a statement is about. Not for writing it again: libpg_query's deparse loses clauses.
public indirect enum ParseTree: Sendable, Equatable {
    case object([String: ParseTree])
    case array([ParseTree])
    case string(String)
    case number(Double)
    case bool(Bool)
    /// A field that the parser left out: the default of its type (0, false, empty).
    case absent

    /// A field of the node, looked for below its kind, too: `{"AlterTableStmt": {"relation": …}}["relation"]`.
    public subscript(_ field: String) -> ParseTree {
        guard case .object(let fields) = self else { return .absent }
        if let value = fields[field] { return value }
        if let kind, case .object(let inner)? = fields[kind] { return inner[field] ?? .absent }
        return .absent
    }

    /// `AlterTableStmt`: the name of a node that stands in a list or a place that takes several kinds; else nil.
    public var kind: String? {
        guard case .object(let fields) = self, fields.count == 1, let name = fields.first?.key,
            name.first?.isUppercase == true
        else { return nil }
        return name
    }

    public var items: [ParseTree] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    public var int: Int? {
        guard case .number(let number) = self else { return nil }
        return Int(exactly: number)
    }

    public var isTrue: Bool { self == .bool(true) }
    public var isAbsent: Bool { self == .absent }

    /// The strings of a list of `String` nodes: the parts of a qualified name.
    public var names: [String] { items.compactMap { $0["sval"].text ?? $0["String"]["sval"].text } }

    init(_ json: Any) {
        switch json {
        case let fields as [String: Any]: self = .object(fields.mapValues { ParseTree($0) })
        case let items as [Any]: self = .array(items.map { ParseTree($0) })
        case let text as String: self = .string(text)
        case let number as NSNumber:
            self = CFBooleanKind.isBoolean(number) ? .bool(number.boolValue) : .number(number.doubleValue)
        default: self = .absent
        }
    }
}

/// JSONSerialization gives true and 1 as the same class; the type's encoding tells them apart.
private enum CFBooleanKind {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}

public enum PGQuery {
    /// The statements of a text, in order.
    ///
    /// libpg_query's scanner gives comments to its parser, which refuses them where it looks one token ahead
    /// (`not /* … */ in`, `with -- …` before `ordinality`); such a text is read without its comments.
    /// - Throws: `PGQueryError` with the place where PostgreSQL's parser gave up.
    public static func parse(_ sql: String) throws(PGQueryError) -> [ParseTree] {
        do {
            return try parseOnce(sql)
        } catch {
            guard let bare = withoutComments(sql), let trees = try? parseOnce(bare) else { throw error }
            return trees
        }
    }

    private static func parseOnce(_ sql: String) throws(PGQueryError) -> [ParseTree] {
        let result = pg_query_parse(sql)
        defer { pg_query_free_parse_result(result) }
        if let error = result.error { throw PGQueryError(error.pointee) }
        guard let json = result.parse_tree,
            let root = try? JSONSerialization.jsonObject(with: Data(bytes: json, count: strlen(json)))
        else { throw PGQueryError(message: "libpg_query gave no tree", position: nil) }
        return ParseTree(root)["stmts"].items.map { $0["stmt"] }
    }

    /// Blanks in the place of comments, byte for byte, so that the locations in a tree stay; nil where there are none.
    private static func withoutComments(_ sql: String) -> String? {
        var bytes = Array(sql.utf8)
        guard let comments = try? scan(bytes: bytes).filter(\.isComment), !comments.isEmpty else { return nil }
        for comment in comments { for at in comment.range where bytes[at] != UInt8(ascii: "\n") { bytes[at] = 0x20 } }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What PostgreSQL's parser or scanner said about a text.
public struct PGQueryError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    /// 1-based, in code points; nil where it is not known.
    public let position: Int?

    init(message: String, position: Int?) {
        self.message = message
        self.position = position
    }

    init(_ error: PgQueryError) {
        message = error.message.map { String(cString: $0) } ?? "unknown"
        position = error.cursorpos > 0 ? Int(error.cursorpos) : nil
    }

    public var description: String { message + (position.map { " at character \($0)" } ?? "") }
}
