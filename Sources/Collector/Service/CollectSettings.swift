/// What the collector is told by its environment. Every limit on what comes from outside has a default.
public struct CollectSettings: Sendable, Equatable {
    /// Names the variable and says what it may be.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public var description: String
    }

    public var host = "127.0.0.1"
    /// 0 lets the system choose; the start line says which it is.
    public var port = 8000
    public var topic = "events.raw"
    public var deadLetterTopic = "events.dead.letter"
    /// A body's default is less than a reader's own: of hostile ones (a million short numbers) reading takes twelve times
    /// their size, and the whole process is to stay under 160 MiB.
    public var package = PackageLimits(bodyBytes: 4 << 20)
    /// More are answered with 503 and closed.
    public var maxConnections = 1024
    /// Bytes of bodies, as sent and unpacked, that may be in memory at a time.
    public var maxBytesInFlight = 24 << 20
    /// Events that may wait for their acknowledgement at a time.
    public var maxEventsInFlight = 20_000
    /// From a request's first byte (or the connection's start) to its last one.
    public var requestTimeout = Duration.seconds(10)
    /// Between requests.
    public var idleTimeout = Duration.seconds(60)
    /// From a package's hand-over to the broker's acknowledgement of its last event.
    public var acknowledgeTimeout = Duration.seconds(10)
    /// How long the client waits before it sends a batch that is not full. Waiting costs each request its length and
    /// gains nothing at a few thousand requests a second: batches fill while the one before is on its way.
    public var linger = Duration.zero
    /// Events a second for all keys together; 0 for no limit. Each key has its own rate, from the database.
    public var totalRate = 500_000.0
    /// How long a revoked key may still work.
    public var keyRefresh = Duration.seconds(5)
    /// After SIGTERM, for what is in hand.
    public var grace = Duration.seconds(15)
    /// Who may change schemas. Where nobody else reaches the collector, whoever is there; elsewhere it takes a key.
    public var registry = RegistryAccess.open

    public init() {}

    /// Bytes, counts, events a second and seconds (`2.5`) by `EMPORIUM_COLLECT_…`; what is not set or empty has its default.
    /// - Throws: `Invalid`.
    public init(environment: [String: String]) throws(Invalid) {
        func text(_ name: String) -> String? { environment["EMPORIUM_COLLECT_\(name)"].flatMap { $0.isEmpty ? nil : $0 } }
        func whole(_ name: String, _ range: ClosedRange<Int>, _ value: inout Int) throws(Invalid) {
            guard let given = text(name) else { return }
            guard let number = Int(given), range.contains(number) else {
                throw Invalid(description: "EMPORIUM_COLLECT_\(name): a whole number, \(range.lowerBound) to \(range.upperBound)")
            }
            value = number
        }
        func number(_ name: String, _ range: ClosedRange<Double>) throws(Invalid) -> Double? {
            guard let given = text(name) else { return nil }
            guard let number = Double(given), range.contains(number) else {
                throw Invalid(description: "EMPORIUM_COLLECT_\(name): a number, \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        func seconds(_ name: String, _ range: ClosedRange<Double>, _ value: inout Duration) throws(Invalid) {
            if let given = try number(name, range) { value = .milliseconds(Int64(given * 1000)) }
        }
        host = text("HOST") ?? host
        topic = text("TOPIC") ?? topic
        deadLetterTopic = text("DEAD_LETTER_TOPIC") ?? deadLetterTopic
        try whole("PORT", 0...65535, &port)
        try whole("MAX_BODY", 1...(64 << 20), &package.bodyBytes)
        try whole("MAX_EVENTS", 1...100_000, &package.events)
        try whole("MAX_CONNECTIONS", 1...100_000, &maxConnections)
        try whole("MAX_IN_FLIGHT", 1...(1 << 40), &maxBytesInFlight)
        try whole("MAX_EVENTS_IN_FLIGHT", 1...1_000_000, &maxEventsInFlight)
        try seconds("REQUEST_TIMEOUT", 0.1...3600, &requestTimeout)
        try seconds("IDLE_TIMEOUT", 0.1...3600, &idleTimeout)
        try seconds("ACK_TIMEOUT", 0.1...300, &acknowledgeTimeout)
        try seconds("LINGER", 0...1, &linger)
        try seconds("KEY_REFRESH", 0.1...3600, &keyRefresh)
        try seconds("GRACE", 0...3600, &grace)
        totalRate = try number("TOTAL_RATE", 0...1e9) ?? totalRate
        if let given = text("REGISTRY") {
            guard let access = RegistryAccess(rawValue: given) else {
                throw Invalid(description: "EMPORIUM_COLLECT_REGISTRY: open, key or read")
            }
            registry = access
        } else {
            registry = Self.isLoopback(host) ? .open : .key
        }
        guard maxEventsInFlight >= package.events else {
            throw Invalid(description: "EMPORIUM_COLLECT_MAX_EVENTS_IN_FLIGHT: at least EMPORIUM_COLLECT_MAX_EVENTS")
        }
        guard maxBytesInFlight >= 2 * package.bodyBytes else {
            throw Invalid(
                description: "EMPORIUM_COLLECT_MAX_IN_FLIGHT: at least twice EMPORIUM_COLLECT_MAX_BODY, for one packed body")
        }
    }

    /// Whether only programs of this machine reach the address. A name other than localhost may mean anything.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension PackageLimits {
    init(bodyBytes: Int) {
        self.init()
        self.bodyBytes = bodyBytes
    }
}
