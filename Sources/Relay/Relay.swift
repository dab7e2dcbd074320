import Ingest
import Kafka
import Logging
import Postgres

/// Delivers the outbox, each row in a transaction of its own: claim, send, see every message acknowledged, book. A relay
/// that dies before the commit leaves the row to the next one, which sends all of it again under the same origins. So
/// each message arrives at least once, and several relays share the rows by their locks.
public actor Relay {
    public struct Options: Sendable {
        /// End when nothing is due; else go on until a shutdown is requested.
        public var once: Bool
        /// End after so many delivered batches.
        public var limit: Int?
        /// How long brokers may take to acknowledge up to 1,000 messages before the attempt counts as failed.
        public var patience: Duration

        public init(once: Bool = false, limit: Int? = nil, patience: Duration = .seconds(30)) {
            self.once = once
            self.limit = limit
            self.patience = patience
        }
    }

    /// What one relay did.
    public struct Summary: Sendable, Equatable, Codable {
        public var batches = 0
        public var messages: Int64 = 0
        /// Attempts that came to nothing.
        public var failures = 0
        /// Of those the ones that brokers being away were to blame for.
        public var outages = 0
    }

    private struct Claim: Sendable {
        let id: Int64
        let destination: String
        let batch: String
    }

    private enum Step: Sendable {
        case nothingDue
        case delivered(Claim, messages: Int64)
        case failed(Claim, DeliveryFailure, seconds: Double)
    }

    private let options: Options
    private let kafka: KafkaConfiguration
    private let session: DatabaseSession
    private let shutdown: Shutdown
    private let logger: Logger
    private let clock = ContinuousClock()
    private var delivery: Delivery?
    private var putOff = PutOff()
    private var summary = Summary()

    public init(
        _ options: Options, kafka: KafkaConfiguration, database: ConnectionConfiguration, shutdown: Shutdown, logger: Logger
    ) {
        self.options = options
        self.kafka = kafka
        self.shutdown = shutdown
        self.logger = logger
        // One that goes on for ever also waits for ever; the session says when it tries next.
        // A relay that is frozen keeps its claim for ten minutes at most.
        session = DatabaseSession(
            database.asRole("relay").setting("idle_in_transaction_session_timeout", "10min"),
            patience: options.once ? .seconds(30) : .forever, shutdown: shutdown, logger: logger)
    }

    /// A shutdown lets the batch in hand be delivered, within `grace`.
    /// - Throws: `KafkaError` for settings that contradict each other; `PostgresError`.
    public func run(grace: Duration = .seconds(10)) async throws -> Summary {
        delivery = try Delivery(kafka, patience: options.patience, logger: logger)
        let shutdown = shutdown
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.work() }
                group.addTask {
                    while !shutdown.isRequested { try await Task.sleep(for: .milliseconds(50)) }
                    try await Task.sleep(for: grace)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch where shutdown.isRequested {
            logger.notice("stopped in the middle of a batch: \(error)")
        }
        await delivery?.close()
        await session.close()
        return summary
    }

    private func work() async throws {
        var nap = Backoff(first: .milliseconds(100), cap: .seconds(1))
        while !shutdown.isRequested, summary.batches < options.limit ?? .max {
            let except = options.once ? putOff.all : putOff.destinations(at: clock.now)
            let step: Step
            do {
                step = try await session.run("relay") { connection in
                    try await connection.transaction { try await self.step($0, except) }
                }
            } catch let error as PostgresError where error.sqlState == "25P03" {
                logger.warning("this relay was frozen and lost its claim: \(error)")
                continue
            }
            switch step {
            case .nothingDue:
                if options.once { return }
                try await Task.sleep(for: nap.next())
            case .delivered(let claim, let messages):
                nap.reset()
                putOff.delivered(claim.destination)
                summary.batches += 1
                summary.messages += messages
                logger.info("\(claim.destination): batch \(claim.batch) delivered, \(messages) messages")
            case .failed(let claim, let failure, let seconds):
                summary.failures += 1
                if failure.isOutage { summary.outages += 1 }
                let pause = putOff.failed(claim.destination, failure.isOutage ? .seconds(seconds) : nil, at: clock.now)
                let next = options.once ? "the outbox keeps it" : "next try in \(pause.tenths) s"
                logger.warning("\(claim.destination): batch \(claim.batch) waits: \(failure); \(next)")
                // Its queue may hold messages that will be sent again.
                await delivery?.close()
                delivery = nil
            }
        }
    }

    /// In a transaction that is then committed, whatever became of the row.
    private func step(_ connection: Connection, _ except: [String]) async throws -> Step {
        let answer = try await connection.query(
            "select outbox_id, destination, batch_id from ops.claim_outbox('dead_letter', $1)", [.array(except)])
        guard let row = answer.first, let id = row.int("outbox_id") else { return .nothingDue }
        let claim = Claim(id: id, destination: row.text("destination"), batch: row.text("batch_id"))
        do {
            let messages = try await send(claim, connection)
            try await connection.query("select ops.deliver_outbox($1, $2)", [.int(id), .int(messages)])
            return .delivered(claim, messages: messages)
        } catch let failure as DeliveryFailure {
            let answer = try await connection.query(
                "select ops.postpone_outbox($1, $2, $3)", [.int(id), .text(failure.description), .bool(failure.isOutage)])
            return .failed(claim, failure, seconds: answer.first?[0].flatMap(Double.init) ?? 1)
        }
    }

    private func send(_ claim: Claim, _ connection: Connection) async throws -> Int64 {
        let delivery = try delivery ?? Delivery(kafka, patience: options.patience, logger: logger)
        self.delivery = delivery
        var messages: Int64 = 0
        var position: Int64 = -1
        while true {
            let letters = try await DeadLetter.read(claim.id, after: position, connection)
            guard let last = letters.last else { return messages }
            try await delivery.send(letters, to: claim.destination)
            messages += Int64(letters.count)
            position = last.position
        }
    }
}
