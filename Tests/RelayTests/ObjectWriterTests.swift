import Digests
import Framing
import Testing

@testable import Relay

@Suite struct ObjectWriterTests {
    private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)

    /// As PostgreSQL sends lines of one bytea column.
    private func copy(_ lines: [String]) -> [UInt8] {
        Self.header + lines.flatMap { line in
            [0, 1] + withUnsafeBytes(of: UInt32(line.utf8.count).bigEndian) { Array($0) } + Array(line.utf8)
        } + [0xFF, 0xFF]
    }

    private func object(_ bytes: [UInt8], _ compression: ObjectWriter.Compression, in size: Int = .max) throws -> ObjectContent {
        let writer = try ObjectWriter(compression, expected: 1024)
        var place = 0
        while place < bytes.count {
            let end = place + min(size, bytes.count - place)
            try bytes[place..<end].withUnsafeBytes { try writer.take($0) }
            place = end
        }
        return try writer.finish()
    }

    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }

    @Test func linesAreTakenWhateverThePieces() throws {
        let bytes = copy(["{}", "", "{\"a\": \"ü\"}"])
        let plain = Array("{}\n\n{\"a\": \"ü\"}\n".utf8)
        let wanted = ObjectContent(
            lines: 3, body: plain, sha256: digest(plain), plainBytes: Int64(plain.count), plainSHA256: digest(plain))
        for size in 1...bytes.count {
            let made = try object(bytes, .none, in: size)
            #expect(made == wanted, "pieces of \(size)")
        }
        #expect(try object(copy([]), .none).lines == 0)
    }

    @Test(arguments: [
        Array("no copy data at all".utf8), header.dropLast() + [1], header + [0xFF, 0xFE], header + [0, 1, 0xFF, 0xFF, 0xFF, 0xFF],
        header + [0, 2, 0, 0, 0, 0, 0, 0, 0, 0], header, header + [0, 1, 0, 0, 0, 2, 1], header + [0xFF], header + [0xFF, 0xFF, 0],
    ]) func whatIsNotBinaryCopyOfLinesIsRefused(_ bytes: [UInt8]) {
        #expect(throws: BinaryRows.Malformed.self) { try object(bytes, .none) }
    }

    /// A gzip member that names no time, no file and no system, so that the retry's is the same.
    @Test func compressedObjectsAreTheSameEachTime() throws {
        let lines = (0..<40_000).map { "{\"n\": \($0), \"text\": \"\($0 % 97) and \($0 % 89)\"}" }
        let bytes = copy(lines)
        let plain = Array((lines.joined(separator: "\n") + "\n").utf8)
        let one = try object(bytes, .gzip)
        let other = try object(bytes, .gzip, in: 1000)
        #expect(one == other)
        #expect(one.lines == 40_000 && one.plainBytes == Int64(plain.count) && one.plainSHA256 == digest(plain))
        #expect(one.sha256 == digest(one.body) && one.body.count < plain.count / 4)
        #expect(Array(one.body.prefix(10)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
        var unpacked: [UInt8] = []
        var source = GzipSource(Bytes(one.body))
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try room.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { break }
            unpacked += room[..<count]
        }
        #expect(unpacked == plain)
    }

    private struct Bytes: ByteSource {
        var rest: ArraySlice<UInt8>
        init(_ bytes: [UInt8]) { rest = bytes[...] }
        mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }
}
