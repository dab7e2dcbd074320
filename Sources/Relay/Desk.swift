import Ingest
import Logging
import Postgres

/// The session that asks what is due, and seals objects of the archive.
actor Desk {
    /// How long sealing that failed is left alone.
    private static let rest = Duration.seconds(30)
    /// How often it is looked whether objects wait for a store that is not there.
    private static let lookEvery = Duration.seconds(60)

    private let session: DatabaseSession
    private let carriers: Set<CarrierKind>
    /// Seal all that is pending, however little and young.
    private let flushes: Bool
    private let shutdown: Shutdown
    private let logger: Logger
    private let clock = ContinuousClock()
    private var sealsFrom: ContinuousClock.Instant
    private var hint: String?
    private var looksFrom: ContinuousClock.Instant
    /// Sealing that failed.
    private(set) var failures = 0

    init(_ session: DatabaseSession, carriers: Relay.Carriers, flushes: Bool, shutdown: Shutdown, logger: Logger) {
        self.session = session
        self.carriers = carriers.kinds
        hint = carriers.storeHint
        self.flushes = flushes
        self.shutdown = shutdown
        self.logger = logger
        (sealsFrom, looksFrom) = (clock.now, clock.now)
    }

    /// Seals, has a rest where that made nothing, and asks what is due, by destination. Objects are sealed by a relay that could
    /// also bring them.
    func ask(sealing: Bool, after rest: Duration) async -> Result<[Destination: Int64], any Error> {
        do {
            var objects: Int64 = 0
            if sealing, carriers.contains(.objectStore), clock.now >= sealsFrom { objects = try await seal() }
            if objects == 0, rest > .zero { try await Task.sleep(for: rest) }
            if let hint, clock.now >= looksFrom { try await look(hint) }
            let answer = try await session.query("relay", "select carrier, destination, due from ops.due_destinations()")
            var due: [Destination: Int64] = [:]
            for row in answer.rows {
                // One that this relay does not know belongs to a younger one.
                guard let carrier = CarrierKind(rawValue: row.text("carrier")), carriers.contains(carrier) else { continue }
                due[Destination(carrier: carrier, name: row.text("destination"))] = row.int("due") ?? 0
            }
            return .success(due)
        } catch {
            return .failure(error)
        }
    }

    func close() async { await session.close() }

    /// All there is to seal when it flushes, else one round: the rest is sealed when it is asked next.
    /// - Returns: how many objects there are more.
    private func seal() async throws -> Int64 {
        var sum: Int64 = 0
        do {
            repeat {
                let answer = try await session.query("sealing", "select ops.seal_archive($1) as objects", [.bool(flushes)])
                let objects = answer.first?.int("objects") ?? 0
                if objects > 0 { logger.info("sealed \(objects) objects") }
                if objects == 0 { break }
                sum += objects
            } while flushes && !shutdown.isRequested
        } catch let error as PostgresError where !error.isOutage && error.sqlStateClass != "42" {
            // Kafka and webhooks do not wait for that.
            failures += 1
            sealsFrom = clock.now + Self.rest
            logger.error("objects of the archive cannot be sealed: \(error); next try in \(Self.rest.tenths) s")
        }
        return sum
    }

    private func look(_ words: String) async throws {
        looksFrom = clock.now + Self.lookEvery
        let answer = try await session.query(
            "relay", "select sum(waiting + coalesce(pending, 0)) > 0 as wait from ops.outbox_status where carrier = 'object_store'")
        guard answer.first?.bool("wait") == true else { return }
        hint = nil
        logger.notice("objects wait: \(words)")
    }
}
