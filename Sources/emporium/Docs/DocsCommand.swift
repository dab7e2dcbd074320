import ArgumentParser
import Foundation
import Postgres

struct DocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
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
        let page = Data(try await self.page().utf8)
        let file = URL(fileURLWithPath: out)
        let known = try? Data(contentsOf: file)
        if known == page { return Failure.say("\(out) is up to date") }
        if check {
            Failure.say(
                known.map { "\(out) is stale, from line \(Self.firstDifference($0, page)) on" } ?? "\(out) cannot be read")
            FileHandle.standardError.write(Data("  hint: emporium migrate && emporium docs --out \(out)\n".utf8))
            throw ExitCode(2)
        }
        do {
            try page.write(to: file, options: .atomic)
        } catch {
            throw ConfigurationError("\(out) cannot be written: \(error.localizedDescription)")
        }
        print(out)
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

    /// The number of the first line that differs, from 1.
    static func firstDifference(_ one: Data, _ other: Data) -> Int {
        let same = zip(one, other).prefix { $0 == $1 }.count
        return one.prefix(same).count { $0 == UInt8(ascii: "\n") } + 1
    }
}
