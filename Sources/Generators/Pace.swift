/// When messages are due at a steady rate: what a stall left out is caught up on, a second's worth of it at most.
public struct Pace: Sendable {
    public let perSecond: Double
    private var begun = 0
    private var slipped: Duration = .zero

    public init(perSecond: Double) {
        precondition(perSecond > 0)
        self.perSecond = perSecond
    }

    /// How many messages may begin now.
    /// - Parameter elapsed: since the first one might begin.
    public mutating func due(after elapsed: Duration) -> Int {
        var due = number(elapsed) - begun
        let most = max(1, Int(perSecond))
        if due > most {
            slipped += .nanoseconds(Int64(Double(due - most) / perSecond * 1e9))
            due = most
        }
        return max(0, due)
    }

    public mutating func begin() { begun += 1 }

    /// When the next message is due, on the clock of `elapsed`.
    public var next: Duration { .nanoseconds(Int64(Double(begun) / perSecond * 1e9)) + slipped }

    /// The first is due at once.
    private func number(_ elapsed: Duration) -> Int {
        let (seconds, attoseconds) = (elapsed - slipped).components
        return Int((Double(seconds) + Double(attoseconds) * 1e-18) * perSecond + 1e-6) + 1
    }
}
