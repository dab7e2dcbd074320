import CLibPQ
import Dispatch
import Executors
import Logging

/// One session with a PostgreSQL server.
///
/// Calls on one connection run one after another. A task that is cancelled while its statement runs sends the
/// server a cancel request; the statement then fails with SQLSTATE 57014.
public actor Connection {
    private nonisolated let executor: QueueExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var handle: Handle?
    nonisolated let canceller: Canceller
    public nonisolated let configuration: ConnectionConfiguration
    /// The server's process id, as in pg_stat_activity.
    public nonisolated let backendPID: Int32
    /// For example 150020 for 15.20.
    public nonisolated let serverVersion: Int32
    private let logger: Logger

    private init(
        _ handle: consuming Handle, _ configuration: ConnectionConfiguration, _ executor: QueueExecutor,
        _ logger: Logger
    ) {
        canceller = Canceller(handle.raw)
        backendPID = PQbackendPID(handle.raw)
        serverVersion = PQserverVersion(handle.raw)
        self.handle = consume handle
        self.configuration = configuration
        self.executor = executor
        self.logger = logger
    }

    /// Opens a session, takes on the configured role and settings.
    /// - Throws: `PostgresError` of class 08 (not reachable), 28 (not let in), 57 (starting up), 3D (no such database).
    public static func connect(
        _ configuration: ConnectionConfiguration, logger: Logger = Logger(label: "postgres")
    ) async throws -> Connection {
        let executor = QueueExecutor(label: "postgres.\(configuration.applicationName)")
        let connection = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Connection, any Error>) in
            // Connecting blocks, too: not on the cooperative pool.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try open(configuration, executor, logger) })
            }
        }
        do {
            try await connection.prepareSession()
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    private static func open(
        _ configuration: ConnectionConfiguration, _ executor: QueueExecutor, _ logger: Logger
    ) throws -> Connection {
        let pairs = configuration.keywords
        let raw = withCStrings(pairs.map(\.0)) { keys in
            withCStrings(pairs.map(\.1)) { values in PQconnectdbParams(keys, values, 1) }
        }
        guard let raw else { throw PostgresError(sqlState: "53200", message: "libpq is out of memory") }
        let notices = NoticeReceiver(logger)
        let handle = Handle(raw, notices)
        guard PQstatus(handle.raw) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(handle.raw)).trimmed
            throw PostgresError(sqlState: Self.sqlState(ofConnectionMessage: message), message: message)
        }
        PQsetErrorContextVisibility(handle.raw, PQSHOW_CONTEXT_ERRORS)
        PQsetNoticeReceiver(
            handle.raw,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeReceiver>.fromOpaque(context).takeUnretainedValue().receive(result)
            }, Unmanaged.passUnretained(notices).toOpaque())
        return Connection(handle, configuration, executor, logger)
    }

    /// libpq 15 keeps no SQLSTATE of a failed connection attempt, only the server's words.
    private static func sqlState(ofConnectionMessage message: String) -> String {
        if message.contains("does not exist") && message.contains(" database \"") { return "3D000" }
        if message.contains("authentication failed") || message.contains("does not exist")
            || message.contains("no pg_hba.conf entry") || message.contains("no password supplied")
        {
            return "28000"
        }
        if message.contains("starting up") || message.contains("shutting down") || message.contains("recovery mode")
            || message.contains("not yet accepting")
        {
            return "57P03"
        }
        if message.contains("too many clients") || message.contains("too many connections")
            || message.contains("connection slots")
        {
            return "53300"
        }
        return "08001"
    }

    private func prepareSession() throws {
        for (name, value) in configuration.settings.sorted(by: { $0.key < $1.key }) {
            _ = try runQuery("select set_config($1, $2, false)", [.text(name), .text(value)])
        }
        if let role = configuration.role { _ = try runScript("set role \(quoteIdentifier(role))") }
    }

    public func close() { handle = nil }

    public var isOpen: Bool {
        guard let raw = handle?.raw else { return false }
        return PQstatus(raw) == CONNECTION_OK
    }

    /// True while a transaction is open, failed ones included.
    public var inTransaction: Bool {
        guard let raw = handle?.raw else { return false }
        return PQtransactionStatus(raw) != PQTRANS_IDLE
    }

    /// Asks the server to cancel the running statement, if there is one.
    public nonisolated func cancel() { canceller.fire() }

    /// Runs one statement with parameters and fetches its whole answer.
    @discardableResult
    public func query(_ sql: String, _ parameters: [Parameter] = []) async throws -> QueryResult {
        try await cancellable { connection in try connection.runQuery(sql, parameters) }
    }

    /// Runs one or several statements without parameters; gives the last one's answer.
    /// Outside a transaction block they are one transaction.
    @discardableResult
    public func execute(_ sql: String) async throws -> QueryResult {
        try await cancellable { connection in try connection.runScript(sql) }
    }

    /// Sends prepared COPY data: `sql` is a `COPY … FROM STDIN (FORMAT BINARY)`, `data` a finished `BinaryCopy`.
    /// - Returns: the number of rows.
    @discardableResult
    public func copyIn(_ sql: String, _ data: UnsafeRawBufferPointer) async throws -> Int {
        let data = Unchecked(data)
        return try await cancellable { connection in
            try connection.runCopyIn(sql) { send in try send(data.value) }
        }
    }

    /// Streams COPY data from a producer that calls its argument with each piece.
    @discardableResult
    public func copyIn(
        _ sql: String, _ produce: @Sendable (_ send: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) async throws -> Int {
        try await cancellable { connection in try connection.runCopyIn(sql, produce) }
    }

    /// Streams the answer of a `COPY … TO STDOUT`, one row (text, CSV) or piece (binary) a call.
    /// - Returns: the number of rows.
    @discardableResult
    public func copyOut(
        _ sql: String, _ consume: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> Int {
        try await cancellable { connection in try connection.runCopyOut(sql, consume) }
    }

    /// Runs `body` between BEGIN and COMMIT; any error rolls back.
    public func transaction<T: Sendable>(_ body: @Sendable (Connection) async throws -> T) async throws -> T {
        try await execute("begin")
        do {
            let value = try await body(self)
            try await execute("commit")
            return value
        } catch {
            if isOpen { _ = try? runScript("rollback") }  // also when the task is cancelled
            throw error
        }
    }
}
