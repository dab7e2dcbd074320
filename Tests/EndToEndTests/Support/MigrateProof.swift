import Foundation
import Glibc
import Testing

@testable import Stack

/// An empty database and a small project of its own, for proofs that run the built `emporium migrate` many times.
///
/// Each file in a transaction leaves its mark, so that a second run of it would show.
struct MigrateProof: Sendable {
    let bench: Bench
    /// As many rows as make a concurrent build last for tens of milliseconds.
    let rows: Int

    var owner: String { "\(bench.database)_owner" }
    private var reader: String { "\(bench.database)_reader" }

    /// - Parameters:
    ///   - isConcurrent: false: without the files that hold a concurrent operation.
    ///   - until: the file before which the project ends for now; nil: the whole of it.
    static func with(
        rows: Int, isConcurrent: Bool = true, until: String? = nil, _ body: (MigrateProof) async throws -> Void
    ) async throws {
        let stack = try await TestStack.shared.value
        let name = "p\(TestStack.nextNumber())"
        let proof = MigrateProof(bench: Bench(stack: stack, database: name, folder: "\(stack.folder)/\(name)"), rows: rows)
        try await stack.admin("postgres") { try await $0.execute("create database \(name) template template0") }
        var failure: (any Error)?
        do {
            for (path, text) in proof.files where isConcurrent || !text.hasPrefix("-- migrate: no-transaction") {
                if until.map({ path.hasPrefix("sql/roles/0") || path < $0 }) ?? true { try proof.write(path, text) }
            }
            try await body(proof)
        } catch { failure = error }
        try await stack.admin("postgres") {
            try await $0.execute("drop database \(name) with (force)")
            try await $0.execute("drop role if exists \(proof.owner), \(proof.reader)")
        }
        try? FileManager.default.removeItem(atPath: proof.bench.folder)
        if let failure { throw failure }
    }

    func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: bench.folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// The file, as it stands in the whole project.
    func write(_ path: String) throws { try write(path, files[path] ?? "") }

    func writeAll() throws { for (path, text) in files { try write(path, text) } }

    private var files: [String: String] {
        func alone(_ statement: String) -> String { "-- migrate: no-transaction\n\(statement);\n" }
        func marked(_ path: String, _ sql: String) -> (String, String) {
            (path, sql + ";\ninsert into shop.mark values ('\(path)');\n")
        }
        return Dictionary(
            uniqueKeysWithValues: [
                (
                    "sql/roles/00_roles.sql",
                    """
                    do $$
                    declare name text;
                    begin
                      foreach name in array array['\(owner)', '\(reader)'] loop
                        if not exists (select from pg_roles where rolname = name) then
                          execute format('create role %I', name);
                        end if;
                      end loop;
                    end $$;
                    grant create on database \(bench.database) to \(owner);
                    """
                ),
                marked(
                    "migrations/0001_create_order.sql",
                    """
                    create schema shop;
                    create table shop.mark (path text not null);
                    create table shop.orders (
                      id bigint not null, customer integer not null, placed date not null,
                      constraint orders_id_pkey primary key (id));
                    insert into shop.orders
                    select n, n % 977, date '2025-01-01' + n % 365 from generate_series(1, \(rows)) n;
                    create index orders_placed_idx on shop.orders (placed)
                    """),
                (
                    "migrations/0002_index_customer.sql",
                    alone("create index concurrently if not exists orders_customer_idx on shop.orders (customer)")
                ),
                marked(
                    "migrations/0003_create_visit.sql",
                    """
                    create table shop.visit (day integer not null, note text) partition by list (day);
                    create table shop.visit_1 partition of shop.visit for values in (1);
                    create table shop.visit_2 partition of shop.visit for values in (2);
                    insert into shop.visit select 1 + n % 2, 'n' || n from generate_series(1, 100) n
                    """),
                ("migrations/0004_detach_visit.sql", alone("alter table shop.visit detach partition shop.visit_1 concurrently")),
                ("migrations/0005_drop_placed.sql", alone("drop index concurrently shop.orders_placed_idx")),
                marked(
                    "migrations/0006_add_note.sql",
                    """
                    alter table shop.orders add note text not null default 'none';
                    update shop.orders set note = 'some' where customer = 7
                    """),
                (
                    "migrations/0007_index_note.sql",
                    alone("create unique index concurrently orders_customer_id_key on shop.orders (customer, id)")
                ),
                ("migrations/0008_reindex_orders.sql", alone("reindex table concurrently shop.orders")),
                marked(
                    "migrations/0009_add_total.sql",
                    "alter table shop.orders add total numeric, add constraint orders_total_check check (total >= 0)"),
                marked(
                    "sql/functions/10_count.sql",
                    """
                    create or replace function shop.orders_of(p_customer integer) returns bigint
                    language sql stable set search_path = pg_catalog, pg_temp
                    begin atomic select count(*) from shop.orders where customer = p_customer; end
                    """),
                marked(
                    "sql/functions/20_busy.sql",
                    """
                    create or replace view shop.busy with (security_invoker = true) as
                    select customer, shop.orders_of(customer) as orders from shop.orders group by customer
                    """),
                marked(
                    "sql/roles/90_grants.sql",
                    """
                    grant usage on schema shop to \(reader);
                    grant select on all tables in schema shop to \(reader);
                    grant execute on function shop.orders_of(integer) to \(reader)
                    """),
            ])
    }

