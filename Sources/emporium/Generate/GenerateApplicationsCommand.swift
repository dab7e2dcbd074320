import ArgumentParser
import Foundation
import Generators

struct GenerateApplicationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "applications",
        abstract: "Membership applications as CSV files: name, email, date_of_birth, mobile_no.",
        discussion: """
            Each file appears under its name when it is whole. Paths go to stdout, one a line; the summary to stderr. \
            Exit codes: 0 done, 1 a file could not be written, 64 usage.
            """)

    @Option(help: ArgumentHelp("How many applications in all.", valueName: "n"))
    var rows: Int

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Files to split the rows into, evenly.", valueName: "n"))
    var files = 1

    @Option(
        help: ArgumentHelp(
            """
            plain: as dirty as a real drop; hostile: besides, a row in 50 with quotes, line breaks, missing or surplus \
            fields, people who applied before, unusual names.
            """, valueName: "dirt"))
    var dirt = Dirt.plain

    @Option(
        help: ArgumentHelp("Folder for the files; made when missing.", valueName: "dir"),
        completion: .directory)
    var out: String

    @Option(help: ArgumentHelp("What the files' names begin with.", valueName: "name"))
    var prefix = "applications"

    func validate() throws {
        if rows < 0 { throw ValidationError("--rows must not be negative") }
        if !(1...100_000).contains(files) { throw ValidationError("--files must be from 1 to 100000") }
        if out.isEmpty { throw ValidationError("--out must name a folder") }
        if !ApplicationFiles.isPrefix(prefix) {
            throw ValidationError("--prefix must begin a file name: not empty, no '.' in front, no '/'")
        }
    }

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let summary: ApplicationFiles.Summary
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            let plan = ApplicationFiles(rows: rows, seed: seed, files: files, dirt: dirt, prefix: prefix)
            summary = try plan.write(to: out) { print($0.path) }
        } catch let error as GeneratorError {
            throw Self.failure(error.description)
        } catch {
            throw Self.failure("cannot make the folder \(out): \(error.localizedDescription)")
        }
        let elapsed = (clock.now - start).components
        let milliseconds = elapsed.seconds * 1_000 + elapsed.attoseconds / 1_000_000_000_000_000
        let hostile = summary.hostile.values.reduce(0, +)
        Self.note(
            "generated \(summary.rows) applications"
                + (dirt == .hostile ? ", \(hostile) of them hostile," : "")
                + " in \(summary.files.count) files, \(summary.bytes) bytes, seed \(seed), in \(milliseconds) ms")
    }

    private static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    private static func failure(_ text: String) -> ExitCode {
        note("emporium: \(text)")
        return .failure
    }
}

extension Dirt: ExpressibleByArgument {}
