/// What registering the schemas of topics would do.
public struct SchemaPlan: Sendable, Encodable {
    public enum Action: String, Sendable, Encodable {
        /// The subject is not there yet.
        case new
        /// The schema is a version of the subject already.
        case same
        /// The subject gets a version more.
        case version
        /// The registry would not take it, or should not.
        case refuse
    }

    public struct Step: Sendable, Encodable {
        public let topic: String
        public let subject: String
        public var action: Action
        /// The version that the schema is or becomes; nil where it is refused.
        public var version: Int?
        /// The subject's newest version; nil where there is none.
        public let found: Int?
        /// The schema's id; nil until it has one.
        public var id: UInt32?
        /// What the subject demands of a new version: `BACKWARD`; nil where nothing is compared.
        public let compatibility: String?
        /// Why it is refused, a sentence each.
        public let objections: [String]
        let text: String

        private enum CodingKeys: String, CodingKey { case topic, subject, action, version, found, id, compatibility, objections }
    }

    public private(set) var steps: [Step] = []

    public var isPending: Bool { steps.contains { $0.action == .new || $0.action == .version } }

    /// A line for each objection, with the subject.
    public var problems: [String] { steps.flatMap { step in step.objections.map { "\(step.subject): \($0)" } } }

    /// What is odd, and done or left all the same.
    public var warnings: [String] {
        steps.compactMap { step in
            guard step.action == .same, let version = step.version, let found = step.found, version < found else { return nil }
            return "\(step.subject): the file has version \(version), the newest is \(found): writers take the newest one"
        }
    }

    /// Asks a registry about each topic's schema; changes nothing.
    /// - Parameter schemas: topics with the text of their schemas, in the order of the steps.
    public init(_ schemas: [(topic: String, text: String)], _ registry: any SchemaRegistry) async throws(SchemaError) {
        for (topic, text) in schemas { steps.append(try await Self.step(topic, text, registry)) }
    }

    private static func step(_ topic: String, _ text: String, _ registry: any SchemaRegistry) async throws(SchemaError) -> Step {
        let subject = valueSubject(topic: topic)
        var newest: SchemaVersion?
        do throws(SchemaError) { newest = try await registry.latest(subject: subject) } catch where error.kind == .unknown {}
        if newest != nil, let same = try await registry.lookup(subject: subject, text: text) {
            return Step(
                topic: topic, subject: subject, action: .same, version: same.version, found: newest?.version, id: same.schema.id,
                compatibility: nil, objections: [], text: text)
        }
        var objections: [String] = []
        var level: String?
        if newest != nil { level = try await registry.compatibility(subject: subject) }
        do throws(SchemaError) {
            objections = try await registry.objections(subject: subject, text: text)
        } catch where error.kind == .refused {
            objections = [error.description]
        }
        let version = (newest?.version ?? 0) + 1
        return Step(
            topic: topic, subject: subject, action: objections.isEmpty ? (newest == nil ? .new : .version) : .refuse,
            version: objections.isEmpty ? version : nil, found: newest?.version, id: nil, compatibility: level,
            objections: objections, text: text)
    }

    /// Registers what is new; the steps then have their ids. What is done stays done when a later one fails.
    public mutating func apply(to registry: any SchemaRegistry) async throws(SchemaError) {
        for (index, step) in steps.enumerated() where step.action == .new || step.action == .version {
            let done = try await registry.register(subject: step.subject, text: step.text, after: step.found ?? 0)
            steps[index].id = done.schema.id
            steps[index].version = done.version
        }
    }
}
