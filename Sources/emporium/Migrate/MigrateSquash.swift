import ArgumentParser
import Migrations

struct MigrateSquash: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "squash",
        abstract: "Make one file of old ones, proven to make the same.",
        discussion: """
            The file is what pg_dump says of a database that the role files and the versioned files up to there have made, \
            rows included. It takes their place once a second database, made by it, has come out the same: catalog, \
            owners, grants, rows. A database that has all of the old files takes it as applied at its next apply; an \
            empty one runs it; one that has only some of them is refused.
            Needs the right to make databases, and pg_dump of the server's version.
            Exit codes: 0 done, 1 refused, 64 usage, 69 no server, 75 a lock was not to be had, 78 bad configuration.
            """)

    @OptionGroup var options: MigrateOptions

    @Option(help: ArgumentHelp("The last version that goes into it, for example 0042.", valueName: "version"))
    var to: Int

    @Option(help: ArgumentHelp("A verb and its object in snake_case, for the new file's name.", valueName: "name"))
    var name = "create_base"

    @Flag(help: "Prove it, and write nothing.")
    var dryRun = false

    func validate() throws {
        if !MigrationName.isSnakeCase(name) {
            throw ValidationError("\(name) is no name for a migration: it is \(MigrationName.wordsRule)")
        }
    }

    func run() async throws {
        try await MigrateOutput.reporting(json: options.json) {
            let report = try await options.migrator().squash(to: to, name: name, dryRun: dryRun, dump: DumpProgram.dump)
            if options.json { return try MigrateOutput.json(report) }
            let files = "\(report.removed.count) files, \(report.statementsBefore) statements"
            if report.isWritten {
                print(report.path)
                MigrateOutput.note("it has \(report.statements) statements and makes what \(files) made; those files are gone")
            } else {
                MigrateOutput.note(
                    "\(report.path) would have \(report.statements) statements and make what \(files) make; nothing was written")
            }
        }
    }
}
