import CMongo

/// What a document store, or libmongoc on the way to it, answered. Messages name hosts, collections and keys, never a password.
public struct MongoError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// Away, frozen, without a primary, full: the same may work later.
        case outage
        /// It does not let this user in, or not do this.
        case refused
        /// What it was asked is wrong, or the answer makes no sense; another try ends the same.
        case other
        /// The URI cannot be used.
        case configuration
    }

    public var kind: Kind
    /// The server's code, or libmongoc's where it is not the server that speaks; 0 for none.
    public var code: UInt32
    public var message: String
    /// Hosts and database, without user and password; empty where it is not about a server.
    public var place: String

    public init(_ kind: Kind, code: UInt32 = 0, _ message: String, place: String = "") {
        (self.kind, self.code, self.message, self.place) = (kind, code, message, place)
    }

    public var isOutage: Bool { kind == .outage }

    public var description: String {
        switch kind {
        case .configuration: message
        case .outage, .refused, .other:
            (place.isEmpty ? "" : "MongoDB at \(place): ") + message + (code == 0 ? "" : " (code \(code))")
        }
    }

    /// Of libmongoc's domain and code, by its error API of version 2.
    static func kind(domain: UInt32, code: UInt32) -> Kind {
        switch domain {
        case MONGOC_ERROR_SERVER_SELECTION.rawValue:
            return code == MONGOC_ERROR_SERVER_SELECTION_FAILURE.rawValue ? .outage : .other
        case MONGOC_ERROR_STREAM.rawValue: return .outage
        case MONGOC_ERROR_SASL.rawValue, MONGOC_ERROR_SCRAM.rawValue: return .refused
        case MONGOC_ERROR_CLIENT.rawValue where code == MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue: return .refused
        case MONGOC_ERROR_SERVER.rawValue, MONGOC_ERROR_WRITE_CONCERN.rawValue:
            if outages.contains(code) { return .outage }
            return refusals.contains(code) ? .refused : .other
        default: return .other
        }
    }

    /// Codes of MongoDB's error_codes.yml. Another primary, a shutdown, a time-out, a conflict, no space: it passes.
    private static let outages: Set<UInt32> = [
        6, 7, 24, 50, 64, 89, 91, 100, 112, 133, 134, 189, 202, 262, 317, 358, 9001, 10107, 11600, 11602, 13435, 13436, 14031,
    ]
    /// Unauthorized, AuthenticationFailed, UserNotFound, Atlas' own.
    private static let refusals: Set<UInt32> = [11, 13, 18, 8000]
}

extension bson_error_t {
    var text: String {
        withUnsafeBytes(of: message) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
