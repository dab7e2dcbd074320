import Synchronization

extension Relay {
    /// What one relay did.
    public struct Summary: Sendable, Equatable, Codable {
        /// Dead letters of so many batches went to their topics.
        public var batches = 0
        /// Messages to topics, dead letters and others.
        public var messages: Int64 = 0
        /// Objects that the store has now.
        public var objects = 0
        /// Lines in them.
        public var records: Int64 = 0
        /// Their bytes as they lie there.
        public var bytes: Int64 = 0
        /// POSTs to webhooks.
        public var posts = 0
        /// Attempts that came to nothing.
        public var failures = 0
        /// Of those the ones that destinations being away were to blame for.
        public var outages = 0
        /// Rows that are not tried any more until a person resumes them.
        public var parked = 0

        public init() {}
    }
}

/// What lanes have done together, and how much they may still do.
final class Tally: Sendable {
    private struct State {
        var summary = Relay.Summary()
        /// Rows, of any kind.
        var delivered = 0
        var reserved = 0
    }

    private let limit: Int?
    private let state = Mutex(State())

    init(limit: Int?) { self.limit = limit }

    var summary: Relay.Summary { state.withLock { $0.summary } }
    var delivered: Int { state.withLock { $0.delivered } }

    /// Whether nothing more may be delivered.
    var isExhausted: Bool { state.withLock { state in limit.map { state.delivered >= $0 } ?? false } }

    /// Whether one more row may be tried: lanes together never deliver more than the limit.
    func reserve() -> Bool {
        state.withLock { state in
            if let limit, state.delivered + state.reserved >= limit { return false }
            state.reserved += 1
            return true
        }
    }

    /// What was reserved came to nothing.
    func release() { state.withLock { $0.reserved -= 1 } }

    func delivered(_ claim: Claim, _ receipt: Receipt) {
        state.withLock { state in
            state.reserved -= 1
            state.delivered += 1
            switch receipt {
            case .messages(let count):
                if claim.kind == "dead_letter" { state.summary.batches += 1 }
                state.summary.messages += count
            case .object(let object):
                state.summary.objects += 1
                state.summary.records += object.lines
                state.summary.bytes += object.bytes
            case .post: state.summary.posts += 1
            }
        }
    }

    func failed(isOutage: Bool, isParked: Bool) {
        state.withLock { state in
            state.reserved -= 1
            state.summary.failures += 1
            if isOutage { state.summary.outages += 1 }
            if isParked { state.summary.parked += 1 }
        }
    }
}
