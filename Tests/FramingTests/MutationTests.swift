import Framing
import Testing

/// Mutated files: no crash, the same records whatever the pieces, and every byte accounted for.
@Suite struct MutationTests {
    static let csv = Array(
        """
        id,name,note\r
        1,Alice,"likes ""quotes"", and commas"\r
        2,Bob,plain\r
        3,"Cecilia
        Åberg",
        4,Dora,"x"\n\n5,Eino,"two
        lines"\n6,Fanni,last
        """.utf8)
    static let lines = Array(
        """
        {"id":1,"name":"Alice","tags":["a","b"],"n":1.5e3}
        {"id":2,"text":"\\u00e5 \\ud83d\\ude00 \\n","deep":{"a":[{"b":null}]}}

        {"id":3,"name":"Åke","ok":true}
        """.utf8)
    static let array =
        Array("[\n".utf8) + lines.split(separator: 0x0a).joined(separator: Array(",\n".utf8)) + Array("\n]\n".utf8)

    static func mutate(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<1 + random.below(4) {
            let at = random.below(bytes.count)
            switch random.below(6) {
            case 0: bytes[at] = UInt8(random.below(256))
            case 1: bytes[at] = random.pick(Array("\"\n\r,{}[]:\\0\u{0}".utf8))
            case 2: bytes.remove(at: at)
            case 3: bytes.insert(random.pick(Array("\"\n\r,{}[]:\\u0\u{0}".utf8)), at: at)
            case 4: bytes.replaceSubrange(at..<min(bytes.count, at + random.below(20)), with: [])
            default:
                bytes.insert(
                    contentsOf: bytes[at..<min(bytes.count, at + random.below(20))], at: random.below(bytes.count))
            }
            if bytes.isEmpty { bytes = [0x0a] }
        }
        return bytes
    }

    func expectOrder(_ records: [Framed], _ seed: UInt64) {
        #expect(records.map(\.position) == records.indices.map { Int64($0 + 1) }, "seed \(seed)")
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.line <= $1.line }, "seed \(seed)")
    }

    @Test func csvFiles() throws {
        let header = Array("id,name,note\r\n".utf8)
        for seed in UInt64(0)..<4000 {
            var random = Seeded(seed)
            let file = header + Self.mutate(Array(Self.csv.dropFirst(header.count)), &random)
            let records = try frameCSV(MemorySource(file))
            let pieces = try frameCSV(MemorySource(file, seed: seed), CSVOptions().chunked(16))
            #expect(records == pieces, "seed \(seed)")
            expectOrder(records, seed)
            // What is in no record is a line end.
            func text(_ bytes: [UInt8]) -> Int { bytes.count { $0 != 0x0a && $0 != 0x0d } }
            #expect(records.reduce(0) { $0 + text($1.payload) } == text(file) - text(header), "seed \(seed)")
            #expect(records.reduce(0) { $0 + $1.payload.count } <= file.count - header.count, "seed \(seed)")
        }
    }

    @Test func csvHeaders() throws {
        for seed in UInt64(0)..<1000 {
            var random = Seeded(seed)
            let file = Self.mutate(Array(Self.csv.prefix(20)), &random) + Self.csv.dropFirst(20)
            let whole = Result { try frameCSV(MemorySource(file)) }
            let pieces = Result { try frameCSV(MemorySource(file, seed: seed), CSVOptions().chunked(16)) }
            switch (whole, pieces) {
            case (.success(let one), .success(let other)): #expect(one == other, "seed \(seed)")
            case (.failure(let one as UnreadableFile), .failure(let other as UnreadableFile)):
                #expect(one == other, "seed \(seed)")
            default: Issue.record("seed \(seed): \(whole) and \(pieces)")
            }
        }
    }

    @Test(arguments: [lines, array]) func jsonFiles(_ original: [UInt8]) throws {
        for seed in UInt64(0)..<3000 {
            var random = Seeded(seed)
            let file = Self.mutate(original, &random)
            let options = JSONOptions(maxRecordBytes: random.pick([60, 1 << 20]))
            let records = try frameJSON(MemorySource(file), options)
            let pieces = try frameJSON(MemorySource(file, seed: seed), options.chunked(16))
            #expect(records == pieces, "seed \(seed): \(records) and \(pieces)")
            expectOrder(records, seed)
            if records.contains(where: { $0.defect == .recordTooLarge }) { continue }
            // What is in no record is a blank, a comma between elements, or the array's own brackets.
            func text(_ bytes: [UInt8]) -> Int {
                bytes.count {
                    !($0 == 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d || $0 == 0x2c || $0 == 0x5b || $0 == 0x5d)
                }
            }
            let mark = file.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
            #expect(records.reduce(0) { $0 + text($1.payload) } == text(file) - mark, "seed \(seed): \(records)")
        }
    }
}
