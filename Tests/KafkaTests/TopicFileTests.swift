import Foundation
import Testing

@testable import Kafka

@Suite struct TopicFileTests {
    @Test func bothSeparatorsCommentsAndBlankLines() throws {
        let text = "# topics\r\n\r\ncustomers,3,1\r\n orders : 2 : 1  # note, with commas\n\ncustomers.dead.letter,1,3"
        #expect(
            try TopicFile(text, file: "f").topics == [
                .init(name: "customers", partitions: 3, replicas: 1, line: 3),
                .init(name: "orders", partitions: 2, replicas: 1, line: 4),
                .init(name: "customers.dead.letter", partitions: 1, replicas: 3, line: 6),
            ])
        #expect(try TopicFile("", file: "f").topics.isEmpty)
    }

    @Test func everyProblemIsToldWithItsPlace() throws {
        let long = String(repeating: "x", count: 250)
        let text = "a,1\na b,1,1\n..,1,1\nok,0,1\nok,x,1\nok,1,0\nok,1,1\nok,2,1\na.b,1,1\na_b,1,1\nä,1,1\n,1,1\n\(long),1,1\nk,1,1,1"
        let error = try #require(throws: TopicFile.Invalid.self) { try TopicFile(text, file: "topics/main-topics") }
        let places = error.problems.map { $0.split(separator: " ")[0] }
        #expect(places == [1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14].map { "topics/main-topics:\($0):" })
        #expect(error.problems[0].contains("write name,partitions,replicas"))
        #expect(error.problems[3].contains("from 1 to"))
        #expect(error.problems[6].contains("on line 7 already"))
        #expect(error.problems[7].contains("collides with a.b of line 9"))
    }

    @Test func theCommittedFileIsValid() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("topics/main-topics"), encoding: .utf8)
        #expect(try TopicFile(text, file: "topics/main-topics").topics.map(\.name) == ["customers", "customers.dead.letter", "events.raw", "events.dead.letter"])
    }
}
