import Framing
import Kafka
import Schemas

/// What a topic's messages hold, and so what is copied of them; the words of ops.feed.message_format.
public enum MessageFormat: String, Sendable, CaseIterable {
    /// The payload as it is.
    case json
    /// Confluent's frame around Avro, decoded to JSON.
    case avro
    /// The payload as it is, and what the headers say of why it was refused.
    case deadLetter = "dead_letter"
}

/// How a topic is read and landed.
public struct KafkaLoadOptions: Sendable {
    /// The feed, as in ops.feed, and the topic it is read from.
    public var feed: String
    public var topic: String
    public var format = MessageFormat.json
    /// Where the schemas of `avro` are looked up; it cannot be loaded without.
    public var schemas: SchemaCache?
    /// Messages in one transaction at the most.
    public var batchRows = 20_000
    /// Bytes in one transaction at about the most.
    public var batchBytes = 16 << 20
    /// A message waits at most this long for others to land with.
    public var linger: Duration = .milliseconds(200)
    /// Bytes that are fetched ahead, and a quarter more of each broker: memory for speed where brokers are far away.
    /// nil: as `queued.max.messages.kbytes` says, else 64 MiB, and 32 of Avro: such messages are small, and what librdkafka
    /// needs beside each is not counted.
    public var prefetchBytes: Int?
    /// Larger messages are rejects.
    public var json = JSONOptions()
    /// Stop at what each partition ended with when it was reached; else go on for ever.
    public var stopsAtEnd = false
    /// Stop after so many messages.
    public var limit: Int64?
    /// Go on without messages that are gone, and book the gap.
    public var acceptsLoss = false
    /// How long brokers, the database or the schema registry may be away; nil: for ever.
    public var patience: Duration?

    public init(feed: String, topic: String) {
        self.feed = feed
        self.topic = topic
    }

    /// The client's settings with what these options decide of them.
    func completing(_ kafka: KafkaConfiguration) throws -> KafkaConfiguration {
        let name = "queued.max.messages.kbytes"
        if prefetchBytes == nil, kafka.properties[name] != nil { return kafka }
        return try kafka.setting(name, String(max(1, (prefetchBytes ?? (format == .avro ? 32 << 20 : 64 << 20)) >> 10)))
    }
}

/// What a load did.
public struct KafkaLoadReport: Sendable, Equatable {
    /// Messages landed by this process.
    public var messages: Int64 = 0
    public var batches: Int64 = 0
    /// Times that partitions were given up, or taken by another loader.
    public var rebalances = 0

    public init() {}
}

/// Messages that should have been landed are not in the topic any more. Nothing is jumped over: somebody decides.
public struct LostMessages: Error, Sendable, Equatable, CustomStringConvertible {
    public var topic: String
    public var partition: Int32
    /// The next message to land, by PostgreSQL.
    public var next: Int64
    /// The partition's first offset, and the one after its last.
    public var low: Int64
    public var high: Int64

    /// How many are lost, where that is known.
    public var count: Int64? { next < low ? low - next : nil }

    public var description: String {
        let place = "\(topic):\(partition)"
        guard let count else {
            return """
                \(place):\(next): the partition ends before the next message to land, at offset \(high): the topic was made \
                anew or cut short, and what stood there is not known
                  hint: nothing was read past it; give the new topic another name, or bring the old one back
                """
        }
        return """
            \(place):\(next): \(count) messages are gone, offsets \(next) to \(low - 1); the first one left is \(low). They were \
            deleted by the topic's retention before anybody landed them
              hint: nothing was read past them. To go on at \(low) and book the gap in ops.kafka_gap: --accept-loss
            """
    }
}
