import Foundation
import Postgres
import Testing

/// Holds loaders inside their transactions: the database of a storm has triggers at five places of landing and promoting
/// that wait for advisory locks, which are free but when a fault is aimed.
///
/// A session does not keep such a lock: a loader that is frozen later holds up nobody.
final class StormPause {
    /// Where a session may be held.
    enum Place: Int32, CaseIterable {
        /// Landing: COPY has begun, rows are on their way.
        case copy = 1
        /// The message that ends in COMMIT has arrived; nothing is booked yet.
        case books
        /// Behind the fence: the partitions are moved on, COMMIT is next. (Who begins to read a partition comes by here, too.)
        case fence
        /// Promoting: the customers are locked, none is stored.
        case judged
        /// Everything is stored and not booked yet.
        case settled

        static let landing = [copy, books, fence]
        static let promoting = [judged, settled]
    }

    static let fixture = """
        create schema test;
        create function test.pause() returns trigger language plpgsql security definer as $$
        begin
            perform pg_advisory_lock_shared(4242, tg_argv[0]::integer);
            perform pg_advisory_unlock_shared(4242, tg_argv[0]::integer);
            perform pg_advisory_lock_shared(4243, pg_backend_pid());
            perform pg_advisory_unlock_shared(4243, pg_backend_pid());
            return null;
        end
        $$;
        create trigger t000_pause before insert on staging.shop_customer for each statement execute function test.pause(1);
        create trigger t000_pause before insert on ops.kafka_batch for each statement execute function test.pause(2);
        create trigger t999_pause after update of next_offset on ops.kafka_position for each statement execute function test.pause(3);
        create trigger t000_pause before insert on shop.customer_event for each statement execute function test.pause(4);
        create trigger t000_pause before update of state on ops.batch for each statement execute function test.pause(5);
        """

    private let bench: Bench
    private var connection: Connection?

    init(_ bench: Bench) { self.bench = bench }

    /// One that is made again after the server's end.
    func session() async throws -> Connection {
        if let connection, await connection.isOpen { return connection }
        let fresh = try await Connection.connect(
            ConnectionConfiguration(
                conninfo: TestStack.url(bench.stack.adminURL, database: bench.database), applicationName: "storm"),
            logger: StormTopic.quiet)
        connection = fresh
        return fresh
    }

    func close() async {
        await connection?.close()
        connection = nil
    }

    /// Waits until a session stands at one of the places, and lets go on again all but that one once `body` has returned.
    /// - Parameters:
    ///   - ready: called whenever sessions begin to be held.
    ///   - isWanted: whether it is the session of somebody to strike, by the server's process.
    ///   - body: gets the server's process, whose transaction is open and does not get on.
    /// - Returns: nil when none came in time.
    func hold<T>(
        at places: [Place], within limit: Duration = .seconds(6), ready: () -> Void = {},
        for isWanted: (pid_t) -> Bool, _ body: (pid_t) async throws -> T
    ) async throws -> T? {
        let deadline = ContinuousClock.now + limit
        var number = 0
        while ContinuousClock.now < deadline {
            let place = places[number % places.count].rawValue
            number += 1
            let session = try await session()
            guard try await session.query("select pg_try_advisory_lock(4242, \(place))").first?[0] == "t" else {
                try await Task.sleep(for: .milliseconds(2))
                continue
            }
            ready()
            var result: T?
            do {
                let patience = min(deadline, ContinuousClock.now + .milliseconds(700))
                while result == nil, ContinuousClock.now < patience {
                    if let pid = try await waiting(4242, place, session).first(where: isWanted) {
                        result = try await body(pid)
                    } else {
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
            } catch {
                _ = try? await session.query("select pg_advisory_unlock(4242, \(place))")
                throw error
            }
            // After a stop of the server there is nothing to unlock any more.
            if (try? await session.query("select pg_advisory_unlock(4242, \(place))")) == nil { await close() }
            if let result { return result }
        }
        return nil
    }

    /// Keeps one session where it stands, while others go on. To be called inside `hold`.
    func pin(_ backend: pid_t) async throws {
        try await session().query("select pg_advisory_lock(4243, \(backend))")
    }

    func unpin(_ backend: pid_t) async throws {
        try await session().query("select pg_advisory_unlock(4243, \(backend))")
    }

    /// Sessions with an open transaction that wait for one of our locks.
    private func waiting(_ key: Int32, _ place: Int32, _ session: Connection) async throws -> [pid_t] {
        try await session.query(
            """
            select a.pid
            from pg_locks l join pg_stat_activity a using (pid)
            where l.locktype = 'advisory' and (l.classid, l.objid, l.objsubid) = (\(key), \(place), 2) and not l.granted
                and a.datname = current_database() and a.xact_start is not null and a.state = 'active'
            order by a.xact_start
            """
        ).rows.compactMap { $0.int("pid").map(pid_t.init) }
    }

    /// Sessions that wait for one that is held: a second attempt at the same batch, for example.
    func blocked(by backend: pid_t) async throws -> Int64 {
        try await session().query(
            "select count(*) as n from pg_stat_activity where \(backend) = any (pg_blocking_pids(pid))").first?.int("n") ?? 0
    }
}
