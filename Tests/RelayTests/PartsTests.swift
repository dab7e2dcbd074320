import Kafka
import Testing

@testable import Relay

@Suite struct PartsTests {
    private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)

    private func parse(_ bytes: [UInt8], in size: Int) throws -> [BinaryRows.Row] {
        var rows = BinaryRows()
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { try rows.take($0) }
        }
        return rows.rows
    }

    @Test func rowsAreTakenApartWhateverThePieces() throws {
        let bytes = Self.header
            + [0, 2, 0, 0, 0, 3, 1, 0, 255, 0xFF, 0xFF, 0xFF, 0xFF]
            + [0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 7]
            + [0xFF, 0xFF]
        for size in 1...bytes.count {
            #expect(try parse(bytes, in: size) == [[[1, 0, 255], nil], [[], [7]]], "pieces of \(size)")
        }
        #expect(try parse(Self.header + [0xFF, 0xFF], in: 100) == [])
    }

    @Test(arguments: [
        Array("no copy data at all".utf8), header.dropLast() + [1], header + [0xFF, 0xFE], header + [0, 1, 0xFF, 0xFF, 0xFF, 0xFE],
    ]) func whatIsNotBinaryCopyIsRefused(_ bytes: [UInt8]) {
        #expect(throws: BinaryRows.Malformed.self) { try parse(bytes, in: 1000) }
    }

    /// A text[] as PostgreSQL sends it.
    private func array(_ elements: [String?]) -> [UInt8] {
        func word(_ number: Int) -> [UInt8] { withUnsafeBytes(of: Int32(number).bigEndian) { Array($0) } }
        return word(1) + word(1) + word(25) + word(elements.count) + word(1)
            + elements.flatMap { element in element.map { word($0.utf8.count) + Array($0.utf8) } ?? word(-1) }
    }

    @Test func aLetterHasItsHeadersInOrderWithoutThoseThatAreNull() throws {
        let position: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 2]
        let letter = try DeadLetter([position, nil, [], array(["error", "ünï", "rule", "", "source.topic", nil, "origin", "o"])])
        #expect(letter.position == 4_294_967_298 && letter.key == nil && letter.value == [])
        #expect(letter.headers.map(\.name) == ["error", "rule", "origin"])
        #expect(letter.headers.map(\.value) == [Array("ünï".utf8), [], Array("o".utf8)])
        #expect(try DeadLetter([position, nil, nil, [UInt8](repeating: 0, count: 12)]).headers == [], "an empty array has no dimension")
    }

    @Test func whatIsNoLetterIsRefused() throws {
        let position = [UInt8](repeating: 0, count: 8)
        let whole = array(["error", "e"])
        #expect(throws: BinaryRows.Malformed.self) { try DeadLetter([[0]]) }
        for row: BinaryRows.Row in [
            [position, nil, nil, nil], [[1], nil, nil, whole], [position, nil, nil, array(["error"])],
            [position, nil, nil, array([nil, "e"])], [position, nil, nil, whole + [0]], [position, nil, nil, [0, 0, 0, 2] + whole.dropFirst(4)],
        ] + (0..<whole.count).map({ [position, nil, nil, Array(whole.prefix($0))] }) {
            #expect(throws: BinaryRows.Malformed.self) { try DeadLetter(row) }
        }
    }

    @Test func whatIsTooLargeLosesItsValueThenItsKey() throws {
        let letter = DeadLetter(position: 1, key: [1, 2], value: [1, 2, 3], headers: [Header("origin", [9])])
        let first = try #require(letter.reduced)
        #expect(first.key == [1, 2] && first.value == [], "an empty value, not a tombstone")
        #expect(first.headers.map(\.name) == ["origin", "value.omitted", "value.bytes"])
        #expect(first.headers.last?.value == Array("3".utf8))
        let second = try #require(first.reduced)
        #expect(second.key == nil && second.headers.last == Header("key.bytes", Array("2".utf8)))
        #expect(second.reduced == nil)
        #expect(DeadLetter(position: 1, key: nil, value: nil, headers: []).reduced == nil)
    }

    @Test func aMessageGoesWholeOrNotAtAll() {
        let claim = Claim(
            id: 7, kind: "message", destination: Destination(carrier: .kafka, name: "t"), batch: nil, object: nil, messages: 1, key: "k")
        let message = OutboxMessage(payload: [1], headers: [("a", "b")], contentType: "text/plain")
        let letter = DeadLetter(message, claim)
        #expect(letter.key == [0x6B] && letter.value == [1] && letter.reduced == nil)
        #expect(
            letter.headers == [
                Header("a", [0x62]), Header("content-type", Array("text/plain".utf8)), Header("origin", Array("outbox:7".utf8)),
            ])
    }

    @Test func aMessagesContentIsReadWithItsHeadersInOrder() throws {
        let row: BinaryRows.Row = [[0, 255], array(["x", "1", "y", nil, "x", "ü"]), Array("text/plain".utf8)]
        let message = try OutboxMessage(row)
        #expect(message == OutboxMessage(payload: [0, 255], headers: [("x", "1"), ("x", "ü")], contentType: "text/plain"))
        for row: BinaryRows.Row in [[], [nil, array([]), []], [[1], array(["x"]), []], [[1], array([nil, "x"]), []], [[1], nil, []]] {
            #expect(throws: BinaryRows.Malformed.self) { try OutboxMessage(row) }
        }
    }

    @Test func aDestinationThatFailsIsLeftAloneForAWhile() {
        let (a, b) = (Destination(carrier: .kafka, name: "a"), Destination(carrier: .webhook, name: "a"))
        var putOff = PutOff()
        let start = ContinuousClock.now
        #expect(putOff.failed(a, .seconds(5), at: start) == .seconds(5))
        #expect(putOff.contains(a, at: start + .seconds(4)) && !putOff.contains(a, at: start + .seconds(5)))
        #expect(putOff.hasFailed(a) && !putOff.hasFailed(b), "until it works again, and no other of that name")
        // A second lane that is told of a shorter pause does not shorten the first one's.
        putOff.failed(a, .seconds(1), at: start)
        #expect(putOff.contains(a, at: start + .seconds(4)))
        // One that refuses: longer each time, a minute at most.
        var last = Duration.zero
        for attempt in 0..<10 {
            last = putOff.failed(b, nil, at: start)
            let whole = min(Duration.seconds(1 << attempt), .seconds(60))
            #expect(last <= whole && last >= whole / 2)
        }
        #expect(last >= .seconds(30) && putOff.contains(b, at: start))
        putOff.delivered(b)
        let again = putOff.failed(b, nil, at: start)
        #expect(putOff.hasFailed(a) && again <= .seconds(1))
    }
}
