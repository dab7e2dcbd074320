import Foundation
import Testing

@testable import Ingest

@Suite struct BackoffTests {
    @Test func doublesUpToTheCap() {
        var backoff = Backoff(first: .milliseconds(100), cap: .seconds(5))
        let waits = (0..<8).map { _ in backoff.next(jitter: 1) }
        #expect(
            waits == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { Duration.milliseconds($0) })
        #expect(backoff.attempt == 8)
        backoff.reset()
        #expect(backoff.next(jitter: 0.5) == .milliseconds(50))
    }

    @Test func neverPastTheCapHoweverLong() {
        var backoff = Backoff()
        for _ in 0..<10_000 { #expect(backoff.next(jitter: 1) <= .seconds(5)) }
        #expect(backoff.next(jitter: 1) == .seconds(5))
    }

    @Test func jitterStaysBetweenHalfAndWhole() {
        for _ in 0..<200 {
            var backoff = Backoff(first: .milliseconds(100), cap: .seconds(5))
            let wait = backoff.next()
            #expect(wait >= .milliseconds(50) && wait <= .milliseconds(100))
        }
    }
}

@Suite struct FileFormatTests {
    @Test(arguments: [
        ("a.csv", FileFormat.csv), ("A.CSV", .csv), ("a.csv.gz", .csv), ("a.b.Csv.GZ", .csv), ("a.ndjson", .json),
        ("a.jsonl.gz", .json), ("a.json", .json), ("'); drop table x; --.csv", .csv),
    ])
    func known(name: String, format: FileFormat) { #expect(FileFormat(fileName: name) == format) }

    @Test(arguments: ["a", "a.txt", "a.gz", "csv", "a.csv.zip", "a.csv.gz.gz", "a.xlsx", ""])
    func unknown(name: String) { #expect(FileFormat(fileName: name) == nil) }

    @Test(arguments: [".a.csv", "a.csv.part", "a.CSV.PART", "a.tmp", "a.csv~", "a.csv.reason", "a.partial", ".claimed"])
    func leftAlone(name: String) { #expect(FileFormat.isLeftAlone(name)) }

    @Test(arguments: ["a.csv", "part.csv", "tmp", "a.part.csv"])
    func notLeftAlone(name: String) { #expect(!FileFormat.isLeftAlone(name)) }
}

@Suite struct ExporterTests {
    private func batches(_ count: Int) -> [Exporter.Batch] {
        (0..<count).map { Exporter.Batch(id: Int64($0), afterRun: 0, throughRun: 1) }
    }

    @Test(arguments: [(1, 1), (1, 4), (2, 2), (7, 3), (10, 4), (100, 64), (3, 0)])
    func cutKeepsAllInOrder(count: Int, parts: Int) {
        let cut = Exporter.cut(batches(count), into: parts)
        #expect(cut.count == max(1, min(count, parts)))
        #expect(cut.flatMap { $0.map(\.id) } == (0..<Int64(count)).map { $0 })
        let sizes = cut.map(\.count)
        #expect(sizes.max()! - sizes.min()! <= 1 && sizes.min()! > 0)
    }
}

@Suite struct OutputFileTests {
    @Test func writesBuffersAndCuts() throws {
        try withFolder { folder in
            let path = folder + "/out"
            let file = try OutputFile(path: path)
            try file.write(Array("kept".utf8))
            let start = file.count
            let large = [UInt8](repeating: 65, count: 700_000)
            try file.write(large)
            try file.write(Array("tail".utf8))
            #expect(file.count == 700_008)
            try file.truncate(to: start)
            #expect(file.count == 4)
            try large.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<3])) }
            try file.finish()
            #expect(try contents(path) == "keptAAA")
            try file.truncate(to: 0)
            try file.write(Array("x".utf8))
            try file.finish()
            #expect(try contents(path) == "x")
        }
    }

    @Test func joinsInOrderUnderTheFinalName() throws {
        try withFolder { folder in
            let parts = (0..<3).map { "\(folder)/.out.csv.\($0).part" }
            let bodies = ["header\n1\n", String(repeating: "row\n", count: 100_000), "end\n"]
            for (path, body) in zip(parts, bodies) { try body.write(toFile: path, atomically: false, encoding: .utf8) }
            try "old".write(toFile: folder + "/out.csv", atomically: false, encoding: .utf8)
            try OutputFile.join(parts, into: folder + "/out.csv")
            #expect(try contents(folder + "/out.csv") == bodies.joined())
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.csv"])
        }
    }

    @Test func aLinkIsNotFollowed() throws {
        try withFolder { folder in
            try "safe".write(toFile: folder + "/target", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/target")
            #expect(throws: FolderError.self) { try OutputFile(path: folder + "/link") }
            #expect(try contents(folder + "/target") == "safe")
        }
    }
}
