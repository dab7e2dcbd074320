import Testing

@testable import Kafka

@Suite struct TopicPlanTests {
    private let week = Self.properties(["retention.ms": "604800000"])

    private static func properties(_ values: [String: String]) -> TopicProperties {
        var properties = TopicProperties()
        properties.values = values
        return properties
    }

    private func plan(
        _ list: String, _ there: [String: (partitions: Int32, replicas: Int)] = [:],
        properties: [String: TopicProperties] = [:], settings: [String: [String: String]] = [:],
        cluster: TopicPlan.Cluster = .real(brokers: 3)
    ) throws -> TopicPlan {
        let topics = there.map { ($0, ClusterInfo.Topic(name: $0, partitions: $1.partitions, replicas: $1.replicas)) }
        return TopicPlan(
            try TopicFile(list, file: "main-topics"), properties: properties,
            found: ClusterInfo(brokers: [:], topics: Dictionary(uniqueKeysWithValues: topics)), settings: settings, cluster: cluster)
    }

    @Test func whatIsMissingIsMadeAndWhatIsThereStays() throws {
        let plan = try plan(
            "a,3,1\nb,2,1\nc,4,2\nd,1,1", ["b": (2, 1), "c": (2, 2), "d": (1, 1), "x": (1, 1), "__consumer_offsets": (50, 1)],
            properties: ["a": week, "b": week, "c": week, "d": week],
            settings: [
                "b": ["retention.ms": "604800000", "segment.ms": "1"], "c": ["retention.ms": "1"], "d": [:],
            ])
        #expect(plan.steps.map(\.action) == [.create, .same, .addPartitions, .configure])
        #expect(plan.steps.map { $0.settings.map(\.found) } == [[nil], [], ["1"], [nil]])
        #expect(plan.steps[0].settings == [.init(name: "retention.ms", wanted: "604800000", found: nil)])
        #expect(plan.others == ["x"] && plan.isPending && plan.problems.isEmpty && plan.notes.isEmpty && plan.warnings.isEmpty)
    }

    @Test func partitionsAreNeverLowered() throws {
        let plan = try plan("a,1,1\nb,1,1", ["a": (2, 1)], properties: ["a": week, "b": week])
        #expect(plan.steps.map(\.action) == [.refuse, .create])
        #expect(plan.problems.count == 1 && plan.problems[0].contains("a: 2 partitions, 1 in the list"))
    }

    @Test func replicasNeedBrokersAndAreNotChanged() throws {
        let plan = try plan("a,1,4\nb,1,3", ["b": (1, 2)], properties: ["a": week, "b": week], settings: ["b": week.values])
        #expect(plan.steps.map(\.action) == [.refuse, .same])
        #expect(plan.problems == ["a: 4 replicas on 3 brokers; lower its replicas or add brokers"])
        #expect(plan.notes.count == 1 && plan.notes[0].hasPrefix("b: replicas: 2 there, 3 in the list"))
    }

    @Test func theEmbeddedBrokerMakesTopicsAndWidensNone() throws {
        let plan = try plan("a,1,3\nb,2,1\nc,1,1", ["b": (1, 1), "c": (1, 1)], properties: ["a": week, "b": week, "c": week], cluster: .embedded)
        #expect(plan.steps.map(\.action) == [.create, .refuse, .same])
        #expect(plan.steps.flatMap(\.settings) == [])
        #expect(plan.problems.count == 1 && plan.problems[0].contains("emporium down && emporium up"))
        #expect(plan.notes.contains { $0.contains("1 replica instead of 3") } && plan.notes.contains { $0.contains("no settings") })
    }

    @Test func retentionIsSomebodysDecision() throws {
        let compacted = Self.properties(["cleanup.policy": "compact"])
        let plan = try plan("a,1,1\nb,1,1\nc,1,1", properties: ["a": week, "b": compacted, "gone": week])
        #expect(plan.warnings.count == 1 && plan.warnings[0].hasPrefix("c: "))
        #expect(plan.problems.count == 1 && plan.problems[0].hasPrefix("gone.properties belongs to no topic"))
    }

    @Test func propertiesAreReadOrExplained() throws {
        let read = try TopicProperties("# c\n! d\n\n retention.ms = 1 \r\ncleanup.policy=compact,delete\nx=a=b", file: "t.properties")
        #expect(read.values == ["retention.ms": "1", "cleanup.policy": "compact,delete", "x": "a=b"])
        let error = #expect(throws: TopicFile.Invalid.self) {
            try TopicProperties("retention.ms\nRetention=1\na=\n=1\nb=1\nb=2\nretention.ms=week\nretention.ms=-2", file: "t.properties")
        }
        // Line 7's is the first that counts as retention.ms; line 8 gives it again.
        #expect(error?.problems.map { String($0.prefix { $0 != " " }) } == [1, 2, 3, 4, 6, 7, 8].map { "t.properties:\($0):" })
    }
}
