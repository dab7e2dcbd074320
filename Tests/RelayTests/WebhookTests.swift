import HTTPClient
import Testing

@testable import Relay

@Suite struct WebhookTests {
    private static let claim = Claim(
        id: 12, kind: "message", destination: Destination(carrier: .webhook, name: "ops_1"), batch: nil, object: nil, messages: 1, key: nil)
    private static let noon: Int64 = 1_614_265_330

    /// Secret, id, time and body of Standard Webhooks' own libraries' tests.
    @Test func signaturesAreThoseOfStandardWebhooks() throws {
        let secrets = try WebhookSecrets(environment: [
            "EMPORIUM_WEBHOOK_SECRET_OPS_1": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "EMPORIUM_WEBHOOK_SECRET_TWO": "old whsec_bmV3",
            "EMPORIUM_WEBHOOK_SECRET_NONE": "", "OTHER": "x",
        ])
        let body = Array("{\"test\": 2432232314}".utf8)
        func sign(_ name: String) -> String? { secrets.signature(of: name, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: Self.noon, body: body) }
        #expect(sign("ops_1") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        let two = try #require(sign("two")).split(separator: " ")
        #expect(two.count == 2 && two.allSatisfy { $0.hasPrefix("v1,") } && two[0] != two[1], "while receivers change over")
        #expect(sign("none") == nil && sign("other") == nil)
        let error = #expect(throws: WebhookSecrets.Invalid.self) {
            try WebhookSecrets(environment: ["EMPORIUM_WEBHOOK_SECRET_X": "whsec_?hunter2"])
        }
        #expect(error.map { "\($0)".contains("EMPORIUM_WEBHOOK_SECRET_X") && !"\($0)".contains("hunter2") } == true)
    }

    @Test func aRequestHasItsIdAndNobodyElsesHeaders() throws {
        let message = OutboxMessage(
            payload: [1, 2], headers: [("x-team", "a"), ("Webhook-Id", "forged"), ("content-length", "9"), ("Host", "elsewhere")],
            contentType: "text/plain")
        let carrier = WebhookCarrier(client: HTTPClient(), secrets: try WebhookSecrets(environment: ["EMPORIUM_WEBHOOK_SECRET_OPS_1": "s"]))
        let request = carrier.request(Self.claim, "http://h/p", message, now: Self.noon)
        #expect(request.method == "POST" && request.url == "http://h/p" && request.body == [1, 2] && request.timeout == .seconds(10))
        #expect(request.headers.map(\.name) == ["x-team", "Content-Type", "webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(request.headers.map(\.value).prefix(4) == ["a", "text/plain", "emporium-12", "1614265330"])
        let unsigned = WebhookCarrier(client: HTTPClient(), secrets: try WebhookSecrets(environment: [:]))
        #expect(!unsigned.request(Self.claim, "http://h/p", message, now: 0).headers.contains { $0.name == "webhook-signature" })
    }

    @Test(arguments: [
        (200, WebhookVerdict.delivered), (204, .delivered), (299, .delivered), (301, .refusal), (400, .refusal), (404, .refusal),
        (410, .refusal), (408, .outage(pause: nil)), (425, .outage(pause: nil)), (429, .outage(pause: nil)), (500, .outage(pause: nil)),
        (503, .outage(pause: nil)), (599, .outage(pause: nil)),
    ]) func theStatusDecides(_ status: Int, _ verdict: WebhookVerdict) {
        #expect(WebhookVerdict(status: status, retryAfter: nil, now: 0) == verdict)
    }

    @Test func retryAfterIsHonouredUpToFiveMinutes() {
        func pause(_ text: String?) -> Duration? { WebhookVerdict.pause(text, now: Self.noon) }
        #expect(pause("7") == .seconds(7) && pause(" 120 ") == .seconds(120))
        #expect(pause("86400") == .seconds(300) && pause("99999999999999999999") == .seconds(300))
        #expect(pause("Thu, 25 Feb 2021 15:02:40 GMT") == .seconds(30), "30 s after noon's 15:02:10")
        for text in [nil, "", "0", "-5", "soon", "1.5", "Thu, 25 Feb 2021 15:02:00 GMT", "Thu, 99 Feb 2021 15:02:40 GMT", "Thu, 25 Feb 2021 25:02:40 GMT"] {
            #expect(pause(text) == nil, "\(text ?? "none")")
        }
        #expect(WebhookVerdict(status: 429, retryAfter: "7", now: 0) == .outage(pause: .seconds(7)))
        #expect(WebhookVerdict(status: 400, retryAfter: "7", now: 0) == .refusal)
    }

    @Test func pathsAndQueriesAreNotShown() async throws {
        for url in ["https://h.example:8443/hooks/hunter2?k=hunter2", "https://h.example:8443?hunter2", "https://h.example:8443#hunter2"] {
            #expect(WebhookPlace.origin(url) == "https://h.example:8443")
        }
        #expect(WebhookPlace.origin("http://user:hunter2@h/p") == "http://h")
        #expect(WebhookPlace.origin("nonsense hunter2") == "a URL")
        // As the client words it, nobody listening.
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPClient().send(HTTPRequest("POST", "http://127.0.0.1:1/hunter2/x?y", body: [1]))
        }
        let text = WebhookPlace.withoutURL(error?.description ?? "")
        #expect(error?.description.contains("hunter2") == true && !text.contains("hunter2") && text.contains("curl"), "\(text)")
    }
}
