/// Who serves what: which destinations have something due, which lanes are at work, and what is left alone for a while.
/// Decides and does nothing, so that it is tested without a server.
///
/// A lane is one at a time for a destination (`CarrierKind.lanes`), with a database session of its own. One that has nothing
/// to do is kept for a while, since what failed or came once comes again.
struct Roster {
    struct Lane: Hashable, Sendable {
        var destination: Destination
        var number: Int
    }

    /// How a lane's turn ended.
    struct Ending: Sendable, Equatable {
        enum Why: Sendable, Equatable {
            /// Nothing is due that nobody else is delivering.
            case nothingDue
            /// Its time is over; there may be more.
            case more
            /// The limit leaves nothing for it, unless others fail.
            case noRoom
            /// The destination failed: leave it alone, for so long where that is known.
            case failed(Duration?)
        }
        /// Rows.
        var delivered: Int
        var why: Why
    }

    struct Orders: Equatable {
        var start: [Lane] = []
        /// Theirs is a session that nobody needs for now.
        var close: [Lane] = []
    }

    private enum Phase {
        case working
        case idle(since: ContinuousClock.Instant)
    }

    /// Lanes, idle ones included: each is a session of the database.
    let most: Int
    /// How long an idle lane is kept.
    let keep: Duration
    /// Each destination is tried until it fails or has nothing more, and then no more.
    let once: Bool

    private var due: [Destination: Int64] = [:]
    private var lanes: [Lane: Phase] = [:]
    private var served: [Destination: Int] = [:]
    private var turns = 0
    private var putOff = PutOff()
    private var spent: Set<Destination> = []

    init(most: Int = 16, keep: Duration = .seconds(15), once: Bool = false) {
        self.most = most
        self.keep = keep
        self.once = once
    }

    private(set) var working = 0

    /// What is due now, in place of what was.
    mutating func found(_ due: [Destination: Int64]) { self.due = due.filter { $0.value > 0 } }

    /// What to do: those who waited longest for their turn come first.
    mutating func next(at now: ContinuousClock.Instant) -> Orders {
        var orders = Orders()
        let waiting = due.keys.filter { !spent.contains($0) && !putOff.contains($0, at: now) && !(once && putOff.hasFailed($0)) }
            .sorted { (served[$0] ?? -1, $0.name) < (served[$1] ?? -1, $1.name) }
        for destination in waiting {
            for number in 0..<min(destination.carrier.lanes, Int(clamping: due[destination] ?? 0)) {
                let lane = Lane(destination: destination, number: number)
                if case .working = lanes[lane] { continue }
                if lanes[lane] == nil, lanes.count >= most {
                    guard let other = longestIdle() else { break }
                    lanes[other] = nil
                    orders.close.append(other)
                }
                lanes[lane] = .working
                working += 1
                turns += 1
                served[destination] = turns
                orders.start.append(lane)
            }
        }
        for (lane, phase) in lanes {
            guard case .idle(let since) = phase, now - since >= keep else { continue }
            lanes[lane] = nil
            orders.close.append(lane)
        }
        return orders
    }

    mutating func ended(_ lane: Lane, _ ending: Ending, at now: ContinuousClock.Instant) {
        working -= 1
        lanes[lane] = .idle(since: now)
        let destination = lane.destination
        if ending.delivered > 0 { putOff.delivered(destination) }
        switch ending.why {
        case .nothingDue:
            due[destination] = nil
            // What is due and not to be had is in another relay's hands.
            if once, ending.delivered == 0 { spent.insert(destination) }
        case .more: break
        case .noRoom: due[destination] = nil
        case .failed(let pause):
            putOff.failed(destination, pause, at: now)
            if once { spent.insert(destination) }
        }
    }

    private func longestIdle() -> Lane? {
        lanes.compactMap { lane, phase -> (Lane, ContinuousClock.Instant)? in
            guard case .idle(let since) = phase else { return nil }
            return (lane, since)
        }.min { $0.1 < $1.1 }?.0
    }
}
