import Ingest

/// Destinations that are left alone for a while, so that one that fails is not tried with each row that waits for it.
struct PutOff {
    private struct Entry {
        var until: ContinuousClock.Instant
        var backoff: Backoff
    }

    private var entries: [Destination: Entry] = [:]

    /// Whether it failed and has not worked since.
    func hasFailed(_ destination: Destination) -> Bool { entries[destination] != nil }

    /// Whether it is to be left alone at a time.
    func contains(_ destination: Destination, at now: ContinuousClock.Instant) -> Bool {
        entries[destination].map { $0.until > now } ?? false
    }

    /// - Parameter pause: how long; nil for the destination's own back-off, 1 to 60 s.
    /// - Returns: how long it is left alone.
    @discardableResult
    mutating func failed(_ destination: Destination, _ pause: Duration?, at now: ContinuousClock.Instant) -> Duration {
        var entry = entries[destination] ?? Entry(until: now, backoff: Backoff(first: .seconds(1), cap: .seconds(60)))
        let pause = pause ?? entry.backoff.next()
        entry.until = max(entry.until, now + pause)
        entries[destination] = entry
        return pause
    }

    mutating func delivered(_ destination: Destination) { entries[destination] = nil }
}
