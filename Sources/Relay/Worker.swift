import Ingest
import Logging
import Postgres

/// One lane: delivers rows for one destination, each in a transaction of its own: claim, bring, book. It has a database
/// session and a carrier to itself, so that nothing that happens to its destination is felt elsewhere.
actor Worker {
    /// How long a turn may last while others may wait for theirs.
    private static let slice = Duration.seconds(5)
    /// Rows of which a destination may say no one after the other before it is left alone: one may be to blame itself.
    private static let mostRefusals = 3

    private enum Step: Sendable {
        case nothingDue
        case delivered(Claim, Receipt)
        case failed(Claim, DeliveryFailure, seconds: Double, isParked: Bool)
    }

    /// A row failed in a way that rolled its transaction back: that is booked in another one.
    private struct Undone: Error {
        var claim: Claim
        var failure: DeliveryFailure
    }

    private let destination: Destination
    private let carrier: any Carrier
    private let session: DatabaseSession
    private let tally: Tally
    private let shutdown: Shutdown
    private let once: Bool
    private let logger: Logger
    private let clock = ContinuousClock()
    private var isAway = false

    init(
        _ destination: Destination, _ carrier: any Carrier, session: DatabaseSession, tally: Tally, shutdown: Shutdown, once: Bool,
        logger: Logger
    ) {
        self.destination = destination
        self.carrier = carrier
        self.session = session
        self.tally = tally
        self.shutdown = shutdown
        self.once = once
        self.logger = logger
    }

    /// Delivers until nothing is due, the destination fails, or time is over. A cancelled task ends it in the middle of a row,
    /// which is then tried again as if nothing had been.
    func turn() async -> Roster.Ending {
        let end = clock.now + Self.slice
        var delivered = 0
        var refusals = 0
        func ending(_ why: Roster.Ending.Why) -> Roster.Ending { Roster.Ending(delivered: delivered, why: why) }
        while !shutdown.isRequested {
            guard tally.reserve() else { return ending(.noRoom) }
            switch await attempt() {
            case nil:
                tally.failed(isOutage: false, isParked: false)
                return ending(.failed(nil))
            case .nothingDue?:
                tally.release()
                return ending(.nothingDue)
            case .delivered(let claim, let receipt)?:
                tally.delivered(claim, receipt)
                logger.info("\(destination): \(claim.name) delivered\(receipt.words)")
                if isAway { logger.notice("\(destination): it is back") }
                isAway = false
                delivered += 1
                refusals = 0
            case .failed(let claim, let failure, let seconds, let isParked)?:
                tally.failed(isOutage: failure.isOutage, isParked: isParked)
                let pause = max(.seconds(seconds), failure.pause ?? .zero)
                say(claim, failure, pause, isParked)
                isAway = failure.isOutage
                if isAway { return ending(.failed(pause)) }
                refusals += 1
                if refusals >= Self.mostRefusals { return ending(.failed(nil)) }
            }
            if clock.now >= end { return ending(.more) }
        }
        return ending(.more)
    }

    func close() async {
        await carrier.close()
        await session.close()
    }

    private func say(_ claim: Claim, _ failure: DeliveryFailure, _ pause: Duration, _ isParked: Bool) {
        if isParked {
            logger.error("\(destination): \(claim.name) is parked: \(failure); once that is mended: emporium relay resume \(claim.id)")
        } else {
            let next = once ? "the outbox keeps it" : "next try in \(pause.tenths) s"
            logger.warning("\(destination): \(claim.name) waits: \(failure); \(next)")
        }
    }

    /// - Returns: nil when the database had an error that is no row's.
    private func attempt() async -> Step? {
        do {
            return try await session.run("\(destination)") { connection in
                try await connection.transaction { try await self.step($0) }
            }
        } catch let fault as Undone {
            return await postpone(fault)
        } catch let error as PostgresError where error.sqlState == "25P03" {
            logger.warning("\(destination): this relay was frozen and lost its claim: \(error)")
        } catch is CancellationError {
            logger.notice("\(destination): stopped in the middle of a delivery")
        } catch {
            if shutdown.isRequested {
                logger.notice("\(destination): stopped in the middle of a delivery: \(error)")
            } else {
                logger.warning("\(destination): \(error)")
            }
        }
        return nil
    }

    /// In a transaction that is then committed, whatever became of the row.
    private func step(_ connection: Connection) async throws -> Step {
        guard let claim = try await Claim.next(destination, connection) else { return .nothingDue }
        do {
            let receipt = try await carrier.deliver(claim, connection)
            try await book(claim, receipt, connection)
            return .delivered(claim, receipt)
        } catch let failure as DeliveryFailure {
            if failure.breaksTransaction { throw Undone(claim: claim, failure: failure) }
            return try await book(claim, failure, connection)
        } catch let error as PostgresError where !error.isOutage && error.sqlState != "25P03" {
            // The server cannot give what the row is to bring. Others may be fine.
            throw Undone(claim: claim, failure: DeliveryFailure(.refusal, "\(error)"))
        } catch let error as BinaryRows.Malformed {
            throw Undone(claim: claim, failure: DeliveryFailure(.refusal, "\(error)"))
        }
    }

    private func book(_ claim: Claim, _ receipt: Receipt, _ connection: Connection) async throws {
        switch receipt {
        case .messages(let count): try await connection.query("select ops.deliver_outbox($1, $2)", [.int(claim.id), .int(count)])
        case .post: try await connection.query("select ops.deliver_outbox($1, $2)", [.int(claim.id), .int(1)])
        case .object(let object):
            try await connection.query(
                "select ops.deliver_object($1, $2, $3, $4, $5, $6)",
                [
                    .int(claim.id), .int(object.bytes), .bytes(object.sha256), .int(object.contentBytes), .bytes(object.contentSHA256),
                    .optional(object.version),
                ])
        }
    }

    private func book(_ claim: Claim, _ failure: DeliveryFailure, _ connection: Connection) async throws -> Step {
        if case .hopeless(let alert) = failure.kind {
            try await connection.query(
                "select ops.park_outbox($1, $2, $3)", [.int(claim.id), .text(failure.description), .text(alert)])
            return .failed(claim, failure, seconds: 0, isParked: true)
        }
        let answer = try await connection.query(
            "select seconds, parked from ops.postpone_outbox($1, $2, $3)",
            [.int(claim.id), .text(failure.description), .bool(failure.isOutage)])
        let row = answer.first
        return .failed(
            claim, failure, seconds: row?["seconds"].flatMap(Double.init) ?? 1, isParked: row?.bool("parked") ?? false)
    }

    private func postpone(_ fault: Undone) async -> Step? {
        do {
            return try await session.run("\(destination)") { connection in
                try await self.book(fault.claim, fault.failure, connection)
            }
        } catch {
            logger.warning("\(destination): \(fault.claim.name): \(fault.failure); and then \(error)")
            return nil
        }
    }
}

extension Receipt {
    fileprivate var words: String {
        switch self {
        case .messages(let count): ", \(count) messages"
        case .object(let object): ", \(object.lines) lines, \(object.bytes) bytes"
        case .post: ""
        }
    }
}
