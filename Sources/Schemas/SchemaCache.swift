import Avro
import Executors
import Synchronization

/// Remembers what a registry said: a schema by its id for ever, the newest version of a subject for `ttl`, and for as long
/// as the registry is away beyond that. Those who ask for the same thing at once share one question.
public final class SchemaCache: SchemaSource {
    private struct Newest {
        var version: SchemaVersion
        /// Good until then; after an outage, not asked for again until then.
        var until: ContinuousClock.Instant
    }

    private struct State {
        var schemas: [UInt32: RegisteredSchema] = [:]
        /// Ids that the registry does not know, each until it is asked again.
        var unknown: [UInt32: (error: SchemaError, until: ContinuousClock.Instant)] = [:]
        var newest: [String: Newest] = [:]
        /// Subjects of which there is nothing at hand and was no answer, each until it is asked for again.
        var missing: [String: (error: SchemaError, until: ContinuousClock.Instant)] = [:]
    }

    /// How many unknown ids are remembered at most: messages may name any.
    private static let mostUnknown = 1_000

    private let source: any SchemaSource
    private let ttl: Duration
    private let patience: Duration
    private let unknownFor: Duration
    private let retryAfter: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let byID = SingleFlight<UInt32, RegisteredSchema>()
    private let bySubject = SingleFlight<String, SchemaVersion>()

    /// - Parameters:
    ///   - ttl: how long the newest version of a subject is taken for the newest.
    ///   - patience: how long a newer version is waited for when an old one is at hand.
    ///   - retryAfter: how long after an outage the old one is used before the registry is asked again.
    ///   - unknownFor: how long an id that the registry does not know, or a subject of which nothing is at hand, is not
    ///     asked for again.
    public init(
        _ source: any SchemaSource, ttl: Duration = .seconds(60), patience: Duration = .seconds(1),
        retryAfter: Duration = .seconds(5), unknownFor: Duration = .seconds(1),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.source = source
        self.ttl = ttl
        self.patience = patience
        self.retryAfter = retryAfter
        self.unknownFor = unknownFor
        self.now = now
    }

    /// A schema that was asked for before. Asks nobody.
    public func cached(id: UInt32) -> RegisteredSchema? { state.withLock { $0.schemas[id] } }

    public func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema {
        let now = now()
        let known: Result<RegisteredSchema, SchemaError>? = state.withLock { state in
            if let schema = state.schemas[id] { return .success(schema) }
            if let unknown = state.unknown[id], now < unknown.until { return .failure(unknown.error) }
            return nil
        }
        if let known { return try known.get() }
        return try await byID.run(id) { [self] in await asked(id) }.get()
    }

    private func asked(_ id: UInt32) async -> Result<RegisteredSchema, SchemaError> {
        if let schema = cached(id: id) { return .success(schema) }  // it may have come between the look and the start
        do throws(SchemaError) {
            let schema = try await source.schema(id: id)
            guard note(schema) else { return .failure(Self.contradiction(id)) }
            return .success(schema)
        } catch {
            if error.kind == .unknown { note(unknown: id, error) }
            return .failure(error)
        }
    }

    public func latest(subject: String) async throws(SchemaError) -> SchemaVersion {
        if let known = known(subject) { return try known.get() }
        return try await bySubject.run(subject) { [self] in await asked(subject) }.get()
    }

    private func asked(_ subject: String) async -> Result<SchemaVersion, SchemaError> {
        if let known = known(subject) { return known }
        let old = state.withLock { $0.newest[subject]?.version }
        do throws(SchemaError) {
            let version = old == nil ? try await source.latest(subject: subject) : try await hurried(subject)
            guard note(version.schema) else { throw Self.contradiction(version.schema.id) }
            let until = now() + ttl
            state.withLock { state in
                state.newest[subject] = Newest(version: version, until: until)
                state.missing[subject] = nil
            }
            return .success(version)
        } catch {
            guard let old, error.kind == .outage else {
                let until = now() + unknownFor
                state.withLock { state in
                    state.newest[subject] = nil
                    state.missing[subject] = (error, until)
                }
                return .failure(error)
            }
            let until = now() + retryAfter
            state.withLock { $0.newest[subject]?.until = until }
            return .success(old)
        }
    }

