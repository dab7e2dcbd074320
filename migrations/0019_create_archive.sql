-- The archive: events and dead letters as objects of JSON lines. And what else leaves by the outbox: messages to topics and
-- webhooks; rows that nobody takes are parked, and an alert says so.
alter table public.events add column run_id bigint;
comment on column public.events.run_id is
    'the run (ops.run) that stored it: with batch_id and position it says which object of the archive the event is in; null: stored before there was an archive';

alter table ops.feed add column archives_stored boolean not null default false;
comment on column ops.feed.archives_stored is 'whether what the feed stores is saved in the archive; rejects of every feed are';
update ops.feed set archives_stored = true where feed in ('events.raw', 'events.dead_letter');

insert into ops.setting (name, value, meaning) values
    ('archive.enabled', 'on', 'whether events and dead letters are saved in the object store: on or off'),
    ('archive.object.records', '20000', 'records that an object of the archive has at most'),
    ('archive.object.bytes', '33554432', 'bytes that an object of the archive has at most, as JSON and before it is compressed, but for a single record that is longer'),
    ('archive.object.age', '60 seconds', 'how long what was promoted waits for more to share an object with, an interval'),
    ('archive.compression', 'none', 'what objects of the archive are compressed with: none or gzip; holds for objects that are sealed from then on'),
    ('outbox.attempts', '20', 'how often a destination may refuse a row before it is parked; being away does not count'),
    ('outbox.alert_after', '10 minutes', 'how long a destination may be away before there is an alert, an interval');

-- What was promoted and is in no object yet.
create table ops.archive_pending (
    kind text not null constraint archive_pending_kind_check check (kind in ('event', 'dead_letter')),
    batch_id bigint not null constraint archive_pending_batch_id_fkey references ops.batch on delete restrict,
    run_id bigint not null,
    feed text not null constraint archive_pending_feed_fkey references ops.feed on delete restrict,
    day date not null,
    records bigint not null constraint archive_pending_records_check check (records > 0),
    posted_at timestamptz not null default clock_timestamp(),
    first_at timestamptz,
    last_at timestamptz,
    first_position bigint,
    last_position bigint,
    bytes bigint constraint archive_pending_bytes_check check (bytes > 0),
    constraint archive_pending_pkey primary key (batch_id, run_id, kind),
    constraint archive_pending_measured_check check (
        (bytes is null) = (first_position is null) and (bytes is null) = (last_position is null))
);
create index archive_pending_feed_idx on ops.archive_pending (feed, kind, day, posted_at);
comment on table ops.archive_pending is
    'what a run stored or rejected of a batch and no object of the archive holds yet; written with its cause, gone when it is sealed';
comment on column ops.archive_pending.kind is 'event: rows of public.events; dead_letter: rejects';
comment on column ops.archive_pending.run_id is 'the run that judged; 0: rows from before there was an archive, whose run_id is null';
comment on column ops.archive_pending.first_at is 'the earliest timestamp_stamp of its events, last_at the latest; null: not known, or dead letters';
comment on column ops.archive_pending.first_position is 'null, as last_position and bytes, until ops.seal_archive() has measured it; then records is what it found';
comment on column ops.archive_pending.bytes is 'what its lines will have, or a little more';
comment on column ops.archive_pending.day is 'UTC day of landing, as ops.batch.received_on: the dt of the object';

