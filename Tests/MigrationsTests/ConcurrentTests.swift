import Postgres
import Testing

@testable import Migrations

/// Files without a transaction, above all concurrent index builds that were interrupted.
@Suite(.timeLimit(.minutes(1))) struct ConcurrentTests {
    static let build = "migrations/0002_index_article.sql"
    static let files = [
        "migrations/0001_create_article.sql": """
        create table article (sku text not null, lot int not null);
        insert into article select 'a' || n, n from generate_series(1, 100) n;
        """,
        build: """
        -- migrate: no-transaction
        create unique index concurrently if not exists article_sku_key on article (sku);
        """,
        "migrations/0003_add_price.sql": "alter table article add price numeric",
    ]

    private static let validity = """
        select i.indisvalid::text from pg_index i
        where i.indrelid = 'article'::regclass and i.indexrelid = to_regclass('article_sku_key')
        """

    /// The view shows every database's.
    private static let builders = "from pg_stat_progress_create_index where datname = current_database()"

    private func states(_ bench: Bench) async throws -> [MigrationStatus.State] {
        try await bench.migrator().status().map(\.state)
    }

    @Test func buildsAndRecords() async throws {
        let bench = try await Bench.make(Self.files)
        #expect(try await bench.apply().count == 3)
        #expect(try await bench.value(Self.validity) == "true")
        #expect(try await bench.apply().isEmpty)
    }

    /// A unique build over duplicates fails and leaves its index behind, invalid.
    @Test func aFailedBuildIsBuiltAnewOnceItsCauseIsGone() async throws {
        let bench = try await Bench.make(Self.files)
        let duplicates = "migrations/0001_create_article.sql"
        try bench.write(duplicates, Self.files[duplicates]! + "insert into article values ('a1', 0)")
        let error = try await bench.failure()
        #expect(error.server?.sqlState == "23505" && error.path == Self.build)
        #expect(error.description.contains("recorded as unfinished"))
        #expect(try await bench.value(Self.validity) == "false")
        #expect(try await states(bench) == [.applied, .unfinished, .pending])

        try await bench.execute("delete from article where lot = 0")
        let report = try await bench.migrator().apply()
        #expect(report.applied.map(\.reason) == [.interrupted, .new])
        #expect(try await bench.value(Self.validity) == "true")
        #expect(try await bench.value("select count(*) from pg_index where indrelid = 'article'::regclass") == "1")
        #expect(try await bench.apply().isEmpty)
    }

    @Test func aBuildWhoseSessionWasEndedIsBuiltAnew() async throws {
        let bench = try await Bench.make(Self.files)
        // The build waits for this transaction, which has written to the table.
        let writer = try await bench.connect()
        try bench.write(Self.build, "-- migrate: no-transaction\nselect 1")
        try bench.move(Self.build, "kept")
        try bench.move("migrations/0003_add_price.sql", "kept3")
        try await bench.apply()
        try await writer.execute("begin; insert into article values ('b', 1000)")
        try bench.write(Self.build, Self.files[Self.build]!)
        try bench.move("kept3", "migrations/0003_add_price.sql")

        let migrator = try bench.migrator()
        let running = Task { try await migrator.apply() }
        try await eventually("the build waits for the writer") {
            try await bench.value("select count(*) \(Self.builders) and phase like 'waiting%'") == "1"
        }
        #expect(try await bench.value("select pg_terminate_backend(pid) \(Self.builders)") == "t")
        let error = try await #require(throws: MigrationError.self) { try await running.value }
        #expect(error.code == .unavailable && error.exitCode == 69, "\(error)")
        try await writer.execute("rollback")
        await writer.close()
        try await eventually("the backend is gone") {
            try await bench.value("select count(*) \(Self.builders)") == "0"
        }
        #expect(try await bench.value(Self.validity) == "false")

        #expect(try await bench.apply() == [Self.build, "migrations/0003_add_price.sql"])
        #expect(try await bench.value(Self.validity) == "true")
        #expect(bench.messages.contains("dropping the invalid index article_sku_key"))
    }

    /// The trap itself: `if not exists` takes an invalid index for done.
    @Test func anInvalidIndexOfOthersIsNotTakenForDone() async throws {
        let bench = try await Bench.make(Self.files)
        try bench.move(Self.build, "kept")
        try bench.move("migrations/0003_add_price.sql", "kept3")
        try await bench.apply()
        try await bench.execute("insert into article values ('a1', 0)")
        await #expect(throws: PostgresError.self) {
            try await bench.execute("create unique index concurrently article_sku_key on article (sku)")
        }
        try await bench.execute("delete from article where lot = 0")
        try bench.write(Self.build, Self.files[Self.build]!)
        #expect(try await bench.apply() == [Self.build])
        #expect(bench.messages.contains("dropping the invalid index article_sku_key"))
        #expect(try await bench.value(Self.validity) == "true")
    }

    @Test func aBuildThatEndedWellAfterItsMigratorDiedIsTakenForDone() async throws {
        var files = Self.files
        // Without `if not exists`, a second build would fail.
        files[Self.build] =
            "-- migrate: no-transaction\ncreate unique index concurrently article_sku_key on article (sku)"
        let bench = try await Bench.make(files)
        _ = try await bench.failure {
            $0.checkpoint = { if $0.path == Self.build, case .finishing = $0.moment { throw Self.cutOff } }
        }
        #expect(try await states(bench) == [.applied, .unfinished, .pending])
        let before = try await bench.value("select 'article_sku_key'::regclass::oid")
        #expect(try await bench.apply().count == 2)
        #expect(try await bench.value("select 'article_sku_key'::regclass::oid") == before)
    }

    /// A killed migrator's backend may still be building: the next one waits for it rather than dropping its index.
    @Test func aBuildThatIsStillUnderWayIsWaitedFor() async throws {
        let bench = try await Bench.make(Self.files)
        let writer = try await bench.connect()
        try bench.move(Self.build, "kept")
        try bench.move("migrations/0003_add_price.sql", "kept3")
        try await bench.apply()
        try bench.write(Self.build, Self.files[Self.build]!)
        let file = try #require(try MigrationProject(root: bench.root).files.last)
        let orphan = try await bench.connect()
        #expect(try await Ledger.begin(file, again: false, orphan))
        try await writer.execute("begin; insert into article values ('b', 1000)")
        let building = Task { try await orphan.execute(file.script.statements[0].text) }
        try await eventually("the orphan waits for the writer") {
            try await bench.value("select count(*) \(Self.builders) and phase like 'waiting%'") == "1"
        }
        let migrator = try bench.migrator { $0.lockTimeout = .milliseconds(300) }
        let running = Task { try await migrator.apply() }
        try await eventually("the next migrator has waited") { bench.messages.contains("attempt 2 of") }
        #expect(bench.messages.contains("held by pid \(orphan.backendPID)"), "\(bench.messages.all)")
        try await writer.execute("commit")
        _ = try await building.value
        let oid = try await bench.value("select 'article_sku_key'::regclass::oid")
        #expect(try await running.value.applied.map(\.reason) == [.interrupted])
        #expect(try await bench.value("select 'article_sku_key'::regclass::oid") == oid)
        #expect(try await bench.value(Self.validity) == "true")
        await orphan.close()
        await writer.close()
    }

    /// The migrator's own death, as far as its sessions can tell.
    static let cutOff = MigrationError(.init(rawValue: "cut_off"), "")

    @Test func otherConcurrentOperationsArePickedUp() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_event.sql": """
            create table event (id int, day int) partition by list (day);
            create table event_1 partition of event for values in (1);
            create table event_2 partition of event for values in (2);
            create table event_3 partition of event for values in (3);
            create table plain (id int);
            create index plain_id_idx on plain (id);
            """,
            "migrations/0002_drop_index.sql": "-- migrate: no-transaction\ndrop index concurrently plain_id_idx",
            "migrations/0003_detach_event.sql":
                "-- migrate: no-transaction\nalter table event detach partition event_1 concurrently",
            "migrations/0004_detach_event.sql":
                "-- migrate: no-transaction\nalter table event detach partition event_2 concurrently",
            "migrations/0005_detach_event.sql":
                "-- migrate: no-transaction\nalter table event detach partition event_3 concurrently",
            "migrations/0006_vacuum_plain.sql": "-- migrate: no-transaction\nvacuum plain",
        ])
        // 0002 and 0003 were done and not recorded; 0004 is half done: its last phase waits for this reader.
        for path in ["migrations/0002_drop_index.sql", "migrations/0003_detach_event.sql"] {
            _ = try await bench.failure {
                $0.checkpoint = { if $0.path == path, case .finishing = $0.moment { throw Self.cutOff } }
            }
        }
        let reader = try await bench.connect()
        try await reader.execute("begin; select * from event")
        let migrator = try bench.migrator { $0.lockTimeout = .seconds(20) }
        let running = Task { try await migrator.apply() }
        let pending = "select inhrelid::regclass::text from pg_inherits where inhdetachpending"
        try await eventually("the detach waits for the reader") { try await bench.value(pending) == "event_2" }
        let waiting =
            "from pg_stat_activity where datname = current_database() and query like 'alter table%detach%' and state = 'active'"
        #expect(try await bench.value("select pg_terminate_backend(pid) \(waiting)") == "t")
        await #expect(throws: MigrationError.self) { try await running.value }
        try await reader.execute("commit")
        await reader.close()
        #expect(try await bench.value(pending) == "event_2")

        let report = try await bench.migrator().apply()
        #expect(report.applied.map(\.reason) == [.interrupted, .new, .new])
        #expect(try await bench.value("select count(*) from pg_inherits where inhparent = 'event'::regclass") == "0")
    }

    /// An interrupted reindex leaves them; another table's are none of this file's business.
    @Test func leftoversOfAReindexAreDropped() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_article.sql": """
            create table article (sku text not null, constraint article_sku_pkey primary key (sku));
            create table other (sku text not null, constraint other_sku_pkey primary key (sku));
            """
        ])
        try await bench.apply()
        // A reindex that gives up waiting for a writer leaves two each: the table's own and its TOAST table's.
        for table in ["article", "other"] {
            let writer = try await bench.connect()
            try await writer.execute("begin; insert into \(table) values ('b')")
            await #expect(throws: PostgresError.self) {
                let other = try await bench.connect()
                try await other.execute("set lock_timeout = '100ms'")
                try await other.execute("reindex table concurrently \(table)")
            }
            await writer.close()
        }
        let invalid = "select indexrelid::regclass::text from pg_index where not indisvalid order by 1"
        let left = try await bench.values(invalid)
        #expect(left.count == 4 && left.prefix(2) == ["article_sku_pkey_ccnew", "other_sku_pkey_ccnew"], "\(left)")
        try bench.write(
            "migrations/0002_reindex_article.sql",
            "-- migrate: no-transaction\nreindex (verbose) table concurrently article")
        let before = try await bench.value("select pg_relation_filenode('article_sku_pkey')")
        try await bench.apply()
        #expect(try await bench.value("select pg_relation_filenode('article_sku_pkey')") != before)
        let toast = try await bench.value("select 'pg_toast.pg_toast_' || 'other'::regclass::oid || '_index_ccnew'") ?? ""
        #expect(try await bench.values(invalid) == ["other_sku_pkey_ccnew", toast])
        #expect(bench.messages.contains("dropped the invalid index public.article_sku_pkey_ccnew"))
    }

    /// Detaching ends with a lock that readers of the partition itself queue behind: never for long, however long a
    /// first reader is at it, and however often it has to be tried.
    @Test func aDetachHoldsUpNoReaderOfThePartition() async throws {
        let bench = try await Bench.make([
            "migrations/0001_create_event.sql": """
            create table event (id int, day int) partition by list (day);
            create table event_1 partition of event for values in (1);
            create table event_2 partition of event for values in (2);
            """
        ])
        try await bench.apply()
        try bench.write(
            "migrations/0002_detach_event.sql",
            "-- migrate: no-transaction\nalter table event detach partition event_1 concurrently")
        let long = try await bench.connect()
        try await long.execute("begin; select * from event_1")
        let migrator = try bench.migrator {
            $0.lockTimeout = .milliseconds(200)
            $0.lockRetries = 0
        }
        let running = Task { try await migrator.apply() }
        let short = try await bench.connect()
        try await short.execute("set lock_timeout = '8s'")
        for _ in 0..<4 {
            try await eventually("it waits for the partition") {
                try await bench.value(
                    "select count(*) from pg_locks where relation = 'event_1'::regclass and mode = 'AccessExclusiveLock' and not granted"
                ) == "1"
            }
            try await short.execute("select * from event_1")
        }
        try await long.execute("commit")
        #expect(try await running.value.applied.map(\.path) == ["migrations/0002_detach_event.sql"])
        #expect(try await bench.values("select inhrelid::regclass::text from pg_inherits") == ["event_2"])
        await long.close()
        await short.close()
    }
}
