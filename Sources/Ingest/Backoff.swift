/// How long to wait before the next attempt at something that is away: doubling, capped, with jitter.
///
/// A value type, so that it is tested without waiting.
public struct Backoff: Sendable {
    public var first: Duration
    public var cap: Duration
    public private(set) var attempt = 0

    /// The cap stays well under 10 s, so that the first row lands within 10 s of a server's return.
    public init(first: Duration = .milliseconds(100), cap: Duration = .seconds(5)) {
        self.first = first
        self.cap = cap
    }

    /// The next wait: between half of and the whole of `first` times 2 to the number of attempts, at most `cap`.
    public mutating func next(jitter: Double = Double.random(in: 0.5...1)) -> Duration {
        let doubled = first * (1 << min(attempt, 16))
        attempt += 1
        return min(doubled, cap) * jitter
    }

    public mutating func reset() { attempt = 0 }
}
