/// The list of topics that must exist: a topic a line, `name,partitions,replicas` or `name:partitions:replicas`; blank
/// lines and what follows a `#` are skipped.
public struct TopicFile: Sendable, Equatable {
    public struct Topic: Sendable, Equatable {
        public var name: String
        public var partitions: Int32
        public var replicas: Int16
        /// Counted from 1.
        public var line: Int
    }

    /// All that is wrong with a file, a problem a line, each with its place and what to do.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public var problems: [String]
        public var description: String { problems.joined(separator: "\n") }
    }

    public var topics: [Topic]

    /// - Parameter file: only for messages.
    /// - Throws: `Invalid` with every problem found.
    public init(_ text: String, file: String) throws(Invalid) {
        var topics: [Topic] = []
        var problems: [String] = []
        var seen: [String: Topic] = [:]
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = raw.prefix { $0 != "#" }
            guard !content.allSatisfy(\.isWhitespace) else { continue }
            do throws(Problem) {
                let topic = try Self.topic(content, line: index + 1)
                // Kafka puts `_` for `.` in metrics' names and refuses topics that would collide there.
                let key = String(topic.name.map { $0 == "." ? "_" : $0 })
                if let other = seen[key] {
                    throw Problem(
                        other.name == topic.name
                            ? "topic \(topic.name) is on line \(other.line) already; remove one"
                            : "topic \(topic.name) collides with \(other.name) of line \(other.line), "
                                + "Kafka takes '.' and '_' for the same; rename one")
                }
                seen[key] = topic
                topics.append(topic)
            } catch {
                problems.append("\(file):\(index + 1): \(error.text)")
            }
        }
        guard problems.isEmpty else { throw Invalid(problems: problems) }
        self.topics = topics
    }

    private struct Problem: Error {
        var text: String
        init(_ text: String) { self.text = text }
    }

    private static func topic(_ content: Substring, line: Int) throws(Problem) -> Topic {
        let separator: Character = content.contains(",") ? "," : ":"
        let fields = content.split(separator: separator, omittingEmptySubsequences: false).map(\.trimmed)
        guard fields.count == 3 else {
            throw Problem("\(fields.count) fields; write name,partitions,replicas")
        }
        try checkName(fields[0])
        guard let partitions = Int32(fields[1]), partitions >= 1 else {
            throw Problem("partitions '\(fields[1])'; write a whole number from 1 to \(Int32.max)")
        }
        guard let replicas = Int16(fields[2]), replicas >= 1 else {
            throw Problem("replicas '\(fields[2])'; write a whole number from 1 to \(Int16.max)")
        }
        return Topic(name: fields[0], partitions: partitions, replicas: replicas, line: line)
    }

    /// The rules of Kafka's own `Topic.validate`.
    private static func checkName(_ name: String) throws(Problem) {
        let legal = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard legal, 1...249 ~= name.utf8.count, name != ".", name != ".." else {
            throw Problem("topic name '\(name)'; Kafka takes 1 to 249 of a-z A-Z 0-9 . _ -, and neither '.' nor '..'")
        }
    }
}
