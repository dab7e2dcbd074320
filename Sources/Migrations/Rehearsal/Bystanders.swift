import Postgres
import Synchronization

/// Looks whether others wait for the rehearsal, and ends it before they have waited for long: an apply gives its locks
/// back with each file, one transaction for everything keeps them all.
final class Bystanders: Sendable {
    private final class Sighting: Sendable {
        let victims = Mutex<String?>(nil)
    }

    private let sighting = Sighting()
    private let task: Task<Void, Never>

    /// Those for whose sake the rehearsal was ended; nil as long as nobody has waited for too long.
    var victims: String? { sighting.victims.withLock { $0 } }

    /// - Parameters:
    ///   - look: a session in no transaction.
    ///   - work: what it runs is cancelled once somebody waits for it.
    ///   - patience: how long others may wait; zero: without limit.
    init(_ look: Connection, of work: Connection, patience: Duration) {
        let sighting = sighting
        task = Task {
            guard patience > .zero else { return }
            let interval = max(patience / 10, .milliseconds(10))
            while true {
                do { try await Task.sleep(for: interval) } catch { return }
                // In a task of its own, so that ending the watch cancels no statement.
                let answer = Task { try? await Self.waiting(look, for: work.backendPID, patience) }
                guard let seen = await answer.value ?? nil else { continue }
                sighting.victims.withLock { $0 = seen }
                // Again at the next look, where nothing was running just now.
                work.cancel()
            }
        }
    }

    func stop() async {
        task.cancel()
        await task.value
    }

    private static func waiting(
        _ connection: Connection, for pid: Int32, _ patience: Duration
    ) async throws -> String? {
        let rows = try await connection.query(
            """
            select distinct a.pid, a.usename, a.application_name
            from pg_catalog.pg_locks l
            join pg_catalog.pg_stat_activity a on a.pid = l.pid
            where not l.granted
              and l.waitstart < pg_catalog.clock_timestamp() - $1::float8 * interval '1 ms'
              and a.backend_type = 'client backend'
              and $2::integer = any (pg_catalog.pg_blocking_pids(l.pid))
            order by a.pid
            limit 10
            """, [.int(patience.milliseconds), .int(Int64(pid))])
        return rows.rows.isEmpty ? nil : rows.rows.map(MigrationLock.session).joined(separator: "; ")
    }
}
