import Kafka
import Logging
import Synchronization

/// Sends events, and answers only when the brokers have them. A Kafka client that has broken for good is replaced.
public final class EventSender: Sendable {
    private struct State {
        var producer: Producer
        var isClosed = false
        var isAway = false
        var lastAcknowledged: ContinuousClock.Instant?
        var problem: String?
    }

    private let make: @Sendable () throws -> Producer
    private let limit: Duration
    private let metrics: Metrics
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameter kafka: where; how long messages are tried and how many may wait is set here.
    /// - Throws: `KafkaError`, `KafkaConfiguration.Invalid`.
    public init(_ kafka: KafkaConfiguration, _ settings: CollectSettings, metrics: Metrics, logger: Logger) throws {
        var kafka = kafka
        // A little less than the limit, so that the client says what the matter is before the limit only says that it is over.
        let milliseconds = max(100, settings.acknowledgeTimeout / .milliseconds(1) * 0.95)
        for (name, value) in [
            ("acks", "all"), ("message.timeout.ms", "\(Int(milliseconds))"),
            ("linger.ms", "\(settings.linger / .milliseconds(1))"),
            ("queue.buffering.max.messages", "\(settings.maxEventsInFlight)"),
            ("queue.buffering.max.kbytes", "\(max(16 << 10, 2 * settings.package.bodyBytes >> 10))"),
        ] { kafka = try kafka.setting(name, value) }
        let configuration = kafka
        make = { [logger] in try Producer(configuration, logger: logger) }
        limit = settings.acknowledgeTimeout
        self.metrics = metrics
        self.logger = logger
        state = Mutex(State(producer: try make()))
        metrics.madeProducer()
    }

    /// What keeps messages from being stored, as far as is known.
    public var problem: String? { state.withLock { $0.problem } }

    /// Whether a message was stored within so long.
    public func acknowledged(within time: Duration) -> Bool {
        state.withLock { $0.lastAcknowledged.map { .now - $0 < time } ?? false }
    }

    /// What a look at the cluster found.
    public func found(_ problem: String?) { state.withLock { $0.problem = problem } }

    /// As `Producer.deliver`.
    nonisolated(nonsending) func deliver(_ fill: (inout Outgoing) throws(KafkaError) -> Void) async throws(KafkaError) {
        let producer = state.withLock { $0.producer }
        do throws(KafkaError) {
            try await producer.deliver(within: limit, fill)
        } catch {
            failed(error, producer)
            throw error
        }
        let wasAway = state.withLock { state in
            state.lastAcknowledged = .now
            state.problem = nil
            defer { state.isAway = false }
            return state.isAway
        }
        if wasAway { logger.notice("Kafka is back") }
    }

    private func failed(_ error: KafkaError, _ producer: Producer) {
        let hint = error.isOutage ? "" : "\n  hint: emporium topics apply makes the topics; the brokers' log says what they refuse"
        let wasAway = state.withLock { state in
            state.problem = "\(error)"
            defer { state.isAway = true }
            return state.isAway
        }
        if !wasAway { logger.warning("events are not stored, senders are told to come back: \(error)\(hint)") }
        guard error.isFatal || producer.fatalError != nil else { return }
        state.withLock { state in
            guard state.producer === producer, !state.isClosed else { return }
            do {
                state.producer = try make()
                metrics.madeProducer()
                logger.error("the Kafka client broke and is replaced: \(error)")
            } catch { logger.error("the Kafka client broke and cannot be replaced: \(error)") }
        }
    }

    /// Ends the client once what it has is stored.
    public func close() async {
        let producer = state.withLock { state in
            state.isClosed = true
            return state.producer
        }
        do { try await producer.close(within: limit) } catch { logger.warning("at the end some events were not stored: \(error)") }
    }
}
