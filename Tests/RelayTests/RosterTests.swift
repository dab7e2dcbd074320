import Testing

@testable import Relay

@Suite struct RosterTests {
    private let start = ContinuousClock.now
    private func topic(_ name: String) -> Destination { Destination(carrier: .kafka, name: name) }
    private func lane(_ name: String) -> Roster.Lane { Roster.Lane(destination: topic(name), number: 0) }
    private let archive = Destination(carrier: .objectStore, name: "archive")

    @Test func eachDestinationHasALaneAndTheArchiveTwo() {
        var roster = Roster()
        roster.found([topic("a"): 500, topic("b"): 1, topic("c"): 0, archive: 9])
        let first = roster.next(at: start)
        #expect(Set(first.start) == [lane("a"), lane("b"), Roster.Lane(destination: archive, number: 0), Roster.Lane(destination: archive, number: 1)])
        #expect(roster.working == 4 && roster.next(at: start) == Roster.Orders(), "while they work nobody else begins")
        roster.found([archive: 1])
        var alone = Roster()
        alone.found([archive: 1])
        #expect(alone.next(at: start).start.count == 1, "one object is one lane's")
    }

    @Test func oneThatFailsIsLeftAloneAndHoldsUpNoOther() {
        var roster = Roster()
        roster.found([topic("a"): 5, topic("b"): 5])
        _ = roster.next(at: start)
        roster.ended(lane("a"), .init(delivered: 0, why: .failed(.seconds(3))), at: start)
        roster.ended(lane("b"), .init(delivered: 5, why: .more), at: start)
        #expect(roster.next(at: start).start == [lane("b")])
        roster.ended(lane("b"), .init(delivered: 0, why: .nothingDue), at: start)
        roster.found([topic("a"): 5])
        #expect(roster.next(at: start + .seconds(2)).start.isEmpty)
        #expect(roster.next(at: start + .seconds(3)).start == [lane("a")])
        // What was delivered before the failure ends its back-off.
        roster.ended(lane("a"), .init(delivered: 1, why: .failed(nil)), at: start + .seconds(4))
        #expect(roster.next(at: start + .seconds(5)).start == [lane("a")], "a second at most")
    }

    @Test func whenThereAreTooManyWhoWaitedLongestIsNext() {
        var roster = Roster(most: 2)
        roster.found(Dictionary(uniqueKeysWithValues: ["a", "b", "c", "d"].map { (topic($0), 9) }))
        #expect(roster.next(at: start).start == [lane("a"), lane("b")])
        roster.ended(lane("a"), .init(delivered: 9, why: .more), at: start)
        // Its session is wanted by another.
        #expect(roster.next(at: start) == .init(start: [lane("c")], close: [lane("a")]))
        roster.ended(lane("b"), .init(delivered: 9, why: .more), at: start)
        #expect(roster.next(at: start) == .init(start: [lane("d")], close: [lane("b")]))
        roster.ended(lane("c"), .init(delivered: 9, why: .more), at: start)
        #expect(roster.next(at: start) == .init(start: [lane("a")], close: [lane("c")]))
    }

    @Test func anIdleLaneIsKeptForAWhile() {
        var roster = Roster(keep: .seconds(15))
        roster.found([topic("a"): 1])
        _ = roster.next(at: start)
        roster.ended(lane("a"), .init(delivered: 1, why: .nothingDue), at: start)
        #expect(roster.next(at: start + .seconds(14)) == .init())
        #expect(roster.next(at: start + .seconds(15)) == .init(start: [], close: [lane("a")]))
        #expect(roster.next(at: start + .seconds(16)) == .init(), "once")
    }

    @Test func onceTriesEachUntilItFailsOrHasNothingMore() {
        var roster = Roster(once: true)
        roster.found([topic("fails"): 5, topic("shared"): 5, topic("works"): 5])
        _ = roster.next(at: start)
        roster.ended(lane("fails"), .init(delivered: 2, why: .failed(.zero)), at: start)
        roster.ended(lane("shared"), .init(delivered: 0, why: .nothingDue), at: start)  // another relay has them
        roster.ended(lane("works"), .init(delivered: 5, why: .nothingDue), at: start)
        roster.found([topic("fails"): 3, topic("shared"): 5, topic("works"): 1])
        #expect(roster.next(at: start + .seconds(100)).start == [lane("works")])
    }

    @Test func theLimitHoldsForAllLanesTogether() {
        let claim = Claim(id: 1, kind: "dead_letter", destination: topic("a"), batch: 1, object: nil, messages: 5, key: nil)
        let tally = Tally(limit: 2)
        #expect(tally.reserve() && tally.reserve() && !tally.reserve(), "two are in hand")
        tally.failed(isOutage: true, isParked: false)
        #expect(tally.reserve(), "what failed is free again")
        tally.delivered(claim, .messages(5))
        #expect(!tally.isExhausted && !tally.reserve())
        tally.release()
        #expect(tally.reserve())
        tally.delivered(claim, .messages(4))
        #expect(tally.isExhausted && !tally.reserve())
        #expect(tally.summary.batches == 2 && tally.summary.messages == 9 && tally.summary.failures == 1 && tally.summary.outages == 1)
        #expect(Tally(limit: nil).reserve())
    }
}
