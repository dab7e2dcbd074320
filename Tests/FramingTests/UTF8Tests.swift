import Testing

@testable import Framing

@Suite struct UTF8Tests {
    func valid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isValidUTF8($0) } }

    func agrees(_ bytes: [UInt8]) -> Bool { valid(bytes) == (String(validating: bytes, as: UTF8.self) != nil) }

    @Test func borders() {
        for (bytes, expected) in [
            ([], true), ([0x7f], true), ([0x80], false), ([0xc1, 0xbf], false), ([0xc2, 0x80], true), ([0xc2], false),
            ([0xe0, 0x9f, 0xbf], false), ([0xe0, 0xa0, 0x80], true), ([0xed, 0x9f, 0xbf], true),
            ([0xed, 0xa0, 0x80], false), ([0xed, 0xbf, 0xbf], false), ([0xee, 0x80, 0x80], true),
            ([0xef, 0xbf], false),
            ([0xf0, 0x8f, 0xbf, 0xbf], false), ([0xf0, 0x90, 0x80, 0x80], true), ([0xf4, 0x8f, 0xbf, 0xbf], true),
            ([0xf4, 0x90, 0x80, 0x80], false), ([0xf5, 0x80, 0x80, 0x80], false), ([0xff], false), ([0], true),
            ([0xc3, 0xa5, 0x61, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], true),
        ] as [([UInt8], Bool)] {
            #expect(valid(bytes) == expected, "\(bytes)")
            // Anywhere in a word of eight, with ASCII around it.
            for before in 0..<9 {
                let padded = [UInt8](repeating: 0x61, count: before) + bytes + [UInt8](repeating: 0x62, count: 9)
                #expect(valid(padded) == expected, "\(bytes) behind \(before)")
            }
        }
    }

    @Test func everyTwoAndManyThreeBytes() {
        var wrong = 0
        for first in UInt8.min ... .max {
            for second in UInt8.min ... .max where !agrees([first, second]) { wrong += 1 }
        }
        let edges: [UInt8] = [0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
        for first in UInt8(0xc0) ... .max {
            for second in edges {
                for third in edges { for fourth in edges where !agrees([first, second, third, fourth]) { wrong += 1 } }
            }
        }
        #expect(wrong == 0)
    }

    @Test func randomBytesAgreeWithTheStandardLibrary() {
        var random = Seeded(1)
        var wrong = 0
        var invalid = 0
        let scalars: [ClosedRange<UInt32>] = [
            0x20...0x7e, 0x80...0x7ff, 0x800...0xd7ff, 0xe000...0xffff, 0x10000...0x10ffff,
        ]
        for _ in 0..<4000 {
            var bytes: [UInt8] = []
            for _ in 0..<random.below(12) {
                let range = random.pick(scalars)
                let scalar = Unicode.Scalar(range.lowerBound + UInt32(random.below(range.count)))!
                bytes += Array(String(Character(scalar)).utf8)
            }
            if !bytes.isEmpty, random.below(2) == 0 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if !agrees(bytes) { wrong += 1 }
            if !valid(bytes) { invalid += 1 }
        }
        #expect(wrong == 0)
        #expect(invalid > 500 && invalid < 3000)
    }

    @Test func searchesAgreeWithALoop() {
        var random = Seeded(2)
        for _ in 0..<3000 {
            let bytes = (0..<random.below(40)).map { _ in
                random.pick([0, 1, 0x0a, 0x0d, 0x1f, 0x20, 0x22, 0x5c, 0x61, 0x7f, 0x80, 0xff] as [UInt8])
            }
            let from = random.below(bytes.count + 1)
            let rest = bytes[from...]
            (bytes + [0]).withUnsafeBufferPointer { buffer in
                let text = buffer.baseAddress!
                let to = bytes.count
                #expect(text.findSuspect(from, to) == rest.firstIndex { $0 == 0 || $0 > 0x7f } ?? to)
                #expect(
                    text.findStringSpecial(from, to) == rest.firstIndex { $0 < 0x20 || $0 == 0x22 || $0 == 0x5c } ?? to)
                for byte: UInt8 in [0x0a, 0x61, 0x80] {
                    #expect(text.count(byte, from, to) == rest.count { $0 == byte })
                }
            }
        }
    }
}
