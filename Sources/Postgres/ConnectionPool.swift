import Logging

/// A bounded number of sessions to one place.
///
/// A session is handed out after a health check (`select 1`) when it has been idle; one that was lost, or that is
/// still inside a transaction when it comes back, is closed and replaced on demand.
public actor ConnectionPool {
    public nonisolated let configuration: ConnectionConfiguration
    public nonisolated let size: Int
    private let waitTimeout: Duration
    private let logger: Logger
    private var idle: [Connection] = []
    private var open = 0
    private var nextWaiter: UInt64 = 0
    private var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
    private var closed = false

    /// - Parameters:
    ///   - size: the most sessions open at a time.
    ///   - waitTimeout: how long `withConnection` waits for a free one before it fails with SQLSTATE 53300.
    public init(
        _ configuration: ConnectionConfiguration, size: Int, waitTimeout: Duration = .seconds(30),
        logger: Logger = Logger(label: "postgres.pool")
    ) {
        precondition(size > 0, "a pool needs at least one connection")
        self.configuration = configuration
        self.size = size
        self.waitTimeout = waitTimeout
        self.logger = logger
    }

    /// Sessions now open, idle ones included.
    public var openCount: Int { open }

    /// Borrows a session for the length of `body`.
    public func withConnection<T: Sendable>(
        _ body: @Sendable (Connection) async throws -> T
    ) async throws -> T {
        let connection = try await acquire()
        do {
            let value = try await body(connection)
            await release(connection)
            return value
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Closes idle sessions now and borrowed ones as they come back; who waits fails with 57P01.
    public func close() async {
        closed = true
        let error = PostgresError(sqlState: "57P01", message: "the pool is closed")
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
        waiters = []
        for connection in idle { await connection.close() }
        open -= idle.count
        idle = []
    }

    private func acquire() async throws -> Connection {
        // One time-out for the whole wait: who is woken and finds the session gone again waits for the rest of it.
        let deadline = ContinuousClock.now + waitTimeout
        while true {
            if closed { throw PostgresError(sqlState: "57P01", message: "the pool is closed") }
            if let connection = idle.popLast() {
                if (try? await connection.query("select 1")) != nil { return connection }
                await connection.close()
                open -= 1
                continue
            }
            if open < size {
                open += 1
                do {
                    return try await Connection.connect(configuration, logger: logger)
                } catch {
                    open -= 1
                    wakeOne()
                    throw error
                }
            }
            try await waitForTurn(until: deadline)
        }
    }

    private func release(_ connection: Connection) async {
        let usable = await connection.isOpen
        let inTransaction = await connection.inTransaction
        if closed || !usable || inTransaction {
            await connection.close()
            open -= 1
        } else {
            idle.append(connection)
        }
        wakeOne()
    }

    private func wakeOne() {
        if !waiters.isEmpty { waiters.removeFirst().continuation.resume() }
    }

    private func waitForTurn(until deadline: ContinuousClock.Instant) async throws {
        let id = nextWaiter
        nextWaiter += 1
        let timeout = Task { [waitTimeout, size] in
            try await Task.sleep(until: deadline)
            expire(
                id,
                PostgresError(
                    sqlState: "53300", message: "no connection became free within \(waitTimeout)",
                    hint: "the pool has \(size) connections; all are in use"))
        }
        defer { timeout.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled { continuation.resume(throwing: CancellationError()); return }
                waiters.append((id, continuation))
            }
        } onCancel: {
            Task { await self.expire(id, CancellationError()) }
        }
    }

    private func expire(_ id: UInt64, _ error: any Error) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(throwing: error)
    }
}
