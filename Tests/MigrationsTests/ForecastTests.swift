import Postgres
import Testing

@testable import Migrations

/// What `plan` says beside the files: against live sessions, and for what is not there yet.
@Suite struct ForecastTests {
    private func bench(_ files: [String: String]) async throws -> Bench {
        let bench = try await Bench.make(files)
        try await bench.execute(
            """
            create schema shop;
            create table shop.orders (id bigint primary key, memo text);
            insert into shop.orders select i, 'm' from generate_series(1, 1000) i;
            analyze shop.orders
            """)
        return bench
    }

    /// Sessions of this database that wait for a lock.
    private static let waiting = """
        select count(*) from pg_locks l
        where not l.granted and l.database = (select oid from pg_database where datname = current_database())
        """
    /// Another one after any change of the catalog.
    private static let catalogState = """
        select count(*) || ' ' || sum(x.xmin::text::bigint) || ' ' || sum(x.xmax::text::bigint) from (
          select xmin, xmax from pg_class union all select xmin, xmax from pg_attribute
          union all select xmin, xmax from pg_depend union all select xmin, xmax from pg_proc) x
        """

    private func forecast(_ bench: Bench, as user: ConnectionConfiguration? = nil) async throws -> [StatementForecast] {
        let migrator = try bench.migrator(as: user)
        return try await migrator.forecast(try await migrator.plan())
    }

