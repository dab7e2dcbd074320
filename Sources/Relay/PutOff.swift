import Ingest

/// Destinations that are left alone for a while, so that one that fails is not tried with each row that waits for it.
struct PutOff {
    private struct Entry {
        var until: ContinuousClock.Instant
        var backoff: Backoff
    }

    private var entries: [String: Entry] = [:]

    /// Those that failed and have not worked since.
    var all: [String] { entries.keys.sorted() }

    /// Those to be left alone at a time.
    func destinations(at now: ContinuousClock.Instant) -> [String] {
        entries.filter { $0.value.until > now }.keys.sorted()
    }

    /// - Parameter pause: how long; nil for the destination's own back-off, 1 to 60 s.
    /// - Returns: how long it is left alone.
    mutating func failed(_ destination: String, _ pause: Duration?, at now: ContinuousClock.Instant) -> Duration {
        var entry = entries[destination] ?? Entry(until: now, backoff: Backoff(first: .seconds(1), cap: .seconds(60)))
        let pause = pause ?? entry.backoff.next()
        entry.until = now + pause
        entries[destination] = entry
        return pause
    }

    mutating func delivered(_ destination: String) { entries[destination] = nil }
}
