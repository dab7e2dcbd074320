-- Customers as they come from the topic customers: landed as bytes, judged, then the newest state of each wins.
create table staging.shop_customer (
    batch_id bigint not null,
    position bigint not null,
    slot smallint not null,
    defect text,
    message_key bytea,
    origin text,
    payload bytea not null
) partition by list (slot);
comment on table staging.shop_customer is 'messages of topic customers as landed; personal data; emptied by rotation';
comment on column staging.shop_customer.position is 'offset of the message; batch_id tells cluster and partition (ops.kafka_batch)';
comment on column staging.shop_customer.defect is 'what is wrong with the bytes themselves, null when nothing is';
comment on column staging.shop_customer.message_key is 'key of the message, null for none';
comment on column staging.shop_customer.origin is 'where a dead letter that was sent back in came from, by its header; else null';
comment on column staging.shop_customer.payload is 'original bytes; empty for a tombstone, whose defect says so';

create table staging.shop_customer_0 (like staging.shop_customer including all);
create table staging.shop_customer_1 (like staging.shop_customer including all);
create table staging.shop_customer_2 (like staging.shop_customer including all);
alter table staging.shop_customer attach partition staging.shop_customer_0 for values in (0);
alter table staging.shop_customer attach partition staging.shop_customer_1 for values in (1);
alter table staging.shop_customer attach partition staging.shop_customer_2 for values in (2);
create index shop_customer_batch_id_idx on staging.shop_customer using brin (batch_id) with (pages_per_range = 16);

create table shop.customer_event (
    customer_id bigint not null,
    event_time timestamptz not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    constraint customer_event_pkey primary key (customer_id, event_time, digest)
);
create index customer_event_batch_id_idx on shop.customer_event using brin (batch_id) with (pages_per_range = 16);
comment on table shop.customer_event is
    'every accepted message about a customer, once: what proves that none is lost or doubled; newer ones made the row in shop.customers';
comment on column shop.customer_event.event_time is 'when it happened, by the message';
comment on column shop.customer_event.digest is 'MD5 of the values as they were accepted: the same event again is a duplicate, another of the same time a conflict';
comment on column shop.customer_event.position is 'offset of the message';

create table shop.customer_version (
    customer_id bigint constraint customer_version_pkey primary key,
    event_time timestamptz not null,
    partition integer not null,
    position bigint not null,
    batch_id bigint not null
);
comment on table shop.customer_version is
    'which message the row of a customer stands by: a later one has a greater (event_time, partition, position). Stays when the customer goes, so that an old message does not bring him back';

insert into ops.feed (feed, staging_table, promote_function, stored_table, columns, commutes, topic) values
    ('shop.customer', 'shop_customer', 'shop.promote_customers', 'shop.customer_event',
     '{customer_id,first_name,last_name,age,email,country,city,postal_code,phone_number,registration_date,last_login_date,event_time}',
     true, 'customers');
