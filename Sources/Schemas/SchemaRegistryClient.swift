import Avro
import Foundation
import HTTPClient
import Synchronization

/// A registry with the API of Confluent's Schema Registry.
///
/// Several base URLs are tried in turn, from the one that answered last. A server that is away, answers 401, 403, 429 or
/// 5xx, or what is no JSON, says nothing about a schema: that is an outage, once no URL does better.
public final class SchemaRegistryClient: SchemaRegistry {
    private static let mediaType = "application/vnd.schemaregistry.v1+json"
    /// As long as the longest schema the database takes, escaped, and room around it.
    private static let longestAnswer = 4 << 20

    private let address: RegistryAddress
    private let transport: any HTTPTransport
    private let timeout: Duration
    /// Index of the URL that answered last.
    private let preferred = Atomic<Int>(0)

    /// - Parameters:
    ///   - urls: `https://host:8081`, several with commas between; a user and password in them become basic auth.
    ///   - userInfo: `user:password`; wins over those in the URL.
    ///   - timeout: for one request to one URL.
    /// - Throws: `SchemaError` with `refused` for what is no URL.
    public init(
        urls: String, userInfo: String? = nil, transport: any HTTPTransport, timeout: Duration = .seconds(10)
    ) throws(SchemaError) {
        address = try RegistryAddress(urls, userInfo: userInfo)
        self.transport = transport
        self.timeout = timeout
    }

    public var name: String { "the registry \(address.bases.joined(separator: ", "))" }

    public func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema {
        guard id <= Int32.max else { throw SchemaError(.unknown, "no registry has a schema \(id)") }
        let answer = try await object("GET", ["schemas", "ids", "\(id)"])
        return try await registered(id, answer)
    }

    public func latest(subject: String) async throws(SchemaError) -> SchemaVersion {
        try await version(subject, try await object("GET", ["subjects", subject, "versions", "latest"]))
    }

    /// The numbers of a subject's versions, in order.
    public func versions(subject: String) async throws(SchemaError) -> [Int] {
        guard let numbers = try await json("GET", ["subjects", subject, "versions"]) as? [Int] else {
            throw strange("subject \(subject): versions are no list of numbers")
        }
        return numbers
    }

    public func version(subject: String, _ number: Int) async throws(SchemaError) -> SchemaVersion {
        let found = try await version(subject, try await object("GET", ["subjects", subject, "versions", "\(number)"]))
        guard found.version == number else { throw strange("subject \(subject): version \(number) was asked for, \(found.version) came") }
        return found
    }

    public func lookup(subject: String, text: String) async throws(SchemaError) -> SchemaVersion? {
        do throws(SchemaError) {
            return try await version(subject, try await object("POST", ["subjects", subject], schema: text))
        } catch where error.kind == .unknown {
            return nil
        }
    }

    public func compatibility(subject: String) async throws(SchemaError) -> String {
        for path in [["config", subject], ["config"]] {
            do throws(SchemaError) {
                let answer = try await object("GET", path)
                // Servers of old spell what they give as they spell what they take.
                if let level = (answer["compatibilityLevel"] ?? answer["compatibility"]) as? String { return shown(level, 40) }
                throw strange("the compatibility of \(subject) is no text")
            } catch where error.kind == .unknown {
                continue
            }
        }
        return "BACKWARD"
    }

    /// `after` counts for nothing here: a registry of this kind compares with its newest version itself.
    public func register(subject: String, text: String, after: Int) async throws(SchemaError) -> SchemaVersion {
        _ = try SchemaError.parsed(text)
        let answer = try await object("POST", ["subjects", subject, "versions"], schema: text)
        guard let id = (answer["id"] as? Int).flatMap(UInt32.init(exactly:)) else {
            throw strange("registering \(subject) gave no id")
        }
        // Only new servers give the version at once.
        guard let done = try await lookup(subject: subject, text: text), done.schema.id == id else {
            throw strange("subject \(subject) does not have the schema \(id) that was just registered")
        }
        return done
    }
}

// MARK: - What goes over the wire

extension SchemaRegistryClient {
    func object(
        _ method: String, _ path: [String], query: String = "", schema: String? = nil
    ) async throws(SchemaError) -> [String: Any] {
        guard let object = try await json(method, path, query: query, schema: schema) as? [String: Any] else {
            throw strange("\(method) /\(path.joined(separator: "/")): the answer is no JSON object")
        }
        return object
    }

