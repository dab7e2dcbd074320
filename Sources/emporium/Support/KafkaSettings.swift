import ArgumentParser
import Foundation
import Kafka
import Stack

/// Which Kafka a verb talks to.
struct KafkaOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Kafka's brokers; KAFKA_BOOTSTRAP_SERVERS, else the embedded broker's.", valueName: "host:port,…"))
    var bootstrapServers: String?
}

extension Settings {
    static var broker: EmbeddedBroker { EmbeddedBroker(home: home) }

    /// Every `KAFKA_…` of the environment, and without KAFKA_BOOTSTRAP_SERVERS the embedded broker's address.
    /// - Parameter bootstrap: wins over the environment's.
    /// - Throws: `ConfigurationError` for a property that librdkafka does not take; `StackError` `.notRunning` when no
    ///   brokers are named and the embedded one does not run.
    static func kafka(bootstrap: String? = nil) throws -> KafkaConfiguration {
        do {
            let configuration = try KafkaConfiguration(environment: ProcessInfo.processInfo.environment)
            if let bootstrap { return try configuration.setting("bootstrap.servers", bootstrap) }
            if namesKafka { return configuration }
            guard let state = broker.running() else {
                throw StackError(
                    .notRunning, "no Kafka: KAFKA_BOOTSTRAP_SERVERS is not set, and no embedded broker runs in \(broker.home)",
                    hint: "emporium up; or name brokers: KAFKA_BOOTSTRAP_SERVERS=host:9092")
            }
            return try configuration.setting("bootstrap.servers", state.bootstrapServers)
        } catch let error as KafkaConfiguration.Invalid {
            throw ConfigurationError("\(error)")
        }
    }

    /// Whether the environment names brokers; the embedded one is used otherwise.
    static var namesKafka: Bool { value("KAFKA_BOOTSTRAP_SERVERS") != nil }

    /// The embedded broker, when it is the one that `configuration` leads to.
    static func embedded(_ configuration: KafkaConfiguration) -> BrokerState? {
        broker.running().flatMap { $0.bootstrapServers == configuration.properties["bootstrap.servers"] ? $0 : nil }
    }
}

extension TopicFile {
    /// - Throws: `ConfigurationError` with everything that is wrong with it.
    init(contentsOf path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(path): cannot be read as UTF-8 text")
        }
        do { try self.init(text, file: path) } catch { throw ConfigurationError("\(error)") }
    }
}
