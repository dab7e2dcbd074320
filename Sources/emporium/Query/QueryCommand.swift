import ArgumentParser
import Foundation
import Postgres

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Answer a question of sql/queries; without a name, list them.",
        discussion: """
            A query is a file with one statement and a header that says its parameters and its answer; the same file runs \
            with psql -f. It runs as the role analytics, which reads masked data, in a read-only transaction.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The query's name: top_members for sql/queries/top_members.sql.")
    var name: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A parameter; may be given several times.", valueName: "name=value"))
    var param: [String] = []

    @Flag(help: "Print CSV.")
    var csv = false

    @Flag(help: "Print the file and do not run it.")
    var show = false

    @Option(help: ArgumentHelp("The project's root, or a folder with queries of your own.", valueName: "dir"))
    var root = "."

    @Option(help: ArgumentHelp("The role that it runs as.", valueName: "name"))
    var role = "analytics"

    @Option(help: ArgumentHelp("How long it may take; 0 for ever.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(60))

    func validate() throws {
        if csv && common.json { throw ValidationError("--csv and --json exclude each other") }
        if name == nil && (!param.isEmpty || csv || show) { throw ValidationError("name a query") }
    }

    func run() async throws {
        let folder = try QueryFolder(root: root)
        guard let name else { return try list(folder) }
        if show { return try print(folder.text(of: folder.query(name).name), terminator: "") }
        let query = try folder.query(name)
        let values: [QueryFile.Value]
        do { values = try query.values(param) } catch { throw ValidationError(error.message) }
        let output = try await answer(query, values)
        if common.json {
            print(output.json, terminator: "")
        } else if csv {
            print(output.csv, terminator: "")
        } else {
            printTable(output.columns, output.cells)
        }
    }

    private func answer(_ query: QueryFile, _ values: [QueryFile.Value]) async throws -> QueryOutput {
        let run = try QueryRun(role: role, timeout: timeout.value, logger: common.logger("query"))
        do {
            let output = try await run.answer(query, values)
            await run.close()
            return output
        } catch let error as PostgresError where error.sqlState == "57014" {
            Failure.say("\(query.name) took longer than \(timeout) and was stopped\n  hint: --timeout 5m")
            throw ExitCode(1)
        }
    }

    private struct Line: Encodable {
        struct Parameter: Encodable {
            var name: String
            var type: String
            var required: Bool
            var `default`: String?
        }
        struct Column: Encodable {
            var name: String
            var note: String
        }
        var name: String
        var title: String
        var params: [Parameter]
        var answer: [Column]
    }

    /// Files that are no queries are named on stderr and make the exit code 78; the others are listed all the same.
    private func list(_ folder: QueryFolder) throws {
        var lines: [Line] = []
        var broken = false
        for name in try folder.names() {
            do {
                let query = try folder.query(name)
                lines.append(
                    Line(
                        name: query.name, title: query.title,
                        params: query.parameters.map {
                            .init(
                                name: $0.name, type: $0.kind.rawValue, required: $0.fallback == nil, default: $0.fallback?.text)
                        },
                        answer: query.answer.map { .init(name: $0.name, note: $0.note) }))
            } catch let error as ConfigurationError {
                Failure.say(error.description)
                broken = true
            }
        }
        if common.json {
            try printJSON(lines)
        } else {
            printTable(
                ["query", "title", "params"],
                lines.map { line in
                    let params = line.params.map { "\($0.name)=\($0.required ? "…" : $0.default ?? "null")" }
                    return [line.name, line.title, params.joined(separator: " ")]
                })
        }
        if broken { throw ExitCode(78) }
    }
}
