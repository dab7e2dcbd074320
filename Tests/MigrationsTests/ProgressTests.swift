import Foundation
import Postgres
import Synchronization
import Testing

@testable import Migrations

/// What an apply tells while it is at work: to its caller, to the table, and of those who are in its way.
@Suite(.timeLimit(.minutes(1))) struct ProgressTests {
    private final class Events: Sendable {
        private let list = Mutex<[MigrationEvent]>([])
        var all: [MigrationEvent] { list.withLock { $0 } }
        func add(_ event: MigrationEvent) { list.withLock { $0.append(event) } }
        func first(_ name: MigrationEvent.Name) -> MigrationEvent? { all.first { $0.name == name } }
    }

    private static let files = [
        "migrations/0001_create_a.sql": "create table a (b int);\ninsert into a select 1 where 'a literal' <> ''",
        "sql/functions/one.sql": "create or replace function one() returns int language sql begin atomic select 1; end",
    ]

    private static let recorded =
        "select concat_ws(' ', event, path, line, detail::text) from ops.migration_event order by id"

    @Test func stepsAreToldAndRecorded() async throws {
        let bench = try await Bench.make(Self.files)
        let events = Events()
        try await bench.apply { $0.onEvent = events.add }
        #expect(
            events.all.map { [$0.name.rawValue, $0.path, $0.line.map(String.init)].compactMap(\.self).joined(separator: " ") }
                == [
                    "run_started", "file_started migrations/0001_create_a.sql",
                    "statement_started migrations/0001_create_a.sql 1",
                    "statement_started migrations/0001_create_a.sql 2", "file_applied migrations/0001_create_a.sql",
                    "file_started sql/functions/one.sql", "statement_started sql/functions/one.sql 1",
                    "file_applied sql/functions/one.sql", "run_finished",
                ])
        #expect(Set(events.all.map(\.runID)).count == 1)
        // Line by line the same in the table, and no literal of anybody's in either.
        let told = try events.all.map { event in
            let data = try JSONEncoder().encode(event.detail)
            return [event.name.rawValue, event.path, event.line.map(String.init), String(decoding: data, as: UTF8.self)]
                .compactMap(\.self).joined(separator: " ")
        }
        for line in told {
            let sent = line.firstIndex(of: "{").map { line[..<$0] } ?? ""
            #expect(try await bench.values(Self.recorded).contains { $0.hasPrefix(sent) }, "\(line)")
        }
        #expect(try await bench.values(Self.recorded).count == told.count)
        #expect(!told.joined().contains("a literal"), "\(told)")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(events.all[0].json.utf8)) as? [String: Any])
        #expect(Set(object.keys) == ["event", "run_id", "at", "detail"] && !events.all[0].json.contains("\n"))

        #expect((object["at"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(object)")

        // Nothing pending: told, not recorded.
        let again = Events()
        try await bench.apply { $0.onEvent = again.add }
        #expect(again.all.map(\.name) == [.runStarted, .runFinished])
        #expect(try await bench.values(Self.recorded).count == told.count)
    }

    /// Others see the steps of a file before it commits, and those of one that is rolled back.
    @Test func othersSeeThemAtOnceAndFailuresStay() async throws {
        let bench = try await Bench.make(Self.files)
        try bench.write(
            "migrations/0002_fill_a.sql",
            "create unique index a_b_key on a (b);\ninsert into a select 1")
        let events = Events()
        let error = try await bench.failure {
            $0.onEvent = events.add
            $0.checkpoint = { checkpoint in
                guard checkpoint.path == "migrations/0002_fill_a.sql", case .statement(1) = checkpoint.moment else { return }
                try await eventually("the open transaction's step is seen") {
                    try await bench.values(Self.recorded).contains {
                        $0.hasPrefix("statement_started migrations/0002_fill_a.sql 1 ")
                    }
                }
            }
        }
        #expect(error.server?.sqlState == "23505")
        let failed = try #require(events.first(.fileFailed))
        #expect(failed.path == "migrations/0002_fill_a.sql" && failed.line == 2)
        #expect(failed.detail["sqlstate"] == .text("23505") && failed.detail["code"] == .text("statement_failed"))
        #expect(events.first(.runFailed)?.detail["applied"] == .number(1))
        let rows = try await bench.values(Self.recorded)
        #expect(rows.last?.hasPrefix("run_failed migrations/0002_fill_a.sql 2") == true, "\(rows)")
        #expect(!rows.joined().contains("(b)=(1)"))
    }

    /// Whatever happens to the record of it, the run goes its way.
    @Test(arguments: [
        "lock table ops.migration_event in access exclusive mode",
        "drop table ops.migration_event",
        """
        create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
        create trigger refuse before insert on ops.migration_event execute function refuse()
        """,
    ])
    func whatCannotBeRecordedStopsNothing(_ obstacle: String) async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let isOwn = obstacle.hasPrefix("drop")
        try bench.write("migrations/0002_add_c.sql", (isOwn ? obstacle + ";\n" : "") + "alter table a add c int")
        let other = try await bench.connect()
        if obstacle.hasPrefix("lock") { try await other.execute("begin") }
        if !isOwn { try await other.execute(obstacle) }
        #expect(try await bench.apply() == ["migrations/0002_add_c.sql"])
        // It was in the way all the time.
        if obstacle.hasPrefix("lock") { try await other.execute("commit") }
        if !isOwn {
            #expect(try await bench.values(Self.recorded).allSatisfy { !$0.contains("0002_add_c") })
        }
        await other.close()
        #expect(try await bench.value("select count(*) from information_schema.columns where table_name = 'a'") == "2")
    }

    @Test func rowsGoAfterNinetyDays() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await bench.execute(
            """
            insert into ops.migration_event (run_id, event, at)
            select gen_random_uuid(), event, clock_timestamp() - age
            from (values ('old', interval '91 days'), ('young', interval '89 days')) v (event, age)
            """)
        try bench.write("migrations/0002_add_c.sql", "alter table a add c int")
        try await bench.apply()
        #expect(try await bench.values("select event from ops.migration_event where event in ('old', 'young')") == ["young"])
    }

    // MARK: Who is in the way

    /// A build waits for transactions without any limit: its user is told for whom.
    @Test func aBuildThatWaitsNamesWhomFor() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a (b int)"])
        try await bench.apply()
        try bench.write(
            "migrations/0002_index_a.sql", "-- migrate: no-transaction\ncreate index concurrently a_b_idx on a (b)")
        let writer = try await bench.connect()
        try await writer.execute("set application_name = 'a writer'; begin; insert into a values (1)")
        let events = Events()
        let migrator = try bench.migrator { $0.onEvent = events.add }
        let running = Task { try await migrator.apply() }
        try await eventually("it says whom it waits for") { events.first(.waiting) != nil }
        let event = try #require(events.first(.waiting))
        #expect(event.path == "migrations/0002_index_a.sql" && event.line == 2)
        #expect(event.detail["target"] == "a")
        guard case .list(let blockers) = event.detail["blockers"], case .object(let blocker) = blockers.first else {
            Issue.record("\(event)")
            return
        }
        #expect(blockers.count == 1 && blocker["pid"] == .number(Int(writer.backendPID)))
        #expect(blocker["state"] == "idle in transaction" && blocker["application"] == "a writer")
        for part in [
            "migrations/0002_index_a.sql:2 (create index concurrently a_b_idx on a (b)) waits (waiting for writers",
            "for a, held by pid \(writer.backendPID), user postgres, application a writer, idle in transaction, transaction open since 2",
            "select pg_terminate_backend(\(writer.backendPID))",
        ] {
            #expect(bench.messages.contains(part), "\(bench.messages.all)")
        }
        try await eventually("others see it, too") {
            try await bench.values(Self.recorded).contains { $0.hasPrefix("waiting ") }
        }
        try await writer.execute("commit")
        _ = try await running.value
        #expect(events.all.count { $0.name == .waiting } == 1)
        await writer.close()
    }

    /// It has no session that could be seen or ended.
    @Test func aPreparedTransactionIsNamed() async throws {
        let bench = try await Bench.make(["migrations/0001_create_a.sql": "create table a (b int); create table c (d int)"])
        try await bench.apply()
        try bench.write("migrations/0002_add_e.sql", "alter table a add e int")
        try await bench.execute("begin; insert into a values (1); prepare transaction '\(bench.database)''s own'")
        try await bench.execute("begin; insert into c values (1); prepare transaction '\(bench.database) other'")
        let error = try await bench.failure {
            $0.lockTimeout = .milliseconds(300)
            $0.lockRetries = 1
        }
        #expect(error.code == .busy)
        #expect(error.description.contains("the prepared transaction \(bench.database)'s own, user postgres"), "\(error)")
        #expect(!error.description.contains("other"))
        #expect(bench.messages.contains("rollback prepared '\(bench.database)''s own'"), "\(bench.messages.all)")
        for name in ["''s own", " other"] { try await bench.execute("rollback prepared '\(bench.database)\(name)'") }
        #expect(try await bench.apply().count == 1)
    }

    @Test func aWaitIsToldOfAtGrowingIntervals() {
        func wait(_ pids: Int...) -> LockWait {
            LockWait(
                target: "a", mode: "ShareLock", waited: 5000,
                blockers: pids.map {
                    .init(pid: $0, prepared: nil, user: "u", application: "", state: "active", since: "then", seconds: $0)
                })
        }
        var notices = WaitNotices()
        let start = ContinuousClock.now
        let told = (0...600).filter { notices.isDue(wait(1), at: start + .seconds($0)) }
        #expect(told == [0, 30, 90, 210, 450])
        // A new one at once, and the old one with it.
        let later = [(601, wait(1, 2)), (602, wait(2)), (631, wait(2))].map { notices.isDue($1, at: start + .seconds($0)) }
        #expect(later == [true, false, true])
    }

    @Test func agesAreTold() {
        #expect([40, 119, 720, 7500, 273_600].map { Duration.seconds($0).coarse } == ["40 s", "119 s", "12 min", "2 h 5 min", "3 d 4 h"])
    }
}
