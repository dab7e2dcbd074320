import CLibPQ
import Dispatch
import Logging
import Synchronization

/// The one owner of a PGconn: `deinit` closes it.
struct Handle: ~Copyable {
    let raw: OpaquePointer
    private let notices: NoticeReceiver
    init(_ raw: OpaquePointer, _ notices: NoticeReceiver) {
        self.raw = raw
        self.notices = notices
    }
    deinit { PQfinish(raw) }
}

/// The one owner of a PGresult: `deinit` clears it.
struct ResultHandle: ~Copyable {
    let raw: OpaquePointer
    init(_ raw: OpaquePointer) { self.raw = raw }
    deinit { PQclear(raw) }

    var status: ExecStatusType { PQresultStatus(raw) }

    /// The error that this result holds, or nil when it is none.
    func error() -> PostgresError? {
        switch status {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: break
        default: return nil
        }
        func field(_ code: Character) -> String? {
            PQresultErrorField(raw, Int32(code.asciiValue!)).map { String(cString: $0) }
        }
        guard let sqlState = field("C") else {
            return .lost(String(cString: PQresultErrorMessage(raw)).trimmed)
        }
        var error = PostgresError(sqlState: sqlState, message: field("M") ?? "")
        error.severity = field("V") ?? field("S") ?? "ERROR"
        error.detail = field("D")
        error.hint = field("H")
        error.context = field("W")
        error.schema = field("s")
        error.table = field("t")
        error.column = field("c")
        error.dataType = field("d")
        error.constraint = field("n")
        error.position = field("P").flatMap { Int($0) }
        error.internalPosition = field("p").flatMap { Int($0) }
        error.internalQuery = field("q")
        return error
    }
}

/// Asks the server to cancel what a session runs, from any thread.
///
/// `@unchecked Sendable`: the PGcancel is immutable after its creation (libpq documents `PQcancel` as callable from
/// other threads), and the lock makes sure that it is freed only once nobody uses it.
final class Canceller: @unchecked Sendable {
    /// The statement that runs, 0 for none, and how many there have been. Locked while a request is sent, which takes as long
    /// as a server that hangs wants it to: only queues of libpq's calls may wait for it.
    private let state = Mutex<UInt64>(0)
    private let running = Atomic<UInt64>(0)
    private let cancel: OpaquePointer?

    init(_ connection: OpaquePointer) { cancel = PQgetCancel(connection) }
    deinit { PQfreeCancel(cancel) }

    func begin() {
        state.withLock { count in
            count += 1
            running.store(count, ordering: .sequentiallyConsistent)
        }
    }
    func end() { state.withLock { _ in running.store(0, ordering: .sequentiallyConsistent) } }
    private var runningStatement: UInt64? {
        let number = running.load(ordering: .sequentiallyConsistent)
        return number == 0 ? nil : number
    }

    /// Sends the request only while a statement runs (the given one, if any), so that a late call cannot hit the
    /// session's next one.
    @discardableResult func fire(_ statement: UInt64? = nil) -> Bool {
        state.withLock { _ in
            guard let current = runningStatement, statement == nil || statement == current, let cancel else { return false }
            var buffer = [CChar](repeating: 0, count: 256)
            return PQcancel(cancel, &buffer, 256) == 1
        }
    }

    /// Repeats the request for as long as the statement runs: the server forgets one that finds the session idle. Returns at
    /// once: whoever cancels a task must not wait for a server.
    func fireUntilEnded() {
        guard let statement = runningStatement else { return }
        DispatchQueue.global().async { [self] in
            fire(statement)
            repeatLater(statement)
        }
    }

    private func repeatLater(_ statement: UInt64) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) { [self] in
            guard runningStatement == statement else { return }
            fire(statement)
            repeatLater(statement)
        }
    }
}

/// Passes a session's notices on to the log; its handle keeps it alive.
final class NoticeReceiver: Sendable {
    private let logger: Logger
    init(_ logger: Logger) { self.logger = logger }

    func receive(_ result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
        }
        let level: Logger.Level =
            switch field("V") ?? "NOTICE" {
            case "WARNING": .warning
            case "INFO": .info
            case "LOG", "NOTICE": .debug
            default: .trace
            }
        logger.log(level: level, "\(field("M") ?? "")", metadata: ["sqlstate": "\(field("C") ?? "")"])
    }
}

extension String {
    var trimmed: String {
        var view = self[...]
        while let last = view.last, last.isWhitespace { view.removeLast() }
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        return String(view)
    }
}
