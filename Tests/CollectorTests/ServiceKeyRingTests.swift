import Logging
import Synchronization
import Testing

@testable import Collector

@Suite struct KeyRings {
    private struct Away: Error {}

    /// A database of keys that counts how often it is read.
    private final class Source: Sendable {
        let state = Mutex((keys: [APIKey](), reads: 0, isAway: false))

        func set(_ keys: [String]) {
            state.withLock { state in
                state.keys = keys.enumerated().map { APIKey(id: Int32($0), sender: $1, digest: KeyDigest(of: $1), rate: nil) }
            }
        }
        func set(away: Bool) { state.withLock { $0.isAway = away } }
        var reads: Int { state.withLock { $0.reads } }

        func ring(pause: Duration = .milliseconds(50)) -> KeyRing {
            KeyRing(pause: pause, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { [self] in
                try state.withLock { state in
                    state.reads += 1
                    if state.isAway { throw Away() }
                    return state.keys
                }
            }
        }
    }

    @Test func aNewKeyWorksAtOnceAndARevokedOneAfterTheNextReading() async throws {
        let source = Source()
        let ring = source.ring()
        await ring.refresh()
        #expect(ring.find(KeyDigest(of: "a")) == nil && ring.count == 0)
        source.set(["a"])
        #expect(await ring.ask(KeyDigest(of: "a")) == .key(source.state.withLock { $0.keys[0] }))
        source.set([])
        #expect(ring.find(KeyDigest(of: "a")) != nil)
        await ring.refresh()
        #expect(ring.find(KeyDigest(of: "a")) == nil)
    }

    @Test func aFloodOfWrongKeysIsOneReading() async {
        let source = Source()
        let ring = source.ring(pause: .milliseconds(200))
        await ring.refresh()
        let found = await withTaskGroup(of: KeyRing.Found.self) { group in
            for number in 0..<500 { group.addTask { await ring.ask(KeyDigest(of: "wrong \(number)")) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        // Those for whom nobody has looked are not told that their key is wrong.
        #expect(found.count { $0 == .none } >= KeyRing.mostWaiting && found.allSatisfy { $0 == .none || $0 == .unknown })
        #expect(source.reads <= 4, "\(source.reads)")
    }

    @Test func whileTheDatabaseIsAwayKnownKeysGoOn() async {
        let source = Source()
        let ring = source.ring()
        source.set(["a"])
        await ring.refresh()
        source.set(away: true)
        #expect(await ring.refresh() == false)
        #expect(ring.find(KeyDigest(of: "a")) != nil)
        #expect(await ring.ask(KeyDigest(of: "b")) == .unknown, "nobody can say that it is wrong")
        source.set(["a", "b"])
        source.set(away: false)
        guard case .key = await ring.ask(KeyDigest(of: "b")) else {
            Issue.record("the new key is not found after the outage")
            return
        }
    }

    @Test func beforeTheFirstReadingNothingIsKnown() async {
        let source = Source()
        source.set(away: true)
        let ring = source.ring()
        #expect(ring.count == nil)
        #expect(await ring.ask(KeyDigest(of: "a")) == .unknown)
    }
}

@Suite struct Gates {
    private final class Counts: Sendable {
        let inside = Atomic(0)
        let most = Atomic(0)
    }

    @Test func oneAtATimeInOrder() async {
        let gate = Gate(1)
        let counts = Counts()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await gate.enter()
                    counts.most.max(counts.inside.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
                    await Task.yield()
                    counts.inside.subtract(1, ordering: .relaxed)
                    gate.leave()
                }
            }
        }
        #expect(counts.most.load(ordering: .relaxed) == 1)
    }

    @Test func budgetsAreNotOverdrawn() {
        let metrics = Metrics()
        #expect(metrics.reserve(60, of: 100) && !metrics.reserve(41, of: 100) && metrics.reserve(40, of: 100))
        metrics.release(bytes: 100)
        #expect(metrics.bytesInFlight.load(ordering: .relaxed) == 0)
    }
}
