import ArgumentParser
import Foundation
import Logging
import Schemas

struct SchemasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schemas",
        abstract: "Compare the registered schemas of topics with their files and their tables, and register them.",
        discussion: """
            topics/<topic>.avsc is the Avro schema of a topic's values, registered as subject <topic>-value: with \
            SCHEMA_REGISTRY_URL in that registry, else in the database. Versions are added; nothing is removed.
            """,
        subcommands: [SchemasPlan.self, SchemasApply.self, SchemasDrift.self])
}

/// What both verbs share.
struct SchemasOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Only this topic; may be given again.", valueName: "name"))
    var topic: [String] = []

    @Option(help: ArgumentHelp("Where the .avsc files are.", valueName: "folder"))
    var folder = "topics"
}

struct SchemasPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what apply would do.",
        discussion: "Exit codes: 1 when apply would refuse, 2 with --exit-code when something is pending.")

    @OptionGroup var options: SchemasOptions

    @Flag(help: "Exit with 2 when something is pending.")
    var exitCode = false

    func run() async throws {
        let files = try SchemaFiles(options)
        let plan = try await files.withRegistry { try await SchemaPlan(files.schemas, $0) }
        try files.show(plan)
        if !plan.problems.isEmpty { throw ExitCode(1) }
        if exitCode && plan.isPending { throw ExitCode(2) }
    }
}

struct SchemasApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Register schemas that are new, and new versions that are compatible.",
        discussion: "Nothing is done when anything is refused. Run again after an error: what is done stays done.")

    @OptionGroup var options: SchemasOptions

    func run() async throws {
        let files = try SchemaFiles(options)
        let plan = try await files.withRegistry { registry in
            var plan = try await SchemaPlan(files.schemas, registry)
            if plan.problems.isEmpty { try await plan.apply(to: registry) }
            return plan
        }
        try files.show(plan)
        if !plan.problems.isEmpty { throw ExitCode(1) }
    }
}

/// The schemas of topics, read before anything is connected to.
struct SchemaFiles: Sendable {
    let schemas: [(topic: String, text: String)]
    private let json: Bool
    private let logger: Logger

    init(_ options: SchemasOptions) throws {
        json = options.common.json
        logger = options.common.logger("schemas")
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: options.folder) } catch {
            throw ConfigurationError("\(options.folder): cannot be read\n  hint: --folder names where the .avsc files are")
        }
        let suffix = ".avsc"
        let topics = names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
        var problems = Set(options.topic).subtracting(topics).sorted().map {
            "topic \($0) has no schema\n  hint: write \(options.folder)/\($0)\(suffix)"
        }
        var found: [(String, String)] = []
        for topic in topics where options.topic.isEmpty || options.topic.contains(topic) {
            let path = "\(options.folder)/\(topic)\(suffix)"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                problems.append("\(path): cannot be read as UTF-8 text")
                continue
            }
            do throws(SchemaError) { try check(schema: text) } catch {
                problems.append("\(path): \(error)")
                continue
            }
            found.append((topic, text))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems.joined(separator: "\n")) }
        guard !found.isEmpty else { throw ConfigurationError("\(options.folder) has no .avsc file") }
        schemas = found
    }

    func withRegistry<T: Sendable>(_ body: (any SchemaRegistry) async throws -> T) async throws -> T {
        let registry = try Settings.schemas(role: "collector_admin", logger: logger)
        logger.info("schemas of \(registry.name)")
        return try await body(registry)
    }

    func show(_ plan: SchemaPlan) throws {
        if json {
            try printJSON(plan)
        } else {
            printTable(
                ["subject", "action", "version", "id", "compatibility"],
                plan.steps.map { step in
                    let found = step.found.map(String.init) ?? ""
                    let version = step.version.map(String.init)
                    return [
                        step.subject, step.action.rawValue,
                        step.action == .version ? "\(found) → \(version ?? "")" : version ?? found,
                        step.id.map(String.init) ?? "", step.compatibility ?? "",
                    ]
                })
        }
        plan.warnings.forEach { Failure.say("warning: \($0)") }
        plan.problems.forEach { Failure.say($0) }
        if !plan.problems.isEmpty { Failure.say("nothing is applied") }
    }
}
