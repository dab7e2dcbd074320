import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Migrations
import Stack

struct MigrateLint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Judge the SQL files, and the catalog they make.",
        discussion: """
            The files are read, and run in a scratch database, which is dropped again. squawk's rules are judged, too, where \
            squawk is installed (pip install squawk-cli); .squawk.toml chooses among them. What is meant to be as it is \
            stands in sql/lint-exceptions, a line each: rule object -- reason.
            Exit codes: 0 nothing found, 1 findings or a file that cannot be run, 64 usage, 69 no server, \
            78 bad configuration.
            """)

    enum SquawkChoice: String, ExpressibleByArgument, CaseIterable { case auto, require, off }

    @OptionGroup var options: MigrateOptions

    @Flag(help: "Judge the catalog of the connected database as it is, rather than what the files make.")
    var live = false

    @Option(help: "Whether squawk's rules are judged: where it is installed, in any case, or not.")
    var squawk = SquawkChoice.auto

    @Option(help: ArgumentHelp("The schema whose views run as their owner; '' for none.", valueName: "name"))
    var maskedSchema = "analytics"

    @Option(help: ArgumentHelp("The role that owns those views and no table.", valueName: "name"))
    var maskedOwner = "masker"

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let migrator = try options.migrator()
            let masked = maskedSchema.isEmpty ? nil : MaskedViews(schema: maskedSchema, owner: maskedOwner)
            var found: [LintFinding]?
            switch (squawk, Squawk.find()) {
            case (.off, _): break
            case (_, let program?):
                found = try await Squawk(program: program, run: runToEnd).judge(migrator.project)
            case (.require, nil): throw Squawk.missing
            case (.auto, nil): MigrateOutput.note("squawk is not installed: its rules were not judged (pip install squawk-cli)")
            }
            let report = try await migrator.lint(live: live, masked: masked, squawk: found)
            if options.json {
                try MigrateOutput.json(report)
            } else {
                report.findings.forEach { print($0) }
            }
            report.notes.forEach { MigrateOutput.note($0) }
            let excepted = report.excepted == 0 ? "" : ", \(report.excepted) excepted with reasons"
            MigrateOutput.note(MigrateOutput.count(report.files, "file") + ": " + MigrateOutput.count(report.findings.count, "finding") + excepted)
            if !report.findings.isEmpty { throw ExitCode(1) }
        }
    }
}

/// Runs a program to its end, off the cooperative pool. Its output goes to files without names: nobody reads while it runs.
private func runToEnd(_ arguments: [String], in folder: String) async throws -> Squawk.Answer {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(
                with: Result {
                    guard let output = tmpfile(), let errors = tmpfile() else {
                        throw ValidationError("no temporary file can be made: \(String(cString: strerror(errno)))")
                    }
                    defer { [output, errors].forEach { fclose($0) } }
                    let pid = try Child.spawn(
                        arguments, in: folder, output: fileno(output), errors: fileno(errors))
                    var status: Int32 = 0
                    while waitpid(pid, &status, 0) < 0 {
                        guard errno == EINTR else {
                            throw ValidationError("\(arguments[0]): \(String(cString: strerror(errno)))")
                        }
                    }
                    return Squawk.Answer(
                        status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F),
                        output: try contents(output), errors: String(decoding: try contents(errors), as: UTF8.self))
                })
        }
    }
}

private func contents(_ file: UnsafeMutablePointer<FILE>) throws -> Data {
    lseek(fileno(file), 0, SEEK_SET)
    return try FileHandle(fileDescriptor: fileno(file), closeOnDealloc: false).readToEnd() ?? Data()
}