    @Test func aReaderInTheWayIsNamed() async throws {
        let bench = try await bench([
            "migrations/0001_add_note.sql": "select 1;\nalter table shop.orders add note text;"
        ])
        var configuration = bench.superuser
        configuration.applicationName = "long report"
        let reader = try await Connection.connect(configuration)
        try await reader.execute("begin; select count(*) from shop.orders")
        let forecasts = try await forecast(bench)
        #expect(forecasts.map(\.line) == [1, 2])
        let effect = try #require(forecasts.last?.effects.first)
        #expect(effect.relation == "shop.orders" && effect.lock == .accessExclusive && !effect.rewrites)
        #expect(effect.sizeBytes > 8192 && effect.rows == 1000 && !effect.isSizeEstimated)
        let blocker = try #require(effect.blockers.first)
        #expect(effect.blockers.count == 1 && blocker.pid == reader.backendPID && blocker.user == "postgres")
        #expect(blocker.application == "long report" && blocker.lock == .accessShare && blocker.isGranted)
        #expect((blocker.transactionAge ?? -1) >= 0 && blocker.state == "idle in transaction")
        let summary = try #require(forecasts.last?.summary)
        #expect(summary[0].hasPrefix("ACCESS EXCLUSIVE on shop.orders ("), "\(summary)")
        #expect(summary[0].hasSuffix("about 1000 rows)"), "\(summary)")
        #expect(
            summary[1].hasPrefix(
                "  would wait now for pid \(reader.backendPID), user postgres, application long report: ACCESS SHARE, in a transaction for "
            ))
        #expect(summary[2] == "  readers and writers would queue behind it")
        try await reader.execute("commit")
        #expect(try await forecast(bench).last?.effects.first?.blockers.isEmpty == true)
        await reader.close()
    }

    /// A request that waits is served before a later one.
    @Test func aSessionThatWaitsIsInTheWay() async throws {
        let bench = try await bench([
            "migrations/0001_add_index.sql": "create index orders_memo_idx on shop.orders (memo);"
        ])
        let reader = try await bench.connect()
        try await reader.execute("begin; select count(*) from shop.orders")
        let waiter = try await bench.connect()
        let waiting = Task { try await waiter.execute("alter table shop.orders add other text") }
        try await eventually("the ALTER waits") {
            try await bench.value(Self.waiting) == "1"
        }
        // A reader does not keep an index from being built; the ALTER before it does.
        let effect = try #require(try await forecast(bench).first?.effects.first)
        #expect(effect.lock == .share && effect.scans == true)
        #expect(effect.blockers.map(\.pid) == [waiter.backendPID])
        #expect(effect.blockers.first?.isGranted == false && effect.blockers.first?.lock == .accessExclusive)
        try await reader.execute("commit")
        _ = try await waiting.value
        await reader.close()
        await waiter.close()
    }

    /// It has no session, and stays until somebody ends it.
    @Test func aPreparedTransactionIsNamed() async throws {
        let bench = try await bench(["migrations/0001_add_note.sql": "alter table shop.orders add note text;"])
        let name = "left by \(bench.database)"
        try await bench.execute("begin; insert into shop.orders values (0, 'x'); prepare transaction '\(name)'")
        let blockers = try await forecast(bench).first?.effects.first?.blockers ?? []
        try await bench.execute("rollback prepared '\(name)'")
        let blocker = try #require(blockers.first)
        #expect(blockers.count == 1 && blocker.pid == nil && blocker.user == "postgres")
        #expect(blocker.lock == .rowExclusive && blocker.state == "prepared transaction \(name)")
        #expect((blocker.transactionAge ?? -1) >= 0)
        #expect("\(blocker)".hasPrefix("user postgres: ROW EXCLUSIVE, in a transaction for "))
    }

    /// The size of a table that is held exclusively is not waited for.
    @Test func aTableThatIsHeldIsNotWaitedFor() async throws {
        let bench = try await bench(["migrations/0001_drop_orders.sql": "drop table shop.orders;"])
        let pages = try #require(
            try await bench.value("select relpages * 8192 from pg_class where oid = 'shop.orders'::regclass"))
        let holder = try await bench.connect()
        try await holder.execute("begin; lock table shop.orders in access exclusive mode")
        let before = try await bench.value(Self.catalogState)
        let forecasts = try await forecast(bench)
        let effect = try #require(forecasts.first?.effects.first)
        #expect(effect.isSizeEstimated && effect.sizeBytes == Int64(pages))
        #expect(effect.blockers.map(\.pid) == [holder.backendPID])
        #expect(forecasts.first?.summary.first?.contains("at the last vacuum") == true)
        #expect(try await bench.value(Self.catalogState) == before)
        #expect(try await bench.value(Self.waiting) == "0")
        try await holder.execute("commit")
        await holder.close()
    }

    /// A concurrent build waits for transactions that never touched the table.
    @Test func aConcurrentBuildWaitsForOldSnapshots() async throws {
        let bench = try await bench([
            "migrations/0001_add_index.sql":
                "-- migrate: no-transaction\ncreate index concurrently orders_memo_idx on shop.orders (memo);"
        ])
        let other = try await bench.connect()
        try await other.execute("begin isolation level repeatable read; select 1")
        let forecast = try #require(try await forecast(bench).first)
        let effect = try #require(forecast.effects.first)
        #expect(effect.lock == .shareUpdateExclusive && effect.scans == true)
        #expect(effect.blockers.map(\.pid) == [other.backendPID] && effect.blockers.first?.lock == nil)
        #expect(forecast.summary.contains { $0.contains("an old snapshot") })
        #expect(!forecast.summary.contains { $0.contains("queue behind it") }, "neither readers nor writers wait")
        await other.close()
    }

    /// Without any lock of its own: the server looks who holds one.
    @Test func aConcurrentOperationWaitsForWhoeverUsesTheTable() async throws {
        let bench = try await bench([
            "migrations/0001_add_index.sql":
                "-- migrate: no-transaction\ncreate index concurrently orders_memo_idx on shop.orders (memo);",
            "migrations/0002_drop_index.sql":
                "-- migrate: no-transaction\ndrop index concurrently shop.orders_old_idx;",
        ])
        try await bench.execute("create index orders_old_idx on shop.orders (memo)")
        let reader = try await bench.connect()
        let writer = try await bench.connect()
        try await reader.execute("begin; select count(*) from shop.orders")
        try await writer.execute("begin; lock table shop.orders in row exclusive mode")
        let forecasts = try await forecast(bench)
        #expect(forecasts[0].effects.first?.blockers.map(\.pid) == [writer.backendPID])
        let pids = Set(forecasts[1].effects.first?.blockers.compactMap(\.pid) ?? [])
        #expect(pids == [reader.backendPID, writer.backendPID])
        await reader.close()
        await writer.close()
    }

    @Test func laterStatementsSeeWhatEarlierOnesWillHaveMade() async throws {
        let bench = try await bench([
            "migrations/0001_create_item.sql": """
            create table shop.item (id bigint, order_id bigint);
            create index item_order_idx on shop.item (order_id);
            alter table shop.item add constraint item_order_fkey foreign key (order_id) references shop.orders (id);
            alter table shop.item rename to line;
            insert into shop.line values (1, 1);
            """,
            "migrations/0002_require_memo.sql": """
            alter table shop.orders add constraint orders_memo_check check (memo is not null) not valid;
            alter table shop.orders validate constraint orders_memo_check;
            alter table shop.orders alter memo set not null;
            drop table shop.line;
            """,
        ])
        let forecasts = try await forecast(bench)
        func effect(_ index: Int, _ relation: String) -> StatementForecast.Effect? {
            forecasts[index].effects.first { $0.relation == relation }
        }
        #expect(!forecasts[0].touchesExisting && forecasts[0].summary.isEmpty)
        #expect(effect(1, "shop.item")?.isNew == true && effect(1, "shop.item")?.sizeBytes == 0)
        #expect(forecasts[1].summary.isEmpty)
        #expect(effect(2, "shop.orders")?.lock == .shareRowExclusive && effect(2, "shop.orders")?.isNew == false)
        #expect(effect(4, "shop.line")?.lock == .rowExclusive)
        #expect(effect(5, "shop.orders")?.scans == false && effect(5, "shop.orders")?.lock == .accessExclusive)
        #expect(effect(6, "shop.orders")?.scans == true && effect(6, "shop.orders")?.lock == .shareUpdateExclusive)
        // The validated CHECK proves it.
        #expect(effect(7, "shop.orders")?.scans == false && effect(7, "shop.orders")?.lock == .accessExclusive)
        // A foreign key's other end.
        #expect(effect(8, "shop.orders")?.lock == .accessExclusive)
        #expect(forecasts.flatMap(\.notes).isEmpty, "\(forecasts.flatMap(\.notes))")
    }

    @Test func unqualifiedNamesAreLookedForAsTheFileWillBe() async throws {
        let bench = try await bench([
            "migrations/0001_add_columns.sql": """
            alter table orders add a integer;
            set local search_path = shop, public;
            alter table orders add b integer;
            """,
            "migrations/0002_add_columns.sql": "alter table orders add c integer; alter table own add d integer;",
        ])
        try await bench.execute(
            "create table public.orders (id integer); create role \(bench.owner); create schema \(bench.owner); "
                + "create table \(bench.owner).own (id integer)")
        let migrator = try bench.migrator { $0.ownerRole = bench.owner }
        let forecasts = try await migrator.forecast(try await migrator.plan())
        #expect(
            forecasts.map { $0.effects.map(\.relation) }
                == [["public.orders"], [], ["shop.orders"], ["public.orders"], ["\(bench.owner).own"]])
    }

    @Test func whatIsNotForeseenIsSaid() async throws {
        let bench = try await bench([
            "migrations/0001_run_code.sql": """
            do $$ begin update shop.orders set memo = 'x'; end $$;
            alter table shop.orders alter memo type varchar(3);
            alter table shop.nowhere add a integer;
            alter table if exists shop.nowhere add a integer;
            """
        ])
        try await bench.execute("create view shop.memos as select memo from shop.orders")
        let forecasts = try await forecast(bench)
        #expect(forecasts[0].notes == ["runs code (a DO block): locks not foreseen; it names shop.orders"])
        #expect(forecasts[1].notes == ["the server will refuse it: shop.memos uses the column"])
        #expect(forecasts[1].effects.first?.rewrites == true)
        #expect(
            forecasts[2].notes == [
                "shop.nowhere is not there yet, and no earlier pending statement was seen to make it"
            ])
        #expect(forecasts[3].notes == ["shop.nowhere is not there: nothing to do"])
    }

    @Test func partitionsAreToldOfInOneLine() async throws {
        let bench = try await bench(["migrations/0001_add_index.sql": "create index on shop.event (id);"])
        try await bench.execute(
            """
            create table shop.event (id integer) partition by range (id);
            create table shop.event_1 partition of shop.event for values from (1) to (1000);
            create table shop.event_2 partition of shop.event for values from (1000) to (2000);
            insert into shop.event select i from generate_series(1, 1999) i;
            analyze shop.event_1, shop.event_2
            """)
        let forecast = try #require(try await forecast(bench).first)
        #expect(forecast.effects.map(\.partOf) == [nil, "shop.event", "shop.event"])
        #expect(
            forecast.summary == ["SHARE on shop.event (\(size(forecast)), about 1999 rows, 2 parts): reads all of it"])
    }

    private func size(_ forecast: StatementForecast) -> String {
        StatementForecast.Effect.size(forecast.effects.reduce(0) { $0 + $1.sizeBytes })
    }

    @Test func aDeployerWhoIsNoSuperuserSeesWhoIsInTheWay() async throws {
        let bench = try await bench(["migrations/0001_add_note.sql": "alter table shop.orders add note text;"])
        let deployer = "\(bench.database)_deployer"
        try await bench.execute(
            "create role \(deployer) login createrole; grant create on database \(bench.database) to \(deployer)")
        let reader = try await bench.connect()
        try await reader.execute("begin; select count(*) from shop.orders")
        var user = bench.superuser
        user.overrides["user"] = deployer
        let effect = try #require(try await forecast(bench, as: user).first?.effects.first)
        #expect(effect.blockers.map(\.pid) == [reader.backendPID] && effect.sizeBytes > 8192)
        await reader.close()
    }

    @Test func locksConflictAsTheServersDo() async throws {
        let bench = try await bench([:])
        let holder = try await bench.connect()
        let other = try await bench.connect()
        for mode in LockMode.allCases {
            try await holder.execute("begin; lock table shop.orders in \(mode) mode")
            for wanted in LockMode.allCases {
                var isFree = true
                do {
                    try await other.execute("begin; lock table shop.orders in \(wanted) mode nowait")
                } catch let error as PostgresError where error.sqlState == "55P03" {
                    isFree = false
                }
                try await other.execute("rollback")
                #expect(isFree == !wanted.conflicts.contains(mode), "\(wanted) beside \(mode)")
            }
            try await holder.execute("rollback")
        }
        await holder.close()
        await other.close()
    }
}

