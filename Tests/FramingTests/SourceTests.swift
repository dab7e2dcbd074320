import Foundation
import Framing
import Testing

@Suite struct SourceTests {
    /// A file of its own for the bytes, open for reading while the body runs.
    func withFile<T>(_ bytes: [UInt8], _ body: (Int32) throws -> T) throws -> T {
        let path = NSTemporaryDirectory() + "framing-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        let fd = open(path, O_RDONLY)
        try #require(fd >= 0)
        defer { close(fd) }
        return try body(fd)
    }

    /// What gzip(1) makes of the bytes.
    func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try withFile(bytes) { fd in
            let path = NSTemporaryDirectory() + "framing-\(UUID().uuidString).gz"
            try #require(FileManager.default.createFile(atPath: path, contents: nil))
            defer { unlink(path) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
            process.arguments = ["-c"]
            process.standardInput = FileHandle(fileDescriptor: fd)
            process.standardOutput = FileHandle(forWritingAtPath: path)
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
    }

    func drain(_ source: consuming some ByteSource & ~Copyable, chunk: Int = 10_000) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    func plain(_ compressed: [UInt8], piece: Int = .max, limits: GzipLimits = GzipLimits()) throws -> [UInt8] {
        try drain(GzipSource(MemorySource(compressed, chunk: piece), limits: limits))
    }

    let text = Array(("id,name,n\n" + (0..<20_000).map { "\($0),name \($0 % 97),\($0 * 31 % 1009)\n" }.joined()).utf8)

    @Test func fileSourceReadsAllAndLeavesTheOffsetAlone() throws {
        try withFile(text) { fd in
            let all = try drain(FileSource(fd: fd))
            let rest = try drain(FileSource(fd: fd, offset: 100))
            let first = try drain(FileSource(fd: fd, maxBytes: 12_345), chunk: 100)
            let none = try drain(FileSource(fd: fd, offset: 10, maxBytes: 0))
            #expect(
                all == text && rest == Array(text.dropFirst(100)) && first == Array(text.prefix(12_345)) && none == [])
            #expect(lseek(fd, 0, SEEK_CUR) == 0)
        }
    }

    @Test func pipesAreRead() throws {
        for bytes in [Array("a,b\n1,2\n".utf8), try gzip(Array("a,b\n1,2\n".utf8)), [0x1f], []] {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            #expect(write(ends[1], bytes, bytes.count) == bytes.count)
            close(ends[1])
            defer { close(ends[0]) }
            let read = try drain(openSource(fd: ends[0]))
            #expect(read == (bytes.count > 8 ? Array("a,b\n1,2\n".utf8) : bytes))
        }
    }

    @Test func operatingSystemErrorsAreNoVerdict() throws {
        let fd = open("/tmp", O_RDONLY)
        defer { close(fd) }
        let error = #expect(throws: SourceError.self) { _ = try drain(FileSource(fd: fd)) }
        #expect(error?.errno == EISDIR)
        #expect("\(try #require(error))".contains("pread failed: error 21"))
    }

