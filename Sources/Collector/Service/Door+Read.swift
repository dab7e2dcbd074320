extension Door {
    /// A request without a body.
    public struct Question: Sendable {
        let route: Route
        /// Of the registry's.
        var request: RegistryRequest?
    }

    public func read(_ question: Question) async -> Answer {
        let answer = await answer(question)
        metrics.answered(route: question.route.name, status: answer.status)
        return answer
    }

    private func answer(_ question: Question) async -> Answer {
        switch question.route {
        case .collect: .problem(405, "method_not_allowed", "this takes POST")
        case .live: .json(200, #"{"status":"live"}"#)
        case .ready: ready()
        case .metrics:
            Answer(
                200, "text/plain; version=0.0.4; charset=utf-8",
                Array(metrics.text(schema: parts.schema.id, keys: parts.keys.count).utf8))
        case .openAPI: .json(200, openAPIDocument(settings))
        case .registry:
            if let request = question.request { await reply(request, isChange: false) } else { .registry(404, 404, "Not found") }
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
}