extension ForecastServerTests {
    /// Statements that commit on their own: what they hold, or wait for, while somebody reads the table.
    @Test func statementsOutsideTransactionsAsk() async throws {
        let bench = try await Bench.make()
        try await bench.execute(ForecastFixture.sql)
        let statements = [
            "create index concurrently made on shop.plain (a)": "shop.plain",
            "drop index concurrently shop.orders_memo_idx": "shop.orders",
            "reindex table concurrently shop.orders": "shop.orders",
            "vacuum full shop.plain": "shop.plain",
            "vacuum shop.plain": "shop.plain",
            "alter table shop.visit detach partition shop.visit_2024 concurrently": "shop.visit",
        ]
        for (statement, relation) in statements.sorted(by: { $0.key < $1.key }) {
            let observer = try await bench.connect()
            let catalog = try await ForecastCatalog.load(observer)
            var forecaster = Forecaster(catalog: catalog, path: ["pg_temp", "public"], connection: observer)
            let forecast = try await forecaster.judge(statement)
            let effect = try #require(forecast.effects.map(\.effect).first { $0.relation == relation }, "\(statement)")
            // Whoever holds this keeps the statement waiting: those that wait for a lock, by what they ask for.
            let holder = try await bench.connect()
            let against = try #require(effect.lock.conflicts.first)
            try await holder.execute("begin; lock table \(relation) in \(against) mode")
            let runner = try await bench.connect()
            let running = Task { try? await runner.execute(statement) }
            try await eventually("\(statement) waits for \(effect.lock)") {
                try await observer.query(
                    """
                    select l.mode from pg_locks l
                    where l.pid = $1 and l.relation = to_regclass($2) and not l.granted
                    """, [.int(Int64(runner.backendPID)), .text(relation)]
                ).first?.text("mode") == effect.lock.catalogName
            }
            runner.cancel()
            _ = await running.value
            try await holder.execute("rollback")
            for connection in [observer, holder, runner] { await connection.close() }
        }
    }
}
