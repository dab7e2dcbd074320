/// What has to be done to a cluster so that it has the topics of a list. Made without a broker, of what a broker said.
public struct TopicPlan: Sendable, Equatable, Codable {
    public enum Action: String, Sendable, Codable {
        case create
        case addPartitions = "add-partitions"
        case configure
        case same
        case refuse
    }

    public struct Setting: Sendable, Equatable, Codable {
        public var name: String
        public var wanted: String
        /// nil when the cluster did not say.
        public var found: String?
    }

    public struct Step: Sendable, Equatable, Codable {
        public var topic: String
        public var action: Action
        public var partitions: Int32
        public var replicas: Int16
        /// nil for a topic that is not there.
        public var foundPartitions: Int32?
        public var foundReplicas: Int?
        /// Those to be set: all of them for a new topic, else those that differ.
        public var settings: [Setting]
    }

    /// How the cluster takes changes.
    public enum Cluster: Sendable, Equatable {
        case real(brokers: Int)
        /// One broker, topics of one replica and without settings; partitions cannot be added.
        case embedded
    }

    public var steps: [Step] = []
    /// Topics of the cluster that the list does not have; they stay as they are. Kafka's own are not among them.
    public var others: [String] = []
    /// What is not as the list says and is not changed.
    public var notes: [String] = []
    public var warnings: [String] = []
    /// Why nothing of it may be applied.
    public var problems: [String] = []

    public var isPending: Bool { steps.contains { $0.action != .same && $0.action != .refuse } }

    /// - Parameters:
    ///   - properties: by topic.
    ///   - settings: by topic, of those that are there; nil for a topic when the cluster does not tell.
    public init(
        _ file: TopicFile, properties: [String: TopicProperties], found: ClusterInfo,
        settings: [String: [String: String]], cluster: Cluster
    ) {
        for topic in file.topics {
            let wanted = properties[topic.name] ?? TopicProperties()
            if !wanted.limitsRetention {
                warnings.append(
                    "\(topic.name): nobody says how long it is kept, the cluster's default holds; "
                        + "write retention.ms=… into \(topic.name).properties beside the list")
            }
            steps.append(step(topic, wanted.values, found.topics[topic.name], settings[topic.name], cluster))
        }
        let listed = Set(file.topics.map(\.name))
        others = found.topics.keys.filter { !listed.contains($0) && !$0.hasPrefix("__") }.sorted()
        for name in properties.keys.sorted() where !listed.contains(name) {
            problems.append("\(name).properties belongs to no topic of the list; add the topic or remove the file")
        }
        if cluster == .embedded, steps.contains(where: { !(properties[$0.topic]?.values ?? [:]).isEmpty }) {
            notes.append("the embedded broker keeps no settings of topics: those of the .properties files are not set there")
        }
    }

    private mutating func step(
        _ topic: TopicFile.Topic, _ wanted: [String: String], _ found: ClusterInfo.Topic?, _ current: [String: String]?,
        _ cluster: Cluster
    ) -> Step {
        var step = Step(
            topic: topic.name, action: .same, partitions: topic.partitions, replicas: topic.replicas,
            foundPartitions: found?.partitions, foundReplicas: found?.replicas, settings: [])
        func refuse(_ why: String) {
            step.action = .refuse
            problems.append("\(topic.name): \(why)")
        }
        if cluster != .embedded {
            step.settings = wanted.sorted { $0.key < $1.key }
                .map { Setting(name: $0.key, wanted: $0.value, found: current?[$0.key]) }
                .filter { found == nil || $0.found != $0.wanted }
        }
        guard let found else {
            step.action = .create
            if case .real(let brokers) = cluster, topic.replicas > brokers {
                refuse("\(topic.replicas) replicas on \(brokers) broker\(brokers == 1 ? "" : "s"); lower its replicas or add brokers")
            }
            if cluster == .embedded, topic.replicas > 1 {
                notes.append("\(topic.name): 1 replica instead of \(topic.replicas), the embedded broker is one")
            }
            return step
        }
        if topic.replicas != found.replicas {
            notes.append("\(topic.name): replicas: \(found.replicas) there, \(topic.replicas) in the list; that is not changed (kafka-reassign-partitions.sh does)")
        }
        if topic.partitions < found.partitions {
            refuse(
                "\(found.partitions) partitions, \(topic.partitions) in the list: Kafka cannot take partitions away; "
                    + "correct the list, or make a new topic and move over")
        } else if topic.partitions == found.partitions {
            if !step.settings.isEmpty { step.action = .configure }
        } else if cluster == .embedded {
            refuse(
                "\(found.partitions) partitions, \(topic.partitions) in the list: the embedded broker adds none to a topic "
                    + "that is there; start it anew (what it holds goes): emporium down && emporium up")
        } else {
            step.action = .addPartitions
        }
        return step
    }
}
