import Foundation
import Postgres

/// An answer as a table, CSV or JSON. Values are PostgreSQL's own texts; no number passes through floating point.
struct QueryOutput {
    let columns: [String]
    /// OIDs of pg_type.
    let types: [UInt32]
    /// nil is NULL.
    let rows: [[String?]]

    init(columns: [String], types: [UInt32], rows: [[String?]]) {
        self.columns = columns
        self.types = types
        self.rows = rows
    }

    init(_ result: QueryResult) {
        self.init(
            columns: result.columns, types: result.types, rows: result.rows.map { row in (0..<row.count).map { row[$0] } })
    }

    /// Cells for a terminal: NULL is ∅, control characters are escaped, so that no value moves the cursor.
    var cells: [[String]] { rows.map { $0.map { $0.map(Self.printable) ?? "∅" } } }

    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// RFC 4180, lines ending with LF as PostgreSQL's do: NULL is nothing, an empty text is "".
    var csv: String {
        ([columns] + rows).map { $0.map { $0.map(Self.field) ?? "" }.joined(separator: ",") + "\n" }.joined()
    }

    private static func field(_ text: String) -> String {
        let plain = !text.isEmpty && !text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        return plain ? text : "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    /// An array with an object a line, columns in their order.
    var json: String {
        let names = columns.map(Self.string)
        let objects = rows.map { row in
            "  {" + zip(names, zip(row, types)).map { "\($0): \(Self.value($1.0, $1.1))" }.joined(separator: ", ") + "}"
        }
        return objects.isEmpty ? "[]\n" : "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }

    private static func value(_ text: String?, _ type: UInt32) -> String {
        guard let text else { return "null" }
        switch type {
        case 20, 21, 23, 700, 701, 1700:  // int8, int2, int4, float4, float8, numeric
            return ["NaN", "Infinity", "-Infinity"].contains(text) ? string(text) : text
        case 16: return text == "t" ? "true" : "false"
        case 114, 3802: return text  // json, jsonb
        default: return string(text)
        }
    }

    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20: result += "\\u" + ("000" + String(scalar.value, radix: 16)).suffix(4)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
