import ArgumentParser
import Foundation
import Kafka
import Logging
import Stack

/// Not for people: what `emporium up` starts, and a way to break it for tests.
struct BrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker", abstract: "The embedded Kafka broker's own process.", shouldDisplay: false,
        subcommands: [BrokerServe.self, BrokerTell.self])
}

struct BrokerServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Be the broker of a state folder until SIGTERM.")

    @Option(help: ArgumentHelp("The state folder.", valueName: "dir"))
    var home: String

    @Option(help: ArgumentHelp("Topics that it has from the beginning.", valueName: "file"))
    var topics: String?

    func run() throws {
        let list = try topics.map { try TopicFile(contentsOf: $0) }
        EmbeddedBroker.holdSignals()
        let broker = EmbeddedBroker(home: home)
        let host = try BrokerHost(unlike: broker.earlierIDs())
        for topic in list?.topics ?? [] { try host.create(topic.name, topic.partitions) }
        try broker.serve(bootstrapServers: host.bootstrapServers, clusterID: host.clusterID) { host.answer($0) }
        // Nothing of it outlasts the process, so nothing is taken down in order.
        Glibc.exit(0)
    }
}

struct BrokerTell: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tell",
        abstract: "Send the running broker a request: create <topic> <partitions>, list, down, up, rtt <ms>, errors <request> <code>…, stop.")

    @Argument var request: [String]

    func run() throws {
        for line in try Settings.broker.tell(request.joined(separator: " ")) { print(line) }
    }
}

/// The mock cluster of librdkafka, and what it does at request.
final class BrokerHost: Sendable {
    let bootstrapServers: String
    let clusterID: String
    private let cluster: MockCluster
    /// Keeps the memory of a cluster that was not wanted from being given to the next one.
    private let refused: BrokerHost?

    /// The id is made of an address in memory: one that was used before is left, and another cluster made.
    init(unlike used: Set<String>, refused: BrokerHost? = nil) throws {
        var last = refused
        var logger = Logger(label: "broker")
        logger.logLevel = .warning  // that no brokers are configured is no news
        while true {
            let cluster = try MockCluster(logger: logger)
            let id = try Self.clusterID(cluster.bootstrapServers)
            guard used.contains(id) else {
                (bootstrapServers, clusterID) = (cluster.bootstrapServers, id)
                self.cluster = cluster
                self.refused = last
                return
            }
            last = BrokerHost(cluster, id, last)
        }
    }

    private init(_ cluster: consuming MockCluster, _ id: String, _ refused: BrokerHost?) {
        (bootstrapServers, clusterID) = (cluster.bootstrapServers, id)
        self.cluster = cluster
        self.refused = refused
    }

    private static func clusterID(_ bootstrapServers: String) throws -> String {
        let admin = try Admin(KafkaConfiguration(["bootstrap.servers": bootstrapServers]))
        return try blocking {
            let id = try await admin.clusterID(within: .seconds(10))
            await admin.close()
            return id
        }
    }

    func create(_ topic: String, _ partitions: Int32) throws { try cluster.createTopic(topic, partitions: partitions) }

    func answer(_ request: String) -> String {
        let words = request.split(separator: " ").map(String.init)
        do {
            switch (words.first, words.count) {
            case ("create", 3):
                guard let partitions = Int32(words[2]), partitions > 0 else { return "error partitions: a number from 1" }
                try create(words[1], partitions)
            case ("list", 1):
                let info = try blocking { [bootstrapServers] in
                    let admin = try Admin(KafkaConfiguration(["bootstrap.servers": bootstrapServers]))
                    return try await admin.cluster(within: .seconds(5))
                }
                let lines = info.topics.values.sorted { $0.name < $1.name }.map { "\n\($0.name) \($0.partitions)" }
                return "ok" + lines.joined()
            case ("down", 1): try cluster.setDown()
            case ("up", 1): try cluster.setUp()
            case ("rtt", 2):
                guard let time = Int64(words[1]), 0...60_000 ~= time else { return "error rtt: milliseconds to 60000" }
                try cluster.setRoundTrip(.milliseconds(time))
            case ("errors", 3...):
                let codes = words.dropFirst(2).compactMap { Int32($0) }
                guard let request = Int16(words[1]), codes.count == words.count - 2 else { return "error numbers are wanted" }
                cluster.failNext(request: request, with: codes)
            default: return "error no such request"
            }
            return "ok"
        } catch { return "error \(error)" }
    }
}

/// Waits for asynchronous work on a thread that may block: there is no other here.
private func blocking<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let outcome = Outcome<T>()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        do { outcome.set(.success(try await body())) } catch { outcome.set(.failure(error)) }
        done.signal()
    }
    done.wait()
    return try outcome.get()
}

/// `@unchecked Sendable`: written once, before the semaphore is signalled, and read after.
private final class Outcome<T: Sendable>: @unchecked Sendable {
    private var result: Result<T, any Error>?
    func set(_ result: Result<T, any Error>) { self.result = result }
    func get() throws -> T { try result!.get() }
}