    @Test func compressionIsToldByContent() throws {
        let compressed = try gzip(text)
        try withFile(compressed) { fd in
            #expect(try isGzip(fd: fd))
            let source = try openSource(fd: fd)
            let isCompressed = source.isCompressed
            #expect(isCompressed)
            let bytes = try drain(source)
            #expect(bytes == text)
        }
        try withFile(text) { fd in
            #expect(try isGzip(fd: fd) == false)
            let source = try openSource(fd: fd)
            let isCompressed = source.isCompressed
            #expect(!isCompressed)
            let bytes = try drain(source)
            #expect(bytes == text)
        }
        for head in [[0x50, 0x4b, 3, 4], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58]] as [[UInt8]] {
            try withFile(head + text) { fd in
                #expect(unreadable { _ = try openSource(fd: fd) } == "compression_unsupported")
            }
        }
        #expect(([0x1f, 0x8b] as [UInt8]).withUnsafeBytes { isGzip($0) })
        #expect(!([0x1f] as [UInt8]).withUnsafeBytes { isGzip($0) })
    }

    @Test func gzipRoundTrip() throws {
        let compressed = try gzip(text)
        for piece in [1, 7, 1000, .max] { #expect(try plain(compressed, piece: piece) == text) }
        let byteByByte = try drain(GzipSource(MemorySource(compressed)), chunk: 1)
        #expect(byteByByte == text)
        #expect(try plain(try gzip([])) == [])
    }

    @Test func gzipMembersFollowOneAnother() throws {
        let one = try gzip(Array("a,b\n".utf8))
        let two = try gzip(Array("1,2\n".utf8))
        let none = try gzip([])
        for piece in [1, 2, 3, .max] {
            #expect(try plain(one + none + two + two, piece: piece) == Array("a,b\n1,2\n1,2\n".utf8))
        }
        let records = try frameCSV(GzipSource(MemorySource(one + two + two, chunk: 3)))
        #expect(records.map(\.text) == ["1,2", "1,2"])
    }

    @Test func whatFollowsTheLastMemberIsIgnored() throws {
        let one = try gzip(text)
        for tail in [[0], [UInt8](repeating: 0, count: 70_000), [0x1f], Array("garbage".utf8), [0, 0x1f, 0x8b]] {
            for piece in [1, .max] { #expect(try plain(one + tail, piece: piece) == text) }
        }
        // But what begins like a member must be one, as gzip(1) has it.
        #expect(unreadable { _ = try plain(one + [0x1f, 0x8b]) } == "gzip_truncated")
        #expect(unreadable { _ = try plain(one + [0x1f, 0x8b, 0x63, 0x00]) } == "gzip_corrupt")
    }

    @Test func truncatedAndDamagedStreams() throws {
        let compressed = try gzip(text)
        for count in [
            0, 1, 2, 5, 10, 11, 100, compressed.count / 2, compressed.count - 9, compressed.count - 8,
            compressed.count - 1,
        ] {
            #expect(unreadable { _ = try plain(Array(compressed.prefix(count))) } == "gzip_truncated", "\(count) bytes")
        }
        var wrongSum = compressed
        wrongSum[compressed.count - 5] ^= 1
        #expect(unreadable { _ = try plain(wrongSum) } == "gzip_corrupt")
        var damaged = compressed
        damaged.replaceSubrange(2000..<2040, with: [UInt8](repeating: 0xff, count: 40))
        #expect(unreadable { _ = try plain(damaged) } == "gzip_corrupt")
        #expect(unreadable { _ = try plain(text) } == "gzip_corrupt")
    }

    @Test func recordsBeforeTheTruncationAreFramed() throws {
        let compressed = try gzip(text)
        var framer = CSVFramer(GzipSource(MemorySource(Array(compressed.dropLast(1)), chunk: 1000)))
        var records: Int64 = 0
        #expect(
            unreadable {
                while try framer.next() != nil { records += 1 }
            } == "gzip_truncated")
        #expect(records == 20_000)
        #expect(unreadable { _ = try framer.next() } == "gzip_truncated")
    }

    @Test func bombs() throws {
        let zeros = try gzip([UInt8](repeating: 0x61, count: 8 << 20))
        #expect(zeros.count < 10_000)
        #expect(unreadable { _ = try plain(zeros) } == "gzip_bomb")
        #expect(try plain(zeros, limits: GzipLimits(maxRatio: 2000)).count == 8 << 20)
        // Below 1 MiB any ratio will do.
        #expect(try plain(try gzip([UInt8](repeating: 0x61, count: 1 << 20))).count == 1 << 20)
        #expect(unreadable { _ = try plain(try gzip(text), limits: GzipLimits(maxBytes: 100_000)) } == "gzip_bomb")
        #expect(try plain(try gzip(text), limits: GzipLimits(maxBytes: Int64(text.count))) == text)
    }

    @Test func mutatedStreamsEndInBytesOrAnError() throws {
        let compressed = try gzip(Array(text.prefix(3000)))
        for seed in UInt64(0)..<1000 {
            var random = Seeded(seed)
            let mutated = MutationTests.mutate(compressed, &random)
            let code = unreadable { _ = try plain(mutated, piece: random.size(2000)) }
            #expect(code == nil || code == "gzip_corrupt" || code == "gzip_truncated", "seed \(seed): \(code ?? "")")
        }
    }
}
