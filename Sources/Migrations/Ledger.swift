import Postgres

/// The table `ops.migration`.
///
/// One row a file, not one an application: the question it answers is "what is in this database now", in one small
/// read, and the unique path is a second lock: whoever writes the row of a file waits for a killed migrator's backend
/// that still holds it. What a repeatable file held earlier is the version control's to know.
enum Ledger {
    static let table = "ops.migration"
    /// With its companions.
    static let tables = [table, "ops.migration_object", "ops.migration_event"]

    /// Makes schema and table as the connecting user. Runs under the advisory lock only.
    static func create(_ connection: Connection) async throws {
        try await connection.execute("begin")
        try await make(connection)
        try await connection.execute("commit")
    }

    /// The same inside the caller's transaction.
    static func make(_ connection: Connection) async throws {
        // `create schema if not exists` needs the right to make it even where it is there.
        let schema = try await connection.query("select to_regnamespace('ops') is null as missing")
        let isMissing = schema.first?.bool("missing") ?? true
        try await connection.execute((isMissing ? "create schema ops;" : "") + definition + companions)
    }

    private static let checksumComment =
        "SHA-256 of what the file says, hexadecimal: comments, white space and the case of keywords do not count."

    private static let definition = """
        create table if not exists ops.migration (
          path text not null,
          kind text not null,
          version integer,
          checksum text not null,
          applied_order bigint not null generated always as identity,
          applied_at timestamptz not null default pg_catalog.clock_timestamp(),
          applied_by name not null default session_user,
          duration_ms bigint,
          finished_at timestamptz,
          constraint migration_path_pkey primary key (path),
          constraint migration_version_key unique (version),
          constraint migration_kind_check
            check (kind in ('role', 'versioned', 'repeatable', 'grant', 'baseline')),
          constraint migration_version_check
            check ((version is not null) = (kind in ('versioned', 'baseline'))),
          constraint migration_checksum_check check (checksum ~ '^[0-9a-f]{64}$')
        );
        revoke all on table ops.migration from public;
        comment on table ops.migration is
          'The ledger of emporium migrate: one row a file, as it was applied last. Written by the migrator only.';
        comment on column ops.migration.path is 'File, relative to the root of the project.';
        comment on column ops.migration.kind is
          'role, versioned, repeatable, grant; baseline: a versioned file marked as applied without being run.';
        comment on column ops.migration.version is 'The number of a versioned file, else null.';
        comment on column ops.migration.checksum is '\(checksumComment)';
        comment on column ops.migration.applied_order is
          'Grows with each application: tells what ran after what, whatever the clocks do.';
        comment on column ops.migration.applied_at is 'When its last application began.';
        comment on column ops.migration.applied_by is 'The user that connected (session_user); staff, not a customer.';
        comment on column ops.migration.duration_ms is 'Milliseconds from applied_at to just before the commit.';
        comment on column ops.migration.finished_at is
          'Null while a no-transaction file is under way, or was interrupted.';

        """

    /// - Returns: every row, or nil where there is no ledger yet.
    static func read(_ connection: Connection) async throws -> [LedgerRow]? {
        let result: QueryResult
        do {
            result = try await connection.query(
                """
                select path, kind, version, checksum, applied_order, applied_by, duration_ms,
                  to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as applied_at,
                  to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at
                from ops.migration
                order by applied_order
                """)
        } catch let error as PostgresError where ["42P01", "3F000"].contains(error.sqlState) {
            return nil
        }
        return try result.rows.map { row in
            guard let kind = MigrationKind(rawValue: row.text("kind")) else {
                throw MigrationError(
                    .configuration, "\(table) holds the unknown kind \(row.text("kind"))",
                    hint: "a newer emporium wrote it; use that one")
            }
            return LedgerRow(
                path: row.text("path"), kind: kind, version: row.int("version").map { Int($0) },
                checksum: row.text("checksum"), appliedOrder: Int(row.int("applied_order") ?? 0),
                appliedAt: row.text("applied_at"), appliedBy: row.text("applied_by"),
                duration: row.int("duration_ms").map { Int($0) }, finishedAt: row["finished_at"])
        }
    }

