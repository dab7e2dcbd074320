import Glibc
import HTTPClient
import Postgres

/// Posts messages to webhooks, with the headers of Standard Webhooks: `webhook-id`, the same at each attempt, `webhook-timestamp`
/// and, where the webhook has a secret, `webhook-signature`.
struct WebhookCarrier: Carrier {
    static let patience = Duration.seconds(10)
    /// An answer is read and not looked at.
    private static let mostAnswerBytes = 1 << 20
    /// Set by this alone, or by the client.
    private static let own: Set<String> = [
        "content-type", "content-length", "host", "connection", "transfer-encoding", "expect", "user-agent",
    ]

    let client: HTTPClient
    let secrets: WebhookSecrets

    func deliver(_ claim: Claim, _ connection: Connection) async throws -> Receipt {
        let name = claim.destination.name
        let answer = try await connection.query("select ops.webhook_url($1) as url", [.text(name)])
        guard let url = answer.first?["url"] else {
            throw DeliveryFailure(.refusal, "there is no such webhook; emporium relay webhooks add \(name) URL --on KIND")
        }
        let message = try await OutboxMessage.read(claim, connection)
        let now = Int64(time(nil))
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request(claim, url, message, now: now))
        } catch {
            try Task.checkCancellation()
            // However much it has to say of it: it has it.
            if let status = error.status, (200..<300).contains(status) { return .post }
            let words = "POST to \(WebhookPlace.origin(url)): \(WebhookPlace.withoutURL(error.description))"
            throw DeliveryFailure(error.isOutage ? .outage : .refusal, words)
        }
        let words = "POST to \(WebhookPlace.origin(url)) was answered with \(response.status)"
        switch WebhookVerdict(status: response.status, retryAfter: response.header("retry-after"), now: now) {
        case .delivered: return .post
        case .outage(let pause): throw DeliveryFailure(.outage, words, pause: pause)
        case .refusal:
            throw DeliveryFailure(.refusal, words + ((300..<400).contains(response.status) ? "; redirects are not followed" : ""))
        }
    }

    func close() async {}

    func request(_ claim: Claim, _ url: String, _ message: OutboxMessage, now: Int64) -> HTTPRequest {
        let id = "emporium-\(claim.id)"
        var headers = message.headers.filter { header in
            let name = header.name.lowercased()
            return !Self.own.contains(name) && !name.hasPrefix("webhook-")
        }
        headers += [("Content-Type", message.contentType), ("webhook-id", id), ("webhook-timestamp", "\(now)")]
        if let signature = secrets.signature(of: claim.destination.name, id: id, timestamp: now, body: message.payload) {
            headers.append(("webhook-signature", signature))
        }
        return HTTPRequest(
            "POST", url, headers: headers, body: message.payload, timeout: Self.patience, maxResponseBytes: Self.mostAnswerBytes)
    }
}
