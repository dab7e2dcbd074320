-- What the limit is measured on: a copy of the shapes and indexes that `emporium run membership` writes to, without a rule,
-- a constraint on values, a generated column or a trigger. Runs in a database of its own on the same cluster.
drop schema if exists bench cascade;
create schema bench;

create type bench.disposition as enum ('rejected', 'duplicate');
create type bench.severity as enum ('info', 'warning', 'error');

-- As staging.membership_application.
create table bench.application (
    batch_id bigint not null,
    position bigint not null,
    line bigint not null,
    slot smallint not null,
    defect text,
    fields text[],
    payload bytea not null
) partition by list (slot);
create table bench.application_0 (like bench.application including all);
alter table bench.application attach partition bench.application_0 for values in (0);
create index application_batch_id_idx on bench.application using brin (batch_id) with (pages_per_range = 16);

-- As membership.member.
create table bench.member (
    membership_id text constraint member_pkey primary key,
    plain_id text not null,
    ordinal integer not null default 1,
    first_name text not null,
    last_name text not null,
    email text not null,
    date_of_birth date not null,
    mobile_no text not null,
    above_18 boolean not null,
    policy_version integer not null,
    run_id bigint,
    batch_id bigint,
    position bigint,
    line bigint,
    created_at timestamptz not null default now(),
    constraint member_batch_id_position_key unique (batch_id, position),
    constraint member_plain_id_ordinal_key unique (plain_id, ordinal)
);
create unique index member_email_date_of_birth_key on bench.member (lower(email), date_of_birth);

-- As staging.reject.
create table bench.reject (
    received_on date not null,
    batch_id bigint not null,
    position bigint not null,
    line bigint,
    run_id bigint not null,
    disposition bench.disposition not null,
    severity bench.severity not null,
    defect text,
    codes text[] not null,
    reasons text[] not null,
    fields text[],
    payload bytea not null,
    constraint reject_pkey primary key (received_on, batch_id, position)
) partition by range (received_on);
create table bench.reject_all (like bench.reject including all);
alter table bench.reject attach partition bench.reject_all for values from ('2000-01-01') to ('3000-01-01');

create table bench.batch (batch_id bigint primary key, source_file text not null);

-- Every row with its outcome, taken from a run of emporium: what the INSERT reads, so that nothing is computed.
-- part: 1 for the first half of the batches, 2 for the second; two sessions take one each.
create table bench.judged (
    part smallint not null,
    stored boolean not null,
    batch_id bigint not null,
    position bigint not null,
    line bigint,
    run_id bigint,
    membership_id text,
    plain_id text,
    ordinal integer,
    first_name text,
    last_name text,
    email text,
    date_of_birth date,
    mobile_no text,
    above_18 boolean,
    policy_version integer,
    received_on date,
    disposition bench.disposition,
    severity bench.severity,
    defect text,
    codes text[],
    reasons text[],
    fields text[],
    payload bytea
);
