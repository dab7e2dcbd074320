import ArgumentParser
import Foundation
import Migrations

struct MigrateVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the live catalog and grants with what the files make.",
        discussion: """
            The files run in a scratch database of the same server, in one transaction that is rolled back; the live \
            database is only read. The connecting user needs CREATEDB. What is made at run time by intent stands in \
            sql/unmanaged, one `kind pattern` a line. \
            Exit codes: 0 nothing differs, 2 something does; 1, 64, 69, 75, 78 as of apply.
            """)

    @OptionGroup var options: MigrateOptions

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let report = try await options.migrator().verify()
            if options.json { try MigrateOutput.json(report) } else { show(report) }
            if !report.isClean { throw ExitCode(2) }
        }
    }

    private func show(_ report: VerifyReport) {
        report.differences.forEach { print($0) }
        report.invalidIndexes.forEach { print("index \($0.index): is invalid, on \($0.table)\n  \($0.mend)") }
        for path in report.pending { print("file \(path): pending\n  emporium migrate apply") }
        for path in report.unfinished {
            print("file \(path): it began outside a transaction and was not seen to end\n  emporium migrate apply")
        }
        for path in report.edited {
            print("file \(path): edited since it was applied, or renamed\n  emporium migrate status; emporium migrate repair")
        }
        for path in report.missingFiles {
            print("file \(path): applied, and gone\n  restore it, or forget it: emporium migrate repair --forget-missing")
        }
        for path in report.unknownRows {
            print("file \(path): applied by a newer release than this one\n  use that release")
        }
        fflush(nil)
        if report.isClean { return MigrateOutput.note("the database is what the files make") }
        let objects = report.differences.count + report.invalidIndexes.count
        let files = report.pending.count + report.unfinished.count + report.edited.count + report.missingFiles.count
            + report.unknownRows.count
        let told = [
            objects == 0 ? nil : MigrateOutput.count(objects, "difference"),
            files == 0 ? nil : MigrateOutput.count(files, "file") + " not as applied",
        ]
        MigrateOutput.note(told.compactMap(\.self).joined(separator: "; "))
    }
}
