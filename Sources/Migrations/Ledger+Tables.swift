import Postgres

// The migrator's own tables beside the ledger. They are not made by migrations: the first migration needs them.

extension Ledger {
    /// Makes the tables that a ledger of an earlier release lacks, in the caller's transaction where one is open. Runs
    /// under the advisory lock only.
    static func complete(_ connection: Connection) async throws {
        let result = try await connection.query(
            "select to_regclass('ops.migration_object') is null or to_regclass('ops.migration_event') is null as lacking")
        guard result.first?.bool("lacking") == true else { return }
        let isInside = await connection.inTransaction
        try await connection.execute(isInside ? companions : "begin;" + companions + "commit")
    }

    static let companions = """
        create table if not exists ops.migration_object (
          kind text not null,
          identity text not null,
          path text not null,
          constraint migration_object_kind_identity_pkey primary key (kind, identity),
          constraint migration_object_kind_check check (kind in ('function', 'view'))
        );
        create index if not exists migration_object_path_idx on ops.migration_object (path);
        revoke all on table ops.migration_object from public;
        comment on table ops.migration_object is
          'What each repeatable file has made, so that a changed signature replaces the old one. Written by the migrator only.';
        comment on column ops.migration_object.kind is 'function (procedures and aggregates, too) or view.';
        comment on column ops.migration_object.identity is
          'Schema, name and, of a function, its argument types, as regprocedure prints them under an empty search_path.';
        comment on column ops.migration_object.path is 'The file that made it last, relative to the root of the project.';
        create table if not exists ops.migration_event (
          id bigint not null generated always as identity,
          run_id uuid not null,
          at timestamptz not null default pg_catalog.clock_timestamp(),
          event text not null,
          path text,
          line integer,
          detail jsonb,
          constraint migration_event_id_pkey primary key (id)
        );
        revoke all on table ops.migration_event from public;
        comment on table ops.migration_event is
          'What migrators did, step by step, as it happened: the same lines as their NDJSON progress. Kept for 90 days.';
        comment on column ops.migration_event.id is 'Grows with each event.';
        comment on column ops.migration_event.run_id is 'One apply; its events share it.';
        comment on column ops.migration_event.at is 'When it happened, by the server''s clock.';
        comment on column ops.migration_event.event is 'What happened, in the words of docs/migrations.md.';
        comment on column ops.migration_event.path is 'File, relative to the root of the project; null for the run as a whole.';
        comment on column ops.migration_event.line is 'Line of the statement in the file, 1-based.';
        comment on column ops.migration_event.detail is 'The event''s further fields. No rows of anybody.';

        """
}
