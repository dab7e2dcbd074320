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

        let answers = try python("crosscheck.py", input.path)
        try #require(answers.count == pairs.count)
        for (pair, line) in zip(pairs, answers) {
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            try #require(parts.count == 3, "\(line)")
            #expect(String(parts[0]) == String(Int64(bitPattern: pair.schema.fingerprint)), "fingerprint of \(pair.text)")
            // What it wrote reads as what we wrote.
            #expect(try decoded(bytes(hex: String(parts[1])), pair.schema) == pair.value, "\(pair.text)")
            try bytes(hex: String(parts[1])).withUnsafeBytes { written in
                var text = TextBuffer()
                _ = try Transcoder(pair.schema).transcode(written, into: &text)
                let (told, expected) = (String(decoding: text.bytes, as: UTF8.self), try pair.value.json(as: pair.schema, omitsNulls: true))
                #expect(told == expected)
            }
            // And it read what we meant: both as JSON, compared as trees.
            let theirs = try JSONSerialization.jsonObject(with: Data(parts[2].utf8)) as? NSDictionary
            let ours = try JSONSerialization.jsonObject(with: Data(pair.value.json(as: pair.schema).utf8)) as? NSDictionary
            let told = try pair.value.json(as: pair.schema)
            #expect(theirs != nil && theirs == ours, "\(parts[2]) \(told)")
        }
    }

    /// Events as fastavro writes them, their decimals among them: the JSON that Python would write of them, but for how it
    /// writes doubles.
    @Test func readsEventsOfFastavro() throws {
        let path = "\(Self.root)/topics/events.raw.avsc"
        let transcoder = Transcoder(try Schema(String(contentsOfFile: path, encoding: .utf8)))
        let answers = try python("events.py", path, "2000")
        try #require(answers.count == 2000)
        var tracked = 0
        for line in answers {
            let parts = line.split(separator: "\t", maxSplits: 1)
            try bytes(hex: String(parts[0])).withUnsafeBytes { written in
                var text = TextBuffer()
                let facts = try transcoder.transcode(written, into: &text)
                let told = String(decoding: text.bytes, as: UTF8.self)
                // Digits of the decimal are compared as they stand: a double would round them.
                func track(_ text: some StringProtocol) -> Substring? {
                    let marker = #""amplitudeTrackStamp":{"id":"#
                    guard let place = text.range(of: marker) else { return nil }
                    return Substring(text)[place.upperBound...].prefix { $0.isNumber }
                }
                #expect(!facts.hasNUL && track(told) == track(parts[1]))
                if track(told) != nil { tracked += 1 }
                let ours = try JSONSerialization.jsonObject(with: Data(told.utf8)) as? NSDictionary
                let theirs = try JSONSerialization.jsonObject(with: Data(parts[1].utf8)) as? NSDictionary
                #expect(ours != nil && ours == theirs, "\(told) \(parts[1])")
            }
        }
        #expect(tracked > 500)
    }

    /// The lines that a script of Tests/avro prints.
    private func python(_ script: String, _ arguments: String...) throws -> [Substring] {
        let process = Process()
        process.executableURL = URL(filePath: "\(Self.root)/.venv-tools/bin/python")
        process.arguments = ["\(Self.root)/Tests/avro/\(script)"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: answer, as: UTF8.self).split(separator: "\n")
    }
}
