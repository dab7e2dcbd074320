import Digests
import Foundation
import Kafka

extension Door {
    /// Bodies above this many bytes are worked on one at a time: while one keeps a core busy, small ones have the others.
    private static let large = 256 << 10

    /// Checks a package, sends its events, and answers once the brokers have all of them.
    public func collect(_ ticket: CollectTicket, _ body: some BodyBytes) async -> Answer {
        let begun = ContinuousClock.now
        let answer = await answer(ticket, body)
        if answer.status != 200 { metrics.refused(answer.code) }
        metrics.answered(route: Route.collect.name, status: answer.status, after: .now - begun)
        return answer
    }

    private func answer(_ ticket: CollectTicket, _ body: some BodyBytes) async -> Answer {
        guard ticket.packing == .gzip else {
            metrics.read(sent: body.count, unpacked: body.count)
            return await taken(ticket, body)
        }
        // What it may unfold to; a few at a time at the most, because unpacking does not suspend.
        let most = min(settings.package.bodyBytes, max(64 << 10, settings.package.gzipRatio * body.count))
        guard metrics.reserve(most, of: settings.maxBytesInFlight) else { return .tooManyBytes }
        let plain: [UInt8]
        do throws(Refusal) {
            plain = try body.withBytes { bytes throws(Refusal) in try Gzip.inflate(bytes, limits: settings.package) }
        } catch {
            metrics.release(bytes: most)
            return .refusal(error)
        }
        metrics.release(bytes: most - plain.count)
        defer { metrics.release(bytes: plain.count) }
        metrics.read(sent: body.count, unpacked: plain.count)
        return await taken(ticket, plain)
    }

    /// To be held while a body is worked on, not while something is waited for; nil for a small one.
    private func pass(_ body: some BodyBytes) async -> Gate.Pass? {
        body.count > Self.large ? await largeBodies.pass() : nil
    }

    private func taken(_ ticket: CollectTicket, _ body: some BodyBytes) async -> Answer {
        guard let schema = parts.schema.current else {
            return .problem(503, "registry_away", "the schema of events is not known yet; GET /ready says why", retryAfter: .seconds(2))
        }
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        let milliseconds = UInt64(clock.tv_sec) * 1000 + UInt64(clock.tv_nsec) / 1_000_000
        var random = SystemRandomNumberGenerator()
        var package = PackageID(milliseconds: milliseconds, using: &random)
        if let name = ticket.idempotencyKey {
            // First, whether it is a package at all: only those are remembered. The reader is not kept while the database
            // is asked, so what is good is read again.
            if let refusal = await check(ticket, body, schema) { return refusal }
            switch await remembered(ticket, name, body, package) {
            case .success(let first): package = first
            case .failure(let refused): return refused.answer
            }
        }
        return await send(ticket, body, schema, package, receivedAt: milliseconds)
    }

    private func check(_ ticket: CollectTicket, _ body: some BodyBytes, _ schema: EventSchema) async -> Answer? {
        let pass = await pass(body)
        defer { pass?.leave() }
        let reader = readers.take()
        defer { readers.give(reader) }
        do throws(Refusal) {
            _ = try body.withBytes { bytes throws(Refusal) in _ = try reader.read(bytes, format: ticket.format, schema: schema) }
            return nil
        } catch { return .refusal(error) }
    }

    private func remembered(
        _ ticket: CollectTicket, _ name: String, _ body: some BodyBytes, _ package: PackageID
    ) async -> Result<PackageID, Refused> {
        let digest = body.withBytes { bytes in
            var hash = SHA256()
            hash.update(bytes)
            return hash.finish()
        }
        do {
            let (first, isSame) = try await parts.remember(ticket.key.id, name, digest, package)
            guard isSame else {
                return .failure(
                    Refused(
                        answer: .problem(
                            422, "idempotency_conflict", "another body came under this Idempotency-Key before")))
            }
            return .success(first)
        } catch {
            logger.warning("a package's Idempotency-Key cannot be looked up: \(error)")
            return .failure(
                Refused(
                    answer: .problem(
                        503, "database_away", "the Idempotency-Key cannot be looked up now; try again", retryAfter: .seconds(2))))
        }
    }

    private func send(
        _ ticket: CollectTicket, _ body: some BodyBytes, _ schema: EventSchema, _ id: PackageID, receivedAt: UInt64
    ) async -> Answer {
        let pass = await pass(body)
        defer { pass?.leave() }
        let reader = readers.take()
        var isGiven = false
        defer { if !isGiven { readers.give(reader) } }
        let package: Package
        do throws(Refusal) {
            package = try body.withBytes { bytes throws(Refusal) in try reader.read(bytes, format: ticket.format, schema: schema) }
        } catch { return .refusal(error) }
        let count = package.events.count
        if let wait = pay(count, ticket.key) { return tooMany(wait) }
        guard metrics.reserveEvents(count, of: settings.maxEventsInFlight) else {
            return .problem(503, "overloaded", "too many events wait for Kafka", retryAfter: .seconds(1))
        }
        defer { metrics.eventsInFlight.subtract(count, ordering: .relaxed) }
        let receipt = Receipt(id, package)
        do throws(KafkaError) {
            try await parts.sender.deliver { outgoing throws(KafkaError) in
                // All is copied here, before anything waits.
                try package.send(to: &outgoing, id, settings, receivedAt: receivedAt)
                readers.give(reader)
                isGiven = true
                pass?.leave()
            }
        } catch {
            if error.name == "MSG_SIZE_TOO_LARGE" {
                return .problem(413, "event_too_large", "an event is larger than the topic takes")
            }
            return .problem(503, "broker_away", "the events could not be stored; send the package again", retryAfter: .seconds(2))
        }
        metrics.took(accepted: receipt.accepted, rejected: receipt.rejected)
        return Answer(200, "application/json", receipt.body, code: "accepted")
    }
}

/// The answer to a package that was stored.
struct Receipt {
    let body: [UInt8]
    let accepted: Int
    /// Events by code.
    let rejected: [String: Int]

    init(_ id: PackageID, _ package: Package) {
        var rejected: [String: Int] = [:]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96 + 84 * package.events.count)
        var key = [UInt8](id.text().utf8)
        for (index, event) in package.events.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            key.withUnsafeMutableBytes { PackageID.rewrite(index + 1, in: $0) }
            bytes.append(contentsOf: #"{"correlationId":""#.utf8)
            bytes.append(contentsOf: key)
            switch event.verdict {
            case .accepted: bytes.append(contentsOf: #"","verdict":"accepted"}"#.utf8)
            case .rejected(let code, let error):
                rejected[code, default: 0] += 1
                bytes.append(contentsOf: #"","verdict":"rejected","code":""#.utf8)
                bytes.append(contentsOf: code.utf8)
                bytes.append(contentsOf: #"","error":"#.utf8)
                appendQuoted(error, to: &bytes)
                bytes.append(UInt8(ascii: "}"))
            }
        }
        let refused = rejected.values.reduce(0, +)
        accepted = package.events.count - refused
        self.rejected = rejected
        let start = #"{"packageId":"\#(id.text())","accepted":\#(accepted),"rejected":\#(refused),"events":["#
        bytes.insert(contentsOf: start.utf8, at: 0)
        bytes.append(contentsOf: "]}".utf8)
        body = bytes
    }
}
