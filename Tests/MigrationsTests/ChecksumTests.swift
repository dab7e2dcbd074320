import Testing

@testable import Migrations

/// Checksums by meaning against a real ledger.
@Suite struct ChecksumTests {
    private static let files = [
        "sql/roles/00_roles.sql": "select 1",
        "migrations/0001_create_a.sql": "create table public.a (x int)",
        "migrations/0002_index_a.sql": "-- migrate: no-transaction\ncreate index concurrently a_x_idx on public.a (x)",
        "sql/functions/f.sql": "create or replace function public.f() returns int language sql as $$ select 1 $$",
        "sql/roles/90_grants.sql": "grant select on public.a to public",
    ]

    /// The ledger as a release that summed bytes has left it.
    private func makeOld(_ bench: Bench) async throws {
        for file in try bench.migrator().project.files {
            try await bench.execute("update ops.migration set checksum = '\(file.byteChecksum)' where path = '\(file.path)'")
        }
        try await bench.execute(
            """
            drop table ops.migration_object, ops.migration_event;
            comment on column ops.migration.checksum is 'SHA-256 of the bytes of the file, hexadecimal.'
            """)
    }

    private func isRewritten(_ bench: Bench) async throws -> Bool {
        let now = try await bench.values("select path || ' ' || checksum from ops.migration")
        return try Set(now) == Set(bench.migrator().project.files.map { "\($0.path) \($0.checksum)" })
    }

    private let unchanged = """
        select path || applied_order || applied_at || applied_by || coalesce(finished_at::text, '-') || duration_ms
        from ops.migration order by 1
        """
    private let comment = """
        select col_description(attrelid, attnum) from pg_attribute
        where attrelid = 'ops.migration'::regclass and attname = 'checksum'
        """

    @Test func anEarlierReleasesRowsAreRewrittenThoughNothingIsPending() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        let fresh = try await bench.value(comment)
        try await makeOld(bench)
        let before = try await bench.values(unchanged)
        let states = try await bench.migrator().status().map(\.state)
        #expect(states.count == 5 && Set(states) == [.applied])
        #expect(try await bench.migrator().plan().isPending == false)
        #expect(try await !isRewritten(bench), "looking changes nothing")

        #expect(try await bench.apply().isEmpty)
        #expect(try await isRewritten(bench))
        #expect(try await bench.values(unchanged) == before, "no file ran, so nothing else of a row changes")
        #expect(try await bench.value(comment) == fresh)
        #expect(bench.messages.contains("5 checksums of an earlier release were rewritten"))
        #expect(try await bench.value("select to_regclass('ops.migration_event') is not null") == "t")

        // From now on layout does not count.
        try bench.write("migrations/0001_create_a.sql", "-- the first\r\nCREATE TABLE public.a (\r\n  x int\r\n)")
        try bench.write(
            "sql/functions/f.sql", "create or replace function public.f() returns int language sql as $$\n-- one\nselect 1 $$")
        #expect(try await bench.apply().isEmpty)
        #expect(try await isRewritten(bench))
    }

    @Test func whatIsChangedRunsAndTheRestIsRewritten() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await makeOld(bench)
        try bench.write("sql/functions/f.sql", "create or replace function public.f() returns int language sql as $$ select 2 $$")
        #expect(try await bench.apply() == ["sql/functions/f.sql", "sql/roles/90_grants.sql"])
        #expect(try await isRewritten(bench))
        #expect(try await bench.value("select public.f()") == "2")
    }

    @Test func anEditIsRefusedAndNothingIsRewritten() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await makeOld(bench)
        let before = try await bench.values("select checksum from ops.migration order by path")
        try bench.write("migrations/0001_create_a.sql", "create table public.a (x bigint)")
        #expect(try await bench.failure().problems.map(\.code) == [.edited])
        #expect(try await bench.values("select checksum from ops.migration order by path") == before)
    }

    /// An interrupted file of an earlier release is begun again as the same one.
    @Test func anInterruptedFileOfAnEarlierRelease() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await makeOld(bench)
        try await bench.execute("update ops.migration set finished_at = null, duration_ms = null where version = 2")
        let plan = try await bench.migrator().plan()
        #expect(plan.steps.map(\.reason) == [.interrupted, .grants])
        #expect(plan.steps.first?.isEdited == false && plan.warnings.isEmpty)
        try await bench.apply()
        #expect(bench.messages.contains("the interrupted build of a_x_idx has ended well"))
        #expect(try await isRewritten(bench))
    }

    /// Two at once: each waits for the other, and one does the work.
    @Test func twoMigratorsRewriteOnce() async throws {
        let bench = try await Bench.make(Self.files)
        try await bench.apply()
        try await makeOld(bench)
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { try await bench.apply() } }
            for try await applied in group { #expect(applied.isEmpty) }
        }
        #expect(try await isRewritten(bench))
        #expect(bench.messages.all.count { $0.contains("were rewritten") } == 1)
    }
}
