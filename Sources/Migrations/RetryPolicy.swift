import Postgres

/// Decides what follows a failed attempt at one file; a value, tested without any server.
struct RetryPolicy: Sendable {
    enum Verdict: Equatable, Sendable {
        /// Roll back, wait that long, begin the file again.
        case retry(after: Duration, because: String)
        /// It would have been tried again, but was tried often enough.
        case exhausted(because: String)
        /// No further attempt would help.
        case fail
    }

    /// Attempts after the first one.
    let retries: Int
    private(set) var attempts = 0
    private var raced = 0

    init(retries: Int) { self.retries = retries }

    /// - Parameter jitter: 0..<1, drawn by the caller, so that two migrators do not keep step.
    mutating func failed(_ error: PostgresError, kind: MigrationKind, jitter: Double) -> Verdict {
        attempts += 1
        guard let cause = cause(error, kind) else { return .fail }
        guard attempts <= retries else { return .exhausted(because: cause) }
        return .retry(after: Self.delay(attempt: attempts, jitter: jitter), because: cause)
    }

    /// 50 ms and doubling up to 2 s, less up to a half: long enough for the readers that queued behind a lock
    /// request to get through, short enough to meet a gap between long transactions.
    static func delay(attempt: Int, jitter: Double) -> Duration {
        let ceiling = min(2000, 50 << min(max(attempt - 1, 0), 6))
        return .milliseconds(ceiling - Int(Double(ceiling) / 2 * jitter))
    }

    /// The next attempt's lock timeout.
    ///
    /// A server makes an autovacuum give way only once a wait has lasted `deadlock_timeout`. Where this user may not
    /// lower that one below the lock timeout, an attempt behind such a process waits a little longer than it; no other
    /// attempt does, because readers queue for as long.
    static func lockTimeout(_ usual: Duration, _ deadlockTimeout: Duration, behindServer: Bool) -> Duration {
        behindServer && usual > .zero ? max(usual, deadlockTimeout + .milliseconds(100)) : usual
    }

    private mutating func cause(_ error: PostgresError, _ kind: MigrationKind) -> String? {
        switch error.sqlState {
        case "55P03": return "a lock was not to be had in time"
        case "40P01": return "a deadlock"
        case "40001": return "a serialization failure"
        case "XX000" where error.message.hasPrefix("tuple concurrently "):
            return "another session changed the same catalog row"
        case "23505" where error.schema == "pg_catalog" && (kind == .role || kind == .grant):
            // Roles and memberships belong to the whole cluster: another database's migrator makes the same ones.
            return "another session made the same \(error.table == "pg_auth_members" ? "grant" : "role")"
        case "42710" where kind == .role || kind == .grant:
            // The same race, seen a moment later; a file that is simply wrong gives it every time.
            raced += 1
            return raced <= 2 ? "another session made the same object" : nil
        default: return nil
        }
    }
}
