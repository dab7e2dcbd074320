import Foundation
import Kafka
import Stack

/// What `status` and `down` say of Kafka.
struct KafkaReport: Codable {
    struct Topic: Codable {
        var topic: String
        var partitions: Int32
        var replicas: Int
        /// Messages kept in all of its partitions: what can be read still, nothing of what was dropped.
        var messages: Int64
        /// First offset kept and next offset, by partition.
        var low: [Int64]
        var high: [Int64]
    }

    static let limits =
        "librdkafka's mock cluster, in memory: keeps about 5 MB or 100,000 messages a partition, drops the oldest, "
        + "forgets everything at down"

    var bootstrapServers: String
    /// Made by `emporium up`.
    var embedded: Bool
    var pid: Int32?
    var clusterID: String?
    var log: String?
    /// What an embedded broker does not do.
    var limits: String?
    var topics: [Topic]
    /// Why the rest is not there.
    var problem: String?

    enum CodingKeys: String, CodingKey {
        case bootstrapServers, embedded, pid, clusterID, log, limits, topics, problem
    }

    /// nil when no broker is named and none is embedded.
    static func current(within limit: Duration = .seconds(10)) async throws -> KafkaReport? {
        let state = Settings.broker.running()
        guard Settings.namesKafka || state != nil else { return nil }
        return try await of(Settings.kafka(), within: limit)
    }

    static func of(_ configuration: KafkaConfiguration, within limit: Duration) async throws -> KafkaReport {
        let state = Settings.embedded(configuration)
        var report = KafkaReport(
            bootstrapServers: configuration.properties["bootstrap.servers"] ?? "", embedded: state != nil, pid: state?.pid,
            clusterID: state?.clusterID, log: state?.log, limits: state.map { _ in limits }, topics: [])
        do {
            let admin = try Admin(configuration)
            let end = ContinuousClock.now + limit
            func left() -> Duration { max(.milliseconds(1), end - ContinuousClock.now) }
            report.clusterID = try await admin.clusterID(within: left())
            let info = try await admin.cluster(within: left())
            for topic in info.topics.values.sorted(by: { $0.name < $1.name }) where !topic.name.hasPrefix("__") {
                var row = Topic(
                    topic: topic.name, partitions: topic.partitions, replicas: topic.replicas, messages: 0, low: [], high: [])
                for partition in 0..<topic.partitions {
                    let marks = try await admin.watermarks(topic: topic.name, partition: partition, within: left())
                    row.low.append(marks.low)
                    row.high.append(marks.high)
                    row.messages += marks.high - marks.low
                }
                report.topics.append(row)
            }
        } catch let error as KafkaError { report.problem = "\(error)" }
        return report
    }

    func show() {
        if embedded {
            print("Kafka (embedded, pid \(pid ?? 0)) on \(bootstrapServers), cluster \(clusterID ?? "?")")
            print("  \(Self.limits)")
        } else {
            print("Kafka on \(bootstrapServers), cluster \(clusterID ?? "?")")
        }
        if let problem { print("  does not answer: \(problem)") }
        guard !topics.isEmpty else { return }
        printTable(
            ["topic", "partitions", "replicas", "messages", "offsets kept"],
            topics.map { topic in
                let kept = zip(topic.low, topic.high).map { "\($0)–\($1)" }.joined(separator: " ")
                return [topic.topic, "\(topic.partitions)", "\(topic.replicas)", "\(topic.messages)", kept]
            })
    }

    /// For `emporium doctor`.
    static func diagnose() async -> [Diagnosis] {
        let library = Diagnosis.ok("librdkafka", librdkafkaVersion)
        let name = "Kafka"
        let mend = "emporium up; or KAFKA_BOOTSTRAP_SERVERS=host:9092"
        do {
            guard let report = try await current(within: .seconds(5)) else {
                return [library, .warning(name, "no broker is named, and no embedded one runs", mend)]
            }
            let what = (report.embedded ? "the embedded broker" : "cluster \(report.clusterID ?? "?")") + " on \(report.bootstrapServers)"
            if let problem = report.problem {
                let mend = report.embedded ? "emporium down && emporium up" : "see that it runs and can be reached from here"
                return [library, .failure(name, "\(what) does not answer: \(problem)", mend)]
            }
            return [library, .ok(name, "\(what) answers, \(report.topics.count) topics")]
        } catch { return [library, .failure(name, "\(error)", mend)] }
    }
}
