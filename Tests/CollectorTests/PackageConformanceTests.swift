import Foundation
import Testing

@testable import Collector

/// A line of `Tests/fixtures/json/cases.tsv`.
struct JSONCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// `ok` or the refusal's code.
    let outcome: String
    let body: [UInt8]
    var testDescription: String { name }

    static let all: [JSONCase] = {
        let text = try! String(contentsOf: repository.appending(path: "Tests/fixtures/json/cases.tsv"), encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return JSONCase(name: parts[0], outcome: parts[1], body: unescaped(parts[2]))
        }
    }()

    private static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "%" {
                bytes.append(UInt8(rest.prefix(2), radix: 16)!)
                rest.removeFirst(2)
            } else {
                bytes += Array(character.utf8)
            }
        }
        return bytes
    }
}

/// Foundation's verdict on a text, as another judge: it knows of no duplicate keys, limits and vanishing numbers.
private func foundationTakes(_ body: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed])) != nil
}

@Suite struct PackageConformanceTests {
    @Test func hasManyCases() {
        #expect(JSONCase.all.count >= 300)
        #expect(Set(JSONCase.all.map(\.name)).count == JSONCase.all.count)
    }

    @Test func judgesEachCase() throws {
        let reader = PackageReader()
        for test in JSONCase.all {
            let refusal = reader.refusal(test.body)
            #expect((refusal?.code ?? "ok") == test.outcome, "\(test.name): \(refusal.map { "\($0)" } ?? "")")
            if let position = refusal?.position { #expect(0...test.body.count ~= position, "\(test.name)") }
        }
    }

    /// The slow reader alone, which only sees what simdjson refused, says the same of everything that is its business.
    @Test func bothReadersAgree() throws {
        let limits = PackageLimits()
        let own: Set = ["malformed_json", "nul_escape", "lone_surrogate", "number_out_of_range", "not_utf8", "too_deep"]
        for test in JSONCase.all where !test.body.isEmpty && test.outcome != "byte_order_mark" {
            var code = "ok"
            test.body.withUnsafeBufferPointer { text in
                var syntax = JSONSyntax(text.baseAddress!, text.count, limits: limits)
                do throws(Refusal) { _ = try syntax.check(.array) } catch { code = error.code }
            }
            if own.contains(test.outcome) || test.outcome == "ok" { #expect(code == test.outcome, "\(test.name)") }
        }
    }

    @Test func agreesWithFoundation() {
        var unlike: [String] = []
        for test in JSONCase.all {
            if test.outcome == "ok", !foundationTakes(test.body) { unlike.append(test.name) }
            if test.outcome == "malformed_json", foundationTakes(test.body) { unlike.append(test.name) }
        }
        // It takes a comma behind the last element.
        #expect(unlike == ["n_number_comma_decimal", "n_structure_extra_comma", "n_structure_object_comma"])
    }

    /// Each value of NDJSON as the array of them.
    @Test func readsLinesAsArrays() throws {
        let reader = PackageReader()
        for test in JSONCase.all where test.outcome == "ok" {
            let values = try reader.outcomes(test.body)
            if values.contains(where: { $0.value.contains(0x0A) || $0.value.contains(0x0D) }) { continue }
            let lines = Array(values.map(\.value).joined(separator: [0x0D, 0x0A]))
            #expect(try reader.outcomes(lines, format: .lines) == values, "\(test.name)")
        }
    }
}
