import Foundation
import Testing

extension EndToEnd {
    @Suite(.timeLimit(.minutes(5))) struct UnreadableObjectTests {
        /// Truncated on its disk, where the server still says its old size: its answers break off. The store is not away for that,
        /// and what else is wrong is found.
        @Test func whatTheStoreCannotGiveIsAFaultOfTheObject() async throws {
            try await Archiving.with(.s3, records: 15) { archiving in
                try await archiving.load(40, package: 1)
                try await archiving.deliver()
                let keys = try archiving.objects.keys().filter { $0.hasPrefix("events/") }.sorted()
                let (broken, flipped) = (try #require(keys.first), try #require(keys.last))
                try #require(broken != flipped)
                func write(_ bytes: [UInt8], _ key: String) throws {
                    try Data(bytes).write(to: URL(fileURLWithPath: "\(archiving.objects.folder)/\(key)"))
                }
                try write(Array(try archiving.objects.bytes(broken).dropLast(10)), broken)
                var bytes = try archiving.objects.bytes(flipped)
                bytes[bytes.count / 2] ^= 1
                try write(bytes, flipped)
                let verdict = try await archiving.verify()
                #expect(verdict.exitCode == 1, "\(verdict.json)")
                #expect(verdict.faults[broken]?.contains("differs") == true, "\(verdict.json)")
                #expect(verdict.faults[flipped]?.contains("differs") == true, "\(verdict.json)")
            }
        }
    }
}
