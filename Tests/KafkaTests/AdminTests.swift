import Logging
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(1)), .serialized) struct AdminTests {
    private static let quiet = Logger(label: "kafka.tests") { _ in SwiftLogNoOpLogHandler() }

    private func admin(_ bootstrap: String) throws -> Admin {
        try Admin(KafkaConfiguration(["bootstrap.servers": bootstrap]), logger: Self.quiet)
    }

    @Test func aClusterTellsItsIDBrokersAndTopics() async throws {
        let cluster = try MockCluster(brokers: 3, logger: Self.quiet)
        let other = try MockCluster(logger: Self.quiet)
        try cluster.createTopic("customers", partitions: 3, replicas: 3)
        let admin = try admin(cluster.bootstrapServers)
        let id = try await admin.clusterID(within: .seconds(10))
        #expect(id.hasPrefix("mockCluster"))
        #expect(try await self.admin(other.bootstrapServers).clusterID(within: .seconds(10)) != id)
        let info = try await admin.cluster(within: .seconds(10))
        #expect(info.brokers.keys.sorted() == [1, 2, 3])
        #expect(Set(info.brokers.values) == Set(cluster.bootstrapServers.split(separator: ",").map(String.init)))
        #expect(info.topics == ["customers": .init(name: "customers", partitions: 3, replicas: 3)])
        #expect(try await admin.watermarks(topic: "customers", partition: 2, within: .seconds(10)) == (0, 0))
        await admin.close()
        await #expect(throws: KafkaError.closed) { try await admin.clusterID(within: .seconds(1)) }
    }

    @Test func withoutABrokerEverythingIsAnOutage() async throws {
        let admin = try admin("127.0.0.1:1")
        let first = try #require(await #expect(throws: KafkaError.self) { try await admin.clusterID(within: .milliseconds(100)) })
        #expect(first.isOutage, "\(first)")
        let second = try #require(await #expect(throws: KafkaError.self) { try await admin.cluster(within: .milliseconds(100)) })
        #expect(second.isOutage, "\(second)")
    }
}
