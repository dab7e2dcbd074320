import Foundation
import Testing

@testable import Avro

/// Against fastavro, in `.venv-tools` (scripts/test-tools): what one writes the other reads, for made-up schemas and values.
@Suite struct FastavroTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Gives the script `{"schema", "hex"}` a line, our bytes; it decodes each, and answers with the value as canonical JSON
    /// and the bytes it makes of the value itself.
    @Test func agreesWithFastavro() throws {
        var maker = RandomData(seed: 20_26)
        var pairs: [(schema: Schema, text: String, value: Value, bytes: [UInt8])] = []
        for _ in 0..<300 {
            let text = maker.schema()
            let schema = try Schema(text)
            let value = maker.value(schema.root, schema)
            pairs.append((schema, text, value, try encoded(value, schema)))
        }
        let input = FileManager.default.temporaryDirectory.appending(path: "avro-\(UUID().uuidString).ndjson")
        defer { try? FileManager.default.removeItem(at: input) }
        let lines = pairs.map { pair in
            #"{"schema":\#(pair.text),"hex":"\#(pair.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())"}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: input)

        let process = Process()
        process.executableURL = URL(filePath: "\(Self.root)/.venv-tools/bin/python")
        process.arguments = ["\(Self.root)/Tests/avro/crosscheck.py", input.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)

        let answers = String(decoding: answer, as: UTF8.self).split(separator: "\n")
        try #require(answers.count == pairs.count)
        for (pair, line) in zip(pairs, answers) {
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            try #require(parts.count == 3, "\(line)")
            #expect(String(parts[0]) == String(Int64(bitPattern: pair.schema.fingerprint)), "fingerprint of \(pair.text)")
            // What it wrote reads as what we wrote.
            #expect(try decoded(bytes(hex: String(parts[1])), pair.schema) == pair.value, "\(pair.text)")
            // And it read what we meant: both as JSON, compared as trees.
            let theirs = try JSONSerialization.jsonObject(with: Data(parts[2].utf8)) as? NSDictionary
            let ours = try JSONSerialization.jsonObject(with: Data(pair.value.json(as: pair.schema).utf8)) as? NSDictionary
            let told = try pair.value.json(as: pair.schema)
            #expect(theirs != nil && theirs == ours, "\(parts[2]) \(told)")
        }
    }
}
