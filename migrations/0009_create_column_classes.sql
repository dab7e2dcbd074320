create type privacy.data_class as enum ('not_personal', 'personal', 'sensitive');
comment on type privacy.data_class is
    'personal: says something about one person, by name or by pseudonym; sensitive: and would let others reach, impersonate or harm them';

create table privacy.column_class (
    schema_name name not null,
    table_name name not null,
    column_name name not null,
    class privacy.data_class not null,
    mask text not null
        constraint column_class_mask_check check (
            mask in ('clear', 'null', 'key', 'year', 'day', 'band', 'domain', 'prefix', 'omit')),
    purpose text not null default '',
    retention interval
        constraint column_class_retention_check check (retention > interval '0'),
    constraint column_class_pkey primary key (schema_name, table_name, column_name),
    constraint column_class_class_check check (
        class = 'not_personal' or (btrim(purpose) <> '' and retention is not null))
);
comment on table privacy.column_class is
    'every column of every table of ours: whether it is personal data, how analysts see it, what for and for how long it is kept; filled by sql/functions/55_privacy';
comment on column privacy.column_class.table_name is 'a table, or a partitioned table for all its partitions';
comment on column privacy.column_class.mask is
    'in analytics.<table>: clear; null; key: the person''s member_key; year: 1 January of it; day: midnight UTC; band: the lower end of five years; domain: what follows the @; prefix: first two characters; omit: no such column, and no view where all are omitted';
comment on column privacy.column_class.purpose is 'what personal data are kept for; where the mask is clear, why that may be';
comment on column privacy.column_class.retention is 'how long personal data are kept after the purpose ended; null: not personal';
