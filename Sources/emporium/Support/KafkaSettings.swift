import Foundation
import Kafka

extension Settings {
    /// Every `KAFKA_…` of the environment.
    /// - Throws: `ConfigurationError` when it names no brokers, or for a property that librdkafka does not take.
    static func kafka() throws -> KafkaConfiguration {
        do {
            let configuration = try KafkaConfiguration(environment: ProcessInfo.processInfo.environment)
            guard configuration.properties["bootstrap.servers"] != nil else {
                throw ConfigurationError("no Kafka brokers are named\n  hint: set KAFKA_BOOTSTRAP_SERVERS")
            }
            return configuration
        } catch let error as KafkaConfiguration.Invalid {
            throw ConfigurationError("\(error)")
        }
    }
}