create table ops.archive_object (
    object_id bigint generated always as identity constraint archive_object_pkey primary key,
    kind text not null constraint archive_object_kind_check check (kind in ('event', 'dead_letter')),
    feed text not null constraint archive_object_feed_fkey references ops.feed on delete restrict,
    day date not null,
    object_key text not null constraint archive_object_object_key_key unique
        constraint archive_object_object_key_check check (octet_length(object_key) between 1 and 1024),
    compression text not null constraint archive_object_compression_check check (compression in ('none', 'gzip')),
    records bigint not null constraint archive_object_records_check check (records > 0),
    sealed_at timestamptz not null default clock_timestamp(),
    bytes bigint constraint archive_object_bytes_check check (bytes > 0),
    sha256 bytea constraint archive_object_sha256_check check (octet_length(sha256) = 32),
    content_bytes bigint constraint archive_object_content_bytes_check check (content_bytes > 0),
    content_sha256 bytea constraint archive_object_content_sha256_check check (octet_length(content_sha256) = 32),
    version_id text,
    delivered_at timestamptz,
    constraint archive_object_delivered_at_check check (
        (delivered_at is null) = (bytes is null) and (delivered_at is null) = (sha256 is null)
        and (delivered_at is null) = (content_bytes is null) and (delivered_at is null) = (content_sha256 is null))
);
create index archive_object_day_idx on ops.archive_object (day, kind, feed);
create index archive_object_feed_idx on ops.archive_object (feed);
comment on table ops.archive_object is 'objects of the archive: sealed here, then put into the object store by a relay. archive_piece says what is in them';
comment on column ops.archive_object.day is 'UTC day on which what it holds was landed: its dt';
comment on column ops.archive_object.object_key is 'where it lies, below the object store''s URL; never given again';
comment on column ops.archive_object.records is 'lines it has';
comment on column ops.archive_object.bytes is 'bytes as it lies there; null until it is delivered';
comment on column ops.archive_object.sha256 is 'of those bytes';
comment on column ops.archive_object.content_bytes is 'bytes of its lines, uncompressed';
comment on column ops.archive_object.content_sha256 is 'of its lines, uncompressed';
comment on column ops.archive_object.version_id is 'the version that the store gave it; null where it keeps none';

create table ops.archive_piece (
    object_id bigint not null constraint archive_piece_object_id_fkey references ops.archive_object on delete restrict,
    batch_id bigint not null constraint archive_piece_batch_id_fkey references ops.batch on delete restrict,
    run_id bigint not null,
    first_position bigint not null,
    last_position bigint not null,
    records bigint not null constraint archive_piece_records_check check (records > 0),
    first_at timestamptz,
    last_at timestamptz,
    constraint archive_piece_pkey primary key (object_id, batch_id, run_id),
    constraint archive_piece_last_position_check check (first_position <= last_position),
    constraint archive_piece_last_at_check check (first_at <= last_at)
);
create index archive_piece_batch_id_idx on ops.archive_piece (batch_id, run_id, first_position);
comment on table ops.archive_piece is
    'what an object of the archive holds: of a batch what a run judged, from a position to another, both included; lines lie in the order batch, run, position';
comment on column ops.archive_piece.run_id is 'as in archive_pending';
comment on column ops.archive_piece.first_at is 'the earliest timestamp_stamp of its events: the partitions to look in; null for dead letters';

create table ops.archive_kept (
    batch_id bigint not null constraint archive_kept_batch_id_fkey references ops.batch on delete restrict,
    run_id bigint not null,
    position bigint not null,
    line text not null,
    constraint archive_kept_pkey primary key (batch_id, run_id, position)
);
comment on table ops.archive_kept is
    'lines of dead letters that a replay took before their object was delivered; personal data; gone when it is';

-- The outbox for every carrier. Rows that were posted before are Kafka's.
alter table ops.outbox
    drop constraint outbox_kind_check,
    add constraint outbox_kind_check check (kind in ('dead_letter', 'object', 'message')),
    add column carrier text not null default 'kafka' constraint outbox_carrier_check check (carrier in ('kafka', 'object_store', 'webhook')),
    add column object_id bigint constraint outbox_object_id_key unique
        constraint outbox_object_id_fkey references ops.archive_object on delete restrict,
    add column message_key text constraint outbox_message_key_check check (octet_length(message_key) between 1 and 1024),
    add column refusals integer not null default 0 constraint outbox_refusals_check check (refusals between 0 and attempts),
    add column parked_at timestamptz,
    add constraint outbox_object_check check ((kind = 'object') = (object_id is not null)),
    add constraint outbox_carrier_kind_check check ((kind = 'object') = (carrier = 'object_store') and (kind <> 'dead_letter' or carrier = 'kafka')),
    add constraint outbox_parked_at_check check (parked_at is null or state = 'waiting');
alter table ops.outbox alter column carrier drop default;
comment on table ops.outbox is
    'what must leave the database: written with its cause, delivered at least once by a relay, kept so that nothing is posted twice. Dead letters and objects have no content of their own: it is read where it lies when it is sent';
comment on column ops.outbox.kind is
    'dead_letter: the rejects of a batch, each a message to the feed''s dead-letter topic; object: an object of the archive; message: what outbox_message holds';
