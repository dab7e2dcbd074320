import ArgumentParser
import Logging
import Migrations

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database to the state that the SQL files describe.",
        discussion: """
            Order: sql/roles/0*.sql, migrations/NNNN_verb_object.sql, sql/functions/**/*.sql, sql/roles/9*.sql. \
            A versioned file runs once and is never edited; the others run again when they change. \
            One transaction a file; the ledger is the table ops.migration.
            """,
        subcommands: [
            MigrateApply.self, MigratePlan.self, MigrateStatus.self, MigrateVerify.self, MigrateRehearse.self,
            MigrateLint.self, MigrateRepair.self, MigrateBaseline.self, MigrateSquash.self, MigrateNew.self,
        ],
        defaultSubcommand: MigrateApply.self)
}

/// Where the files are.
struct MigrateRootOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The project's root.", valueName: "dir"))
    var root = "."
}

/// The files, and what is put into them.
struct MigrateProjectOptions: ParsableArguments {
    @OptionGroup var place: MigrateRootOptions

    @Option(
        name: .customLong("placeholder"),
        help: ArgumentHelp(
            """
            What ${name} stands for in the SQL files; may be given several times. The names are listed in the project's \
            placeholders.yaml; else EMPORIUM_PLACEHOLDER_NAME or the default there counts. Values are shown in plans \
            and errors: no secrets.
            """,
            valueName: "name=value"))
    var placeholders: [PlaceholderArgument] = []

    var root: String { place.root }

    /// Reads every file, before anything is connected to.
    func read() throws -> MigrationProject {
        try MigrationProject(root: root, placeholders: try Placeholders.read(root: root, arguments: placeholders))
    }
}

/// What every verb that talks to the database shares.
struct MigrateOptions: ParsableArguments {
    @OptionGroup var place: MigrateProjectOptions

    @Option(
        help: ArgumentHelp(
            "The role that owns what the files make; '' for the connecting user itself.", valueName: "name"))
    var ownerRole = "emporium_owner"

    @Flag(name: .shortAndLong, help: "Log each statement.")
    var verbose = false

    @Flag(help: "Print JSON.")
    var json = false

    /// Reads the files before anything is connected to.
    func migrator(
        _ progress: MigrateProgress = .plain, _ adjust: (inout MigrationOptions) -> Void = { _ in }
    ) throws -> Migrator {
        var options = MigrationOptions(ownerRole: ownerRole.isEmpty ? nil : ownerRole)
        adjust(&options)
        var logger =
            progress == .plain ? Logger(label: "migrate") : Logger(label: "migrate") { _ in MigrateProgressLog() }
        if verbose { logger.logLevel = .debug }
        return Migrator(
            project: try place.read(), configuration: try resolveAdminConfiguration(),
            options: options, logger: logger)
    }
}

/// How far to go.
struct MigrateTarget: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The last version to run, for example 0042. While a later one is pending, functions and grants wait, too: "
                + "they are written for the newest schema.", valueName: "version"))
    var target: Int?
}

/// How long to wait for others.
struct MigrateLockWait: ParsableArguments {
    @Option(help: ArgumentHelp("How long to wait for another migrator.", valueName: "duration"))
    var lockWait = DurationArgument(.seconds(60))
}
