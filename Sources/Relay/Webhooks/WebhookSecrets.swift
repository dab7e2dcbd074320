import Digests
import Foundation

/// The secrets that POSTs to webhooks are signed with, by webhook: `EMPORIUM_WEBHOOK_SECRET_<NAME>`. Each is `whsec_` and base64,
/// as Standard Webhooks has it, or any text, whose bytes it then is; several with blanks between them, while receivers change over,
/// sign each.
public struct WebhookSecrets: Sendable {
    public struct Invalid: Error, CustomStringConvertible {
        public let description: String
    }

    private static let prefix = "EMPORIUM_WEBHOOK_SECRET_"
    private let keys: [String: [[UInt8]]]

    /// - Throws: `Invalid`, which does not show what a secret is.
    public init(environment: [String: String]) throws(Invalid) {
        var keys: [String: [[UInt8]]] = [:]
        for (name, value) in environment where name.hasPrefix(Self.prefix) && !value.isEmpty {
            var found: [[UInt8]] = []
            for secret in value.split(separator: " ") { found.append(try Self.key(String(secret), name)) }
            keys[name.dropFirst(Self.prefix.count).lowercased()] = found
        }
        self.keys = keys
    }

    private static func key(_ secret: String, _ name: String) throws(Invalid) -> [UInt8] {
        guard secret.hasPrefix("whsec_") else { return Array(secret.utf8) }
        guard let key = Data(base64Encoded: String(secret.dropFirst(6))), !key.isEmpty else {
            throw Invalid(description: "\(name): what follows whsec_ is not base64")
        }
        return [UInt8](key)
    }

    /// The value of `webhook-signature`; nil where the webhook has no secret. Of what is signed see Standard Webhooks:
    /// `<id>.<timestamp>.<body>`.
    func signature(of webhook: String, id: String, timestamp: Int64, body: [UInt8]) -> String? {
        guard let keys = keys[webhook], !keys.isEmpty else { return nil }
        let content = Array("\(id).\(timestamp).".utf8) + body
        return keys.map { "v1," + Data(HMAC.sha256(key: $0, content)).base64EncodedString() }.joined(separator: " ")
    }
}
