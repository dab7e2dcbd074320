import Logging
import Postgres

/// A connection that comes back: an outage (SQLSTATE classes 08, 40, 53, 55, 57, 58) waits, says when it tries next,
/// reconnects and tries again; any other error is the caller's.
///
/// One task uses a session at a time.
public actor DatabaseSession {
    /// How long a long outage is not spoken of again.
    private static let silence = Duration.seconds(20)

    private let configuration: ConnectionConfiguration
    private let logger: Logger
    /// How long an outage may last before it is given up.
    private let patience: Duration
    /// Once it is requested, patience is five seconds at most: what is not landed then is landed by the next one.
    private let shutdown: Shutdown?
    private var connection: Connection?
    /// Counts connections made, so that a caller sees that session state (advisory locks) is gone.
    public private(set) var generation = 0

    public init(
        _ configuration: ConnectionConfiguration, patience: Duration = .seconds(300), shutdown: Shutdown? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.patience = patience
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Runs `body` on the connection, again after every outage; so `body` must be safe to repeat.
    public func run<T: Sendable>(
        _ what: String, _ body: @Sendable (Connection) async throws -> T
    ) async throws -> T {
        var backoff = Backoff()
        let clock = ContinuousClock()
        var told = clock.now
        var outageSince: ContinuousClock.Instant?
        while true {
            do {
                let connection = try await open()
                let value = try await body(connection)
                if outageSince != nil { logger.notice("\(what): the database is back") }
                return value
            } catch let error as PostgresError where error.isOutage && error.sqlState != "57014" {
                await settle(after: error)
                let since = outageSince ?? clock.now
                outageSince = since
                let limit = shutdown?.isRequested == true ? min(patience, .seconds(5)) : patience
                guard clock.now - since < limit else { throw error }
                let pause = backoff.next()
                // Each of the first ones, then one in a while: an outage is no flood of lines.
                if backoff.attempt <= 4 || clock.now - told >= Self.silence {
                    told = clock.now
                    logger.warning("\(what): \(error); away for \((clock.now - since).tenths) s, next try in \(pause.tenths) s")
                }
                try await Task.sleep(for: pause)
            } catch {
                await settle(after: error)
                throw error
            }
        }
    }

    /// One statement, repeated after outages.
    @discardableResult
    public func query(_ what: String, _ sql: String, _ parameters: [Parameter] = []) async throws -> QueryResult {
        try await run(what) { try await $0.query(sql, parameters) }
    }

    public func close() async {
        await connection?.close()
        connection = nil
    }

    private func open() async throws -> Connection {
        if let connection, await connection.isOpen { return connection }
        let fresh = try await Connection.connect(configuration, logger: logger)
        connection = fresh
        generation += 1
        return fresh
    }

    /// Leaves no transaction open behind an error, and no dead connection.
    private func settle(after error: any Error) async {
        guard let connection else { return }
        let lost = (error as? PostgresError)?.isConnectionLost ?? false
        let open = await connection.isOpen
        let inside = await connection.inTransaction
        if lost || !open || inside {
            await connection.close()
            self.connection = nil
        }
    }
}

extension Duration {
    /// Seconds with one decimal, for messages.
    public var tenths: String {
        let tenths = Int(self / .milliseconds(100))
        return "\(tenths / 10).\(tenths % 10)"
    }
}
