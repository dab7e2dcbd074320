import ArgumentParser
import Postgres

struct DocsOrders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders",
        abstract: "Write docs/order-analysis.md: what the orders of the database tell, question by question.",
        discussion: """
            Each question is a file of sql/queries, asked as the role analytics as `emporium query` does. The page is a function \
            of the orders alone: no clock and no timing is in it. scripts/order-analysis makes it of the sample in \
            examples/orders. Exit codes: 0 done, 2 --check found the file stale.
            """)

    @Option(help: ArgumentHelp("The file.", valueName: "file"))
    var out = "docs/order-analysis.md"

    @Flag(help: "Write nothing; exit with 2 when the file is not what the database gives.")
    var check = false

    @Option(help: ArgumentHelp("The project's root.", valueName: "dir"))
    var root = "."

    func run() async throws {
        let folder = try QueryFolder(root: root)
        let questions = try OrderQuestion.all.map { question in
            let query = try folder.query(question.name)
            do { return (question, query, try query.values(question.params)) } catch let error as QueryFile.ParameterError {
                throw ConfigurationError(error.message)
            }
        }
        let run = try QueryRun(role: "analytics", timeout: .seconds(60), logger: CommonOptions.parse([]).logger("docs"))
        let summary: QueryOutput
        var answers: [OrderAnalysis.Answer] = []
        do {
            summary = try await run.answer(OrderAnalysis.summary(), [])
            for (question, query, values) in questions {
                answers.append(.init(question: question, query: query, output: try await run.answer(query, values)))
            }
            await run.close()
        } catch let error as PostgresError where ["42P01", "42703", "3F000", "42883"].contains(error.sqlState) {
            throw ConfigurationError("the database has not what the queries read\n  hint: emporium migrate")
        }
        if AnswerRow(summary, 0)["orders"] == "0" {
            throw ConfigurationError("the database has no orders to tell of\n  hint: scripts/order-analysis loads the sample into a stack of its own")
        }
        let page = OrderAnalysis(summary: summary, answers: answers).text
        try MadePage(out: out, remedy: "scripts/order-analysis").settle(page, check: check)
    }
}