    /// The JSON of the first answer that says something.
    private func json(
        _ method: String, _ path: [String], query: String = "", schema: String? = nil
    ) async throws(SchemaError) -> Any {
        let target = path.map { "/" + Self.escaped($0) }.joined() + query
        let body = try schema.map { text throws(SchemaError) in try Self.body(text) }
        let first = preferred.load(ordering: .relaxed)
        var outages: [String] = []
        for turn in address.bases.indices {
            let index = (first + turn) % address.bases.count
            var headers = [(name: "Accept", value: "\(Self.mediaType), application/json")]
            if body != nil { headers.append((name: "Content-Type", value: Self.mediaType)) }
            if let authorization = address.authorization { headers.append((name: "Authorization", value: authorization)) }
            let request = HTTPRequest(
                method, address.bases[index] + target, headers: headers, body: body, timeout: timeout,
                maxResponseBytes: Self.longestAnswer)
            let what = "\(method) \(address.bases[index])\(target)"
            do throws(SchemaError) {
                let answer = try Self.judged(try await sent(request), what)
                preferred.store(index, ordering: .relaxed)
                return answer
            } catch where error.kind == .outage {
                outages.append(error.description)
                if Task.isCancelled { break }
            }
        }
        throw SchemaError(.outage, outages.joined(separator: "\n"))
    }

    private func sent(_ request: HTTPRequest) async throws(SchemaError) -> HTTPResponse {
        do throws(HTTPError) { return try await transport.send(request) } catch {
            throw SchemaError(.outage, error.description)
        }
    }

    /// What an answer means: its JSON, or an error of the kind that it is.
    private static func judged(_ response: HTTPResponse, _ what: String) throws(SchemaError) -> Any {
        let json = try? JSONSerialization.jsonObject(with: Data(response.body), options: [.fragmentsAllowed])
        if response.status == 200 {
            if let json { return json }
            throw SchemaError(.outage, "\(what): the answer is no JSON\n  hint: is this a schema registry's URL?")
        }
        let object = json as? [String: Any]
        let code = object?["error_code"] as? Int
        let message = shown((object?["message"] as? String) ?? "no reason given")
        let said = "\(what): \(response.status)\(code.map { " \($0)" } ?? ""): \(message)"
        switch (response.status, code) {
        // Subject, version, schema, and a subject's own compatibility, which needs not be.
        case (404, 40401?), (404, 40402?), (404, 40403?), (404, 40408?): throw SchemaError(.unknown, said)
        case (409, _?), (422, _?): throw SchemaError(.refused, said)
        case (401, _), (403, _):
            throw SchemaError(.outage, "\(said)\n  hint: SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO=user:password")
        case (300..<400, _): throw SchemaError(.outage, "\(said)\n  hint: redirects are not followed: name the registry itself")
        case (404, _): throw SchemaError(.outage, "\(said)\n  hint: is this a schema registry's URL?")
        default: throw SchemaError(.outage, said)
        }
    }

    private static func body(_ schema: String) throws(SchemaError) -> [UInt8] {
        do { return [UInt8](try JSONSerialization.data(withJSONObject: ["schema": schema], options: [])) } catch {
            throw SchemaError(.refused, "the schema cannot be sent as JSON")
        }
    }

    /// One segment of a path: everything but unreserved characters (RFC 3986) as %XX.
    private static func escaped(_ segment: String) -> String {
        let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return segment.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private func version(_ subject: String, _ answer: [String: Any]) async throws(SchemaError) -> SchemaVersion {
        guard let id = (answer["id"] as? Int).flatMap(UInt32.init(exactly:)), let version = answer["version"] as? Int, version > 0 else {
            throw strange("subject \(subject): the answer lacks id or version")
        }
        // With contexts (`:.context:subject`) a registry may call a subject something else than it was asked for.
        if let other = answer["subject"] as? String, other != subject, !other.hasPrefix(":"), !subject.hasPrefix(":") {
            throw strange("subject \(subject) was asked for, \(shown(other, 100)) came")
        }
        return SchemaVersion(subject: subject, version: version, schema: try await registered(id, answer))
    }

    /// An answer that no registry gives.
    func strange(_ what: String) -> SchemaError { SchemaError(.outage, "\(name): \(what)") }
}
