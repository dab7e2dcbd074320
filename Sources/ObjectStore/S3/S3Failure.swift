import HTTPClient

/// What a server answered instead of what was asked.
struct S3Failure: Error {
    /// nil where there was no answer.
    var status: Int?
    /// S3's own: `NoSuchKey`; empty where the answer has none.
    var code = ""
    var kind: StoreError.Kind
    /// What it says, for people.
    var text: String
    /// Whether the same may work in a moment.
    var isPassing: Bool
    /// The server's clock, in seconds since 1970.
    var serverTime: Int?
    /// As `Retry-After` has it.
    var pause: Duration?

    init(kind: StoreError.Kind, _ text: String, code: String = "", isPassing: Bool = false) {
        (self.kind, self.text, self.code, self.isPassing) = (kind, text, code, isPassing)
    }

    /// There was no answer.
    init(_ error: HTTPError) {
        (kind, text, isPassing) = (error.isOutage ? .outage : .refused, error.description, error.isOutage)
    }

    init(_ response: HTTPResponse, to method: String, region: String, credentials: S3Credentials) {
        let body = response.body.count <= 64 << 10 ? try? XMLNode.read(response.body) : nil
        let error = body?.name == "Error" ? body : nil
        status = response.status
        code = Self.tidy(error?["Code"] ?? "", credentials, 60)
        serverTime = response.header("date").flatMap(SigV4.time(ofDate:))
        pause = response.header("retry-after").flatMap { Int($0) }.map { .seconds(max(0, min(5, $0))) }
        (kind, isPassing) = Self.judged(response.status, code)
        // An answer to HEAD cannot say what is wrong. With a key that is one it is the credentials, as a rule: expired.
        let isBare = method == "HEAD" && response.status == 400
        if isBare { kind = .outage }
        let said = [code, Self.tidy(error?["Message"] ?? "", credentials, 300)].filter { !$0.isEmpty }.joined(separator: ": ")
        text = said.isEmpty ? "\(response.status)" : "\(response.status) \(said.hasSuffix(".") ? String(said.dropLast()) : said)"
        let elsewhere = response.header("x-amz-bucket-region") ?? error?["Region"]
        if isBare { text += ". The AWS_ keys have expired, or AWS_REGION is not the bucket's" }
        if let hint = Self.hint(response.status, code, region, elsewhere.map { Self.tidy($0, credentials, 40) }) { text += ". \(hint)" }
    }

    private static func judged(_ status: Int, _ code: String) -> (kind: StoreError.Kind, isPassing: Bool) {
        switch code {
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout",
            "InternalError", "ServiceUnavailable", "OperationAborted", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody",
            "XMinioServerNotInitialized":
            // Digests are right when they are sent: what differs was changed on its way.
            return (.outage, true)
        case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientCapacity", "NoSuchBucket", "ExpiredToken",
            "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "RequestTimeTooSkewed",
            "AccountProblem", "AllAccessDisabled", "NotSignedUp":
            return (.outage, false)
        default: break
        }
        switch status {
        case 404: return (.missing, false)
        case 408, 425, 429, 500, 502, 503, 504: return (.outage, true)
        case 409: return (.outage, true)
        case 501, 505: return (.refused, false)
        case 401, 403, 500...: return (.outage, false)
        case 200..<300: return (.outage, true)  // an error under a status of success
        default: return (.refused, false)
        }
    }

    private static func hint(_ status: Int, _ code: String, _ region: String, _ elsewhere: String?) -> String? {
        switch (status, code) {
        case (300..<400, _), (_, "PermanentRedirect"), (_, "AuthorizationHeaderMalformed"):
            let there = elsewhere.map { $0.isEmpty || $0 == region ? "elsewhere" : "in region \($0)" } ?? "elsewhere"
            return "The bucket is \(there), not in \(region): set AWS_REGION, and AWS_ENDPOINT_URL_S3 where it is not Amazon's"
        case (_, "NoSuchBucket"): return "Make the bucket, or set EMPORIUM_OBJECT_STORE"
        case (_, "RequestTimeTooSkewed"): return "Set this machine's clock"
        case (_, "ExpiredToken"), (_, "InvalidToken"): return "Set new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        case (_, "InvalidAccessKeyId"), (_, "SignatureDoesNotMatch"), (401, _):
            return "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case (403, _):
            return "The key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there; without the last, "
                + "what is missing is answered with 403, too"
        case (507, _), (_, "XMinioStorageFull"): return "The store is full"
        default: return nil
        }
    }

    /// Short, of visible characters, and without what is secret.
    private static func tidy(_ text: String, _ credentials: S3Credentials, _ most: Int) -> String {
        let visible = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        return String(credentials.removed(from: String(visible)).prefix(most))
    }

    func error(_ what: String) -> StoreError { StoreError(kind, "\(what): \(text)") }
}
