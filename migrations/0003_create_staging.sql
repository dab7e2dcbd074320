create type staging.disposition as enum ('rejected', 'duplicate');

-- One row for an input row. Partitions are made ahead by ops.ensure_partition: there is no default partition.
create table staging.reject (
    received_on date not null,
    batch_id bigint not null,
    position bigint not null,
    line bigint,
    run_id bigint not null,
    disposition staging.disposition not null,
    severity ops.severity not null,
    defect text,
    codes text[] not null constraint reject_codes_check check (cardinality(codes) > 0),
    reasons text[] not null constraint reject_reasons_check check (cardinality(reasons) = cardinality(codes)),
    fields text[],
    payload bytea not null,
    constraint reject_pkey primary key (batch_id, position, received_on)
) partition by range (received_on);
comment on table staging.reject is 'records that were not stored: why, where they came from, and their original bytes; personal data';
comment on column staging.reject.received_on is 'UTC day of landing, as in ops.batch';
comment on column staging.reject.position is 'ordinal of the record in its file, from 1; offset for Kafka';
comment on column staging.reject.line is 'line of the file where the record begins, from 1';
comment on column staging.reject.run_id is 'the run that judged it';
comment on column staging.reject.defect is 'what is wrong with the bytes themselves, as the loader found';
comment on column staging.reject.codes is 'every rule that failed, by code of ops.rule';
comment on column staging.reject.reasons is 'the same as sentences, in the same order';
comment on column staging.reject.fields is 'dequoted fields where the record had quotes, else null: split payload';
comment on column staging.reject.payload is 'the record''s original bytes without its line end';

create table staging.membership_application (
    batch_id bigint not null,
    position bigint not null,
    line bigint not null,
    slot smallint not null,
    defect text,
    fields text[],
    payload bytea not null
) partition by list (slot);
comment on table staging.membership_application is
    'membership applications as landed: name, email, date_of_birth, mobile_no; personal data; emptied by rotation';
comment on column staging.membership_application.position is 'ordinal of the record in its file, from 1';
comment on column staging.membership_application.line is 'line of the file where the record begins, from 1';
comment on column staging.membership_application.defect is 'what is wrong with the bytes themselves, null when nothing is';
comment on column staging.membership_application.fields is 'dequoted fields of a CSV record with quotes, else null';
comment on column staging.membership_application.payload is 'original bytes of the record without its line end';

create table staging.membership_application_0 (like staging.membership_application including all);
create table staging.membership_application_1 (like staging.membership_application including all);
create table staging.membership_application_2 (like staging.membership_application including all);
alter table staging.membership_application attach partition staging.membership_application_0 for values in (0);
alter table staging.membership_application attach partition staging.membership_application_1 for values in (1);
alter table staging.membership_application attach partition staging.membership_application_2 for values in (2);

-- Finds a batch among millions of rows; summarised before each promote.
create index membership_application_batch_id_idx on staging.membership_application
    using brin (batch_id) with (pages_per_range = 16);

insert into ops.feed (feed, staging_table, promote_function, stored_table, columns, commutes) values
    ('membership.application', 'membership_application', 'membership.promote', 'membership.member',
     '{name,email,date_of_birth,mobile_no}', false);
