import Logging
import Schemas
import Synchronization

/// The schema that events are checked against: the newest version of its subject, compiled. Kept while the registry is away.
public final class SchemaKeeper: Sendable {
    private struct State {
        var current: (schema: EventSchema, version: Int)?
        var problem: String?
    }

    public let subject: String
    private let source: any SchemaSource
    private let logger: Logger
    private let state = Mutex(State(problem: "has not been asked for yet"))

    public init(subject: String, source: any SchemaSource, logger: Logger) {
        self.subject = subject
        self.source = source
        self.logger = logger
    }

    var current: EventSchema? { state.withLock { $0.current?.schema } }
    public var version: Int? { state.withLock { $0.current?.version } }
    public var id: UInt32? { state.withLock { $0.current?.schema.id } }
    /// Why there is none, or why it may not be the newest.
    public var problem: String? { state.withLock { $0.problem } }

    /// Asks for the newest version. One that cannot be used changes nothing but `problem`.
    public func refresh() async {
        let problem: String?
        do {
            let newest = try await source.latest(subject: subject)
            let known = state.withLock { $0.current }
            if known?.schema.id != newest.schema.id || known?.version != newest.version {
                let compiled = try EventSchema(id: newest.schema.id, schema: newest.schema.schema)
                state.withLock { $0.current = (compiled, newest.version) }
                logger.notice("schema of events: \(subject) version \(newest.version), id \(newest.schema.id)")
            }
            problem = nil
        } catch let error as SchemaError {
            problem = "\(error)" + (error.kind == .unknown && !error.description.contains("hint:") ? "\n  hint: emporium schemas apply" : "")
        } catch {
            problem = "\(subject) is no schema of events: \(error)"
        }
        let was = state.withLock { state in
            defer { state.problem = problem }
            return state.problem
        }
        if let problem, problem != was { logger.warning("schema of events: \(problem)") }
    }
}