    /// What needs not be asked.
    private func known(_ subject: String) -> Result<SchemaVersion, SchemaError>? {
        let now = now()
        return state.withLock { state in
            if let newest = state.newest[subject], now < newest.until { return .success(newest.version) }
            if let missing = state.missing[subject], now < missing.until { return .failure(missing.error) }
            return nil
        }
    }

    /// Remembers a schema under its id; false where that stands for another one, which is kept: an id never changes its meaning, so
    /// one of the answers was wrong, and messages were written by the first.
    private func note(_ schema: RegisteredSchema) -> Bool {
        state.withLock { state in
            state.unknown[schema.id] = nil
            guard let known = state.schemas[schema.id] else {
                state.schemas[schema.id] = schema
                return true
            }
            return known.text == schema.text || known.schema.canonicalForm == schema.schema.canonicalForm
        }
    }

    private static func contradiction(_ id: UInt32) -> SchemaError {
        SchemaError(
            .outage, "schema \(id) is another one than before\n  hint: do all URLs of SCHEMA_REGISTRY_URL name one registry? a restart forgets the first")
    }

    private func note(unknown id: UInt32, _ error: SchemaError) {
        let now = now()
        state.withLock { state in
            if state.unknown.count >= Self.mostUnknown { state.unknown = state.unknown.filter { now < $0.value.until } }
            if state.unknown.count < Self.mostUnknown { state.unknown[id] = (error, now + unknownFor) }
        }
    }

    /// The newest version, or an outage after `patience`.
    private func hurried(_ subject: String) async throws(SchemaError) -> SchemaVersion {
        let answer = try? await within(patience) { [source] () -> Result<SchemaVersion, SchemaError> in
            do throws(SchemaError) { return .success(try await source.latest(subject: subject)) } catch { return .failure(error) }
        }
        guard let answer else { throw SchemaError(.outage, "the registry did not answer in time") }
        return try answer.get()
    }
}

/// Lets those who want the same thing at the same time share one attempt. It is cancelled when all of them are.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight {
        let number: UInt64
        let task: Task<Result<Value, SchemaError>, Never>
        var waiting: Int
    }

    private let flights = Mutex<(next: UInt64, all: [Key: Flight])>((0, [:]))

    func run(
        _ key: Key, _ body: @escaping @Sendable () async -> Result<Value, SchemaError>
    ) async -> Result<Value, SchemaError> {
        let (number, task) = flights.withLock { flights in
            if var flight = flights.all[key] {
                flight.waiting += 1
                flights.all[key] = flight
                return (flight.number, flight.task)
            }
            flights.next += 1
            let number = flights.next
            let task = Task { [self] in
                let result = await body()
                land(key, number)
                return result
            }
            flights.all[key] = Flight(number: number, task: task, waiting: 1)
            return (number, task)
        }
        return await withTaskCancellationHandler { await task.value } onCancel: { leave(key, number) }
    }

    /// Nobody joins any more.
    private func land(_ key: Key, _ number: UInt64) {
        flights.withLock { if $0.all[key]?.number == number { $0.all[key] = nil } }
    }

    private func leave(_ key: Key, _ number: UInt64) {
        let last = flights.withLock { flights -> Task<Result<Value, SchemaError>, Never>? in
            guard var flight = flights.all[key], flight.number == number else { return nil }
            flight.waiting -= 1
            flights.all[key] = flight.waiting > 0 ? flight : nil
            return flight.waiting > 0 ? nil : flight.task
        }
        last?.cancel()
    }
}
