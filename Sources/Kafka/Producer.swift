import CRdKafka
import Dispatch
import Logging
import Synchronization

/// A named value beside a message's payload; nil is Kafka's null.
public struct Header: Sendable, Equatable {
    public var name: String
    public var value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// What became of a producer's messages so far.
public struct Deliveries: Sendable, Equatable {
    /// Taken over by `send` and `deliver`.
    public var sent = 0
    /// Stored by all in-sync replicas.
    public var acknowledged = 0
    public var failed = 0
    public var outstanding: Int { sent - acknowledged - failed }
}

/// Writes messages, idempotently: within one producer's life, a retry neither doubles nor reorders a partition's messages.
///
/// While brokers are away messages wait, without limit of time (`message.timeout.ms` 0) but of number: once 10,000
/// messages or 16 MiB are waiting, `send` suspends its caller. Keys go to the partitions where Java's clients would put
/// them. All of these can be configured.
public final class Producer: Sendable {
    let core: ProducerCore

    /// - Throws: `KafkaError` for settings that contradict each other.
    public init(_ configuration: KafkaConfiguration, logger: Logger = Logger(label: "kafka.producer")) throws(KafkaError) {
        var properties = [
            "queue.buffering.max.messages": "10000", "queue.buffering.max.kbytes": "16384",
            "message.max.bytes": "10485760", "message.timeout.ms": "0", "partitioner": "murmur2_random",
        ]
        properties.merge(configuration.properties) { $1 }
        properties["enable.idempotence"] = "true"
        core = ProducerCore(
            try Client(RD_KAFKA_PRODUCER, properties, events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR, logger: logger), logger)
        core.start()
    }

    /// Without `close`, what is not delivered yet is dropped.
    deinit { core.stop(nil) }

    /// Hands one message over for delivery, copying it; waits while the queue is full. Whether it was stored is told by
    /// `flush` and `deliveries`.
    /// - Parameters:
    ///   - key: nil for none; decides the partition unless that is given.
    ///   - value: nil for a tombstone.
    /// - Throws: `KafkaError` (too large, no such partition, closed, fatal), `CancellationError` while waiting.
    public func send(
        topic: String, key: [UInt8]?, value: [UInt8]?, headers: [Header] = [], partition: Int32? = nil
    ) async throws {
        while let full = try core.enqueue(topic, key, value, headers, partition) {
            try await core.waitForRoom(after: full)
        }
    }

    /// Waits until nothing is outstanding.
    /// - Throws: `KafkaError`: `_TIMED_OUT` (an outage) with the number of messages that still wait, they stay queued;
    ///   or the first failed delivery since the last flush, but for messages of `deliver`, whose caller is told.
    public func flush(within limit: Duration) async throws { try await core.flush(within: limit) }

    /// Flushes and ends the client. Further calls fail.
    /// - Throws: what `flush` throws; the client is closed all the same and what was outstanding is dropped.
    public func close(within limit: Duration = .seconds(30)) async throws {
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await flush(within: limit)) } catch { outcome = .failure(error) }
        await withCheckedContinuation { continuation in core.stop(continuation) }
        try outcome.get()
    }

    public var deliveries: Deliveries { core.deliveries }
}

/// The state that callers share with the thread that polls for delivery reports.
///
/// `@unchecked Sendable`: `client` is written only by the polling thread, at its end, under the lock of `state` and after
/// `isOpen` became false; callers use it only under that lock and while `isOpen`. librdkafka's calls are thread-safe.
final class ProducerCore: @unchecked Sendable {
    private struct State {
        var isOpen = true
        var hasEnded = false
        /// Calls of `deliver` that hand messages over: the client stays for them.
        var filling = 0
        var acknowledged = 0
        var failed = 0
        var failure: KafkaError?
        /// Counts rounds of reports: a queue that was full in an earlier round may have room now.
        var round: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var roomWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var flushWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
        /// Calls of `deliver` with messages that have not been reported.
        var tickets: [ObjectIdentifier: Ticket] = [:]
        /// librdkafka's handles of topics that `deliver` has sent to.
        var topics: [String: TopicHandle] = [:]
    }

    /// Messages taken over. Raised before their reports can come; read under the lock of `state`.
    let sent = Atomic(0)
    private let state = Mutex(State())
    private var client: Client?
    private let logger: Logger
    private let queue = DispatchQueue(label: "kafka.producer")

    init(_ client: consuming Client, _ logger: Logger) {
        self.client = consume client
        self.logger = logger
    }

