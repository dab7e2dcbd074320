import Postgres

/// A row of the outbox that this relay has locked: it is nobody else's until the transaction ends.
struct Claim: Sendable, Equatable {
    var id: Int64
    /// `dead_letter`, `object`, `message`
    var kind: String
    var destination: Destination
    var batch: Int64?
    var object: Int64?
    /// How many messages or lines there were when it was posted.
    var messages: Int64
    var key: String?

    /// What it is called in logs.
    var name: String {
        if let object { return "object \(object)" }
        if let batch, kind == "dead_letter" { return "batch \(batch)" }
        return "message \(id)"
    }

    /// The next row that is due for a destination and that nobody else is delivering; nil when there is none.
    static func next(_ destination: Destination, _ connection: Connection) async throws -> Claim? {
        let answer = try await connection.query(
            "select outbox_id, kind, batch_id, object_id, messages, message_key from ops.claim_outbox($1, $2)",
            [.text(destination.carrier.rawValue), .text(destination.name)])
        guard let row = answer.first, let id = row.int("outbox_id") else { return nil }
        return Claim(
            id: id, kind: row.text("kind"), destination: destination, batch: row.int("batch_id"), object: row.int("object_id"),
            messages: row.int("messages") ?? 0, key: row["message_key"])
    }
}

/// What a carrier has brought to a destination: to be booked.
enum Receipt: Sendable, Equatable {
    /// How many.
    case messages(Int64)
    case object(DeliveredObject)
    /// A POST that was answered with 2xx.
    case post
}

/// Brings rows to destinations of one kind. Each lane has a carrier of its own, and calls it for one row at a time.
protocol Carrier: Sendable {
    /// - Returns: once the destination has all of it for good.
    /// - Throws: `DeliveryFailure` where the destination did not take it; `PostgresError`, `CancellationError`.
    func deliver(_ claim: Claim, _ connection: Connection) async throws -> Receipt
    /// Lets go of what it has open.
    func close() async
}

/// Why a destination did not take a row. Fit for logs: names no values of records, no credentials, no paths of webhooks.
struct DeliveryFailure: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable, Equatable {
        /// The destination is away: the row is not to blame, and waits for as long as it takes.
        case outage
        /// The destination says no; after setting `outbox.attempts` of these the row is parked.
        case refusal
        /// Trying again is no use: the row is parked at once, with an alert of this kind (`ops.alert.kind`).
        case hopeless(alert: String)
    }

    var kind: Kind
    var description: String
    /// How long the destination asked to be left alone.
    var pause: Duration?
    /// Whether a COPY was broken off, and with it the transaction.
    var breaksTransaction = false

    init(_ kind: Kind, _ description: String, pause: Duration? = nil) {
        self.kind = kind
        self.description = description
        self.pause = pause
    }

    var isOutage: Bool { kind == .outage }
}
