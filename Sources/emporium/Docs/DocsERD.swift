import ArgumentParser
import Postgres

struct DocsERD: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erd",
        abstract: "Write docs/erd.md, the diagram of every table, from the database's own catalog.",
        discussion: """
            The database says the page: select ops.erd(). It connects where `emporium migrate` does. \
            Exit codes: 0 done, 2 --check found the file stale.
            """)

    @Option(help: ArgumentHelp("The file.", valueName: "file"))
    var out = "docs/erd.md"

    @Flag(help: "Write nothing; exit with 2 when the file is not what the database gives.")
    var check = false

    func run() async throws {
        try MadePage(out: out, remedy: "emporium migrate && emporium docs --out \(out)").settle(await page(), check: check)
    }

    private func page() async throws -> String {
        let connection = try await Connection.connect(try Settings.adminDatabase().asRole("emporium_owner"))
        defer { Task { await connection.close() } }
        do {
            return try await connection.query("select ops.erd()").first?[0] ?? ""
        } catch let error as PostgresError where ["42883", "3F000", "22023"].contains(error.sqlState) {
            throw ConfigurationError("the database cannot describe itself yet\n  hint: emporium migrate")
        }
    }
}
