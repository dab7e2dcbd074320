import Foundation
import Testing

extension EndToEnd {
    /// `examples/membership` is what the documentation shows: its outputs are what the tool writes, byte by byte.
    @Suite struct Examples {
        @Test func committedOutputsAreWhatIsWritten() async throws {
            try await Bench.with { bench in
                let examples = TestStack.root + "/examples/membership"
                let names = try FileManager.default.contentsOfDirectory(atPath: examples + "/input").sorted()
                #expect(names.count == 3)
                for name in names {
                    try bench.drop(name, Data(contentsOf: URL(fileURLWithPath: "\(examples)/input/\(name)")))
                }
                let outcome = try await bench.membership()
                #expect(outcome.exitCode == 0, "\(outcome)")
                for kind in ["successful", "unsuccessful"] {
                    let committed = try String(contentsOfFile: "\(examples)/output/\(kind).csv", encoding: .utf8)
                    #expect(try bench.output(kind) == committed, "\(kind) differs: see examples/membership/README.md")
                }
                try await bench.expectBalance()
            }
        }
    }
}
