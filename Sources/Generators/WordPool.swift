/// Words side by side in memory, drawn by rank: the first ones often, the last ones seldom, as names are.
///
/// Word r (from 0) has the weight 1 / (r + `flatness`), in whole numbers, so that every machine draws the same.
final class WordPool {
    private let bytes: UnsafeMutableRawPointer
    private let starts: UnsafeMutablePointer<Int32>
    private let drawn: UnsafeMutablePointer<UInt16>
    private static let places = 1 << 14
    let count: Int

    /// - Parameter flatness: the larger, the more even; nil: all alike.
    init(_ words: [String], flatness: Int? = nil) {
        precondition(!words.isEmpty && words.count <= Self.places)
        count = words.count
        let utf8 = words.map { Array($0.utf8) }
        bytes = .allocate(byteCount: utf8.reduce(0) { $0 + $1.count } + 1, alignment: 1)
        starts = .allocate(capacity: count + 1)
        drawn = .allocate(capacity: Self.places)

        var start = 0
        for (index, word) in utf8.enumerated() {
            starts[index] = Int32(start)
            word.withUnsafeBytes { bytes.advanced(by: start).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            start += word.count
        }
        starts[count] = Int32(start)

        let weights = (0..<count).map { rank in flatness.map { 1_000_000 / (rank + $0) } ?? 1 }
        let total = weights.reduce(0, +)
        var word = 0
        var reached = weights[0]
        for place in 0..<Self.places {
            while place * total >= reached * Self.places {
                word += 1
                reached += weights[word]
            }
            drawn[place] = UInt16(word)
        }
    }

    deinit {
        bytes.deallocate()
        starts.deallocate()
        drawn.deallocate()
    }

    @inline(__always)
    func draw(_ random: inout SplitMix64) -> Int { Int(drawn[Int(truncatingIfNeeded: random.next() >> 50)]) }

    @inline(__always)
    subscript(index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + Int(starts[index]), count: Int(starts[index + 1] - starts[index]))
    }
}
