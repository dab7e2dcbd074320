import ArgumentParser
import Foundation

struct RolesMatrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix",
        abstract: "Print what each role may do, from the catalog: role, kind, object, column, verb.",
        discussion: """
            The column is * where a verb is held on the whole of a table or view. `--check sql/roles/matrix.csv` \
            compares with the expected matrix and exits with 2 where they differ; after a wanted change: \
            emporium roles matrix --csv > sql/roles/matrix.csv
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print CSV, as in sql/roles/matrix.csv.")
    var csv = false

    @Option(help: ArgumentHelp("Compare with the expected matrix; exit with 2 on a difference.", valueName: "file"))
    var check: String?

    @Option(help: ArgumentHelp("One role only.", valueName: "name"))
    var role: String?

    struct Cell: Codable, Hashable {
        var role: String
        var kind: String
        var object: String
        var column: String
        var verb: String

        /// A line of CSV; fields with commas are quoted, nothing of ours holds a quote or a line break.
        var line: String {
            [role, kind, object, column, verb].map {
                $0.contains(where: { ",\"\n\r".contains($0) }) ? "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" : $0
            }.joined(separator: ",")
        }
    }

    static let header = "role,kind,object,column,verb"

    func validate() throws {
        if csv && common.json { throw ValidationError("--csv and --json exclude each other") }
        if check != nil && (csv || common.json || role != nil) {
            throw ValidationError("--check compares the whole matrix and takes no other option")
        }
        if let role { try Roles.validate(role, "role") }
    }

    func run() async throws {
        _ = common.logger("roles")
        let expected = try check.map(Self.read)
        let cells = try await Roles.withAdmin { connection in
            try await connection.query("select role, kind, object, \"column\", verb from ops.role_matrix()").rows.map {
                Cell(
                    role: $0.text("role"), kind: $0.text("kind"), object: $0.text("object"), column: $0.text("column"),
                    verb: $0.text("verb"))
            }
        }.filter { role == nil || $0.role == role }
        if let expected { return try Self.compare(cells.map(\.line), with: expected) }
        if common.json { return try printJSON(cells) }
        if csv {
            print(([Self.header] + cells.map(\.line)).joined(separator: "\n"))
        } else {
            printTable(
                Self.header.split(separator: ",").map(String.init),
                cells.map { [$0.role, $0.kind, $0.object, $0.column, $0.verb] })
        }
    }

    private static func read(_ path: String) throws -> [String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(path): cannot be read as UTF-8 text")
        }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        guard lines.first == header else { throw ConfigurationError("\(path):1: expected \(header)") }
        return Array(lines.dropFirst())
    }

    /// Prints what is missing and what is too much.
    private static func compare(_ found: [String], with expected: [String]) throws {
        let (foundSet, expectedSet) = (Set(found), Set(expected))
        let tooMuch = found.filter { !expectedSet.contains($0) }
        let missing = expected.filter { !foundSet.contains($0) }
        if tooMuch.isEmpty && missing.isEmpty { return print("the matrix is as expected: \(found.count) cells") }
        for line in tooMuch { print("+ \(line)") }
        for line in missing { print("- \(line)") }
        Failure.say(
            "the matrix differs: \(tooMuch.count) cells more (+), \(missing.count) missing (-)\n"
                + "  hint: mend sql/roles, or where it is wanted: emporium roles matrix --csv > sql/roles/matrix.csv")
        throw ExitCode(2)
    }
}
