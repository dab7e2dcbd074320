/// Which deadline a connection is under, and what its passing means. Times are nanoseconds of a clock that only goes on.
public struct ConnectionClock: Sendable, Equatable {
    public enum Phase: Sendable, Equatable {
        /// Nothing of a request is here; for the first request the time for reading it runs already.
        case waiting
        /// A part of a request's head or body is here.
        case reading
        /// The request is in our hands: its steps have limits of their own.
        case working
        /// The client takes the answer.
        case answering
        /// Answered without having read the request: what still comes is thrown away, so that the answer is not.
        case lingering
    }

    public enum Verdict: Sendable, Equatable {
        case wait
        /// Tell it (408), then close.
        case tooSlow
        case close
    }

    public struct Limits: Sendable, Equatable {
        public var request: Int64
        public var idle: Int64
        public var answer: Int64
        public var linger: Int64 = 2_000_000_000

        public init(_ settings: CollectSettings) {
            request = settings.requestTimeout.nanoseconds
            idle = settings.idleTimeout.nanoseconds
            answer = settings.requestTimeout.nanoseconds
        }
    }

    public private(set) var phase = Phase.waiting
    /// When the phase ends at the latest; nil for never.
    public private(set) var deadline: Int64?
    private let limits: Limits

    public init(_ limits: Limits, at now: Int64) {
        self.limits = limits
        deadline = now + limits.request
    }

    /// Bytes came in. The first ones of a request start its time, more of them do not.
    public mutating func received(at now: Int64, isFirstRequest: Bool) {
        guard phase == .waiting else { return }
        phase = .reading
        if !isFirstRequest { deadline = now + limits.request }
    }

    /// The request is complete, or refused.
    public mutating func work() {
        phase = .working
        deadline = nil
    }

    public mutating func answer(at now: Int64) {
        phase = .answering
        deadline = now + limits.answer
    }

    /// The answer is with the client's system.
    /// - Parameter isReading: bytes of the next request are here already.
    public mutating func answered(at now: Int64, isReading: Bool) {
        phase = isReading ? .reading : .waiting
        deadline = now + (isReading ? limits.request : limits.idle)
    }

    public mutating func linger(at now: Int64) {
        phase = .lingering
        deadline = now + limits.linger
    }

    public func verdict(at now: Int64) -> Verdict {
        guard let deadline, now >= deadline else { return .wait }
        return phase == .reading ? .tooSlow : .close
    }
}

extension Duration {
    /// Whole nanoseconds; 292 years at the most.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue + attoseconds / 1_000_000_000
    }
}
