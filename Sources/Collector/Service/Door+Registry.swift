import Logging
import Postgres
import Synchronization

/// A request to the registry, as the SQL functions `registry.ask` and `registry.change` take it.
public struct RegistryRequest: Sendable, Equatable {
    /// `GET` for `HEAD`, too.
    public var method: String
    /// Percent-decoded segments; `/` has none.
    public var path: [String]
    /// Names and values in turn, percent-decoded.
    public var query: [String]
    /// Text without NUL; nil where there is none.
    public var body: String?
}

/// What they answer: a status of HTTP, and JSON.
public struct RegistryReply: Sendable, Equatable {
    public var status: Int
    /// nil for one that is too long to be sent.
    public var body: String?

    public init(status: Int, body: String?) {
        self.status = status
        self.body = body
    }
}

/// The schema registry that stands behind the door.
public protocol RegistryDesk: Sendable {
    func ask(_ request: RegistryRequest) async throws -> RegistryReply
    func change(_ request: RegistryRequest) async throws -> RegistryReply
}

/// Who may change the registry over HTTP. Everybody may read it.
public enum RegistryAccess: String, Sendable, CaseIterable {
    /// Whoever reaches the collector.
    case open
    /// Whoever has an API key.
    case key
    /// Nobody.
    case read
}

extension Door {
    /// What a request is to the registry: as much as can be said by its head.
    public struct RegistryTicket: Sendable {
        let path: RegistryPath
        let request: RegistryRequest
        let isChange: Bool
        /// Whose key it came with, for the log.
        let sender: String?
        public let expectsContinue: Bool
        /// nil for a chunked body.
        public let length: Int?

        /// For metrics.
        public var route: String { path.rawValue }
    }

    /// A schema of the longest that is kept (1 MiB), escaped.
    public static let registryBodyBytes = 2 << 20
    /// A longer answer is a list that is to be asked for in pieces.
    public static let registryAnswerBytes = 4 << 20
    /// Bodies and answers of the registry's that may be in memory at a time. They are counted apart from the events': who
    /// only reads schemas needs no key, and could keep events out.
    static let registryBytesInFlight = 8 << 20

    /// Judges a request to the registry by its head: method, whether it may change something, key, type, length.
    func admit(_ path: RegistryPath, _ segments: [String], _ head: RequestHead, _ found: KeyRing.Found?) -> Admission {
        func refuse(_ answer: Answer) -> Admission { .refused(answer, route: path.rawValue) }
        guard parts.registry != nil else {
            return refuse(.registry(404, 404, "this collector serves no schemas; ask the registry that SCHEMA_REGISTRY_URL names"))
        }
        let method = head.method == "HEAD" ? "GET" : head.method
        let isChange = path.changing.contains(method)
        guard isChange || path.asking.contains(method) else {
            let methods = (path.asking == ["GET"] ? ["GET", "HEAD"] : path.asking) + path.changing
            var answer = Answer.registry(405, 405, "HTTP 405 Method Not Allowed")
            answer.headers.append(("allow", methods.joined(separator: ", ")))
            return refuse(answer)
        }
        guard let query = queryItems(head.query) else { return refuse(.registry(400, 400, "the query cannot be understood")) }
        let request = RegistryRequest(method: method, path: segments, query: query, body: nil)
        if method == "GET" { return .read(Question(route: .registry(path, segments: segments), request: request)) }
        var sender: String?
        if isChange {
            switch mayChange(head, found) {
            case .success(let key): sender = key?.sender
            case .failure(let answer): return refuse(answer.answer)
            case nil: return .unknownKey(head.registryKeyDigest!)
            }
        }
        if method != "DELETE" {
            // Besides what it says of the body: a page in somebody's browser cannot send this type to another place
            // unless that place agrees first, which this one never does.
            guard head.isRegistryJSON else {
                return refuse(.registry(415, 415, "Content-Type is application/vnd.schemaregistry.v1+json or application/json, in UTF-8"))
            }
            guard head.packing == RequestHead.Packing.none else { return refuse(.registry(415, 415, "there is no Content-Encoding here")) }
        }
        if let length = head.contentLength, length > Self.registryBodyBytes { return refuse(Self.registryBodyTooLarge) }
        return .registry(
            RegistryTicket(
                path: path, request: request, isChange: isChange, sender: sender, expectsContinue: head.expectsContinue,
                length: head.isChunked ? nil : head.contentLength ?? 0))
    }