comment on column ops.outbox.carrier is 'what it goes by';
comment on column ops.outbox.destination is 'where to: a Kafka topic, archive for the object store, the name of a webhook';
comment on column ops.outbox.messages is 'how many there were when it was posted: messages, or lines of an object; a replay before delivery may leave fewer dead letters';
comment on column ops.outbox.message_key is 'rows of one destination and key are delivered in their order, one that is parked holds up those after it; null: any order';
comment on column ops.outbox.attempts is 'failed ones; a relay that died leaves no trace';
comment on column ops.outbox.refusals is 'of the attempts those that the row itself was to blame for';
comment on column ops.outbox.parked_at is 'when it was put aside after setting outbox.attempts refusals: not tried until a person resumes it; never dropped';
drop index ops.outbox_waiting_idx;
create index outbox_waiting_idx on ops.outbox (carrier, destination, next_attempt_at, outbox_id) where state = 'waiting';
create index outbox_ordered_idx on ops.outbox (carrier, destination, message_key, outbox_id) where state = 'waiting' and message_key is not null;

create table ops.outbox_message (
    outbox_id bigint constraint outbox_message_pkey primary key
        constraint outbox_message_outbox_id_fkey references ops.outbox on delete cascade,
    payload bytea not null constraint outbox_message_payload_check check (octet_length(payload) <= 1048576),
    headers text[] not null default '{}' constraint outbox_message_headers_check check (cardinality(headers) % 2 = 0),
    content_type text not null default 'application/json'
        constraint outbox_message_content_type_check check (content_type ~ '^[ -~]{1,200}$')
);
comment on table ops.outbox_message is 'what the outbox''s rows of kind message hold; may be personal data';
comment on column ops.outbox_message.headers is 'names and values in turn: headers of the Kafka message, or of the request';
comment on column ops.outbox_message.content_type is 'of a webhook''s body';

create table ops.webhook (
    webhook text constraint webhook_pkey primary key constraint webhook_webhook_check check (webhook ~ '^[a-z][a-z0-9_]{0,39}$'),
    url text not null constraint webhook_url_check check (url ~ '^https?://[^[:space:]@]+$' and octet_length(url) <= 2048),
    kinds text[] not null constraint webhook_kinds_check check (cardinality(kinds) > 0
        and kinds <@ array['alert.raised', 'alert.cleared', 'batch.rejected', 'object.delivered', 'message']),
    added_by name not null default session_user,
    added_at timestamptz not null default clock_timestamp()
);
comment on table ops.webhook is 'URLs that are told what happens, by POST of JSON; its secret is the relay''s, in EMPORIUM_WEBHOOK_SECRET_<NAME>, never here';
comment on column ops.webhook.url is 'http or https; holds no user and no password, and its path may be a secret';
comment on column ops.webhook.kinds is 'what it is told; message: only what ops.post_message() sends to it by name';

create table ops.outage (
    carrier text not null,
    destination text not null,
    since timestamptz not null default clock_timestamp(),
    constraint outage_pkey primary key (carrier, destination)
);
comment on table ops.outage is 'destinations that are away, since the first attempt that found them so; one that answers has no row';

create table ops.alert (
    alert_id bigint generated always as identity constraint alert_pkey primary key,
    kind text not null constraint alert_kind_check check (kind in ('outbox.parked', 'destination.away', 'object.differs')),
    subject text not null,
    message text not null,
    raised_at timestamptz not null default clock_timestamp(),
    cleared_at timestamptz,
    constraint alert_cleared_at_check check (cleared_at >= raised_at)
);
create unique index alert_kind_subject_idx on ops.alert (kind, subject) where cleared_at is null;
comment on table ops.alert is 'what a person should look at; one that stands has no cleared_at. Names no values of records';
comment on column ops.alert.subject is 'what it is about: carrier and destination, kafka:customers.dead.letter; of object.differs the object''s key';

-- What had been promoted before.
insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records)
select 'event', b.batch_id, 0, b.feed, b.received_on, b.stored - b.expired
from ops.batch b join ops.feed f using (feed)
where f.archives_stored and b.stored > b.expired;
insert into ops.archive_pending (kind, batch_id, run_id, feed, day, records)
select 'dead_letter', r.batch_id, r.run_id, b.feed, r.received_on, count(*)
from staging.reject r join ops.batch b using (batch_id)
where r.disposition = 'rejected'
group by r.batch_id, r.run_id, b.feed, r.received_on;

-- These have another shape now.
drop view if exists ops.outbox_status;
drop function if exists ops.claim_outbox(text, text[]);
drop function if exists ops.postpone_outbox(bigint, text, boolean);
