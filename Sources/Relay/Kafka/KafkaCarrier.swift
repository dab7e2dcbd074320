import Kafka
import Logging
import Postgres

/// Brings the rejects of a batch, or a message, to a topic, with a producer of its own: a topic that does not move holds up no
/// other's messages.
actor KafkaCarrier: Carrier {
    private let configuration: KafkaConfiguration
    private let patience: Duration
    private let logger: Logger
    private var delivery: Delivery?

    init(_ configuration: KafkaConfiguration, patience: Duration, logger: Logger) {
        self.configuration = configuration
        self.patience = patience
        self.logger = logger
    }

    func deliver(_ claim: Claim, _ connection: Connection) async throws -> Receipt {
        do {
            let delivery = try delivery ?? Delivery(configuration, patience: patience, logger: logger)
            self.delivery = delivery
            return .messages(try await send(claim, delivery, connection))
        } catch let failure as DeliveryFailure {
            // Its queue may hold messages that will be sent again.
            await close()
            throw failure
        }
    }

    func close() async {
        let old = delivery
        delivery = nil
        await old?.close()
    }

    private func send(_ claim: Claim, _ delivery: Delivery, _ connection: Connection) async throws -> Int64 {
        let topic = claim.destination.name
        if claim.kind == "message" {
            let message = try await OutboxMessage.read(claim, connection)
            try await delivery.send([DeadLetter(message, claim)], to: topic)
            return 1
        }
        var messages: Int64 = 0
        var position: Int64 = -1
        while true {
            let letters = try await DeadLetter.read(claim.id, after: position, connection)
            guard let last = letters.last else { return messages }
            try await delivery.send(letters, to: topic)
            messages += Int64(letters.count)
            position = last.position
        }
    }
}

extension DeadLetter {
    /// A message goes whole or not at all. Its origin is the same at every delivery, so that readers know repeats.
    init(_ message: OutboxMessage, _ claim: Claim) {
        self.init(
            position: 0, key: claim.key.map { Array($0.utf8) }, value: message.payload,
            headers: message.headers.map { Header($0.name, Array($0.value.utf8)) } + [
                Header("content-type", Array(message.contentType.utf8)), Header("origin", Array("outbox:\(claim.id)".utf8)),
            ])
        mayShrink = false
    }
}
