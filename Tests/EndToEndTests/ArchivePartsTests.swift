import Digests
import Foundation
import Framing
import Testing

@testable import emporium

/// What verifies an archive, as values.
@Suite struct ArchiveParts {
    private static func lines(_ bytes: [UInt8]) throws -> (lines: [String], unterminated: Bool, bytes: Int64, digest: String) {
        var reader = ObjectLines(bytes, compression: "none", limit: .max)
        var found: [String] = []
        while let line = try reader.next({ String(decoding: $0, as: UTF8.self) }) { found.append(line) }
        return (found, reader.isUnterminated, reader.contentBytes, reader.finishHex())
    }

    /// Lines longer than what is unpacked at a time, and ends at every place of it.
    @Test func linesAreFoundWhereverTheyEnd() throws {
        #expect(try Self.lines([]).lines == [])
        #expect(try Self.lines(Array("\n".utf8)).lines == [""])
        #expect(try Self.lines(Array("a\n\nb\n".utf8)).lines == ["a", "", "b"])
        let open = try Self.lines(Array("a\nb".utf8))
        #expect(open.lines == ["a", "b"] && open.unterminated)
        for first in [(256 << 10) - 2, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20] {
            let wanted = [String(repeating: "x", count: first), "", String(repeating: "y", count: 700_000), "z"]
            let text = wanted.map { $0 + "\n" }.joined()
            let found = try Self.lines(Array(text.utf8))
            #expect(found.lines == wanted && !found.unterminated, "\(first)")
            #expect(found.bytes == Int64(text.utf8.count) && found.digest == sha256Hex(text))
        }
    }

    @Test func aGzipStreamThatUnfoldsTooFarOrEndsTooSoonIsTold() throws {
        // printf 'a\nb\n' | gzip -n
        let packed: [UInt8] = [
            0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x4b, 0xe4, 0x4a, 0xe2, 0x02, 0, 0x97, 0x2a, 0x57, 0x18, 0x04, 0, 0, 0,
        ]
        func count(_ bytes: [UInt8], limit: Int64 = 4) throws -> Int64 {
            var reader = ObjectLines(bytes, compression: "gzip", limit: limit)
            while try reader.next({ _ in () }) != nil {}
            return reader.count
        }
        #expect(try count(packed) == 2)
        #expect(throws: UnreadableFile.self) { try count(Array(packed.dropLast(9))) }
        #expect(throws: UnreadableFile.self) { try count(Array("a\nb\n".utf8)) }
        #expect(throws: UnreadableFile.self) { try count(packed, limit: 3) }
    }

    @Test(arguments: ["2026-02-28", "2024-02-29"]) func daysAreDays(_ text: String) { #expect(DayArgument(argument: text)?.text == text) }
    @Test(arguments: ["2026-02-29", "2026-2-3", "26-02-03", "2026-02-03T", "yesterday", "", "0000-01-01", "٢٠٢٦-٠٢-٠٣"])
    func otherWordsAreNone(_ text: String) { #expect(DayArgument(argument: text) == nil) }
}
