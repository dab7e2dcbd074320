import Postgres
import Testing

@testable import Migrations

/// What the observer says of statements whose effects the manual of PostgreSQL gives.
@Suite struct ObserverTests {
    private static let schema = """
        create schema s;
        create table s.parent (id int primary key, note text);
        create table s.child (id int primary key, parent_id int, amount int, at timestamp);
        insert into s.parent select n, 'n' from generate_series(1, 10) n;
        insert into s.child select n, n % 10 + 1, n, now() from generate_series(1, 100) n;
        create materialized view s.total as select sum(amount) from s.child;
        create table s.log (line text);
        create function s.note() returns trigger language plpgsql as
          $$ begin insert into s.log values ('one'), ('two'); return new; end $$;
        """

    /// One statement in a transaction of its own, rolled back.
    private func observe(_ sql: String, _ preparation: String = "") async throws -> StatementObservation {
        let bench = try await Bench.make()
        let connection = try await bench.connect()
        try await connection.execute(Self.schema + preparation)
        try await connection.execute("begin")
        var observer = StatementObserver()
        let seen = try await observer.observe(connection) { try await connection.execute(sql) }
        try await connection.execute("rollback")
        await connection.close()
        return seen
    }

    private func locks(_ seen: StatementObservation) -> [String: LockMode] {
        Dictionary(uniqueKeysWithValues: seen.locks.filter { !$0.relation.isNew }.map { ($0.relation.name, $0.strongest) })
    }

    @Test func addingAColumnLocksAndNeitherRewritesNorScans() async throws {
        let seen = try await observe("alter table s.child add column colour text default 'red'")
        #expect(locks(seen) == ["s.child": .accessExclusive])
        #expect(seen.rewritten.isEmpty && seen.scans.isEmpty && seen.changes.isEmpty)
    }

    @Test func aVolatileDefaultRewritesTheTableAndItsIndex() async throws {
        let seen = try await observe("alter table s.child add column seed float default random()")
        #expect(locks(seen)["s.child"] == .accessExclusive)
        #expect(seen.rewritten.map(\.name) == ["s.child", "s.child_pkey"])
        #expect(seen.scans.contains { $0.relation.name == "s.child" && $0.rows >= 100 })
    }

    @Test func aForeignKeyLocksBothTablesAndScans() async throws {
        let seen = try await observe(
            "alter table s.child add constraint child_parent_id_fkey foreign key (parent_id) references s.parent (id)")
        let locks = locks(seen)
        #expect(locks["s.child"] == .shareRowExclusive && locks["s.parent"] == .shareRowExclusive)
        #expect(seen.scans.contains { $0.relation.name == "s.child" && $0.rows == 100 })
        #expect(seen.rewritten.isEmpty)
    }

    @Test func anUncheckedForeignKeyDoesNotScan() async throws {
        let seen = try await observe(
            """
            alter table s.child add constraint child_parent_id_fkey
            foreign key (parent_id) references s.parent (id) not valid
            """)
        #expect(seen.scans.isEmpty)
    }

    @Test func anIndexIsNewAndItsTableIsScanned() async throws {
        let seen = try await observe("create index child_amount_idx on s.child (amount)")
        #expect(locks(seen) == ["s.child": .share])
        #expect(seen.locks.contains { $0.relation.name == "s.child_amount_idx" && $0.relation.isNew })
        #expect(seen.scans.map(\.relation.name) == ["s.child"] && seen.scans[0].rows == 100)
    }

    @Test func droppedRelationsAreNamedAsTheyWere() async throws {
        let seen = try await observe("drop table s.parent")
        #expect(locks(seen)["s.parent"] == .accessExclusive && locks(seen)["s.parent_pkey"] == .accessExclusive)
        #expect(seen.rewritten.isEmpty)
    }

    @Test func aRenamedTableGoesByItsOldName() async throws {
        let seen = try await observe("alter table s.parent rename to elders")
        #expect(locks(seen) == ["s.parent": .accessExclusive])
    }

    @Test func emptyingATableGivesItANewFile() async throws {
        let seen = try await observe("truncate s.child")
        #expect(seen.rewritten.map(\.name).contains("s.child"))
    }

    @Test func refreshingAViewRewritesIt() async throws {
        let seen = try await observe("refresh materialized view s.total")
        #expect(seen.rewritten.map(\.name) == ["s.total"] && locks(seen)["s.child"] == .accessShare)
    }

