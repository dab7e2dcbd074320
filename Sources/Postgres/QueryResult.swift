import CLibPQ

/// A value bound to `$1`, `$2`, … . Everything but bytes travels as text; the server's own casts decide.
public enum Parameter: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral,
    ExpressibleByBooleanLiteral
{
    case null
    case text(String)
    case bytes([UInt8])

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .text(String(value)) }
    public init(booleanLiteral value: Bool) { self = .text(value ? "t" : "f") }
    public init(nilLiteral: ()) { self = .null }

    public static func int(_ value: Int64?) -> Parameter { value.map { .text(String($0)) } ?? .null }
    public static func int(_ value: Int) -> Parameter { .text(String(value)) }
    public static func bool(_ value: Bool) -> Parameter { .text(value ? "t" : "f") }
    public static func optional(_ value: String?) -> Parameter { value.map { .text($0) } ?? .null }

    /// A `text[]`; nil elements become NULL.
    public static func array(_ values: [String?]) -> Parameter {
        let items = values.map { value in
            guard let value else { return "NULL" }
            var quoted = "\""
            for character in value.unicodeScalars {
                if character == "\"" || character == "\\" { quoted += "\\" }
                quoted.unicodeScalars.append(character)
            }
            return quoted + "\""
        }
        return .text("{" + items.joined(separator: ",") + "}")
    }
}

/// The rows of one statement, fetched whole. For large answers use `Connection.copyOut`.
public struct QueryResult: Sendable {
    public let columns: [String]
    /// The type of each column: its OID in pg_type, for example 1700 for numeric.
    public let types: [UInt32]
    public let rows: [Row]
    /// Rows touched by INSERT, UPDATE, DELETE, or returned by SELECT.
    public let affected: Int

    public struct Row: Sendable {
        fileprivate let columns: [String]
        fileprivate let values: [String?]

        /// The text of a value, nil for NULL. Traps on a name that is not there: that is the program's mistake.
        public subscript(_ column: String) -> String? {
            guard let index = columns.firstIndex(of: column) else {
                preconditionFailure("the answer has no column \(column): \(columns)")
            }
            return values[index]
        }
        public subscript(_ index: Int) -> String? { values[index] }
        public func int(_ column: String) -> Int64? { self[column].flatMap { Int64($0) } }
        public func bool(_ column: String) -> Bool? { self[column].map { $0 == "t" } }
        public func text(_ column: String) -> String { self[column] ?? "" }
        /// Every value by its column's name.
        public var dictionary: [String: String?] { Dictionary(zip(columns, values), uniquingKeysWith: { $1 }) }
        public var count: Int { values.count }
    }

    public var first: Row? { rows.first }

    init(_ handle: borrowing ResultHandle) {
        let width = PQnfields(handle.raw)
        let columns = (0..<width).map { String(cString: PQfname(handle.raw, $0)) }
        self.columns = columns
        types = (0..<width).map { PQftype(handle.raw, $0) }
        rows = (0..<PQntuples(handle.raw)).map { row in
            Row(
                columns: columns,
                values: (0..<width).map { column in
                    PQgetisnull(handle.raw, row, column) == 1
                        ? nil : String(cString: PQgetvalue(handle.raw, row, column))
                })
        }
        affected = Int(String(cString: PQcmdTuples(handle.raw))) ?? 0
    }
}