    var deliveries: Deliveries {
        state.withLock { Deliveries(sent: sent.load(ordering: .relaxed), acknowledged: $0.acknowledged, failed: $0.failed) }
    }

    private func outstanding(_ state: borrowing State) -> Int { sent.load(ordering: .relaxed) - state.acknowledged - state.failed }

    var fatalError: KafkaError? {
        state.withLock { state in state.isOpen ? (client?.raw).flatMap { fatality(of: $0) } : nil }
    }

    // MARK: The polling thread

    func start() { queue.async { self.run() } }

    private func run() {
        if let raw = client?.raw {
            let events = EventQueue(of: raw)
            var looked = ContinuousClock.now
            while state.withLock({ $0.isOpen || $0.filling > 0 }) {
                // Returns as soon as there is an event.
                if let event = rd_kafka_queue_poll(events.raw, 50) { take(event, of: raw) }
                let now = ContinuousClock.now
                if now - looked >= .milliseconds(50) {
                    looked = now
                    expire(now)
                }
            }
        }
        for topic in state.withLock({ $0.topics.values }) { rd_kafka_topic_destroy(topic.raw) }
        client = nil  // joins librdkafka's threads; what is not reported yet never will be
        let (waiters, tickets) = state.withLock { state in
            state.hasEnded = true
            defer {
                state.closeWaiters = []
                state.roomWaiters = [:]
                state.flushWaiters = [:]
                state.tickets = [:]
                state.topics = [:]
            }
            return (state.closeWaiters + state.roomWaiters.values + state.flushWaiters.values, state.tickets.values)
        }
        for waiter in waiters { waiter.resume() }
        for ticket in tickets { ticket.settle(.failure(.closed)) }
    }

