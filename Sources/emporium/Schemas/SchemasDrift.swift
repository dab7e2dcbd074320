import ArgumentParser
import Logging
import Postgres
import Schemas

struct SchemasDrift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Compare registered schemas with the tables that take what they describe.",
        discussion: """
            The table registry.contract says which column holds which field. Compared are the newest version of each subject in \
            it, from SCHEMA_REGISTRY_URL or the database, and the columns and constraints of its table: fields and columns of \
            one side alone, types, what may be null, precision, enums against CHECK. Nothing is changed, and no row is read. \
            Exit codes: 0 they agree, 2 something differs.
            """)

    @OptionGroup var options: SchemasOptions

    @Flag(help: "Compare the files in place of what is registered: what would differ once they are applied.")
    var files = false

    func run() async throws {
        let logger = options.common.logger("schemas")
        let texts = files ? try SchemaFiles(options) : nil
        let registry = try Settings.schemas(role: "collector_admin", logger: logger)
        let report = try await Settings.withSession(as: "collector_admin", lacking: "the database declares no contracts yet") {
            try await compared($0, registry, texts)
        }
        if options.common.json { try printJSON(report) } else { report.show() }
        if !report.findings.isEmpty { throw ExitCode(2) }
    }

    private func compared(
        _ connection: Connection, _ registry: any SchemaRegistry, _ files: SchemaFiles?
    ) async throws -> Report {
        let wanted = options.topic.map { valueSubject(topic: $0) }
        let rows = try await connection.query("select subject, table_name from registry.contracts()").rows
        let contracts = rows.map { (subject: $0.text("subject"), table: $0.text("table_name")) }
            .filter { wanted.isEmpty || wanted.contains($0.subject) }
        let lacking = wanted.filter { subject in !contracts.contains { $0.subject == subject } }
        guard lacking.isEmpty else {
            throw ConfigurationError(
                "no contract of \(lacking.joined(separator: ", "))\n  hint: registry.contract says which column holds which field: a migration adds to it")
        }
        var report = Report()
        for (subject, table) in contracts {
            // Of a subject whose file is elsewhere nothing is asked.
            guard let answer = try await newest(subject, registry, files) else { continue }
            let newest: Newest
            switch answer {
            case .success(let found): newest = found
            case .failure(let error):
                let why = error.description.prefix { $0 != "\n" }
                report.findings.append(
                    Finding(
                        subject: subject, side: "table", field: nil, column: nil, problem: "table \(table) is there, but \(why)",
                        remedy: "emporium schemas apply registers the files of topics/"))
                continue
            }
            // A subject of two tables is compared with both at once.
            let isFirst = !report.compared.contains { $0.subject == subject }
            report.compared.append(Compared(subject: subject, table: table, version: newest.version, id: newest.id))
            if isFirst { report.findings += try await Self.findings(connection, subject, newest.text) }
        }
        return report
    }

    private typealias Newest = (version: Int?, id: UInt32?, text: String)

    /// The schema to be compared; nil where files are and none is the subject's.
    private func newest(
        _ subject: String, _ registry: any SchemaRegistry, _ files: SchemaFiles?
    ) async throws(SchemaError) -> Result<Newest, SchemaError>? {
        if let files {
            return files.schemas.first { valueSubject(topic: $0.topic) == subject }.map { .success((nil, nil, $0.text)) }
        }
        do throws(SchemaError) {
            let found = try await registry.latest(subject: subject)
            return .success((found.version, found.schema.id, found.schema.resolvedText))
        } catch where error.kind == .unknown {
            return .failure(error)
        }
    }

    private static func findings(_ connection: Connection, _ subject: String, _ text: String) async throws -> [Finding] {
        try await connection.query(
            "select side, field, column_name, problem, remedy from registry.drift($1, $2)", [.text(subject), .text(text)]
        ).rows.map { row in
            Finding(
                subject: subject, side: row.text("side"), field: row["field"], column: row["column_name"],
                problem: row.text("problem"), remedy: row.text("remedy"))
        }
    }

    private struct Compared: Encodable {
        let subject: String
        let table: String
        /// Of the registered schema; nil where a file was compared.
        let version: Int?
        let id: UInt32?
    }

    private struct Finding: Encodable {
        let subject: String
        /// schema: it says what the table does not hold; table: it has what the schema does not say.
        let side: String
        let field: String?
        let column: String?
        let problem: String
        let remedy: String
    }

    private struct Report: Encodable {
        var compared: [Compared] = []
        var findings: [Finding] = []

        func show() {
            if !findings.isEmpty {
                printTable(
                    ["subject", "side", "field", "column", "problem"],
                    findings.map { [$0.subject, $0.side, $0.field ?? "", $0.column ?? "", $0.problem] })
                for finding in findings {
                    Failure.say("\(finding.field ?? finding.column ?? finding.subject): \(finding.remedy)")
                }
            }
            for one in compared where !findings.contains(where: { $0.subject == one.subject }) {
                print("\(one.subject) \(one.version.map { "version \($0)" } ?? "as in its file") and \(one.table) agree")
            }
        }
    }
}