    // MARK: Running it

    func start(_ more: String...) throws -> Child {
        try Child(
            Emporium.path, ["migrate", "apply", "--owner-role", owner, "--progress", "ndjson"] + more, bench.environment,
            in: bench.folder)
    }

    /// A run to its end, which must be a good one.
    @discardableResult
    func finish(at location: SourceLocation = #_sourceLocation) async throws -> [Event] {
        let child = try start()
        let outcome = try await child.outcome(at: location)
        try #require(outcome.exitCode == 0, "\(outcome.err)", sourceLocation: location)
        return Self.events(child)
    }

    struct Event: Decodable, Sendable {
        struct Detail: Decodable, Sendable { let message: String? }
        let event: String
        let path: String?
        let line: Int?
        let detail: Detail?
    }

    /// What a run has told so far; of a killed one the last line may be cut off.
    static func events(_ child: Child) -> [Event] {
        child.err.split(separator: "\n").compactMap { try? JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
    }

    // MARK: What it has made

    /// Catalog with owners and grants, ledger, rows and marks: all that two runs must have in common.
    func state() async throws -> [String] {
        let dump = try await system(
            [Self.pgDump, "--schema-only", "--dbname", TestStack.url(bench.stack.adminURL, database: bench.database)])
        var lines = dump.split(separator: "\n").map(String.init).filter { line in
            // pg_dump puts a random word behind \restrict.
            !line.hasPrefix("--") && !line.hasPrefix("\\") && !line.allSatisfy(\.isWhitespace)
        }
        for query in [
            // Grant files are text with the database's name in it.
            "select path, kind, version, case when kind not in ('role', 'grant') then checksum end, finished_at is not null from ops.migration order by path",
            "select path, count(*) from shop.mark group by path order by path",
            "select count(*), md5(string_agg(o::text, ',' order by id)) from shop.orders o",
            "select count(*) from shop.visit", "select count(*) from shop.visit_1",
            "select indexrelid::regclass, indisvalid, indisready from pg_index where indrelid::regclass::text like 'shop.%' order by indexrelid::regclass::text",
            "select inhrelid::regclass, inhdetachpending from pg_inherits where inhparent = 'shop.visit'::regclass",
        ] {
            lines += try await bench.sql(query).map { $0.map { $0 ?? "null" }.joined(separator: "|") }
        }
        return lines.map { $0.replacingOccurrences(of: bench.database + "_", with: "db_") }
    }

    static let pgDump: String = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin" }
        return (folders + path.split(separator: ":").map(String.init)).map { $0 + "/pg_dump" }
            .first { access($0, X_OK) == 0 } ?? "pg_dump"
    }()

    /// As the server counted them in this database.
    func deadlocks() async throws -> Int {
        try await bench.count("select deadlocks from pg_stat_database where datname = current_database()")
    }
}

/// Runs the numbers through `body`, so many at a time; the first error ends it.
func sideBySide(_ count: Int, at once: Int = 2, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= once { try await group.next() }
            group.addTask { try await body(number) }
        }
        try await group.waitForAll()
    }
}
