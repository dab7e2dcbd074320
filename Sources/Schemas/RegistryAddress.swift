import Foundation

/// Where a registry is: base URLs without credentials, and the credentials.
struct RegistryAddress: Sendable {
    /// `http://registry:8081`, without a slash at the end.
    let bases: [String]
    /// The value of the header Authorization.
    let authorization: String?

    /// - Parameters:
    ///   - urls: one URL, or several with commas between, that are tried in turn. A user and password in the first one
    ///     that has them count for all.
    ///   - userInfo: `user:password`, as Confluent's `basic.auth.user.info`; wins over what stands in a URL.
    /// - Throws: `SchemaError` with `refused`; names no credentials.
    init(_ urls: String, userInfo: String?) throws(SchemaError) {
        var bases: [String] = []
        var found: String?
        for (index, url) in urls.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            let text = url.trimmingCharacters(in: .whitespaces)
            guard var parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme?.lowercased() ?? ""),
                let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil,
                parts.port.map({ (1...65535).contains($0) }) ?? true
            else {
                // Not quoted: it may hold a password.
                throw SchemaError(
                    .refused, "URL \(index + 1) of the schema registry is none\n  hint: http://host:8081, several with commas between")
            }
            if found == nil, let user = parts.user, !user.isEmpty { found = "\(user):\(parts.password ?? "")" }
            parts.user = nil
            parts.password = nil
            guard var base = parts.string else {
                throw SchemaError(.refused, "URL \(index + 1) of the schema registry is none\n  hint: http://host:8081")
            }
            while base.hasSuffix("/") { base.removeLast() }
            bases.append(base)
        }
        if let userInfo, !userInfo.contains(":") {
            throw SchemaError(.refused, "the schema registry's user info has no colon\n  hint: user:password")
        }
        self.bases = bases
        authorization = (userInfo ?? found).map { "Basic " + Data($0.utf8).base64EncodedString() }
    }
}
