import Testing

@testable import Kafka

@Suite struct PrefetchTests {
    @Test("Brokers are woken when half of what was fetched ahead is gone, and again at half of that")
    func wakes() {
        var properties = ["queued.max.messages.kbytes": "16384"]
        var prefetch = Prefetch(completing: &properties)
        // A librdkafka that needs no waking has the setting instead.
        let needed = properties["fetch.queue.backoff.ms"] == nil
        let due = [10, 1000, 800, 500, 499, 300, 248, 600, 299, 299].map { prefetch.look($0) }
        let expected = [false, false, false, false, true, false, true, false, true, false]
        #expect(due == (needed ? expected : expected.map { _ in false }))
    }

    @Test("Answers are a quarter of what is fetched ahead, within what librdkafka takes", arguments: [
        ("1024", "1048576"), ("16384", "4194304"), ("65536", "16777216"), ("1048576", "52428800"),
    ])
    func answers(ahead: String, answer: String) {
        var properties = ["queued.max.messages.kbytes": ahead]
        _ = Prefetch(completing: &properties)
        #expect(properties["fetch.max.bytes"] == answer)
    }

    @Test("What was set stays")
    func given() {
        var properties = ["queued.max.messages.kbytes": "16384", "fetch.max.bytes": "2000000"]
        _ = Prefetch(completing: &properties)
        #expect(properties["fetch.max.bytes"] == "2000000")
    }
}
