import CRdKafka
import Synchronization

/// A header as it is handed over: a name that is written in the program, and bytes that somebody else owns.
public struct BorrowedHeader {
    public var name: StaticString
    public var value: UnsafeRawBufferPointer

    public init(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        self.name = name
        self.value = value
    }
}

extension Producer {
    /// Hands over all messages that `fill` sends, then waits until each of them is stored by all in-sync replicas.
    ///
    /// `fill` runs at once, on the caller's thread, and nothing in it suspends. After any error some of the messages may
    /// have been stored all the same, or may be stored later: a caller who tries again sends doubles.
    /// - Parameter limit: how long to wait for the reports, observed to about 50 ms.
    /// - Throws: what `fill` throws, among it `_QUEUE_FULL` (an outage: brokers do not keep up); else the first message's
    ///   failure that is known; `_TIMED_OUT` (an outage) at the limit; `_INTR` when the task is cancelled; `_DESTROY` when
    ///   the producer is closed. `isFatal`: the producer is of no use any more, make another one.
    public nonisolated(nonsending) func deliver(
        within limit: Duration, _ fill: (inout Outgoing) throws(KafkaError) -> Void
    ) async throws(KafkaError) {
        let (ticket, client) = try core.open(within: limit)
        var outgoing = Outgoing(core, client, ticket)
        do throws(KafkaError) { try fill(&outgoing) } catch {
            outgoing.close()
            throw error
        }
        outgoing.close()
        try await ticket.wait()
    }

    /// Why the producer is of no use any more: `enable.idempotence` could not be kept. nil while it is.
    public var fatalError: KafkaError? { core.fatalError }
}

/// Where one call of `deliver` puts its messages.
public struct Outgoing: ~Copyable {
    private let core: ProducerCore
    private let client: OpaquePointer
    private let ticket: Ticket
    /// What librdkafka is told of a message; made once, changed from message to message.
    private let parts: UnsafeMutablePointer<rd_kafka_vu_t>
    private var topic = ""
    private var refused = 0
    /// Messages taken over so far.
    public private(set) var count = 0

    private enum Part { static let topic = 0, flags = 1, opaque = 2, key = 3, value = 4, headers = 5, count = 6 }

    init(_ core: ProducerCore, _ client: OpaquePointer, _ ticket: Ticket) {
        (self.core, self.client, self.ticket) = (core, client, ticket)
        parts = .allocate(capacity: Part.count)
        parts.initialize(repeating: rd_kafka_vu_t(), count: Part.count)
        parts[Part.topic].vtype = RD_KAFKA_VTYPE_RKT
        parts[Part.flags].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        parts[Part.flags].u.i = RD_KAFKA_MSG_F_COPY  // into the allocation that the message needs anyhow
        parts[Part.opaque].vtype = RD_KAFKA_VTYPE_OPAQUE
        parts[Part.opaque].u.ptr = Unmanaged.passUnretained(ticket).toOpaque()
        parts[Part.key].vtype = RD_KAFKA_VTYPE_KEY
        parts[Part.value].vtype = RD_KAFKA_VTYPE_VALUE
        parts[Part.headers].vtype = RD_KAFKA_VTYPE_HEADERS
    }

    deinit { parts.deallocate() }

    /// Puts a copy of one message into the client's queue. Never blocks.
    /// - Parameters:
    ///   - key: without a base address there is none, which with an empty one there is; decides the partition.
    ///   - value: without a base address it is a tombstone.
    /// - Throws: `_QUEUE_FULL` (an outage), `MSG_SIZE_TOO_LARGE`, a fatal error.
    public mutating func send(
        topic: String, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
        headers: UnsafeBufferPointer<BorrowedHeader> = .init(start: nil, count: 0)
    ) throws(KafkaError) {
        if topic != self.topic {
            parts[Part.topic].u.rkt = try core.handle(of: topic, client)
            self.topic = topic
        }
        parts[Part.key].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: key.baseAddress), size: key.count)
        parts[Part.value].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: value.baseAddress), size: value.count)
        let list = headers.isEmpty ? nil : rd_kafka_headers_new(headers.count)
        parts[Part.headers].u.headers = list
        for header in headers {
            header.name.withUTF8Buffer { name in
                name.withMemoryRebound(to: CChar.self) {
                    _ = rd_kafka_header_add(list, $0.baseAddress, name.count, header.value.baseAddress, header.value.count)
                }
            }
        }
        // Before its report can come, so that neither count is ever too low.
        core.sent.add(1, ordering: .relaxed)
        ticket.pending.add(1, ordering: .relaxed)
        guard let error = rd_kafka_produceva(client, parts, list == nil ? Part.count - 1 : Part.count) else {
            count += 1
            return
        }
        ticket.pending.subtract(1, ordering: .relaxed)
        core.sent.subtract(1, ordering: .relaxed)
        refused += 1
        if let list { rd_kafka_headers_destroy(list) }  // only a message that was accepted takes them over
        throw KafkaError(consuming: error)
    }

    /// Exactly once, after the last message.
    fileprivate func close() { core.close(ticket, wakesFlush: refused > 0) }
}

extension ProducerCore {
    /// The handle of a topic, kept until the client goes: to look its name up for each message takes librdkafka's own locks.
    func handle(of topic: String, _ client: OpaquePointer) throws(KafkaError) -> OpaquePointer {
        if let known = known(topic) { return known.raw }
        guard let made = rd_kafka_topic_new(client, topic, nil) else { throw KafkaError(rd_kafka_last_error()) }
        return keep(TopicHandle(raw: made), of: topic).raw
    }
}

/// `@unchecked Sendable`: librdkafka's calls on a topic are thread-safe.
struct TopicHandle: @unchecked Sendable {
    let raw: OpaquePointer
}

/// What makes a client useless, in librdkafka's words.
func fatality(of client: OpaquePointer) -> KafkaError? {
    var reason = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(client, &reason, reason.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    var error = KafkaError(code, text(reason))
    error.isFatal = true
    return error
}

/// One call of `deliver`: how many of its messages have not been reported, and what its caller is told.
///
/// Each message points to it, unretained: `ProducerCore` keeps it until the last report, or until the client that could
/// report is gone. That may be long after the caller has given up.
final class Ticket: Sendable {
    private struct State {
        var outcome: Result<Void, KafkaError>?
        var continuation: CheckedContinuation<Result<Void, KafkaError>, Never>?
    }

    /// Messages without a report, and one more until the last one has been handed over.
    let pending = Atomic(1)
    let deadline: ContinuousClock.Instant
    private let state = Mutex(State())

    init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

    /// The first outcome counts.
    func settle(_ outcome: Result<Void, KafkaError>) {
        let continuation = state.withLock { state -> CheckedContinuation<Result<Void, KafkaError>, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            return state.continuation.take()
        }
        continuation?.resume(returning: outcome)
    }

    nonisolated(nonsending) func wait() async throws(KafkaError) {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state in
                    if state.outcome == nil { state.continuation = continuation }
                    return state.outcome
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            settle(.failure(KafkaError(RD_KAFKA_RESP_ERR__INTR, "cancelled while messages wait for delivery")))
        }
        try outcome.get()
    }
}
