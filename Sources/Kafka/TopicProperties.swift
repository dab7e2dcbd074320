/// A topic's own settings, `<topic>.properties`: lines of `name=value` under Kafka's names; blank lines and lines that
/// begin with `#` or `!` are skipped. No escapes, no continued lines.
public struct TopicProperties: Sendable, Equatable {
    public var values: [String: String]

    /// - Parameter file: only for messages.
    /// - Throws: `TopicFile.Invalid` with every problem found.
    public init(_ text: String, file: String) throws(TopicFile.Invalid) {
        var values: [String: String] = [:]
        var problems: [String] = []
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimmed
            guard let first = line.first, first != "#", first != "!" else { continue }
            func refuse(_ why: String) { problems.append("\(file):\(index + 1): \(why)") }
            guard let equals = line.firstIndex(of: "=") else {
                refuse("no '='; write name=value")
                continue
            }
            let name = line[..<equals].trimmed
            let value = line[line.index(after: equals)...].trimmed
            let legal = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E }
            if name.isEmpty || !legal {
                refuse("name '\(name)'; Kafka's settings are written in a-z 0-9 and '.'")
            } else if value.isEmpty {
                refuse("\(name) has no value")
            } else if values.updateValue(value, forKey: name) != nil {
                refuse("\(name) is given twice; remove one")
            } else if name == "retention.ms", Int64(value).map({ $0 < -1 }) ?? true {
                refuse("retention.ms '\(value)'; write milliseconds, or -1 for ever")
            }
        }
        guard problems.isEmpty else { throw TopicFile.Invalid(problems: problems) }
        self.values = values
    }

    public init() { values = [:] }

    /// Whether somebody decided how long messages stay.
    var limitsRetention: Bool { values["retention.ms"] != nil || values["cleanup.policy"] == "compact" }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var view = self[...].drop(while: \.isWhitespace)
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
