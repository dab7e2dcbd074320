import Foundation
import Generators
import Testing

@Suite struct ApplicationFilesTests {
    private func inFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "generators-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func oneFileHasTheBareName() throws {
        try inFolder { folder in
            let summary = try ApplicationFiles(rows: 3, seed: 1).write(to: folder)
            #expect(try names(folder) == ["applications.csv"])
            let text = try String(contentsOfFile: "\(folder)/applications.csv", encoding: .utf8)
            #expect(text == "name,email,date_of_birth,mobile_no\n" + rows(3).map(\.text).joined())
            #expect(summary.files.map(\.path) == ["\(folder)/applications.csv"])
            #expect(summary.rows == 3 && summary.bytes == text.utf8.count)
        }
    }

    @Test func rowsAreSplitEvenlyAndInOrder() throws {
        try inFolder { folder in
            let plan = ApplicationFiles(rows: 10_007, seed: 5, files: 10, dirt: .hostile, prefix: "drop")
            var told: [String] = []
            let summary = try plan.write(to: folder) { told.append($0.path) }
            #expect(try names(folder) == (1...10).map { "drop_" + ($0 < 10 ? "0" : "") + "\($0).csv" })
            #expect(summary.files.map(\.rows) == [1001, 1001, 1001, 1001, 1001, 1001, 1001, 1000, 1000, 1000])
            #expect(told == summary.files.map(\.path))
            #expect(summary.rows == 10_007)
            let expected = rows(10_007, seed: 5, dirt: .hostile)
            #expect(summary.hostile.values.reduce(0, +) == expected.filter { $0.kind != nil }.count)

            let header = Data("name,email,date_of_birth,mobile_no\n".utf8)
            let parts = try summary.files.map { try Data(contentsOf: URL(filePath: $0.path)) }
            #expect(parts.allSatisfy { $0.starts(with: header) })
            let body = parts.reduce(Data()) { $0 + $1.dropFirst(header.count) }
            #expect(body == Data(expected.map(\.text).joined().utf8))
            #expect(summary.bytes == parts.reduce(0) { $0 + $1.count })
        }
    }

    @Test func moreFilesThanRowsLeavesHeadersOnly() throws {
        try inFolder { folder in
            let summary = try ApplicationFiles(rows: 1, seed: 1, files: 3).write(to: folder)
            #expect(summary.files.map(\.rows) == [1, 0, 0])
            #expect(try names(folder) == ["applications_1.csv", "applications_2.csv", "applications_3.csv"])
        }
    }

    @Test func moreThanABufferIsWritten() throws {
        try inFolder { folder in
            let summary = try ApplicationFiles(rows: 20_000, seed: 1).write(to: folder)
            let text = try String(contentsOfFile: summary.files[0].path, encoding: .utf8)
            #expect(text.utf8.count > 1 << 20)
            #expect(text.utf8.filter { $0 == 0x0A }.count == 20_001)
        }
    }

    @Test func aFileIsReplaced() throws {
        try inFolder { folder in
            _ = try ApplicationFiles(rows: 100, seed: 1).write(to: folder)
            let second = try ApplicationFiles(rows: 1, seed: 2).write(to: folder)
            #expect(try Data(contentsOf: URL(filePath: "\(folder)/applications.csv")).count == second.bytes)
            #expect(try names(folder).count == 1)
        }
    }

    @Test func nothingTemporaryStaysWhenItFails() throws {
        try inFolder { folder in
            // A folder stands where the second file should.
            try FileManager.default.createDirectory(
                atPath: "\(folder)/applications_2.csv/x", withIntermediateDirectories: true)
            let error = #expect(throws: GeneratorError.self) {
                try ApplicationFiles(rows: 4, seed: 1, files: 2).write(to: folder)
            }
            #expect(error?.description.contains("applications_2.csv") == true)
            #expect(try names(folder) == ["applications_1.csv", "applications_2.csv"])
        }
        #expect(throws: GeneratorError.self) {
            try ApplicationFiles(rows: 1, seed: 1).write(to: "/nowhere/at/all")
        }
    }

    @Test(arguments: [
        ("applications", true), ("a b", true), ("", false), (".x", false), ("a/b", false), ("a\n", false),
    ])
    func prefixes(text: String, isPrefix: Bool) {
        #expect(ApplicationFiles.isPrefix(text) == isPrefix)
    }
}
