-- Events as they come from Kafka: decoded by the loader, judged by events.promote(); and what the door refused.
alter table ops.feed add column message_format text not null default 'json'
    constraint feed_message_format_check check (message_format in ('json', 'avro', 'dead_letter'));
comment on column ops.feed.message_format is
    'what a message holds and so what the loader copies: json as it is; avro (Confluent frame), decoded to JSON; dead_letter: JSON as it is, and the headers code and error';

create table staging.event (
    batch_id bigint not null,
    position bigint not null,
    slot smallint not null,
    defect text,
    message_key bytea,
    origin text,
    schema_id bigint,
    published_at timestamptz,
    package_size integer,
    payload bytea not null
) partition by list (slot);
comment on table staging.event is 'messages of topic events.raw as landed; personal data; emptied by rotation';
comment on column staging.event.position is 'offset of the message; batch_id tells cluster and partition (ops.kafka_batch)';
comment on column staging.event.defect is 'what is wrong with the bytes themselves or their schema, null when nothing is';
comment on column staging.event.message_key is 'key of the message: the correlation id, 36 characters';
comment on column staging.event.origin is 'header origin, that of a dead letter that was sent back in; else null';
comment on column staging.event.schema_id is 'the writer''s schema, by its id in the schema registry';
comment on column staging.event.published_at is 'when Kafka took the message in';
comment on column staging.event.package_size is 'how many events the package has that it came in, by header packageSize';
comment on column staging.event.payload is 'the decoded event as JSON in the normal form (UTF-8); where there is a defect the message''s own bytes';

create table staging.event_dead_letter (
    batch_id bigint not null,
    position bigint not null,
    slot smallint not null,
    defect text,
    message_key bytea,
    origin text,
    code text,
    error text,
    published_at timestamptz,
    package_size integer,
    payload bytea not null
) partition by list (slot);
comment on table staging.event_dead_letter is 'messages of topic events.dead.letter as landed: events that the door refused; personal data; emptied by rotation';
comment on column staging.event_dead_letter.position is 'offset of the message; batch_id tells cluster and partition (ops.kafka_batch)';
comment on column staging.event_dead_letter.defect is 'what is wrong with the bytes themselves, null when nothing is';
comment on column staging.event_dead_letter.message_key is 'key of the message: the correlation id, 36 characters';
comment on column staging.event_dead_letter.origin is 'header origin: collect where the door refused the event, promote where events.promote() did, which is here already';
comment on column staging.event_dead_letter.code is 'header code: why the door refused it';
comment on column staging.event_dead_letter.error is 'header error: the same as a sentence; may quote the event';
comment on column staging.event_dead_letter.published_at is 'when Kafka took the message in';
comment on column staging.event_dead_letter.package_size is 'how many events the package has that it came in, by header packageSize';
comment on column staging.event_dead_letter.payload is 'the event''s bytes as they were sent';

create table staging.event_0 (like staging.event including all);
create table staging.event_1 (like staging.event including all);
create table staging.event_2 (like staging.event including all);
alter table staging.event attach partition staging.event_0 for values in (0);
alter table staging.event attach partition staging.event_1 for values in (1);
alter table staging.event attach partition staging.event_2 for values in (2);
create index event_batch_id_idx on staging.event using brin (batch_id) with (pages_per_range = 16);

create table staging.event_dead_letter_0 (like staging.event_dead_letter including all);
create table staging.event_dead_letter_1 (like staging.event_dead_letter including all);
create table staging.event_dead_letter_2 (like staging.event_dead_letter including all);
alter table staging.event_dead_letter attach partition staging.event_dead_letter_0 for values in (0);
alter table staging.event_dead_letter attach partition staging.event_dead_letter_1 for values in (1);
alter table staging.event_dead_letter attach partition staging.event_dead_letter_2 for values in (2);
create index event_dead_letter_batch_id_idx on staging.event_dead_letter using brin (batch_id) with (pages_per_range = 16);

-- What a replay needs to judge a message as it was judged first.
alter table staging.reject add column schema_id bigint, add column published_at timestamptz, add column package_size integer;
comment on column staging.reject.schema_id is 'the writer''s schema, by its id in the schema registry; null where there is none';
comment on column staging.reject.published_at is 'when Kafka took the message in; null for feeds that do not keep it';
comment on column staging.reject.package_size is 'how many events the package has that it came in; null for all but events';
-- The rejects of a package of events, by their keys alone: a correlation id's last 5 of 36 characters are its ordinal.
create index reject_package_idx on staging.reject (substring(message_key from 1 for 31)) where octet_length(message_key) = 36;