    /// Writes the row of a file that is about to run; waits for whoever is writing it.
    /// - Parameter again: for a file that runs although its content is the one applied (grants).
    /// - Returns: false where another session has applied that very content meanwhile: nothing is left to do.
    static func begin(_ file: MigrationFile, again: Bool, _ connection: Connection) async throws -> Bool {
        let result = try await connection.query(
            """
            insert into ops.migration as m (path, kind, version, checksum)
            values ($1, $2, $3::integer, $4)
            on conflict (path) do update
              set kind = excluded.kind, checksum = excluded.checksum, applied_order = default,
                applied_at = clock_timestamp(), applied_by = session_user, duration_ms = null, finished_at = null
              where m.finished_at is null
                or $5::boolean
                or (m.kind <> 'versioned' and m.checksum <> excluded.checksum)
            returning m.path
            """,
            [
                .text(file.path), .text(file.kind.rawValue), .int(file.version.map(Int64.init)), .text(file.checksum),
                .bool(again),
            ])
        return !result.rows.isEmpty
    }

    /// - Returns: milliseconds since `begin`.
    static func finish(_ file: MigrationFile, _ connection: Connection) async throws -> Int {
        let result = try await connection.query(
            """
            update ops.migration
            set finished_at = clock_timestamp(),
              duration_ms = greatest(0, extract(epoch from clock_timestamp() - applied_at) * 1000)::bigint
            where path = $1
            returning duration_ms
            """, [.text(file.path)])
        guard let row = result.first else {
            throw MigrationError(.lockLost, "\(file.path): its row is gone from \(table)")
        }
        return Int(row.int("duration_ms") ?? 0)
    }

    /// One row for those of the files that went into a squashed one. It is the last one's, so that it stays said when
    /// that was, and what ran after it.
    static func squash(_ squash: MigrationPlan.Squash, _ connection: Connection) async throws {
        let paths = squash.rows.map(\.path)
        guard let last = paths.last else { return }
        var changed = 0
        for path in paths.dropLast() {
            changed += try await connection.query(
                "delete from ops.migration where path = $1 and finished_at is not null returning path", [.text(path)]
            ).rows.count
        }
        changed += try await connection.query(
            """
            update ops.migration set path = $2, kind = 'baseline', version = $3::integer, checksum = $4
            where path = $1 and finished_at is not null
            returning path
            """,
            [
                .text(last), .text(squash.file.path), .int(squash.file.version.map(Int64.init)),
                .text(squash.file.checksum),
            ]
        ).rows.count
        guard changed == paths.count else {
            throw MigrationError(.lockLost, "\(squash.file.path): rows of what it was squashed from are gone from \(table)")
        }
    }

    /// Puts the checksums of this release in the place of an earlier one's, row by row. Runs under the advisory lock
    /// only. Nothing else of a row changes: no file has run.
    static func restamp(_ files: [MigrationFile], _ connection: Connection) async throws {
        try await together(connection) { connection in
            for file in files {
                try await connection.query(
                    "update ops.migration set checksum = $2 where path = $1 and checksum = $3",
                    [.text(file.path), .text(file.checksum), .text(file.byteChecksum)])
            }
            // Only the table's owner may comment on it; whoever else applies leaves the comment as it is.
            let row = try await connection.query(
                """
                select pg_catalog.pg_has_role(c.relowner, 'usage')
                  and pg_catalog.col_description(c.oid, a.attnum) is distinct from $1 as stale
                from pg_catalog.pg_class c
                join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'checksum'
                where c.oid = 'ops.migration'::pg_catalog.regclass
                """, [.text(checksumComment)]
            ).first
            if row?.bool("stale") == true {
                try await connection.execute("comment on column ops.migration.checksum is '\(checksumComment)'")
            }
        }
    }

    /// In the transaction that is open, or in one of its own.
    static func together(
        _ connection: Connection, _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        if await connection.inTransaction { try await body(connection) } else { try await connection.transaction(body) }
    }

    static func baseline(_ file: MigrationFile, _ connection: Connection) async throws {
        try await connection.query(
            """
            insert into ops.migration (path, kind, version, checksum, duration_ms, finished_at)
            values ($1, 'baseline', $2::integer, $3, 0, clock_timestamp())
            """, [.text(file.path), .int(file.version.map(Int64.init)), .text(file.checksum)])
    }
}
