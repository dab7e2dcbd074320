import Framing
import Testing

/// The framer against the reference, on random files made of what matters, in pieces of random size.
@Suite struct CSVDifferentialTests {
    static let pieces: [[UInt8]] =
        ["\n", "\n", "\r\n", "\r", "\"", "\"", "\"\"", ",", ",", ",\"", "\",", "\"\n", "a", "bc", "åäö", "12345678901"]
        .map { Array($0.utf8) } + [[0], [0xff], [0xc3], [0x20]]

    func randomFile(_ random: inout Seeded, pieces count: Int) -> [UInt8] {
        // A file draws from a few of the pieces, so that long stretches inside quotes occur too.
        let palette = (0..<2 + random.below(8)).map { _ in random.pick(Self.pieces) }
        return (0..<count).flatMap { _ in random.pick(palette) }
    }

    func compare(_ file: [UInt8], limit: Int, maxFields: Int, seed: UInt64) throws {
        let options = CSVOptions(maxRecordBytes: limit, maxFields: maxFields)
        let header = Array("a,b\n".utf8)
        let expected = CSVReference(bytes: header + file, limit: limit, maxFields: maxFields)
            .records(from: header.count, line: 2)
        let whole = try frameCSV(MemorySource(header + file), options)
        if whole != expected { Issue.record("seed \(seed): \(whole) instead of \(expected)") }
        let pieces = try frameCSV(MemorySource(header + file, seed: seed), options.chunked(16))
        if pieces != expected { Issue.record("seed \(seed), in pieces: \(pieces) instead of \(expected)") }
    }

    @Test(arguments: 0..<8) func smallFiles(_ part: Int) throws {
        for round in 0..<500 {
            let seed = UInt64(part * 500 + round)
            var random = Seeded(seed)
            let count = 1 + random.below(40)
            let file = randomFile(&random, pieces: count)
            try compare(
                file, limit: random.pick([3, 8, 17, 40, 1 << 20]), maxFields: random.pick([2, 4, 1024]), seed: seed)
        }
    }

    @Test func largerFilesWithSmallLimits() throws {
        for seed in UInt64(10_000)..<10_040 {
            var random = Seeded(seed)
            let file = randomFile(&random, pieces: 1500)
            try compare(file, limit: random.pick([20, 100, 700, 1 << 20]), maxFields: 1024, seed: seed)
        }
    }

    @Test func everyPieceSizeFramesAlike() throws {
        let text = "id,\"na\"\"me\"\r\n1,\"a\nb\"\r\n\r\n2,\"x\"y\r3,åäö\n\"\"\"\",\"open\n4,d\r"
        let expected = try frameCSV(MemorySource(Array(text.utf8)))
        #expect(expected.count == 5)
        for size in 1...text.utf8.count {
            for chunk in [1, 2, 7, 256] {
                let records = try frameCSV(
                    MemorySource(Array(text.utf8), chunk: size), CSVOptions().chunked(max(chunk, size)))
                #expect(records == expected)
            }
        }
    }
}