    @Test func rowsAreCountedThoseOfTriggersToo() async throws {
        let seen = try await observe(
            "update s.child set amount = 0 where id <= 5; ",
            "create trigger t100_note after update on s.child for each statement execute function s.note();")
        #expect(seen.rows == 5)
        #expect(
            seen.changes.map { [$0.relation.name, "\($0.inserted)", "\($0.updated)", "\($0.deleted)"] }
                == [["s.child", "0", "5", "0"], ["s.log", "2", "0", "0"]])
        #expect(locks(seen)["s.child"] == .rowExclusive)
    }

    @Test func aPartitionsLocksAreSeenAndASystemTablesAreNot() async throws {
        let seen = try await observe(
            "alter table s.sale add column colour text",
            """
            create table s.sale (at date not null) partition by range (at);
            create table s.sale_2025 partition of s.sale for values from ('2025-01-01') to ('2026-01-01');
            """)
        #expect(locks(seen) == ["s.sale": .accessExclusive, "s.sale_2025": .accessExclusive])
    }

    @Test func whatCameBeforeDoesNotCount() async throws {
        let bench = try await Bench.make()
        let connection = try await bench.connect()
        try await connection.execute(Self.schema)
        // Counts of this scan wait in the session for their way to the statistics.
        try await connection.execute("select sum(amount) from s.child")
        try await connection.execute("begin; lock table s.child in share mode")
        var observer = StatementObserver()
        let first = try await observer.observe(connection) {
            try await connection.execute("create index child_amount_idx on s.child (amount)")
        }
        #expect(locks(first).isEmpty && first.scans.map(\.count) == [1])
        let second = try await observer.observe(connection) {
            try await connection.execute("alter table s.child alter column id type bigint")
        }
        #expect(locks(second)["s.child"] == .accessExclusive)
        #expect(second.rewritten.contains { $0.name == "s.child" && !$0.isNew })
        // Released by the rollback, and so seen again.
        try await connection.execute("rollback; begin")
        observer.reset()
        let third = try await observer.observe(connection) {
            try await connection.execute("create index child_amount_idx on s.child (amount)")
        }
        #expect(locks(third) == ["s.child": .share] && third.scans.map(\.count) == [1])
        await connection.close()
    }

    @Test func acrossTransactionsOnlyLocksAndCountsAreReadAgain() async throws {
        let bench = try await Bench.make()
        let connection = try await bench.connect()
        try await connection.execute(Self.schema)
        var observer = StatementObserver()
        try await connection.execute("begin")
        let first = try await observer.observe(connection) {
            try await connection.execute("alter table s.child alter column id type bigint")
        }
        #expect(first.rewritten.map(\.name).contains("s.child"))
        // Scans of the caller's own, whose counts wait in the session, and a commit that gives back the lock.
        try await connection.execute("select sum(amount) from s.child")
        try await connection.execute("commit; begin")
        observer.proceed()
        let second = try await observer.observe(connection) {
            try await connection.execute("alter table s.child add constraint child_amount_check check (amount > 0)")
        }
        #expect(locks(second) == ["s.child": .accessExclusive])
        #expect(second.rewritten.isEmpty && second.scans.map(\.count) == [1] && second.scans.map(\.rows) == [100])
        let third = try await observer.observe(connection) { try await connection.execute("truncate s.child") }
        #expect(third.rewritten.map(\.name).contains("s.child"))
        await connection.close()
    }

    @Test func modesOfLocksAreThoseOfTheManual() async throws {
        for mode in LockMode.allCases { #expect(LockMode(catalogName: mode.catalogName) == mode) }
        let bench = try await Bench.make()
        let (one, other) = (try await bench.connect(), try await bench.connect())
        try await one.execute("create table t (id int)")
        for held in LockMode.allCases {
            for wanted in LockMode.allCases {
                try await one.execute("begin; lock table t in \(held) mode")
                try await other.execute("begin")
                var isRefused = false
                do {
                    try await other.execute("lock table t in \(wanted) mode nowait")
                } catch let error as PostgresError where error.sqlState == "55P03" { isRefused = true }
                try await other.execute("rollback")
                try await one.execute("rollback")
                #expect(isRefused == held.conflicts.contains(wanted), "\(held), \(wanted)")
            }
        }
        await one.close()
        await other.close()
    }
}
