import Avro
import Schemas
import Synchronization
import Testing

/// A registry whose answers a test holds in its hand.
private final class Hand: SchemaSource {
    struct State {
        var version = 1
        /// The schema of every id.
        var text = #""string""#
        var failure: SchemaError?
        var hangs = false
        var asked = 0
        var cancelled = 0
    }
    let state = Mutex(State())

    func set(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    var asked: Int { state.withLock { $0.asked } }

    private func wait() async throws(SchemaError) {
        state.withLock { $0.asked += 1 }
        while state.withLock({ $0.hangs }) {
            do { try await Task.sleep(for: .milliseconds(1)) } catch {
                state.withLock { $0.cancelled += 1 }
                throw SchemaError(.outage, "cancelled")
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema {
        try await wait()
        return registered(id)
    }

    func latest(subject: String) async throws(SchemaError) -> SchemaVersion {
        try await wait()
        let version = state.withLock { $0.version }
        return SchemaVersion(subject: subject, version: version, schema: registered(UInt32(100 + version)))
    }

    private func registered(_ id: UInt32) -> RegisteredSchema {
        let text = state.withLock { $0.text }
        do throws(AvroError) { return RegisteredSchema(id: id, text: text, schema: try Schema(text)) } catch {
            fatalError("\(text): \(error)")
        }
    }
}

/// A clock that a test turns.
private final class Clock: Sendable {
    private let start = ContinuousClock.now
    private let passed = Mutex(Duration.zero)
    func pass(_ time: Duration) { passed.withLock { $0 += time } }
    var now: ContinuousClock.Instant { start + passed.withLock { $0 } }
}

@Suite(.timeLimit(.minutes(1))) struct CacheTests {
    private let hand = Hand()
    private let clock = Clock()
    private func cache(patience: Duration = .seconds(20)) -> SchemaCache {
        SchemaCache(hand, patience: patience, now: { [clock] in clock.now })
    }

    @Test func byIDForEver() async throws {
        let cache = cache()
        #expect(cache.cached(id: 7) == nil)
        for _ in 0..<3 { #expect(try await cache.schema(id: 7).id == 7) }
        clock.pass(.seconds(1_000_000))
        hand.set { $0.failure = SchemaError(.outage, "away") }
        #expect(try await cache.schema(id: 7).id == 7)
        #expect(cache.cached(id: 7)?.id == 7 && hand.asked == 1)
        try await expect(.outage) { try await cache.schema(id: 8) }
        hand.set { $0.failure = nil }
        #expect(try await cache.schema(id: 8).id == 8, "an outage is not remembered")
    }

    @Test func unknownIDsAreAskedForOnceASecond() async throws {
        let cache = cache()
        hand.set { $0.failure = SchemaError(.unknown, "no such schema") }
        for _ in 0..<5 { try await expect(.unknown) { try await cache.schema(id: 7) } }
        #expect(hand.asked == 1)
        hand.set { $0.failure = nil }
        clock.pass(.seconds(1))
        #expect(try await cache.schema(id: 7).id == 7, "it has been registered since")
    }

    @Test func thoseAtOnceShareOneQuestion() async throws {
        let cache = cache()
        hand.set { $0.hangs = true }
        let tasks = (0..<50).map { _ in Task { try await cache.schema(id: 7).id } }
        try await eventually("the question") { hand.asked == 1 }
        tasks[0].cancel()
        let late = (0..<50).map { _ in Task { try await cache.schema(id: 7).id } }
        hand.set { $0.hangs = false }
        for task in tasks + late { #expect(try await task.value == 7, "also who was cancelled: the others went on") }
        #expect(hand.asked == 1)
        let several = (0..<40).map { number in Task { try await cache.schema(id: UInt32(100 + number % 4)).id } }
        for (number, task) in several.enumerated() { #expect(try await task.value == UInt32(100 + number % 4)) }
        #expect(hand.asked == 5)
    }

    @Test func theLastToLeaveEndsTheQuestion() async throws {
        let cache = cache()
        hand.set { $0.hangs = true }
        let tasks = (0..<3).map { _ in Task { try await cache.schema(id: 7).id } }
        try await eventually("the question") { hand.asked == 1 }
        // All are waiting once each of them has been started; who was not is a fresh question, cancelled as well.
        tasks.forEach { $0.cancel() }
        for task in tasks { #expect((try? await task.value) == nil) }
        hand.set { $0.hangs = false }
        #expect(try await cache.schema(id: 7).id == 7, "and another one is asked")
    }

    @Test func theNewestForAMinute() async throws {
        let cache = cache()
        #expect(try await cache.latest(subject: "s").version == 1)
        #expect(cache.cached(id: 101)?.id == 101)
        hand.set { $0.version = 2 }
        clock.pass(.seconds(59))
        #expect(try await cache.latest(subject: "s").version == 1)
        clock.pass(.seconds(1))
        #expect(try await cache.latest(subject: "s").version == 2)
        #expect(hand.asked == 2)
    }

    @Test func anOutageIsSatOut() async throws {
        let cache = cache()
        hand.set { $0.failure = SchemaError(.outage, "away") }
        for _ in 0..<5 { try await expect(.outage) { try await cache.latest(subject: "s") } }
        #expect(hand.asked == 1, "once a second, however many want it")
        hand.set { $0.failure = nil }
        clock.pass(.seconds(1))
        #expect(try await cache.latest(subject: "s").version == 1)
        hand.set { $0.failure = SchemaError(.outage, "away"); $0.version = 2 }
        clock.pass(.seconds(60))
        let asked = hand.asked
        for _ in 0..<10 { #expect(try await cache.latest(subject: "s").version == 1) }
        #expect(hand.asked == asked + 1, "not everybody asks again")
        clock.pass(.seconds(5))
        #expect(try await cache.latest(subject: "s").version == 1)
        #expect(hand.asked == asked + 2)
        hand.set { $0.failure = nil }
        clock.pass(.seconds(5))
        #expect(try await cache.latest(subject: "s").version == 2, "and then it is back")
    }

    @Test func aRegistryThatHangsIsWaitedForOnce() async throws {
        let cache = cache(patience: .milliseconds(20))
        #expect(try await cache.latest(subject: "s").version == 1)
        clock.pass(.seconds(60))
        hand.set { $0.hangs = true; $0.version = 2 }
        for _ in 0..<10 { #expect(try await cache.latest(subject: "s").version == 1) }
        #expect(hand.asked == 2 && hand.state.withLock { $0.cancelled } == 1, "one question, given up")
        hand.set { $0.hangs = false }
        clock.pass(.seconds(5))
        #expect(try await cache.latest(subject: "s").version == 2)
    }

    @Test func aSubjectThatIsGoneIsGone() async throws {
        let cache = cache()
        _ = try await cache.latest(subject: "s")
        clock.pass(.seconds(60))
        hand.set { $0.failure = SchemaError(.unknown, "gone") }
        try await expect(.unknown) { try await cache.latest(subject: "s") }
        clock.pass(.seconds(1))
        hand.set { $0.failure = SchemaError(.outage, "away") }
        try await expect(.outage) { try await cache.latest(subject: "s") }
    }

    /// One id, two schemas: one of the answers is wrong, and nothing is decoded by the second.
    @Test func anIDKeepsItsMeaning() async throws {
        let cache = cache()
        #expect(try await cache.schema(id: 101).text == #""string""#)
        hand.set { $0.text = #"{"type": "string"}"# }
        #expect(try await cache.latest(subject: "s").schema.id == 101, "the same, written otherwise")
        clock.pass(.seconds(60))
        hand.set { $0.text = #""long""# }
        #expect(try await cache.latest(subject: "s").schema.text == #"{"type": "string"}"#, "goes on with what it has")
        let other = try await schemaError { try await cache.latest(subject: "t") }
        #expect(other.kind == .outage && other.description.contains("schema 101 is another one than before"), "\(other)")
        #expect(cache.cached(id: 101)?.text == #""string""#)
        #expect(try await cache.schema(id: 101).text == #""string""#)
        hand.set { $0.text = #""string""# }
        clock.pass(.seconds(60))
        #expect(try await cache.latest(subject: "t").version == 1, "and then it is back")
    }
}
