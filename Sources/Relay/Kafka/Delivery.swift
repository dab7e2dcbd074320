import Kafka
import Logging
import Synchronization

/// One producer, and how messages are brought to a topic with it. Given up after a failure: its queue may hold messages
/// that will be sent again.
struct Delivery: Sendable {
    private let producer: Producer
    private let lastWords: LastWords
    /// How long brokers may take to acknowledge what is read at a time.
    private let patience: Duration

    /// - Throws: `KafkaError` for settings that contradict each other.
    init(_ configuration: KafkaConfiguration, patience: Duration, logger: Logger) throws {
        let defaults = [
            "message.max.bytes": "\(11 << 20)",  // room for the headers beside a value of 10 MiB
            "reconnect.backoff.max.ms": "2000",  // brokers that are back are found soon
            "topic.metadata.propagation.max.ms": "10000",  // a topic that is not there is told well within the patience
        ]
        let configuration = try KafkaConfiguration(defaults.merging(configuration.properties) { $1 })
        let words = LastWords()
        lastWords = words
        // A client whose brokers are away says so again and again. The relay says it, once an attempt.
        producer = try Producer(configuration, logger: Logger(label: logger.label) { _ in words })
        self.patience = patience
    }

    /// Returns once every message is stored by all in-sync replicas; one that is too large goes with less in it.
    /// - Throws: `DeliveryFailure`, `CancellationError`.
    func send(_ letters: [DeadLetter], to topic: String) async throws {
        do {
            try await send(letters, to: topic, within: patience)
        } catch let error as KafkaError where error.isTooLarge {
            // A broker found one too large and with it those that travelled together: each by itself, then. Those that
            // were stored are stored again, under the same origin.
            for letter in letters { try await sendAlone(letter, to: topic) }
        } catch let error as KafkaError {
            throw failure(error)
        }
    }

    private func sendAlone(_ letter: DeadLetter, to topic: String) async throws {
        var letter = letter
        while true {
            do {
                return try await send([letter], to: topic, within: patience)
            } catch let error as KafkaError {
                guard error.isTooLarge, let reduced = letter.reduced else { throw failure(error) }
                letter = reduced
            }
        }
    }

    /// `send` waits for ever for room in the client's queue: hence a clock of our own.
    private func send(_ letters: [DeadLetter], to topic: String, within limit: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for letter in letters { try await enqueue(letter, topic) }
                do {
                    try await producer.flush(within: limit)
                } catch let error as KafkaError where error.isTooLarge {
                    try await producer.flush(within: limit)  // the others come to their end, too
                    throw error
                }
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw stalled
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func enqueue(_ letter: DeadLetter, _ topic: String) async throws {
        var letter = letter
        while true {
            do {
                return try await producer.send(topic: topic, key: letter.key, value: letter.value, headers: letter.headers)
            } catch let error as KafkaError where error.isTooLarge {
                guard let reduced = letter.reduced else { throw error }
                letter = reduced
            }
        }
    }

    private var stalled: DeliveryFailure {
        let words = lastWords.text.map { ": \($0)" } ?? ""
        return DeliveryFailure(.outage, "no acknowledgement within \(patience)\(words)")
    }

    private func failure(_ error: KafkaError) -> DeliveryFailure {
        if error.name == "_TIMED_OUT" { return stalled }
        let hint = ["_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART"].contains(error.name) ? "; make it: emporium topics apply" : ""
        return DeliveryFailure(error.isOutage ? .outage : .refusal, "\(error)\(hint)")
    }

    /// Ends the producer; what is still in its queue is dropped.
    func close() async { try? await producer.close(within: .zero) }
}

extension KafkaError {
    fileprivate var isTooLarge: Bool { name == "MSG_SIZE_TOO_LARGE" }
}

/// Keeps the last thing a Kafka client had to complain of, for the error of an attempt that came to nothing.
private final class LastWords: LogHandler, Sendable {
    private let last = Mutex<String?>(nil)
    var text: String? { last.withLock { $0 } }

    func log(event: LogEvent) {
        guard event.level >= .warning else { return }
        last.withLock { $0 = "\(event.message)" }
    }

    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}
