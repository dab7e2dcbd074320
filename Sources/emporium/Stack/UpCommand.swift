import ArgumentParser
import Foundation
import Kafka
import Stack

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start the embedded stack: a private PostgreSQL cluster and a Kafka broker, no Docker.",
        discussion: """
            It lives in .emporium/ (EMPORIUM_HOME). PostgreSQL listens on a Unix socket, and on 127.0.0.1 only when asked \
            to; Kafka, on a free port of 127.0.0.1, is librdkafka's mock cluster, with the topics of topics/main-topics. \
            No broker is started when KAFKA_BOOTSTRAP_SERVERS names one. Called again it does nothing.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var place: MigrateProjectOptions

    @Option(help: ArgumentHelp("Listen on 127.0.0.1, too: a port, or 0 for a free one.", valueName: "port"))
    var port: Int?

    @Flag(inversion: .prefixedNo, help: "Start the Kafka broker; default: unless KAFKA_BOOTSTRAP_SERVERS is set.")
    var kafka: Bool?

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("--port: 0 to 65535") }
    }

    private struct Report: Encodable {
        var stack: StackState
        var kafka: BrokerState?

        private enum CodingKeys: CodingKey { case kafka }
        func encode(to encoder: any Encoder) throws {
            try stack.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kafka, forKey: .kafka)
        }
    }

    func run() async throws {
        let logger = common.logger("stack")
        let cluster = EmbeddedCluster(home: Settings.home, logger: logger)
        let wantsKafka = kafka ?? !Settings.namesKafka
        let topics = wantsKafka ? try MainTopics.find(root: place.root) : nil
        let state = try await cluster.up(tcpPort: port)
        let broker = wantsKafka ? try await EmbeddedBroker(home: Settings.home, logger: logger).up(topics: topics?.path) : nil
        if broker?.started == true, topics == nil {
            Failure.say("\(MainTopics.path(root: place.root)) is not there: the broker has no topics (see --root)")
        }
        if common.json { return try printJSON(Report(stack: state, kafka: broker?.state ?? Settings.broker.running())) }
        print("PostgreSQL \(state.serverVersion) runs in \(state.dataDirectory)")
        print("psql \"\(try cluster.url())\"")
        if state.tcpPort != nil { print("psql \"\(try cluster.url(tcp: true))\"") }
        if let broker = broker?.state { print("Kafka (embedded) runs on \(broker.bootstrapServers)") }
    }
}

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the embedded stack. PostgreSQL's data stays, Kafka's goes.",
        discussion: """
            What the embedded broker still holds for PostgreSQL is loaded before it goes, and the outbox delivered; when \
            that fails nothing is stopped.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(inversion: .prefixedNo, help: "Load what the embedded broker holds first.")
    var drain = true

    private struct Report: Encodable {
        var stopped: Bool
        var kafkaStopped: Bool
        /// What the broker held when it was stopped.
        var topics: [KafkaReport.Topic]
    }

    func run() async throws {
        let cluster = EmbeddedCluster(home: Settings.home, logger: common.logger("stack"))
        let before = try cluster.state()
        let held = try await endKafka()
        try await cluster.down()
        let stopped = before?.status == .running
        if common.json { return try printJSON(Report(stopped: stopped, kafkaStopped: held != nil, topics: held ?? [])) }
        print(stopped ? "stopped" : held != nil ? "stopped the Kafka broker; PostgreSQL was not running" : "was not running")
    }

    /// - Returns: the topics that went with the embedded broker; nil when none ran.
    private func endKafka() async throws -> [KafkaReport.Topic]? {
        let broker = Settings.broker
        guard let state = broker.running() else { return nil }
        let configuration = try KafkaConfiguration(["bootstrap.servers": state.bootstrapServers])
        var report = try await KafkaReport.of(configuration, within: .seconds(5))
        var landed: Set<String> = []
        if drain, try EmbeddedCluster(home: Settings.home).state()?.status == .running || Settings.namesServer {
            let drain = Drain(kafka: configuration, logger: common.logger("drain"))
            landed = try await drain.run(report.topics, cluster: report.clusterID)
            report = try await KafkaReport.of(configuration, within: .seconds(5))  // with the dead letters of just now
        }
        if !common.json {
            for topic in landed.sorted() { print("\(topic): all messages are in PostgreSQL") }
            for topic in report.topics where topic.messages > 0 && !landed.contains(topic.topic) {
                print("\(topic.topic): \(topic.messages) messages go with the embedded broker")
            }
            if let problem = report.problem { print("what the embedded broker held is not known: \(problem)") }
        }
        return try await broker.down() ? report.topics : nil
    }
}

/// The project's list of topics.
enum MainTopics {
    static func path(root: String) -> String { root == "." ? "topics/main-topics" : "\(root)/topics/main-topics" }

    /// Reads it to the end, so that a mistake shows before anything is started.
    /// - Returns: its absolute path; nil when there is none.
    static func find(root: String) throws -> (path: String, file: TopicFile)? {
        let path = path(root: root)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return (URL(fileURLWithPath: path).path, try TopicFile(contentsOf: path))
    }
}

struct URLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "url", abstract: "Print the connection URL of the embedded stack, for psql and libpq.")

    @Flag(help: "As the superuser, for deploys.")
    var admin = false

    @Flag(help: "Over 127.0.0.1.")
    var tcp = false

    func run() throws { print(try Settings.stack.url(admin: admin, tcp: tcp)) }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what is missing on this machine, and the command that mends it.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        var found = await diagnose(home: Settings.home, logger: common.logger("doctor"))
        found += await KafkaReport.diagnose()
        if common.json {
            try printJSON(found)
        } else {
            for one in found {
                let mark = switch one.status {
                case .ok: "ok     "
                case .warning: "warning"
                case .failure: "FAILURE"
                }
                print("\(mark)  \(one.name): \(one.what)")
                if let mend = one.mend { print("         mend: \(mend)") }
            }
        }
        if found.contains(where: { $0.status == .failure }) { throw ExitCode(1) }
    }
}
