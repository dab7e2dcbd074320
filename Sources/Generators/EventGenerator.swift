/// Made-up events of a shop as senders write them: JSON objects with stamps under the names and in the shapes that the
/// collector accepts.
///
/// The same seed, settings and times give the same bytes on every machine, and the first events are the same however many
/// follow. Each event is drawn from a number of its own, so that sending one again takes 16 bytes of memory.
///
/// Ids are UUIDs (6 in 10), ULIDs (2) and ObjectIds (2); no two events of a seed have the same message id. Stamps stand
/// under namespaced names (9 in 10) or normal ones, plain, as objects, or as strings with a list in them; in `attributes`
/// (3 in 4) or in `headers`.
public struct EventGenerator: ~Copyable {
    public struct Settings: Sendable {
        public var seed: UInt64 = 1
        /// Events in a million that have a fault, each kind in turn.
        public var badPerMillion = 0
        /// Events in a million that were sent before: as they were, and with another amount under the same id, in turn.
        public var againPerMillion = 0
        public init() {}
    }

    /// What an event is drawn from.
    struct Origin {
        var seed: UInt64
        /// Milliseconds since 1970-01-01 UTC.
        var time: Int64
    }

    let settings: Settings
    private var random: SplitMix64
    var buffer = RowBuffer(capacity: 2 * RowBuffer.rowBytes)
    /// Valid events that have not been sent again; each is at most once, so that what becomes of it does not depend on order.
    private var sent: [Origin] = []
    private static let sentLimit = 1000
    private var turn: Int
    /// Rounds of faults: a kind takes another form in each.
    private var form = 0
    private var isConflictNext = false

    public init(_ settings: Settings) {
        self.settings = settings
        random = SplitMix64(seed: settings.seed)
        turn = random.below(EventFault.allCases.count)
        sent.reserveCapacity(Self.sentLimit)
    }

    /// The event made last.
    public var bytes: UnsafeRawBufferPointer { buffer.bytes }

    /// Makes the next event; `bytes` has it then.
    /// - Parameter time: now, in milliseconds since 1970-01-01 UTC; what the event tells of happened within the minute before.
    public mutating func next(at time: Int64) -> EventKind {
        buffer.empty()
        let luck = random.below(1_000_000)
        if luck < settings.badPerMillion {
            let fault = EventFault.allCases[turn]
            appendEvent(Origin(seed: random.next(), time: time), fault: fault, form: form)
            turn += 1
            if turn == EventFault.allCases.count {
                turn = 0
                form += 1
            }
            return .bad(fault)
        }
        if luck - settings.badPerMillion < settings.againPerMillion, !sent.isEmpty {
            let index = random.below(sent.count)
            let origin = sent[index]
            sent[index] = sent[sent.count - 1]
            sent.removeLast()
            let isConflict = isConflictNext
            isConflictNext.toggle()
            appendEvent(origin, isConflict: isConflict)
            return isConflict ? .conflict : .duplicate
        }
        let origin = Origin(seed: random.next(), time: time)
        appendEvent(origin)
        if settings.againPerMillion > 0 {
            if sent.count < Self.sentLimit { sent.append(origin) } else { sent[random.below(Self.sentLimit)] = origin }
        }
        return .valid
    }
}

/// How many events the packages have: 1 to 10, each as likely.
public struct PackageSizes: Sendable {
    private var random: SplitMix64
    public init(seed: UInt64) { random = SplitMix64(seed: seed ^ 0x5A5A_5A5A_5A5A_5A5A) }
    public mutating func next() -> Int { 1 + random.below(10) }
}