alter table public.events add column package_size integer
    constraint events_package_size_check check (package_size between 1 and 1048575);
comment on column public.events.package_size is 'how many events the package has that it came in; null where that is not known';

-- The one place to look for an event by its correlation id: public.events would be looked through for each day that is kept.
-- The ids rise with time and so with the ledger, but for partitions that lag: several ranges of values for a range of pages. 1 us
-- a row and milliseconds a look, where a btree costs 3.5 us a row and a third more WAL.
alter table events.message add column correlation_id uuid;
comment on column events.message.correlation_id is 'events.correlation_id: events.trace() and events.package_status() find what was stored by it';
create index message_correlation_id_idx on events.message using brin (correlation_id uuid_minmax_multi_ops)
    with (pages_per_range = 64, autosummarize = on);

-- Its result has another shape now: headers by name.
drop function if exists ops.dead_letters(bigint, bigint, integer, bigint);

-- The ledger's rows go with the days of public.events; the books say how many.
alter table ops.batch add column expired bigint not null default 0,
    add constraint batch_expired_check check (expired between 0 and stored);
comment on column ops.batch.expired is 'of those stored, how many are past retention and gone';

insert into ops.feed (feed, staging_table, promote_function, stored_table, columns, commutes, topic, dead_letter_topic, message_format) values
    ('events.raw', 'event', 'events.promote', 'events.message', '{data,attributes}', true, 'events.raw', 'events.dead.letter', 'avro'),
    ('events.dead_letter', 'event_dead_letter', 'events.promote_dead_letters', 'events.message', '{data,attributes}', true,
     'events.dead.letter', null, 'dead_letter');

-- What the loader finds in a message of Avro.
insert into ops.rule (feed, code, severity, reason, remedy) values
    ('events.raw', 'bad_magic_byte', 'error', 'the message does not begin with a 0 and the number of a schema', 'send Confluent''s wire format: 0, four bytes of schema id, Avro'),
    ('events.raw', 'unknown_schema', 'error', 'the schema registry has no schema of the message''s number', 'register the schema, then replay'),
    ('events.raw', 'malformed_avro', 'error', 'the message does not decode by its schema', 'see with which schema the sender writes'),
    ('events.raw', 'number_not_finite', 'error', 'a number is infinite or none (NaN)', 'send finite numbers');

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('events.dead_letter', 'returned_dead_letter', 'info', 'this event was refused by events.promote(): its reject in the feed events.raw stands', 'replay that one, once its cause is mended');

-- What the door finds in an event, before it goes to Kafka.
insert into ops.rule (feed, code, severity, reason, remedy) values
    ('events.dead_letter', 'missing_field', 'error', 'a field that must be there is missing', 'send it'),
    ('events.dead_letter', 'wrong_type', 'error', 'a field is not of the type that the schema says', 'see the reason'),
    ('events.dead_letter', 'out_of_range', 'error', 'a number is one that the schema cannot hold', 'see the reason'),
    ('events.dead_letter', 'malformed_stamp', 'error', 'a stamp that is a string is no JSON list of one element', 'send the stamp as an object'),
    ('events.dead_letter', 'ambiguous_field', 'error', 'the same thing is said twice', 'send headers or attributes, and each stamp once'),
    ('events.dead_letter', 'refused', 'error', 'the event was refused, by its headers nobody knows why', 'replay: its bytes are judged then');

