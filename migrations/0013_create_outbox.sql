-- What must leave the database: a row is written by the transaction that is its cause, and a relay delivers it later.
alter table ops.feed add column dead_letter_topic text
    constraint feed_dead_letter_topic_check check (dead_letter_topic is null
        or (dead_letter_topic <> '' and length(dead_letter_topic) <= 249 and topic is not null and dead_letter_topic <> topic));
comment on column ops.feed.dead_letter_topic is 'Kafka topic that the feed''s rejects are sent to; null when they stay here, as those of files do';
update ops.feed set dead_letter_topic = 'customers.dead.letter' where feed = 'shop.customer';

create type ops.outbox_state as enum ('waiting', 'delivered');

create table ops.outbox (
    outbox_id bigint generated always as identity constraint outbox_pkey primary key,
    kind text not null constraint outbox_kind_check check (kind in ('dead_letter')),
    destination text not null constraint outbox_destination_check check (destination <> ''),
    batch_id bigint constraint outbox_batch_id_fkey references ops.batch on delete restrict,
    state ops.outbox_state not null default 'waiting',
    messages bigint not null constraint outbox_messages_check check (messages > 0),
    created_at timestamptz not null default clock_timestamp(),
    attempts integer not null default 0 constraint outbox_attempts_check check (attempts >= 0),
    next_attempt_at timestamptz not null default clock_timestamp(),
    last_error text,
    delivered bigint constraint outbox_delivered_check check (delivered >= 0),
    delivered_at timestamptz,
    constraint outbox_kind_batch_id_key unique (kind, batch_id),
    constraint outbox_state_check check ((state = 'delivered') = (delivered_at is not null and delivered is not null)),
    constraint outbox_dead_letter_check check (kind <> 'dead_letter' or batch_id is not null)
);
create index outbox_waiting_idx on ops.outbox (kind, next_attempt_at, outbox_id) where state = 'waiting';
create index outbox_batch_id_idx on ops.outbox (batch_id);
comment on table ops.outbox is
    'what must leave the database, one row for a batch: written with its cause, delivered at least once by a relay, kept so that nothing is posted twice. Has no content of its own: that is read where it lies when it is sent';
comment on column ops.outbox.kind is 'dead_letter: the rejects of a batch, each a message to the feed''s dead-letter topic';
comment on column ops.outbox.destination is 'where to: a Kafka topic';
comment on column ops.outbox.messages is 'how many there were when it was posted; a replay before delivery may leave fewer';
comment on column ops.outbox.attempts is 'failed ones; a relay that died leaves no trace';
comment on column ops.outbox.next_attempt_at is 'not tried before then';
comment on column ops.outbox.last_error is 'why the last attempt failed; names no values of records';
comment on column ops.outbox.delivered is 'messages that were acknowledged';
