import Synchronization

/// Lets a number of tasks in at a time; the others wait in the order they came.
final class Gate: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
        var head = 0
    }

    private let state: Mutex<State>

    init(_ width: Int) { state = Mutex(State(free: width)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isIn { continuation.resume() }
        }
    }

    /// Goes in, and out again at the latest when the pass goes.
    func pass() async -> Pass {
        await enter()
        return Pass(self)
    }

    final class Pass: Sendable {
        private let gate: Gate
        private let isIn = Atomic(true)
        fileprivate init(_ gate: Gate) { self.gate = gate }
        deinit { leave() }

        /// The first call counts.
        func leave() {
            if isIn.exchange(false, ordering: .acquiringAndReleasing) { gate.leave() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.head < state.waiting.count else {
                state.waiting = []
                state.head = 0
                state.free += 1
                return nil
            }
            let next = state.waiting[state.head]
            state.head += 1
            if state.head > 64, state.head * 2 > state.waiting.count {
                state.waiting.removeFirst(state.head)
                state.head = 0
            }
            return next
        }
        next?.resume()
    }
}

extension Metrics {
    /// Counts bytes of bodies in memory.
    /// - Returns: false, and nothing is counted, where that would be more than `most`.
    public func reserve(_ bytes: Int, of most: Int) -> Bool { Self.reserve(bytes, of: most, in: bytesInFlight) }

    public func release(bytes: Int) { bytesInFlight.subtract(bytes, ordering: .relaxed) }

    func reserveEvents(_ count: Int, of most: Int) -> Bool { Self.reserve(count, of: most, in: eventsInFlight) }

    static func reserve(_ count: Int, of most: Int, in total: borrowing Atomic<Int>) -> Bool {
        guard total.add(count, ordering: .relaxed).newValue <= most else {
            total.subtract(count, ordering: .relaxed)
            return false
        }
        return true
    }
}
