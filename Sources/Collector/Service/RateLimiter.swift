import Synchronization

/// So many a second, with a burst of one second. It may be overdrawn by one package, which is then made up for.
struct TokenBucket {
    /// Tokens a second.
    var rate: Double
    private var balance: Double
    private var at: ContinuousClock.Instant

    init(rate: Double, at now: ContinuousClock.Instant) {
        self.rate = rate
        balance = rate
        at = now
    }

    /// How long until there is something to take; nil when there is now.
    mutating func wait(at now: ContinuousClock.Instant) -> Duration? {
        let elapsed = (now - at) / .seconds(1)
        if elapsed > 0 {
            balance = min(max(rate, 1), balance + elapsed * rate)
            at = now
        }
        guard balance < 1 else { return nil }
        return rate > 0 ? .seconds((1 - balance) / rate) : .seconds(60)
    }

    mutating func take(_ count: Int) { balance -= Double(count) }
}

/// Events a second, for each key and for all together.
///
/// A request pays one event when it is let in, before anybody knows how many it holds, and the others once they are
/// counted: what is malformed costs, too, and requests that come at the same time cannot overdraw a bucket by more than
/// one package.
final class RateLimiter: Sendable {
    private struct State {
        var keys: [Int32: TokenBucket] = [:]
        var total: TokenBucket?
    }

    private let state: Mutex<State>

    /// - Parameter totalRate: events a second, 0 for no limit.
    init(totalRate: Double, at now: ContinuousClock.Instant = .now) {
        state = Mutex(State(total: totalRate > 0 ? TokenBucket(rate: totalRate, at: now) : nil))
    }

    /// Takes `count` events of a key's, or none at all.
    /// - Parameter rate: the key's own; nil for no limit.
    /// - Returns: nil, or how long until it is worth trying again.
    func take(_ count: Int, key: Int32, rate: Double?, at now: ContinuousClock.Instant = .now) -> Duration? {
        state.withLock { state in
            let ofAll = state.total?.wait(at: now)
            guard let rate else {
                guard ofAll == nil else { return ofAll }
                state.total?.take(count)
                return nil
            }
            var bucket = state.keys[key] ?? TokenBucket(rate: rate, at: now)
            bucket.rate = rate
            let own = bucket.wait(at: now)
            if own == nil, ofAll == nil {
                bucket.take(count)
                state.total?.take(count)
            }
            state.keys[key] = bucket
            return own.map { max($0, ofAll ?? .zero) } ?? ofAll
        }
    }
}
