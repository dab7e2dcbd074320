import Foundation

extension SchemaRegistryClient {
    /// Schemas that one schema may refer to, directly or by others; a registry that means well needs a handful.
    private static let mostReferences = 100

    /// A schema as an answer has it, with what it refers to.
    func registered(_ id: UInt32, _ answer: [String: Any]) async throws(SchemaError) -> RegisteredSchema {
        guard let text = answer["schema"] as? String else { throw strange("schema \(id): the answer lacks its text") }
        guard let references = SchemaReference.list(answer["references"]) else {
            throw strange("schema \(id): what it refers to is no list of names, subjects and versions")
        }
        let type = answer["schemaType"] as? String ?? "AVRO"
        // No registry takes such an Avro schema in, so this is not what was put there: half of it, or another's.
        if type == "AVRO", (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])) == nil {
            throw strange("schema \(id): its text is no JSON")
        }
        guard type == "AVRO", !references.isEmpty else { return try RegisteredSchema(id: id, type: type, text: text) }
        var walk = Walk()
        for reference in references { try await walk.visit(reference, of: "schema \(id)", by: self) }
        let resolved: String
        do throws(SchemaError) { resolved = try walk.resolver.resolved(text) } catch {
            throw SchemaError(error.kind, "schema \(id): \(error)")
        }
        return try RegisteredSchema(id: id, type: type, text: text, resolved: resolved)
    }

    /// The schemas that are referred to, each after those that it refers to itself.
    private struct Walk {
        private struct Place: Hashable {
            let subject: String
            let version: Int
        }

        var resolver = ReferenceResolver()
        private var done: Set<Place> = []
        private var path: [Place] = []

        mutating func visit(_ reference: SchemaReference, of what: String, by client: SchemaRegistryClient) async throws(SchemaError) {
            let place = Place(subject: reference.subject, version: reference.version)
            if done.contains(place) { return }
            let here = "version \(place.version) of \(shown(place.subject, 100))"
            guard !path.contains(place) else { throw SchemaError(.unknown, "\(what) refers in a circle: by \(here) back to itself") }
            guard done.count + path.count < SchemaRegistryClient.mostReferences else {
                throw SchemaError(.unknown, "\(what) refers to more than \(SchemaRegistryClient.mostReferences) schemas")
            }
            path.append(place)
            let answer: [String: Any]
            do throws(SchemaError) {
                // A version that is deleted is still what it was for those who refer to it.
                answer = try await client.object(
                    "GET", ["subjects", place.subject, "versions", "\(place.version)"], query: "?deleted=true")
            } catch where error.kind == .unknown {
                // The registry contradicts itself; the schema is good once it has mended that.
                throw SchemaError(.outage, "\(what) refers to \(here), which the registry does not have: \(error)")
            }
            guard let text = answer["schema"] as? String, let references = SchemaReference.list(answer["references"]) else {
                throw client.strange("\(here): the answer lacks its text, or has no list of what it refers to")
            }
            let type = answer["schemaType"] as? String ?? "AVRO"
            guard type == "AVRO" else {
                throw SchemaError(.unknown, "\(what) refers to \(here), which is of type \(shown(type, 20)): only AVRO is read here")
            }
            for next in references { try await visit(next, of: what, by: client) }
            do throws(SchemaError) { try resolver.add(text) } catch {
                throw SchemaError(error.kind, "\(what) refers to \(here): \(error)")
            }
            path.removeLast()
            done.insert(place)
        }
    }
}
