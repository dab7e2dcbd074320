import Foundation
import Testing

@testable import Collector

/// Packed by gzip(1), so that nothing of ours checks itself.
private func packed(_ bytes: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/gzip")
    process.arguments = ["-9", "-n", "-c"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let writer = Thread {
        try? input.fileHandleForWriting.write(contentsOf: bytes)
        try? input.fileHandleForWriting.close()
    }
    writer.start()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(data)
}

private func refusal(_ bytes: [UInt8], _ limits: PackageLimits = PackageLimits()) -> Refusal? {
    bytes.withUnsafeBytes { buffer in
        do throws(Refusal) { _ = try Gzip.inflate(buffer, limits: limits) } catch { return error }
        return nil
    }
}

@Suite(.serialized) struct PackageGzipTests {
    @Test(arguments: [0, 1, 100, 65_535, 65_536, 300_000, 5_000_000])
    func unpacks(count: Int) throws {
        var dice = Dice(seed: UInt64(count))
        let plain = (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.next()) & 0x3F }
        let body = try packed(plain)
        #expect(try body.withUnsafeBytes { try Gzip.inflate($0, limits: PackageLimits()) } == plain)
    }

    @Test func refusesWhatIsDamaged() throws {
        var dice = Dice(seed: 5)
        let plain = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: dice.next()) & 0x1F }
        let body = try packed(plain)
        #expect(refusal(body) == nil)
        for cut in [0, 1, 9, 10, 18, body.count / 2, body.count - 8, body.count - 1] {
            #expect(refusal(Array(body[..<cut]))?.code == "corrupt_gzip", "cut at \(cut)")
        }
        for tail in [[0], [0, 0, 0, 0], Array("garbage!".utf8), body] {
            #expect(refusal(body + tail)?.code == "corrupt_gzip", "followed by \(tail.count) bytes")
        }
        for at in [0, 1, 2, 20, 5000, body.count - 8, body.count - 4] {
            var damaged = body
            damaged[at] ^= 0x55
            #expect(refusal(damaged)?.code == "corrupt_gzip", "byte \(at)")
        }
        #expect(refusal(plain)?.code == "corrupt_gzip")
    }

    @Test func refusesBombs() throws {
        var limits = PackageLimits()
        limits.bodyBytes = 1 << 20
        let bomb = try packed([UInt8](repeating: 0x20, count: 900_000))
        #expect(refusal(bomb, limits) == Refusal.large("gzip_ratio", "the body unpacks to more than 100 times its size"))
        #expect(refusal(try packed([UInt8](repeating: 0x20, count: 64 << 10)), limits) == nil)
        limits.gzipRatio = 100_000
        #expect(refusal(bomb, limits) == nil)
        #expect(refusal(try packed([UInt8](repeating: 0x20, count: 1 << 20)), limits) == nil)
        #expect(refusal(try packed([UInt8](repeating: 0x20, count: (1 << 20) + 1)), limits)?.code == "body_too_large")
        #expect(refusal([UInt8](repeating: 0, count: (1 << 20) + 1), limits)?.status == 413)
    }
}
