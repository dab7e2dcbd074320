import Avro

extension SchemaRegistryClient {
    public func objections(subject: String, text: String) async throws(SchemaError) -> [String] {
        let level = try await compatibility(subject: subject)
        let answer: [String: Any]
        do throws(SchemaError) {
            answer = try await verdict(subject, text, level)
        } catch where error.kind == .unknown {
            return []  // no version to be compatible with
        }
        guard let isCompatible = answer["is_compatible"] as? Bool else {
            throw strange("subject \(subject): the answer does not say whether the schema is compatible")
        }
        if isCompatible { return [] }
        // The registry decides. It counts fields where we name them, and before version 6.1 it gives no reasons at all.
        let said = (answer["messages"] as? [String] ?? []).compactMap(Self.reason)
        let all = said.contains(where: Self.isNamed) ? said : try await named(subject, text, level) + said
        return all.isEmpty ? ["the registry calls it incompatible and gives no reason"] : all
    }

    /// What the registry says of a schema: next to all versions where the level is transitive, else next to the newest.
    private func verdict(_ subject: String, _ text: String, _ level: String) async throws(SchemaError) -> [String: Any] {
        let versions = ["compatibility", "subjects", subject, "versions"]
        if level.hasSuffix("_TRANSITIVE") {
            // Servers of old know only one version at a time: they answer 404 here, and judge the rest when it is registered.
            do throws(SchemaError) {
                return try await object("POST", versions, query: "?verbose=true", schema: text)
            } catch where error.kind == .outage {}
        }
        return try await object("POST", versions + ["latest"], query: "?verbose=true", schema: text)
    }

    /// Whether a message is worded as the database does, which names fields itself.
    private static func isNamed(_ message: String) -> Bool {
        message.prefixMatch(of: #/cannot read what version [0-9]+ wrote: |version [0-9]+ cannot read what it writes: /#) != nil
    }

    /// A message of a registry as a line; nil for what is not about the schema: the old one's text, the level.
    private static func reason(_ message: String) -> String? {
        let rest = ["{oldSchemaVersion:", "{oldSchema:", "{validateFields:", "{compatibility:"]
        return message.isEmpty || rest.contains { message.hasPrefix($0) } ? nil : shown(message, 1_000)
    }

    /// Why the schema and the newest version do not go together, with the names of fields; empty where we do not know.
    private func named(_ subject: String, _ text: String, _ level: String) async throws(SchemaError) -> [String] {
        let old: SchemaVersion
        // Of a version that is not there any more, or that we cannot read, there is nothing to say.
        do throws(SchemaError) { old = try await latest(subject: subject) } catch where error.kind == .unknown { return [] }
        let new = try SchemaError.parsed(text)
        var sentences: [String] = []
        if level.hasPrefix("BACKWARD") || level.hasPrefix("FULL") {
            sentences += new.incompatibilities(reading: old.schema.schema).map { "cannot read what version \(old.version) wrote: \(Self.sentence($0))" }
        }
        if level.hasPrefix("FORWARD") || level.hasPrefix("FULL") {
            sentences += old.schema.schema.incompatibilities(reading: new).map { "version \(old.version) cannot read what it writes: \(Self.sentence($0))" }
        }
        return sentences
    }

    /// As the database words it.
    private static func sentence(_ found: Resolution.Incompatibility) -> String {
        found.path.isEmpty ? found.message : "field \(found)"
    }
}