-- What the judge finds, in both feeds.
insert into ops.rule (feed, code, severity, reason, remedy)
select f.feed, r.code, r.severity::ops.severity, r.reason, r.remedy
from (values ('events.raw'), ('events.dead_letter')) as f (feed)
cross join (values
    ('duplicate_event', 'info', 'the same event has been stored already', 'none: nothing is lost'),
    ('conflict', 'error', 'another event of the same messageIdStamp has been stored already', 'give each event an id of its own'),
    ('correlation_id_malformed', 'error', 'the key of the message is not the correlation id of a package''s event', 'send events through the door (emporium collect)'),
    ('unknown_field', 'error', 'the event has a field that nobody knows', 'new fields belong into data, once the schema has them (emporium schemas apply); elsewhere they need a column'),
    ('data_missing', 'error', 'data is missing', 'send {"id": …, "amount": …}'),
    ('data_type', 'error', 'data is not a JSON object', 'send {"id": …, "amount": …}'),
    ('data_id_missing', 'error', 'data.id is missing', 'send a string'),
    ('data_id_type', 'error', 'data.id is not a JSON string', 'send a string'),
    ('amount_missing', 'error', 'data.amount is missing', 'send a number'),
    ('amount_type', 'error', 'data.amount is not a JSON number', 'send a number without quotes'),
    ('amount_out_of_range', 'error', 'data.amount is beyond what a double holds', 'mend it at the source'),
    ('attributes_missing', 'error', 'attributes are missing', 'send an object with the stamps'),
    ('attributes_type', 'error', 'attributes are not a JSON object', 'send an object with the stamps'),
    ('timestamp_missing', 'error', 'the timestampStamp is missing', 'say when it happened'),
    ('timestamp_malformed', 'error', 'the timestampStamp is not a time with an offset', 'send ISO 8601 with an offset or Z: 2026-03-01T10:11:12Z, 2026-03-01T12:11:12.5+02:00'),
    ('timestamp_too_old', 'error', 'the event happened too long ago', 'see ops.setting events.window_past and events.retention'),
    ('timestamp_in_future', 'error', 'the event lies in the future', 'set the sender''s clock; see ops.setting events.window_future'),
    ('message_id_missing', 'error', 'the messageIdStamp is missing', 'send a UUID, ULID or ObjectId'),
    ('message_id_malformed', 'error', 'the messageIdStamp is none of UUID, ULID and ObjectId', 'send one of them as a string'),
    ('event_type_missing', 'error', 'the type is missing', 'say what the event is'),
    ('event_type_type', 'error', 'the type is not a JSON string', 'send a string'),
    ('event_type_too_long', 'error', 'the type has more than 200 characters', 'shorten it'),
    ('event_type_characters', 'error', 'the type holds control characters', 'remove them'),
    ('target_subscription_missing', 'error', 'the targetSubscription is missing', 'say which subscription the event is meant for'),
    ('target_subscription_type', 'error', 'the targetSubscription is not a JSON string', 'send a string'),
    ('target_subscription_too_long', 'error', 'the targetSubscription has more than 200 characters', 'shorten it'),
    ('target_subscription_characters', 'error', 'the targetSubscription holds control characters', 'remove them'),
    ('new_context_missing', 'error', 'the newContextStamp is missing', 'send {"accountId": …, "userId": …}'),
    ('new_context_type', 'error', 'the newContextStamp is not a JSON object', 'send {"accountId": …, "userId": …}'),
    ('account_id_missing', 'error', 'newContextStamp.accountId is missing', 'send a UUID, ULID or ObjectId'),
    ('account_id_malformed', 'error', 'newContextStamp.accountId is none of UUID, ULID and ObjectId', 'send one of them as a string'),
    ('user_id_missing', 'error', 'newContextStamp.userId is missing', 'send a UUID, ULID or ObjectId'),
    ('user_id_malformed', 'error', 'newContextStamp.userId is none of UUID, ULID and ObjectId', 'send one of them as a string'),
    ('request_platform_type', 'error', 'newContextStamp.requestPlatform is not a JSON string', 'send a string, or leave it out'),
    ('request_platform_too_long', 'error', 'newContextStamp.requestPlatform has more than 200 characters', 'shorten it'),
    ('request_platform_characters', 'error', 'newContextStamp.requestPlatform holds control characters', 'remove them'),
    ('amplitude_track_type', 'error', 'the amplitudeTrackStamp is not a JSON object', 'send {"id": …}, or leave it out'),
    ('amplitude_id_missing', 'error', 'amplitudeTrackStamp.id is missing', 'send a whole number'),
    ('amplitude_id_malformed', 'error', 'amplitudeTrackStamp.id is not a whole JSON number', 'send a number without quotes, point and exponent'),
    ('amplitude_id_out_of_range', 'error', 'amplitudeTrackStamp.id is not between 0 and 18446744073709551615', 'mend it at the source'),
    ('tracked_device_type', 'error', 'amplitudeTrackStamp.trackedDevice is not a JSON string', 'send a string, or leave it out'),
    ('tracked_device_too_long', 'error', 'amplitudeTrackStamp.trackedDevice has more than 1000 characters', 'shorten it'),
    ('tracked_device_characters', 'error', 'amplitudeTrackStamp.trackedDevice holds control characters', 'remove them')
) as r (code, severity, reason, remedy);