    /// - Returns: the key it came with where one is needed; nil where it has to be looked up first.
    private func mayChange(_ head: RequestHead, _ found: KeyRing.Found?) -> Result<APIKey?, Refused>? {
        // Browsers say where a page is from with all that may change something. Whoever names a loopback address in the DNS
        // (rebinding) has the same origin as the collector, so comparing would not do.
        if head.hasOrigin { return .failure(Refused(answer: .registry(403, 403, "browsers do not change schemas"))) }
        switch settings.registry {
        case .open: return .success(nil)
        case .read: return .failure(Refused(answer: .registry(403, 403, "schemas are only read here")))
        case .key:
            guard let digest = head.registryKeyDigest else { return .failure(Self.keyNeeded) }
            switch found ?? parts.keys.find(digest).map(KeyRing.Found.key) {
            case .key(let key): return .success(key)
            case .some(.none): return .failure(Self.keyNeeded)
            case .unknown: return .failure(Refused(answer: .registryAway("the API key cannot be looked up now; try again")))
            case nil: return nil
            }
        }
    }

    /// One text for no key and a wrong one, so that nobody learns which.
    private static var keyNeeded: Refused {
        var answer = Answer.registry(401, 401, "a valid API key is needed: X-API-Key, Authorization: Bearer, or the password of Basic")
        answer.headers.append(("www-authenticate", #"Basic realm="registry", Bearer realm="registry""#))
        return Refused(answer: answer)
    }

    public static var registryBodyTooLarge: Answer {
        .registry(413, 413, "a body has at most \(registryBodyBytes) bytes")
    }

    // MARK: Working on it

    /// A request with a body, or that changes something.
    public func registry(_ ticket: RegistryTicket, _ body: some BodyBytes) async -> Answer {
        var request = ticket.request
        var isText = true
        if request.method != "DELETE", body.count > 0 {  // what a DELETE brings along means nothing
            request.body = body.withBytes { bytes in bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self) }
            isText = request.body != nil
        }
        let answer = isText ? await reply(request, isChange: ticket.isChange) : .registry(400, 400, "the body is no UTF-8 text")
        metrics.answered(route: ticket.route, status: answer.status)
        if ticket.isChange {
            logger.notice(
                "registry: \(request.method) \(ticket.route)",
                metadata: [
                    "subject": "\(ticket.path.subject(in: request.path).map(printable) ?? "-")", "status": "\(answer.status)",
                    "sender": "\(ticket.sender ?? "-")",
                ])
        }
        return answer
    }

    func reply(_ request: RegistryRequest, isChange: Bool) async -> Answer {
        guard let desk = parts.registry else { return .registry(404, 404, "Not found") }
        let reply: RegistryReply
        do {
            reply = try await isChange ? desk.change(request) : desk.ask(request)
        } catch let error as PostgresError where error.sqlState == "57014" {
            // To ask again would take as long.
            logger.error("the registry gave up \(request.method): \(error)")
            return .registry(500, 50002, "Operation timed out")
        } catch let error as PostgresError where !error.isOutage {
            logger.error("the registry has failed at \(request.method): \(error)")
            return .registry(500, 50001, "Error in the backend data store")
        } catch {
            logger.warning("the registry is away: \(error)")
            return .registryAway("Error in the backend data store; try again")
        }
        guard let body = reply.body else {
            return .registry(413, 413, "the answer has more than \(Self.registryAnswerBytes) bytes; ask with offset and limit")
        }
        var answer = Answer(reply.status, Answer.registryType, Array(body.utf8))
        let hold = RegistryHold(metrics)
        guard hold.add(answer.body.count) else { return .registryOverloaded }
        answer.hold = hold
        return answer
    }
}

/// Bytes of the registry's that are in memory, counted until this goes.
public final class RegistryHold: Sendable {
    private let bytes = Atomic(0)
    private let metrics: Metrics

    public init(_ metrics: Metrics) { self.metrics = metrics }

    /// - Returns: false, and nothing is counted, where there would be too many.
    public func add(_ count: Int) -> Bool {
        guard Metrics.reserve(count, of: Door.registryBytesInFlight, in: metrics.registryBytesInFlight) else { return false }
        bytes.add(count, ordering: .relaxed)
        return true
    }

    deinit { metrics.registryBytesInFlight.subtract(bytes.load(ordering: .relaxed), ordering: .relaxed) }
}

extension RegistryPath {
    func subject(in segments: [String]) -> String? {
        zip(rawValue.split(separator: "/"), segments).first { $0.0 == "{subject}" }?.1
    }
}

extension Answer {
    static let registryType = "application/vnd.schemaregistry.v1+json"

    /// As Confluent's registry says it.
    static func registry(_ status: Int, _ code: Int, _ message: String) -> Answer {
        Answer(status, registryType, Array(#"{"error_code":\#(code),"message":\#(quoted(message))}"#.utf8))
    }

    static func registryAway(_ message: String) -> Answer {
        var answer = registry(503, 50001, message)
        answer.headers.append(("retry-after", "2"))
        return answer
    }

    public static var registryOverloaded: Answer { registryAway("too many bytes of other requests are waiting") }
}

/// What somebody else wrote, for the log: one line of at most 255 characters.
private func printable(_ text: String) -> String {
    String(text.unicodeScalars.prefix(255).map { $0.properties.generalCategory == .control ? " " : Character($0) })
}
