/// What is asked of a server. Redirects are not followed.
public struct HTTPRequest: Sendable {
    public var method: String
    /// http or https; names no user and no password.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// From the first byte sent to the last one read.
    public var timeout: Duration
    /// A longer answer is an error.
    public var maxResponseBytes: Int

    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), maxResponseBytes: Int = 16 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxResponseBytes = maxResponseBytes
    }
}

/// What a server answered, whatever its status.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// Names in lower case; of a repeated header the values in their order.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; `name` in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// There was no answer, or none that could be taken. Names neither credentials nor bodies.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The server cannot be reached, or not now: the same request may work later.
    public var isOutage: Bool
    public var description: String
    /// Of an answer that is longer than it may be.
    public var status: Int?

    public init(isOutage: Bool, _ description: String, status: Int? = nil) {
        self.isOutage = isOutage
        self.description = description
        self.status = status
    }
}
