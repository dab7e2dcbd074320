import Schemas
import Synchronization

/// Reads schemas for clients, where they are kept in the database.
public protocol RegistryReader: Sendable {
    /// - Throws: `SchemaError`.
    func schema(id: UInt32) async throws -> RegisteredSchema
    func subjects() async throws -> [String]
    /// Oldest first; empty for a subject that there is none of.
    func versions(subject: String) async throws -> [SchemaVersion]
}

extension Door {
    /// A request without a body.
    public struct Question: Sendable {
        let route: Route
    }

    public func read(_ question: Question) async -> Answer {
        let answer = await answer(question.route)
        metrics.answered(route: question.route.name, status: answer.status)
        return answer
    }

    private func answer(_ route: Route) async -> Answer {
        switch route {
        case .collect: .problem(405, "method_not_allowed", "this takes POST")
        case .live: .json(200, #"{"status":"live"}"#)
        case .ready: ready()
        case .metrics:
            Answer(
                200, "text/plain; version=0.0.4; charset=utf-8",
                Array(metrics.text(schema: parts.schema.id, keys: parts.keys.count).utf8))
        case .openAPI: .json(200, openAPIDocument(settings))
        case .schema, .subjects, .versions, .version: await registry(route)
        }
    }

    /// Whether a package would be taken now, as far as is known; if not, why.
    private func ready() -> Answer {
        var reasons: [String] = []
        if parts.schema.current == nil { reasons.append("schema: \(parts.schema.problem ?? "unknown")") }
        if parts.keys.count == nil { reasons.append("keys: the database could not be read yet") }
        if let problem = parts.sender.problem { reasons.append("broker: \(problem)") }
        let schema = parts.schema.id.map { #"{"subject":\#(quoted(parts.schema.subject)),"id":\#($0),"version":\#(parts.schema.version ?? 0)}"# }
        let list = reasons.map(quoted).joined(separator: ",")
        return .json(
            reasons.isEmpty ? 200 : 503,
            #"{"status":"\#(reasons.isEmpty ? "ready" : "not_ready")","schema":\#(schema ?? "null"),"keys":\#(parts.keys.count ?? 0),"reasons":[\#(list)]}"#)
    }

    // MARK: The registry's reading API, as Confluent's clients know it

    private func registry(_ route: Route) async -> Answer {
        guard let registry = parts.registry else {
            return confluent(404, 404, "this collector serves no schemas; ask the registry that SCHEMA_REGISTRY_URL names")
        }
        do {
            switch route {
            case .schema(let text):
                guard let id = UInt32(text), id <= Int32.max else { return confluent(404, 40403, "Schema not found") }
                let schema = try await registry.schema(id: id)
                return confluent(200, #"{"schema":\#(quoted(schema.text))}"#)
            case .subjects:
                let subjects = try await registry.subjects()
                return confluent(200, "[\(subjects.map(quoted).joined(separator: ","))]")
            case .versions(let subject):
                let versions = try await registry.versions(subject: subject)
                guard !versions.isEmpty else { return confluent(404, 40401, "Subject not found") }
                return confluent(200, "[\(versions.map { String($0.version) }.joined(separator: ","))]")
            case .version(let subject, let version):
                guard version == "latest" || Int32(version).map({ $0 > 0 }) == true else {
                    return confluent(422, 42202, "The specified version is not a valid version id: 1 to 2147483647, or latest")
                }
                let versions = try await registry.versions(subject: subject)
                guard !versions.isEmpty else { return confluent(404, 40401, "Subject not found") }
                let found = version == "latest" ? versions.last : versions.first { String($0.version) == version }
                guard let found else { return confluent(404, 40402, "Version not found") }
                return confluent(
                    200,
                    #"{"subject":\#(quoted(found.subject)),"version":\#(found.version),"id":\#(found.schema.id),"schema":\#(quoted(found.schema.text))}"#)
            default: return confluent(404, 404, "Not found")
            }
        } catch let error as SchemaError where error.kind == .unknown {
            return confluent(404, 40403, "Schema not found")
        } catch {
            logger.warning("schemas cannot be read: \(error)")
            var answer = confluent(503, 50001, "Error in the backend data store; try again")
            answer.headers.append(("retry-after", "2"))
            return answer
        }
    }

    private static let registryType = "application/vnd.schemaregistry.v1+json"

    private func confluent(_ status: Int, _ json: String) -> Answer { Answer(status, Self.registryType, Array(json.utf8)) }

    private func confluent(_ status: Int, _ code: Int, _ message: String) -> Answer {
        confluent(status, #"{"error_code":\#(code),"message":\#(quoted(message))}"#)
    }
}