    /// Ends calls of `deliver` that have waited for long enough. Their messages keep their tickets.
    private func expire(_ now: ContinuousClock.Instant) {
        for ticket in state.withLock({ $0.tickets.values.filter { $0.deadline <= now } }) {
            let left = ticket.pending.load(ordering: .relaxed)
            ticket.settle(.failure(KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "\(left) messages wait for delivery")))
        }
    }

    private func take(_ event: OpaquePointer, of client: OpaquePointer) {
        var (acknowledged, failed) = (0, 0)
        var failure: KafkaError?
        var settled: [Ticket] = []
        var refused: [(ticket: Ticket, error: KafkaError)] = []
        if rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR {
            // Messages of one call come one after the other.
            var (current, reports): (UnsafeMutableRawPointer?, Int) = (nil, 0)
            func leave() {
                guard let current, let ticket = finish(current, reports) else { return }
                settled.append(ticket)
            }
            while let message = rd_kafka_event_message_next(event) {
                if message.pointee._private != current {
                    leave()
                    (current, reports) = (message.pointee._private, 0)
                }
                reports += 1
                if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                    acknowledged += 1
                    continue
                }
                failed += 1
                // Not rd_kafka_message_errstr: of a producer's message that can be its payload.
                var error = KafkaError(message.pointee.err).at(message.pointee)
                error.isFatal = error.isFatal || rd_kafka_fatal_error(client, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR
                if let current {
                    let ticket = Unmanaged<Ticket>.fromOpaque(current).takeUnretainedValue()
                    if refused.last?.ticket !== ticket { refused.append((ticket, error)) }
                } else {
                    failure = failure ?? error
                }
            }
            leave()
        } else if rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR {
            logger.warning("\(String(cString: rd_kafka_event_error_string(event)))")
        }
        rd_kafka_event_destroy(event)  // now there is room in the queue
        guard acknowledged + failed > 0 else { return }
        let waiters = state.withLock { state in
            state.acknowledged += acknowledged
            state.failed += failed
            state.failure = state.failure ?? failure
            state.round += 1
            for ticket in settled { state.tickets[ObjectIdentifier(ticket)] = nil }
            var waiters = Array(state.roomWaiters.values)
            state.roomWaiters = [:]
            if outstanding(state) == 0 {
                waiters += state.flushWaiters.values
                state.flushWaiters = [:]
            }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
        // After they are counted: who is told may look.
        for (ticket, error) in refused { ticket.settle(.failure(error)) }
        for ticket in settled { ticket.settle(.success(())) }
    }

    /// - Returns: the ticket, when no message points to it any more.
    private func finish(_ opaque: UnsafeMutableRawPointer, _ reports: Int) -> Ticket? {
        let ticket = Unmanaged<Ticket>.fromOpaque(opaque).takeUnretainedValue()
        return ticket.pending.subtract(reports, ordering: .acquiringAndReleasing).newValue == 0 ? ticket : nil
    }

    /// - Parameter continuation: resumed once the client is destroyed.
    func stop(_ continuation: CheckedContinuation<Void, Never>?) {
        let hasEnded = state.withLock { state in
            state.isOpen = false
            if let continuation, !state.hasEnded { state.closeWaiters.append(continuation) }
            return state.hasEnded
        }
        if hasEnded { continuation?.resume() }
    }

    // MARK: Callers

    /// - Returns: nil, or the round in which the queue was full.
    func enqueue(
        _ topic: String, _ key: [UInt8]?, _ value: [UInt8]?, _ headers: [Header], _ partition: Int32?
    ) throws -> UInt64? {
        try state.withLock { state in
            guard state.isOpen, let raw = client?.raw else { throw KafkaError.closed }
            guard let error = produce(raw, topic, key, value, headers, partition) else {
                sent.add(1, ordering: .relaxed)
                return nil
            }
            guard error.code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue else { throw error }
            guard outstanding(state) > 0 else {
                throw KafkaError(
                    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "the message is larger than queue.buffering.max.kbytes")
            }
            return state.round
        }
    }

    func waitForRoom(after round: UInt64) async throws {
        await wait(in: \.roomWaiters) { $0.isOpen && $0.round == round }
        try Task.checkCancellation()
    }

    func flush(within limit: Duration) async throws {
        await wait(in: \.flushWaiters, limit: limit) { $0.isOpen && outstanding($0) > 0 }
        try Task.checkCancellation()
        try state.withLock { state in
            if let failure = state.failure {
                state.failure = nil
                throw failure
            }
            let left = outstanding(state)
            guard left == 0 else {
                throw state.isOpen ? KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "\(left) messages wait for delivery") : .closed
            }
        }
    }

    /// Suspends until `run` or `take` empties the list, until the limit, or until the task is cancelled.
    private func wait(
        in list: WritableKeyPath<State, [UInt64: CheckedContinuation<Void, Never>]> & Sendable, limit: Duration? = nil,
        while mustWait: (borrowing State) -> Bool
    ) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard mustWait(state), !Task.isCancelled else { return false }
                    state[keyPath: list][number] = continuation
                    return true
                }
                guard waits else { return continuation.resume() }
                if let limit {
                    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(limit.milliseconds))) {
                        [weak self] in self?.wake(number, in: list)
                    }
                }
            }
        } onCancel: {
            wake(number, in: list)
        }
    }

    private func wake(
        _ number: UInt64, in list: WritableKeyPath<State, [UInt64: CheckedContinuation<Void, Never>]> & Sendable
    ) {
        state.withLock { $0[keyPath: list].removeValue(forKey: number) }?.resume()
    }

    // MARK: Calls of `deliver`

    /// Begins a call; `close` ends the handing over.
    func open(within limit: Duration) throws(KafkaError) -> (Ticket, OpaquePointer) {
        let ticket = Ticket(deadline: .now + limit)
        let opened = state.withLock { state -> OpaquePointer? in
            guard state.isOpen, let raw = client?.raw else { return nil }
            state.filling += 1
            state.tickets[ObjectIdentifier(ticket)] = ticket
            return raw
        }
        guard let opened else { throw .closed }
        return (ticket, opened)
    }

    /// - Parameter wakesFlush: a message was counted and then refused, so that a report may have found one too many.
    func close(_ ticket: Ticket, wakesFlush: Bool) {
        let isSettled = ticket.pending.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.filling -= 1
            if isSettled { state.tickets[ObjectIdentifier(ticket)] = nil }
            guard wakesFlush, outstanding(state) == 0 else { return [] }
            defer { state.flushWaiters = [:] }
            return Array(state.flushWaiters.values)
        }
        for waiter in waiters { waiter.resume() }
        if isSettled { ticket.settle(.success(())) }
    }

    func known(_ topic: String) -> TopicHandle? { state.withLock { $0.topics[topic] } }

    /// - Returns: the handle that counts, where two calls have made one.
    func keep(_ made: TopicHandle, of topic: String) -> TopicHandle {
        let kept = state.withLock { state in
            let kept = state.topics[topic] ?? made
            state.topics[topic] = kept
            return kept
        }
        if kept.raw != made.raw { rd_kafka_topic_destroy(made.raw) }
        return kept
    }
}
