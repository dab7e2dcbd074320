-- Before each contender: nothing of the topic has been read, staging is empty.
create schema if not exists bench;
create table if not exists bench.python_offset (partition integer primary key, next_offset bigint not null);
truncate bench.python_offset, staging.shop_customer, staging.reject, ops.kafka_position, ops.kafka_batch, ops.batch cascade;
select setval('ops.batch_id_seq', 1, false);
checkpoint;
