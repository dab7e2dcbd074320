create table ops.setting (
    name text constraint setting_pkey primary key,
    value text not null,
    meaning text not null
);
comment on table ops.setting is 'settings of the platform, one a row; changed by update, read by functions';

insert into ops.setting (name, value, meaning) values
    ('staging.reject.retention', '400 days', 'how long rejected records are kept, an interval'),
    ('partitions.ahead', '2 months', 'how far ahead of today partitions are made, an interval'),
    ('rotate.lock_timeout', '200ms', 'how long emptying a staging slot waits for its lock before it is put off');

create table ops.feed (
    feed text
        constraint feed_pkey primary key
        constraint feed_feed_check check (feed like '_%._%' and translate(feed, 'abcdefghijklmnopqrstuvwxyz0123456789_.', '') = ''),
    staging_table text not null
        constraint feed_staging_table_key unique,
    promote_function text not null,
    stored_table text not null,
    columns text[] not null
        constraint feed_columns_check check (cardinality(columns) > 0),
    commutes boolean not null default false,
    slots smallint not null default 3
        constraint feed_slots_check check (slots between 2 and 16),
    current_slot smallint not null default 0
        constraint feed_current_slot_check check (current_slot >= 0 and current_slot < slots)
);
comment on table ops.feed is 'kinds of records that are landed: where they land, who promotes them, where they end';
comment on column ops.feed.feed is 'name of the feed, for example membership.application';
comment on column ops.feed.staging_table is 'table in schema staging, list-partitioned by slot';
comment on column ops.feed.promote_function is 'schema.name of a function (batch bigint, run bigint) returning ops.promotion';
comment on column ops.feed.stored_table is 'schema.name of the typed table, with columns batch_id, position and line';
comment on column ops.feed.columns is 'fields that every record must have; further columns of a file are carried but not read';
comment on column ops.feed.commutes is 'true when batches may be stored in any order with one result';
comment on column ops.feed.current_slot is 'slot that new batches are landed in';

create type ops.severity as enum ('info', 'warning', 'error');
comment on type ops.severity is 'info: not a fault (a duplicate); warning: stored all the same; error: rejected';

create table ops.rule (
    feed text not null,
    code text not null,
    severity ops.severity not null default 'error',
    reason text not null,
    remedy text not null,
    constraint rule_pkey primary key (feed, code)
);
comment on table ops.rule is 'what the codes of rejects mean; feed * holds for every feed';
comment on column ops.rule.reason is 'a sentence a person can read, copied into the reject';
comment on column ops.rule.remedy is 'what to do about it';

create type ops.run_state as enum ('running', 'done', 'failed');

create table ops.run (
    run_id bigint generated always as identity constraint run_pkey primary key,
    pipeline text not null,
    feed text not null,
    state ops.run_state not null default 'running',
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    options jsonb not null default '{}',
    summary jsonb
);
create index run_pipeline_feed_idx on ops.run (pipeline, feed, run_id);
comment on table ops.run is 'one call of a pipeline: load, membership, replay';
comment on column ops.run.options is 'what the run was told, and where it writes its output';
comment on column ops.run.summary is 'counts at its end: read, stored, rejected, duplicate';

create type ops.file_state as enum ('loading', 'loaded', 'failed');

create table ops.source_file (
    source_file_id bigint generated always as identity constraint source_file_pkey primary key,
    feed text not null,
    sha256 text not null
        constraint source_file_sha256_check check (length(sha256) = 64 and translate(sha256, '0123456789abcdef', '') = ''),
    name text not null,
    size_bytes bigint not null constraint source_file_size_bytes_check check (size_bytes >= 0),
    format text not null constraint source_file_format_check check (format in ('csv', 'json')),
    delimiter text not null default ',' constraint source_file_delimiter_check check (length(delimiter) = 1),
    columns text[],
    state ops.file_state not null default 'loading',
    landed_records bigint not null default 0
        constraint source_file_landed_records_check check (landed_records >= 0),
    reason text,
    registered_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint source_file_feed_sha256_key unique (feed, sha256)
);
comment on table ops.source_file is 'files by content: the same bytes under another name are the same file';
comment on column ops.source_file.name is 'the name it was first seen under';
comment on column ops.source_file.size_bytes is 'bytes as they lie on disk, compressed where the file is';
comment on column ops.source_file.columns is 'the header''s names in their order, folded to lower case with underscores';
comment on column ops.source_file.landed_records is 'records landed so far: where a loader that takes over goes on, and the fence against one that was thought dead';
comment on column ops.source_file.reason is 'why the file as a whole could not be read';

create type ops.batch_state as enum ('landed', 'promoted');

create sequence ops.batch_id_seq;

create table ops.batch (
    batch_id bigint constraint batch_pkey primary key,
    feed text not null,
    lane text not null default '',
    slot smallint not null,
    source_file_id bigint
        constraint batch_source_file_id_fkey references ops.source_file on delete restrict,
    run_id bigint not null
        constraint batch_run_id_fkey references ops.run on delete restrict,
    received_on date not null,
    received_at timestamptz not null default now(),
    state ops.batch_state not null default 'landed',
    received bigint not null constraint batch_received_check check (received > 0),
    stored bigint not null default 0 constraint batch_stored_check check (stored >= 0),
    rejected bigint not null default 0 constraint batch_rejected_check check (rejected >= 0),
    duplicate bigint not null default 0 constraint batch_duplicate_check check (duplicate >= 0),
    promoted_run bigint,
    promoted_at timestamptz,
    exported_through bigint not null default 0,
    constraint batch_balance_check check (stored + rejected + duplicate <= received
        and (state = 'landed' or stored + rejected + duplicate = received))
);
create index batch_feed_landed_idx on ops.batch (feed, lane, batch_id) where state = 'landed';
create index batch_run_id_idx on ops.batch (run_id);
create index batch_source_file_id_idx on ops.batch (source_file_id);
create index batch_feed_batch_id_idx on ops.batch (feed, batch_id);
comment on table ops.batch is 'records landed in one transaction, and what became of them';
comment on column ops.batch.lane is 'batches of one lane are stored in their order: empty for files, topic:partition for Kafka';
comment on column ops.batch.slot is 'slot of the staging table that its rows lie in';
comment on column ops.batch.received_on is 'UTC day of landing; rejects are partitioned by it';
comment on column ops.batch.promoted_run is 'the run that judged it last';
comment on column ops.batch.exported_through is 'rows judged by runs up to this one have been written out';

create table ops.run_export (
    run_id bigint not null constraint run_export_run_id_fkey references ops.run on delete restrict,
    batch_id bigint not null constraint run_export_batch_id_fkey references ops.batch on delete restrict,
    received_on date not null,
    after_run bigint not null,
    through_run bigint not null,
    constraint run_export_pkey primary key (run_id, batch_id)
);
create index run_export_batch_id_idx on ops.run_export (batch_id);
comment on table ops.run_export is 'what a run writes out: of each batch the rows judged after after_run up to through_run';

create table ops.replay_log (
    run_id bigint constraint replay_log_pkey primary key
        constraint replay_log_run_id_fkey references ops.run on delete restrict,
    feed text not null,
    filter jsonb not null,
    replayed bigint not null,
    stored bigint not null,
    rejected bigint not null,
    duplicate bigint not null,
    replayed_by name not null default session_user,
    replayed_at timestamptz not null default now()
);
comment on table ops.replay_log is 'replays that were carried out, with their filter and outcome';

create type ops.promotion as (batch_id bigint, received bigint, stored bigint, rejected bigint, duplicate bigint);
comment on type ops.promotion is 'what one call of a promote function did; received is what was pending';
