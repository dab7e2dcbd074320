-- Feeds that come from Kafka. Positions are kept here and nowhere else: the transaction that lands messages moves them on.
alter table ops.feed add column topic text
    constraint feed_topic_key unique
    constraint feed_topic_check check (topic <> '' and length(topic) <= 249);
comment on column ops.feed.topic is 'Kafka topic that the feed is read from; null for feeds of files';

comment on column ops.feed.stored_table is 'schema.name of the typed table, with columns batch_id and position; of feeds of files also line';

alter table staging.reject add column message_key bytea, add column origin text;
comment on column staging.reject.message_key is 'key of the Kafka message; null where it had none, and for records of files';
comment on column staging.reject.origin is
    'where a dead letter that was sent back in came from, cluster/topic:partition:offset by its header; null for all others';

create table ops.kafka_cluster (
    cluster_id text constraint kafka_cluster_pkey primary key
        constraint kafka_cluster_cluster_id_check check (cluster_id <> '' and length(cluster_id) <= 200),
    first_seen_at timestamptz not null default now()
);
comment on table ops.kafka_cluster is 'Kafka clusters by the id that their brokers give; an embedded broker is a new cluster each time it starts';

create table ops.kafka_member (
    member uuid constraint kafka_member_pkey primary key,
    feed text not null constraint kafka_member_feed_fkey references ops.feed on delete restrict,
    cluster_id text not null constraint kafka_member_cluster_id_fkey references ops.kafka_cluster on delete restrict,
    name text not null,
    backend_pid integer not null,
    backend_start timestamptz,
    joined_at timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null
);
create index kafka_member_feed_cluster_id_idx on ops.kafka_member (feed, cluster_id);
create index kafka_member_cluster_id_idx on ops.kafka_member (cluster_id);
comment on table ops.kafka_member is 'loaders that share the partitions of a feed; one that is not heard of until lease_until is out';
comment on column ops.kafka_member.name is 'host and process of the loader, for people';
comment on column ops.kafka_member.backend_pid is 'its session that lands; who takes over ends it';
comment on column ops.kafka_member.backend_start is 'tells that session from a later one of the same number; null when it was gone already';

create table ops.kafka_position (
    feed text not null constraint kafka_position_feed_fkey references ops.feed on delete restrict,
    cluster_id text not null constraint kafka_position_cluster_id_fkey references ops.kafka_cluster on delete restrict,
    partition integer not null constraint kafka_position_partition_check check (partition >= 0),
    first_offset bigint constraint kafka_position_first_offset_check check (first_offset >= 0),
    next_offset bigint,
    high_offset bigint constraint kafka_position_high_offset_check check (high_offset >= 0),
    seen_at timestamptz,
    owner uuid constraint kafka_position_owner_fkey references ops.kafka_member on delete set null,
    epoch bigint not null default 0,
    constraint kafka_position_pkey primary key (feed, cluster_id, partition),
    constraint kafka_position_next_offset_check check (
        next_offset >= first_offset and (first_offset is null) = (next_offset is null))
);
create index kafka_position_cluster_id_idx on ops.kafka_position (cluster_id);
create index kafka_position_owner_idx on ops.kafka_position (owner);
comment on table ops.kafka_position is 'how far each partition of a feed''s topic has been landed, by cluster, and who may land it';
comment on column ops.kafka_position.first_offset is
    'where reading began: the first offset that the cluster still had; null while nobody has begun';
comment on column ops.kafka_position.next_offset is 'the next message to land: everything from first_offset to before it has been, or is in ops.kafka_gap; null with first_offset';
comment on column ops.kafka_position.high_offset is 'the offset after the last message, as the loader saw it at seen_at; null while none has';
comment on column ops.kafka_position.owner is 'the loader that may land; null when nobody does';
comment on column ops.kafka_position.epoch is 'rises with each change of owner: the fence against one that was thought dead';

create table ops.kafka_batch (
    batch_id bigint constraint kafka_batch_pkey primary key
        constraint kafka_batch_batch_id_fkey references ops.batch on delete cascade,
    feed text not null,
    cluster_id text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    constraint kafka_batch_position_fkey foreign key (feed, cluster_id, partition) references ops.kafka_position on delete restrict,
    constraint kafka_batch_to_offset_check check (to_offset > from_offset)
);
create index kafka_batch_position_idx on ops.kafka_batch (feed, cluster_id, partition, from_offset);
comment on table ops.kafka_batch is 'which offsets a batch covers; those of a partition follow each other without hole or overlap';
comment on column ops.kafka_batch.to_offset is 'exclusive; a compacted topic has fewer messages than offsets between the two';

create table ops.kafka_gap (
    gap_id bigint generated always as identity constraint kafka_gap_pkey primary key,
    feed text not null,
    cluster_id text not null,
    partition integer not null,
    from_offset bigint not null,
    to_offset bigint not null,
    reason text not null,
    accepted_by name not null default session_user,
    accepted_at timestamptz not null default now(),
    constraint kafka_gap_position_fkey foreign key (feed, cluster_id, partition) references ops.kafka_position on delete restrict,
    constraint kafka_gap_to_offset_check check (to_offset > from_offset)
);
create index kafka_gap_position_idx on ops.kafka_gap (feed, cluster_id, partition, from_offset);
comment on table ops.kafka_gap is 'offsets that were gone before they were landed, which somebody decided to go on without';
comment on column ops.kafka_gap.to_offset is 'exclusive';

-- The next batch to promote is found without a look at those that have been.
create index batch_feed_batch_id_landed_idx on ops.batch (feed, batch_id) where state = 'landed';

insert into ops.setting (name, value, meaning) values
    ('kafka.lease', '10 s', 'how long a loader keeps its partitions without being heard of, an interval');
