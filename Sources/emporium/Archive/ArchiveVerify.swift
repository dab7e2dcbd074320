import ArgumentParser
import Foundation

struct ArchiveVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read objects back and compare them with the table, count and content.",
        discussion: """
            Each delivered object must be there, as it was delivered; each line that the table gives for it must be in it, in its place. \
            Every record that is stored or rejected must be in an object or wait for one, and every object be known. Lines that the \
            table has no more (replayed, past retention) are counted. Exit code 1: something is wrong; 69: the store is away.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var days: ArchiveDays

    @Flag(name: .customLong("quick"), help: "Ask for sizes and digests only, read nothing back.")
    var isQuick = false

    func run() async throws {
        let logger = common.logger("archive")
        let session = try Archive.session(logger)
        var verifier = ArchiveVerifier(
            store: try Archive.store(), session: session, days: days, isQuick: isQuick, logger: logger)
        let report = try await verifier.run()
        await session.close()
        if common.json {
            try printJSON(report)
        } else {
            for fault in report.found { print("\(fault.subject): \(fault.problem)") }
            if report.faults > report.found.count { print("and \(report.faults - report.found.count) more") }
            print(report.summary)
        }
        if report.faults > 0 { throw ExitCode(1) }
    }
}
