import CMongo

/// A `mongodb://` or `mongodb+srv://` URI. Its text holds a password, so it is not printed; `place` is.
public struct MongoAddress: Sendable, CustomStringConvertible {
    let uri: String
    /// `host:port,host:port`.
    public let hosts: String
    /// The URI's path; nil where it has none.
    public let database: String?
    public var description: String { hosts }

    /// - Throws: `MongoError` of kind `configuration`, which does not show the URI.
    public init(_ uri: String) throws(MongoError) {
        MongoLibrary.start()
        var error = bson_error_t()
        guard let raw = mongoc_uri_new_with_error(uri, &error) else {
            throw Self.unusable(Self.reason(error.text, uri))
        }
        defer { mongoc_uri_destroy(raw) }
        self.uri = uri
        var names: [String] = []
        var host = mongoc_uri_get_hosts(raw)
        while let one = host {
            names.append(withUnsafeBytes(of: one.pointee.host_and_port) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
            host = UnsafePointer(one.pointee.next)
        }
        // What DNS is asked for stands in for the hosts that it will name.
        if names.isEmpty, let service = mongoc_uri_get_srv_hostname(raw) { names = [String(cString: service)] }
        hosts = names.joined(separator: ",")
        database = mongoc_uri_get_database(raw).map { String(cString: $0) }
        // What libmongoc takes for hosts and database may be a password with an @ or a / that is not encoded.
        guard !"\(hosts)\(database ?? "")".contains("@"),
            mongoc_uri_get_username(raw) != nil || !uri.prefix(while: { $0 != "?" }).contains("@")
        else { throw Self.unusable(": an @ or / too many") }
    }

    private static func unusable(_ reason: String) -> MongoError {
        MongoError(
            .configuration,
            """
            no URI of MongoDB\(reason)
              hint: mongodb://user:password@host:27017/database?options, where : / ? # [ ] @ % of user and password are percent-encoded
            """)
    }

    /// What libmongoc says of a URI, unless it quotes any of what may be a secret: the part before the last @.
    private static func reason(_ message: String, _ uri: String) -> String {
        let secret = uri.contains("@") ? uri.split(separator: "@").dropLast() : []
        let pieces = secret.flatMap { $0.split { ":/%?&=,".contains($0) } }.filter { $0 != "mongodb" && $0 != "mongodb+srv" }
        return message.isEmpty || pieces.contains { message.contains($0) } || secret.isEmpty && uri.contains(":") && message.contains(uri)
            ? "" : ": \(message)"
    }
}

/// libmongoc is started once a process, and stays until its end: it is let go with it.
enum MongoLibrary {
    private static let started: Void = {
        mongoc_init()
        // What goes wrong is in errors; its own lines on stderr are nobody's.
        mongoc_log_set_handler(nil, nil)
    }()
    static func start() { _ = started }
}
