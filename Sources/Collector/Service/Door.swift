import Digests
import Logging
import Synchronization

/// What the door needs besides itself.
public struct DoorParts: Sendable {
    public var keys: KeyRing
    public var schema: SchemaKeeper
    public var sender: EventSender
    public var metrics: Metrics
    /// Gives the first package id ever given for a sender's idempotency key, and whether the body was the same.
    public var remember: @Sendable (_ key: Int32, _ name: String, _ digest: [UInt8], _ package: PackageID) async throws -> (PackageID, Bool)
    /// nil where schemas are kept somewhere else.
    public var registry: (any RegistryDesk)?

    public init(
        keys: KeyRing, schema: SchemaKeeper, sender: EventSender, metrics: Metrics,
        remember: @escaping @Sendable (Int32, String, [UInt8], PackageID) async throws -> (PackageID, Bool),
        registry: (any RegistryDesk)?
    ) {
        self.keys = keys
        self.schema = schema
        self.sender = sender
        self.metrics = metrics
        self.remember = remember
        self.registry = registry
    }
}

/// Takes requests and gives answers; knows nothing of connections.
///
/// A request comes in two steps: its head is judged before its body is read (`admit`), then the body (`collect`, `registry`).
public final class Door: Sendable {
    /// What is to be done with a request, by its head alone.
    public enum Admission: Sendable {
        /// Answer; the body is not wanted.
        case refused(Answer, route: String)
        /// Read the body, then `collect`.
        case collect(CollectTicket)
        /// Read the body, then `registry`.
        case registry(RegistryTicket)
        /// A question without a body: `read`.
        case read(Question)
        /// The key is not known yet: `ask`.
        case unknownKey(KeyDigest)
    }

    /// A package that was let in by its head.
    public struct CollectTicket: Sendable {
        let key: APIKey
        let format: PackageFormat
        let packing: RequestHead.Packing
        let idempotencyKey: String?
        public let expectsContinue: Bool
        /// nil for a chunked body.
        public let length: Int?
    }

    public let settings: CollectSettings
    public let metrics: Metrics
    let parts: DoorParts
    let readers: ReaderPool
    let largeBodies = Gate(1)
    let logger: Logger
    private let limiter: RateLimiter

    public init(_ settings: CollectSettings, _ parts: DoorParts, logger: Logger) {
        self.settings = settings
        self.parts = parts
        metrics = parts.metrics
        readers = ReaderPool(settings.package)
        limiter = RateLimiter(totalRate: settings.totalRate)
        self.logger = logger
    }

    /// Judges a request by its head: path, method, key, type, length, rate, in this order.
    /// - Parameter key: what `ask` found.
    public func admit(_ head: RequestHead, key found: KeyRing.Found? = nil) -> Admission {
        if let defect = head.defect { return .refused(.problem(400, "bad_request", defect), route: "none") }
        guard let route = Route(head.path) else {
            return .refused(.problem(404, "not_found", "there is nothing here; GET /openapi.json says what there is"), route: "none")
        }
        switch route {
        case .collect: break
        case .registry(let path, let segments): return admit(path, segments, head, found)
        default:
            guard head.method == "GET" || head.method == "HEAD" else { return .refused(notAllowed("GET, HEAD"), route: route.name) }
            return .read(Question(route: route))
        }
        guard head.method == "POST" else { return .refused(notAllowed("POST"), route: route.name) }
        switch authenticate(head, found) {
        case .success(let key): return admit(head, key)
        case .failure(let answer): return .refused(answer.answer, route: route.name)
        case nil: return .unknownKey(head.keyDigest!)
        }
    }

    struct Refused: Error { var answer: Answer }

    private func authenticate(_ head: RequestHead, _ found: KeyRing.Found?) -> Result<APIKey, Refused>? {
        // One text for both, so that nobody learns which.
        func wrong(_ code: String) -> Refused {
            Refused(answer: .problem(401, code, "a valid API key is needed: X-API-Key: emp_…, or Authorization: Bearer emp_…"))
        }
        guard let digest = head.keyDigest else { return .failure(wrong("no_api_key")) }
        switch found ?? parts.keys.find(digest).map(KeyRing.Found.key) {
        case .key(let key): return .success(key)
        case .some(.none): return .failure(wrong("wrong_api_key"))
        case .unknown:
            return .failure(
                Refused(
                    answer: .problem(
                        503, "database_away", "the API key cannot be looked up now; try again", retryAfter: .seconds(2))))
        case nil: return nil
        }
    }

    private func admit(_ head: RequestHead, _ key: APIKey) -> Admission {
        func refuse(_ answer: Answer) -> Admission { .refused(answer, route: Route.collect.name) }
        guard let format = head.packageFormat else {
            return refuse(.problem(415, "wrong_content_type", "Content-Type is application/json or application/x-ndjson, in UTF-8"))
        }
        guard let packing = head.packing else {
            return refuse(.problem(415, "wrong_content_encoding", "Content-Encoding is gzip, or there is none"))
        }
        if let length = head.contentLength, length > settings.package.bodyBytes {
            return refuse(.bodyTooLarge(settings.package.bodyBytes))
        }
        if let name = head.idempotencyKey, !(1...255 ~= name.utf8.count && name.utf8.allSatisfy { 0x21...0x7e ~= $0 }) {
            return refuse(.problem(400, "bad_request", "Idempotency-Key is 1 to 255 visible ASCII characters"))
        }
        if let wait = limiter.take(1, key: key.id, rate: key.rate) { return refuse(tooMany(wait)) }
        return .collect(
            CollectTicket(
                key: key, format: format, packing: packing, idempotencyKey: head.idempotencyKey,
                expectsContinue: head.expectsContinue, length: head.isChunked ? nil : head.contentLength ?? 0))
    }

    /// Looks an unknown key up.
    public func ask(_ digest: KeyDigest) async -> KeyRing.Found { await parts.keys.ask(digest) }

    private func notAllowed(_ methods: String) -> Answer {
        var answer = Answer.problem(405, "method_not_allowed", "this takes \(methods)")
        answer.headers.append(("allow", methods))
        return answer
    }

    func tooMany(_ wait: Duration) -> Answer {
        .problem(429, "too_many_requests", "more events than this key, or all together, may send now", retryAfter: wait)
    }

    /// Pays for the events of a package but one, which was paid at the door.
    func pay(_ events: Int, _ key: APIKey) -> Duration? {
        events > 1 ? limiter.take(events - 1, key: key.id, rate: key.rate) : nil
    }
}

/// Readers for reuse; there are as many as were ever used at a time, which is how many threads run tasks.
final class ReaderPool: Sendable {
    /// Crosses threads while nobody uses it.
    private struct Idle: @unchecked Sendable { var reader: PackageReader }

    private let limits: PackageLimits
    private let idle = Mutex<[Idle]>([])

    init(_ limits: PackageLimits) { self.limits = limits }

    func take() -> PackageReader { idle.withLock { $0.popLast() }?.reader ?? PackageReader(limits: limits) }

    func give(_ reader: PackageReader) {
        let reader = Idle(reader: reader)
        idle.withLock { $0.append(reader) }
    }
}
