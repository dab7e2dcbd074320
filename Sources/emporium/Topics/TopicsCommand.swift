import ArgumentParser
import Foundation
import Kafka
import Stack

struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics",
        abstract: "Compare Kafka's topics with the list of them, and make them.",
        discussion: """
            The list is topics/main-topics (name,partitions,replicas); <topic>.properties beside it holds a topic's \
            settings. Topics are made, partitions added, settings set; nothing is lowered or removed.
            """,
        subcommands: [TopicsPlan.self, TopicsApply.self])
}

/// What both verbs share.
struct TopicsOptions: ParsableArguments {
    @OptionGroup var kafka: KafkaOptions

    @Option(help: ArgumentHelp("The list.", valueName: "file"))
    var file = "topics/main-topics"

    @Flag(help: "Print JSON.")
    var json = false
}

struct TopicsPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what apply would do.",
        discussion: "Exit codes: 1 when apply would refuse, 2 with --exit-code when something is pending.")

    @OptionGroup var options: TopicsOptions

    @Flag(help: "Exit with 2 when something is pending.")
    var exitCode = false

    func run() async throws {
        let session = try await TopicsSession(options)
        try session.show(session.plan)
        if !session.plan.problems.isEmpty { throw ExitCode(1) }
        if exitCode && session.plan.isPending { throw ExitCode(2) }
    }
}

struct TopicsApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make topics, add partitions, set settings.",
        discussion: "Nothing is done when anything is refused. Run again after an error: what is done stays done.")

    @OptionGroup var options: TopicsOptions

    func run() async throws {
        let session = try await TopicsSession(options)
        guard session.plan.problems.isEmpty else {
            try session.show(session.plan)
            throw ExitCode(1)
        }
        for step in session.plan.steps { try await session.apply(step) }
        try session.show(session.plan)
    }
}

/// A cluster, and the plan for it.
struct TopicsSession: Sendable {
    let plan: TopicPlan
    private let admin: Admin
    private let embedded: EmbeddedBroker?
    private let json: Bool
    private static let patience: Duration = .seconds(30)

    /// Reads the files before anything is connected to.
    init(_ options: TopicsOptions) async throws {
        let file = try TopicFile(contentsOf: options.file)
        let properties = try Self.properties(beside: options.file)
        let configuration = try Settings.kafka(bootstrap: options.kafka.bootstrapServers)
        json = options.json
        admin = try Admin(configuration)
        // By its id: `localhost` and 127.0.0.1 are one.
        let id = try await admin.clusterID(within: Self.patience)
        embedded = Settings.broker.running()?.clusterID == id ? Settings.broker : nil
        if embedded == nil, id.hasPrefix("mockCluster") {
            throw StackError(
                .invalid, "\(configuration.properties["bootstrap.servers"] ?? "") is the embedded broker of another state folder",
                hint: "name that folder: EMPORIUM_HOME=/path/to/folder emporium topics …")
        }
        let found = try await admin.cluster(within: Self.patience)
        var settings: [String: [String: String]] = [:]
        if embedded == nil {
            for topic in file.topics where found.topics[topic.name] != nil && properties[topic.name] != nil {
                settings[topic.name] = try await admin.settings(of: topic.name, within: Self.patience)
            }
        }
        plan = TopicPlan(
            file, properties: properties, found: found, settings: settings,
            cluster: embedded == nil ? .real(brokers: found.brokers.count) : .embedded)
    }

    private static func properties(beside list: String) throws -> [String: TopicProperties] {
        let folder = URL(fileURLWithPath: list).deletingLastPathComponent().path
        let shown = list.contains("/") ? String(list[...list.lastIndex(of: "/")!]) : ""
        let suffix = ".properties"
        var found: [String: TopicProperties] = [:]
        var problems: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(suffix) {
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else {
                problems.append("\(shown)\(name): cannot be read as UTF-8 text")
                continue
            }
            do throws(TopicFile.Invalid) {
                found[String(name.dropLast(suffix.count))] = try TopicProperties(text, file: shown + name)
            } catch { problems += error.problems }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems.joined(separator: "\n")) }
        return found
    }

    func apply(_ step: TopicPlan.Step) async throws {
        do { try await change(step) } catch var error as KafkaError {
            error.topic = error.topic ?? step.topic
            throw error
        }
    }

    private func change(_ step: TopicPlan.Step) async throws {
        let wanted = Dictionary(uniqueKeysWithValues: step.settings.map { ($0.name, $0.wanted) })
        switch step.action {
        case .create:
            if let embedded {
                try embedded.tell("create \(step.topic) \(step.partitions)")
            } else {
                try await admin.create(
                    step.topic, partitions: step.partitions, replicas: step.replicas, settings: wanted, within: Self.patience)
            }
        case .addPartitions:
            try await admin.addPartitions(step.topic, to: step.partitions, within: Self.patience)
            if !wanted.isEmpty { try await admin.set(wanted, of: step.topic, within: Self.patience) }
        case .configure: try await admin.set(wanted, of: step.topic, within: Self.patience)
        case .same, .refuse: break
        }
    }

    func show(_ plan: TopicPlan) throws {
        if json {
            try printJSON(plan)
        } else {
            printTable(["topic", "action", "partitions", "replicas", "settings"], plan.steps.map(Self.row))
            if !plan.others.isEmpty { print("not in the list, left alone: \(plan.others.joined(separator: ", "))") }
            plan.notes.forEach { print("note: \($0)") }
        }
        plan.warnings.forEach { Failure.say("warning: \($0)") }
        plan.problems.forEach { Failure.say($0) }
        if !plan.problems.isEmpty { Failure.say("nothing is applied") }
    }

    private static func row(_ step: TopicPlan.Step) -> [String] {
        func change(_ found: (some Equatable)?, _ wanted: some Equatable) -> String {
            found.map { "\($0)" == "\(wanted)" ? "\(wanted)" : "\($0) → \(wanted)" } ?? "\(wanted)"
        }
        let settings = step.settings.map { "\($0.name)=\(change($0.found, $0.wanted))" }.joined(separator: " ")
        return [
            step.topic, step.action.rawValue, change(step.foundPartitions, step.partitions),
            step.foundReplicas.map(String.init) ?? "\(step.replicas)", settings,
        ]
    }
}
