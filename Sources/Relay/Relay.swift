import Executors
import HTTPClient
import Ingest
import Kafka
import Logging
import ObjectStore
import Postgres

/// Delivers the outbox: dead letters and messages to topics, objects of the archive to the object store, messages to webhooks.
///
/// One session asks what is due and seals objects; each destination that has something due is served by a worker with a session
/// of its own, so that one that is down or slow holds up no other. A row is claimed by its lock: a relay that dies before the
/// commit leaves the row to the next one, which brings all of it again under the same origin, key or id. So each message arrives
/// at least once, an object is the same however often it is put, and several relays share the rows by their locks.
public actor Relay {
    public struct Options: Sendable {
        /// End when nothing is due; else go on until a shutdown is requested.
        public var once: Bool
        /// End after so many delivered rows of the outbox: batches of dead letters, objects, messages.
        public var limit: Int?
        /// How long brokers may take to acknowledge up to 1,000 messages before the attempt counts as failed.
        public var patience: Duration

        public init(once: Bool = false, limit: Int? = nil, patience: Duration = .seconds(30)) {
            self.once = once
            self.limit = limit
            self.patience = patience
        }
    }

    /// What rows travel by; those of a carrier that is not there wait.
    public struct Carriers: Sendable {
        public var kafka: KafkaConfiguration?
        public var store: (any ObjectStore)?
        public var webhooks: WebhookSecrets?
        /// What to say, once, when objects wait and there is no store for them.
        public var storeHint: String?

        public init(
            kafka: KafkaConfiguration? = nil, store: (any ObjectStore)? = nil, webhooks: WebhookSecrets? = nil, storeHint: String? = nil
        ) {
            self.kafka = kafka
            self.store = store
            self.webhooks = webhooks
            self.storeHint = storeHint
        }

        var kinds: Set<CarrierKind> {
            var kinds: Set<CarrierKind> = []
            if kafka != nil { kinds.insert(.kafka) }
            if store != nil { kinds.insert(.objectStore) }
            if webhooks != nil { kinds.insert(.webhook) }
            return kinds
        }
    }

    private enum Event: Sendable {
        case asked(Result<[Destination: Int64], any Error>)
        case ended(Roster.Lane, Roster.Ending)
        case closed
        case shutdownRequested
        case graceOver
    }

    private let options: Options
    private let carriers: Carriers
    private let database: ConnectionConfiguration
    private let shutdown: Shutdown
    private let logger: Logger
    private let clock = ContinuousClock()
    private let client = HTTPClient()
    private let tally: Tally
    private let desk: Desk
    private var roster: Roster
    private var workers: [Roster.Lane: Worker] = [:]

    public init(_ options: Options, carriers: Carriers, database: ConnectionConfiguration, shutdown: Shutdown, logger: Logger) {
        self.options = options
        self.carriers = carriers
        self.shutdown = shutdown
        self.logger = logger
        // A relay that is frozen keeps its claims for ten minutes at most.
        self.database = database.asRole("relay").setting("idle_in_transaction_session_timeout", "10min")
        tally = Tally(limit: options.limit)
        roster = Roster(once: options.once)
        desk = Desk(
            Self.session(self.database, options, shutdown, logger), carriers: carriers, flushes: options.once, shutdown: shutdown,
            logger: logger)
    }

    /// To Kafka alone.
    public init(
        _ options: Options, kafka: KafkaConfiguration, database: ConnectionConfiguration, shutdown: Shutdown, logger: Logger
    ) {
        self.init(options, carriers: Carriers(kafka: kafka), database: database, shutdown: shutdown, logger: logger)
    }

    /// One that goes on for ever also waits for ever; the session says when it tries next.
    private static func session(
        _ database: ConnectionConfiguration, _ options: Options, _ shutdown: Shutdown, _ logger: Logger
    ) -> DatabaseSession {
        DatabaseSession(database, patience: options.once ? .seconds(30) : .forever, shutdown: shutdown, logger: logger)
    }

    /// A shutdown lets the rows in hand be delivered, within `grace`.
    /// - Throws: `KafkaError` for settings that contradict each other; `PostgresError`.
    public func run(grace: Duration = .seconds(10)) async throws -> Summary {
        if let kafka = carriers.kafka { await (try Delivery(kafka, patience: options.patience, logger: logger)).close() }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await work(grace)) } catch { outcome = .failure(error) }
        for worker in workers.values { await worker.close() }
        await desk.close()
        try outcome.get()
        var summary = tally.summary
        summary.failures += await desk.failures
        return summary
    }

    private func work(_ grace: Duration) async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            let shutdown = shutdown
            group.addTask {
                while !shutdown.isRequested { try await Task.sleep(for: .milliseconds(50)) }
                return .shutdownRequested
            }
            defer { group.cancelAll() }
            var isAsking = false
            var isStopping = false
            var failure: (any Error)?
            var isFresh = false  // no turn has ended since it was asked what is due
            var before = -1
            var nap = Backoff(first: .milliseconds(100), cap: .seconds(1))
            while true {
                if tally.isExhausted { isStopping = true }
                if !isStopping {
                    start(roster.next(at: clock.now), &group)
                    if options.once, isFresh, roster.working == 0 { break }
                    if !isAsking, !options.once || roster.working == 0 {
                        if tally.delivered != before { nap.reset() }
                        let isFirst = before < 0
                        let rest = options.once || isFirst ? .zero : nap.next(jitter: 1)
                        // What is due goes before what could be sealed; one that ends seals first, and no more after that.
                        let seals = options.once == isFirst
                        before = tally.delivered
                        isAsking = true
                        group.addTask { [desk] in .asked(await desk.ask(sealing: seals, after: rest)) }
                    }
                }
                if isStopping, roster.working == 0 { break }
                guard let event = try await group.next() else { break }
                switch event {
                case .asked(.success(let due)):
                    (isAsking, isFresh) = (false, true)
                    roster.found(due)
                case .asked(.failure(let error)):
                    isAsking = false
                    if !isStopping { failure = error }
                    isStopping = true
                case .ended(let lane, let ending):
                    isFresh = false
                    roster.ended(lane, ending, at: clock.now)
                case .closed: break
                case .shutdownRequested:
                    isStopping = true
                    group.addTask {
                        try await Task.sleep(for: grace)
                        return .graceOver
                    }
                case .graceOver: return
                }
            }
            if let failure { throw failure }
        }
    }

    private func start(_ orders: Roster.Orders, _ group: inout ThrowingTaskGroup<Event, any Error>) {
        for lane in orders.close {
            guard let worker = workers.removeValue(forKey: lane) else { continue }
            group.addTask {
                await worker.close()
                return .closed
            }
        }
        for lane in orders.start {
            let worker = workers[lane] ?? worker(lane.destination)
            workers[lane] = worker
            group.addTask { .ended(lane, await worker?.turn() ?? .init(delivered: 0, why: .nothingDue)) }
        }
    }

    /// The desk names only destinations of carriers that are there.
    private func worker(_ destination: Destination) -> Worker? {
        let carrier: any Carrier
        switch destination.carrier {
        case .kafka:
            guard let kafka = carriers.kafka else { return nil }
            carrier = KafkaCarrier(kafka, patience: options.patience, logger: logger)
        case .objectStore:
            guard let store = carriers.store else { return nil }
            carrier = ObjectCarrier(store: store, logger: logger)
        case .webhook:
            guard let webhooks = carriers.webhooks else { return nil }
            carrier = WebhookCarrier(client: client, secrets: webhooks)
        }
        return Worker(
            destination, carrier, session: Self.session(database, options, shutdown, logger), tally: tally, shutdown: shutdown,
            once: options.once, logger: logger)
    }
}
