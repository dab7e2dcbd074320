import Kafka
import Testing

@testable import Ingest

/// From messages to the rows and offsets of a transaction, without a database.
@Suite(.timeLimit(.minutes(1))) struct KafkaReadingTests {
    private func options(_ change: (inout KafkaLoadOptions) -> Void = { _ in }) -> KafkaLoadOptions {
        var options = KafkaLoadOptions(feed: "shop.customer", topic: Topic.name)
        options.stopsAtEnd = true
        options.linger = .seconds(60)
        change(&options)
        return options
    }

    /// Flag, then environment, then default.
    @Test func whatIsFetchedAhead() throws {
        let name = "queued.max.messages.kbytes"
        let set = try KafkaConfiguration(environment: ["KAFKA_QUEUED_MAX_MESSAGES_KBYTES": "4096"])
        let flag = options { $0.prefetchBytes = 16 << 20 }
        #expect(try options().completing(KafkaConfiguration([:])).properties[name] == "65536")
        #expect(try options { $0.format = .avro }.completing(KafkaConfiguration([:])).properties[name] == "32768")
        #expect(try options().completing(set).properties[name] == "4096")
        #expect(try flag.completing(set).properties[name] == "16384")
    }

    @Test(arguments: [
        ([], ""), ([3], "3"), ([0, 1], "0, 1"), ([0, 1, 2], "0-2"), ([0, 2, 3, 5, 6, 7, 9], "0, 2, 3, 5-7, 9"),
        (Array(0..<200), "0-199"),
    ] as [([Int32], String)])
    func partitionsAreListedByRuns(_ numbers: [Int32], _ text: String) { #expect(PartitionShare.listed(numbers) == text) }

    @Test func rowsAndRanges() async throws {
        let topic = try Topic(partitions: 2)
        try await topic.send([Array("{}".utf8), nil, []], key: [1, 2])
        try await topic.send([Array("{".utf8)], headers: [Header("origin", Array("c/t:0:1".utf8))])
        try await topic.send([Array("[]".utf8)], partition: 1, key: [], headers: [Header("origin", [0xff])])
        let options = options()
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 7)
        reader.start(1, next: 0, epoch: 8)
        batch.open(.some(101, 102, slot: 2))
        for partition in 0..<2 { try await topic.start(Int32(partition)) }
        try await topic.fill(batch, by: reader)
        #expect(reader.isFinished && batch.count == 5)

        let first = try #require(batch.ranges[0])
        let second = try #require(batch.ranges[1])
        #expect(Set([first.batch, second.batch]) == [101, 102] && first.epoch == 7 && second.epoch == 8)
        #expect(first.from == 0 && first.to == 4 && first.count == 4 && second.from == 0 && second.to == 1 && second.count == 1)
        batch.finish()
        let rows = try #require(copyRows(batch.rows.bytes))
        try #require(rows.count == 5 && rows.allSatisfy { $0.count == 7 })
        let mine = rows.filter { $0[0].int == first.batch }
        #expect(mine.map { $0[1].int } == [0, 1, 2, 3] && rows.allSatisfy { $0[2] == [0, 2] })
        #expect(mine.map { $0[3].text } == [nil, "tombstone", "empty_payload", "invalid_json"])
        #expect(mine.map { $0[4] } == [[1, 2], [1, 2], [1, 2], nil])
        #expect(mine.map { $0[5].text } == [nil, nil, nil, "c/t:0:1"])
        #expect(mine.map { $0[6].text } == ["{}", "", "", "{"])
        let other = try #require(rows.first { $0[0].int == second.batch })
        #expect(other[4] == [] && other[5] == nil, "an empty key is a key, an origin that is no text is none")

        batch.reset()
        #expect(batch.isEmpty && batch.ranges.isEmpty && !batch.isOpen(for: 1, at: .now) && !batch.isDue)
    }

    /// Compacted topics have holes: what is booked begins where the books stand, not at the first message there is.
    @Test func offsetsWithHoles() async throws {
        let topic = try Topic()
        try await topic.send(10)
        let options = options()
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 3, epoch: 1)
        batch.open(.some(1))
        try await topic.start(at: 6)
        try await topic.fill(batch, by: reader)
        let range = try #require(batch.ranges[0])
        #expect(range.from == 3 && range.to == 10 && range.count == 4)
        #expect(reader.next(0) == 10)

        // The next batch begins where this one ended, and nothing of it when it was all.
        let next = MessageBatch(options)
        next.open(.some(2))
        try await topic.fill(next, by: reader)
        #expect(next.isEmpty && next.ranges.isEmpty)
    }

    @Test func whatStandsBeforeTheBooksIsLeftOut() async throws {
        let topic = try Topic()
        try await topic.send(10)
        let options = options()
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 7, epoch: 1)
        batch.open(.some(1))
        try await topic.start(at: 0)
        try await topic.fill(batch, by: reader)
        let range = try #require(batch.ranges[0])
        #expect(range.from == 7 && range.to == 10 && range.count == 3 && batch.count == 3)
    }

    @Test func partitionsThatAreNotOursAreLeftOut() async throws {
        let topic = try Topic(partitions: 2)
        try await topic.send(5)
        try await topic.send(5, partition: 1)
        let options = options()
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(1, next: 0, epoch: 1)
        batch.open(.some(1))
        for partition in 0..<2 { try await topic.start(Int32(partition)) }
        try await topic.fill(batch, by: reader)
        #expect(batch.count == 5 && batch.ranges.keys.sorted() == [1] && !reader.reads(0) && reader.next(0) == nil)
    }

    @Test func dueByRows() async throws {
        let topic = try Topic()
        try await topic.send(10)
        let options = options { $0.batchRows = 4 }
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        try await topic.start()
        var counts: [Int] = []
        var edges: [Int64] = []
        for number in 1...3 {
            batch.open(.some(Int64(number)))
            try await topic.fill(batch, by: reader)
            counts.append(batch.count)
            edges += [batch.ranges[0]?.from ?? -1, batch.ranges[0]?.to ?? -1]
            #expect(batch.isDue == (number < 3))
            batch.reset()
        }
        #expect(counts == [4, 4, 2] && edges == [0, 4, 4, 8, 8, 10])
    }

    @Test func dueByBytes() async throws {
        let topic = try Topic()
        try await topic.send((0..<20).map { _ in [UInt8](repeating: 0x31, count: 1000) })
        let options = options { $0.batchBytes = 5000 }
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(1))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        #expect(batch.isDue && batch.count == 5 && batch.rows.count >= 5000 && batch.rows.count < 6100)
    }

    @Test func dueByTime() async throws {
        let topic = try Topic()
        try await topic.send(1)
        let options = options {
            $0.linger = .milliseconds(1)
            $0.stopsAtEnd = false
        }
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(1))
        #expect(!batch.isDue, "an empty one waits for ever")
        try await topic.start()
        try await topic.fill(batch, by: reader)  // ends by being due: nothing else ends it
        #expect(batch.count == 1 && batch.isDue)
    }

    @Test func theLimitEndsIt() async throws {
        let topic = try Topic()
        try await topic.send(10)
        let options = options { $0.stopsAtEnd = false }
        let (reader, batch) = (PartitionReader(options: options, limit: 6), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(1))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        #expect(reader.isFinished && batch.count == 6 && batch.ranges[0]?.to == 6)
        #expect(PartitionReader(options: options, limit: 0).isFinished && !PartitionReader(options: options, limit: nil).isFinished)
    }

    @Test func anEndCountsOnlyForWhatHasBeenRead() {
        let reader = PartitionReader(options: options(), limit: nil)
        #expect(!reader.isReading)
        reader.start(0, next: 5, epoch: 1)
        reader.start(1, next: 0, epoch: 1)
        func end(_ partition: Int32, _ offset: Int64) -> Position { Position(topic: Topic.name, partition: partition, offset: offset) }
        reader.reached([end(0, 4), end(9, 100)])
        #expect(!reader.isFinished, "told before it was started here, and of one that is not ours")
        reader.reached([end(0, 5)])
        #expect(!reader.isFinished)
        reader.reached([end(1, 0)])
        #expect(reader.isFinished && reader.isReading && reader.count == 2)
        var follows = options()
        follows.stopsAtEnd = false
        let follower = PartitionReader(options: follows, limit: nil)
        follower.start(0, next: 0, epoch: 1)
        follower.reached([end(0, 0)])
        #expect(!follower.isFinished)
    }

    /// What comes after the end that --once goes up to is the next run's.
    @Test func whatComesAfterTheEndIsLeftOut() async throws {
        let topic = try Topic()
        try await topic.send(3)
        let options = options()
        let (reader, batch) = (PartitionReader(options: options, limit: nil), MessageBatch(options))
        reader.start(0, next: 0, epoch: 1)
        batch.open(.some(1))
        try await topic.start()
        try await topic.fill(batch, by: reader)
        try await topic.send(3)
        _ = try await topic.consumer.read(within: .milliseconds(100)) { message in
            _ = reader.take(message, into: batch)
            return true
        }
        #expect(batch.count == 3 && batch.ranges[0]?.to == 3 && reader.next(0) == 3)
    }

    @Test func numbersAreEnoughOrOld() {
        let batch = MessageBatch(options())
        let now = ContinuousClock.now
        #expect(!batch.isOpen(for: 1, at: now))
        batch.open(.some(1, 2, taken: now))
        #expect(batch.isOpen(for: 2, at: now) && !batch.isOpen(for: 3, at: now))
        #expect(batch.isOpen(for: 2, at: now + .seconds(19)) && !batch.isOpen(for: 2, at: now + .seconds(20)), "a slot may be emptied")
    }

    @Test(arguments: [([Int64](), "{}"), ([7], "{7}"), ([-1, 0, .max], "{-1,0,9223372036854775807}")])
    func arrays(values: [Int64], expected: String) { #expect(sqlArray(values) == expected) }

    @Test func lostMessagesAreTold() {
        let gone = LostMessages(topic: "t", partition: 2, next: 10, low: 17, high: 22)
        #expect(gone.count == 7)
        #expect("\(gone)".hasPrefix("t:2:10: 7 messages are gone, offsets 10 to 16; the first one left is 17."))
        let beyond = LostMessages(topic: "t", partition: 2, next: 30, low: 17, high: 22)
        #expect(beyond.count == nil && "\(beyond)".contains("at offset 22") && !"\(beyond)".contains("--accept-loss"))
    }
}
