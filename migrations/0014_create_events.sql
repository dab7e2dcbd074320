-- Events: public.events by day of what happened, and the ledger that tells a message apart across partitions.
create schema events;
comment on schema events is 'what stands around public.events: ids, the ledger of messages, partitions on demand, the enriched JSON';

-- Which tables have partitions made ahead and dropped, and by which settings.
create table ops.partitioned_table (
    table_name text constraint partitioned_table_pkey primary key
        constraint partitioned_table_table_name_check check (table_name like '%_.%_'),
    unit text not null constraint partitioned_table_unit_check check (unit in ('day', 'month')),
    ahead_setting text not null constraint partitioned_table_ahead_setting_fkey references ops.setting on delete restrict,
    retention_setting text not null constraint partitioned_table_retention_setting_fkey references ops.setting on delete restrict
);
create index partitioned_table_ahead_setting_idx on ops.partitioned_table (ahead_setting);
create index partitioned_table_retention_setting_idx on ops.partitioned_table (retention_setting);
comment on table ops.partitioned_table is 'tables partitioned by time that `emporium maintain` keeps';
comment on column ops.partitioned_table.table_name is 'schema.name of the table';
comment on column ops.partitioned_table.unit is 'what a partition holds: a day (name_YYYYMMDD) or a month (name_YYYYMM), of UTC';
comment on column ops.partitioned_table.ahead_setting is 'the setting that says how far ahead of today partitions are made';
comment on column ops.partitioned_table.retention_setting is 'the setting that says how long after its end a partition is kept';

insert into ops.setting (name, value, meaning) values
    ('events.partitions.ahead', '7 days', 'how far ahead of today partitions of events are made, an interval'),
    ('events.window_past', '400 days', 'how old an event may be, an interval; the shorter of this and events.retention counts'),
    ('events.window_future', '1 hour', 'how far ahead of our clock an event may be, an interval'),
    ('events.retention', '400 days', 'how long events are kept, an interval');
insert into ops.partitioned_table (table_name, unit, ahead_setting, retention_setting) values
    ('staging.reject', 'month', 'partitions.ahead', 'staging.reject.retention'),
    ('public.events', 'day', 'events.partitions.ahead', 'events.retention');

-- The first eight columns and the index events_type_idx are given. There is no default partition.
create table public.events (
    timestamp_stamp timestamptz not null,
    message_id_stamp uuid not null,
    correlation_id uuid not null,
    type text not null,
    target_subscription text not null,
    new_context_account_id uuid not null,
    new_context_user_id uuid not null,
    data jsonb not null,
    timestamp_form text,
    message_id_form text,
    account_id_form text,
    user_id_form text,
    request_platform text,
    amplitude_track_id numeric(20, 0)
        constraint events_amplitude_track_id_check check (amplitude_track_id between 0 and 18446744073709551615),
    amplitude_tracked_device text,
    publish_time timestamptz,
    schema_id bigint constraint events_schema_id_check check (schema_id >= 0),
    batch_id bigint,
    position bigint,
    constraint events_pkey primary key (timestamp_stamp, message_id_stamp),
    constraint events_timestamp_stamp_check check (isfinite(timestamp_stamp)),
    constraint events_publish_time_check check (isfinite(publish_time)),
    constraint events_data_check check (jsonb_typeof(data) = 'object'),
    constraint events_amplitude_tracked_device_check check (amplitude_tracked_device is null or amplitude_track_id is not null),
    constraint events_position_check check ((position is null) = (batch_id is null))
) partition by range (timestamp_stamp);
create index events_type_idx on public.events (type);
-- All events of a batch, for the books: rows of a batch lie together.
create index events_batch_id_idx on public.events using brin (batch_id) with (pages_per_range = 16);
comment on table public.events is 'collected events, a partition a day of timestamp_stamp (UTC); personal data. events.enriched has them as JSON';
comment on column public.events.timestamp_stamp is 'when the event happened, by its sender: TimestampStamp';
comment on column public.events.message_id_stamp is 'MessageIdStamp: the sender''s id of the event, unique by events.message';
comment on column public.events.correlation_id is 'UUIDv7 of the event, given at the door: events.package_id() and events.ordinal() take it apart';
comment on column public.events.target_subscription is 'the subscription the event is meant for';
comment on column public.events.new_context_account_id is 'NewContextStamp.accountId; personal data';
comment on column public.events.new_context_user_id is 'NewContextStamp.userId; personal data';
comment on column public.events.data is 'the event''s data: id, amount';
comment on column public.events.timestamp_form is 'the time as it was sent; null where events.instant_text(timestamp_stamp) gives it';
comment on column public.events.message_id_form is 'how the id was written, by events.kept_form(); null: as PostgreSQL writes a uuid';
comment on column public.events.account_id_form is 'how the account''s id was written; as message_id_form';
comment on column public.events.user_id_form is 'how the user''s id was written; as message_id_form';
comment on column public.events.request_platform is 'NewContextStamp.requestPlatform; null where it was not sent';
comment on column public.events.amplitude_track_id is 'AmplitudeTrackStamp.id, an unsigned integer of 64 bits; null where the stamp was not sent';
comment on column public.events.amplitude_tracked_device is 'AmplitudeTrackStamp.trackedDevice; null where it was not sent';
comment on column public.events.publish_time is 'when Kafka took the event in';
comment on column public.events.schema_id is 'the writer''s schema, by its id in the schema registry';
comment on column public.events.batch_id is 'the batch (ops.batch) that it came in';
comment on column public.events.position is 'offset of its message; the batch tells cluster and partition';

create table events.message (
    message_id uuid constraint message_pkey primary key,
    digest uuid not null,
    timestamp_stamp timestamptz not null,
    batch_id bigint not null,
    position bigint not null
);
create index message_batch_id_idx on events.message using brin (batch_id) with (pages_per_range = 16);
create index message_timestamp_stamp_idx on events.message using brin (timestamp_stamp) with (pages_per_range = 16);
comment on table events.message is
    'every message that was stored, over all partitions of public.events: the same id and digest again is a duplicate, another digest a conflict';
comment on column events.message.message_id is 'events.message_id_stamp';
comment on column events.message.digest is 'MD5 of what the event says, as it was accepted, its id in the form it was sent included';
comment on column events.message.timestamp_stamp is 'when the event happened: the one partition to look in';
comment on column events.message.batch_id is 'the batch that brought it first';
comment on column events.message.position is 'offset of its message in that batch''s partition';
