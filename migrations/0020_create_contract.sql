-- What the fields of a registered schema and the columns of the table that takes them have to do with each other.
create table registry.contract (
    contract_id integer generated always as identity constraint contract_pkey primary key,
    subject text not null
        constraint contract_subject_check check (octet_length(subject) between 1 and 255 and subject !~ '[[:cntrl:]]'),
    table_name text not null constraint contract_table_name_check check (table_name like '%_.%_'),
    field text constraint contract_field_check check (octet_length(field) > 0),
    column_name text constraint contract_column_name_check check (octet_length(column_name) > 0),
    held text not null constraint contract_held_check check (held in ('value', 'parsed', 'form', 'whole', 'member', 'nowhere', 'ours')),
    read_as text,
    is_required boolean,
    why text constraint contract_why_check check (octet_length(why) > 0),
    constraint contract_subject_field_key unique nulls not distinct (subject, table_name, field, column_name),
    constraint contract_held_field_check check ((field is null) = (held = 'ours')),
    constraint contract_held_column_name_check check ((column_name is null) = (held = 'nowhere')),
    constraint contract_held_read_as_check check ((read_as is not null) = (held in ('parsed', 'member'))),
    constraint contract_held_is_required_check check ((is_required is not null) = (held = 'member')),
    constraint contract_held_why_check check ((why is not null) = (held in ('nowhere', 'ours')))
);
comment on table registry.contract is
    'which column holds which field of a subject''s schema, a row for each pair; registry.drift() compares both sides by it. Whoever adds a field or a column adds a row';
comment on column registry.contract.table_name is 'schema.name of the table';
comment on column registry.contract.field is 'names from the schema''s root, with dots; null for a column that no field fills';
comment on column registry.contract.column_name is 'null for a field that is kept nowhere';
comment on column registry.contract.held is
    'value: the column has the field''s value; parsed: what SQL reads in its text; form: how the text was written; whole: all of the record, fields that are added to it included; member: it is in the column''s JSON, and the rules of SQL ask for it; nowhere: it is dropped; ours: no field fills the column';
comment on column registry.contract.read_as is 'the column''s type (parsed), or the JSON type that the rules ask for (member)';
comment on column registry.contract.is_required is 'whether the rules of SQL refuse what lacks the member';
comment on column registry.contract.why is 'why the field is kept nowhere, or where the column has its value from';

insert into registry.contract (subject, table_name, field, column_name, held, read_as, is_required, why)
select 'events.raw-value', 'public.events', field, column_name, held, read_as, is_required, why
from (values
    ('data', 'data', 'whole', null, null, null),
    ('data.id', 'data', 'member', 'string', true, null),
    ('data.amount', 'data', 'member', 'number', true, null),
    ('attributes.timestampStamp', 'timestamp_stamp', 'parsed', 'timestamp with time zone', null, null),
    ('attributes.timestampStamp', 'timestamp_form', 'form', null, null, null),
    ('attributes.messageIdStamp', 'message_id_stamp', 'parsed', 'uuid', null, null),
    ('attributes.messageIdStamp', 'message_id_form', 'form', null, null, null),
    ('attributes.type', 'type', 'value', null, null, null),
    ('attributes.targetSubscription', 'target_subscription', 'value', null, null, null),
    ('attributes.newContextStamp.accountId', 'new_context_account_id', 'parsed', 'uuid', null, null),
    ('attributes.newContextStamp.accountId', 'account_id_form', 'form', null, null, null),
    ('attributes.newContextStamp.userId', 'new_context_user_id', 'parsed', 'uuid', null, null),
    ('attributes.newContextStamp.userId', 'user_id_form', 'form', null, null, null),
    ('attributes.newContextStamp.requestPlatform', 'request_platform', 'value', null, null, null),
    ('attributes.amplitudeTrackStamp.id', 'amplitude_track_id', 'value', null, null, null),
    ('attributes.amplitudeTrackStamp.trackedDevice', 'amplitude_tracked_device', 'value', null, null, null),
    (null, 'correlation_id', 'ours', null, null, 'key of the message'),
    (null, 'package_size', 'ours', null, null, 'header packageSize of the message'),
    (null, 'publish_time', 'ours', null, null, 'timestamp of the message'),
    (null, 'schema_id', 'ours', null, null, 'the five bytes before the message''s Avro'),
    (null, 'batch_id', 'ours', null, null, 'the books'),
    (null, 'position', 'ours', null, null, 'offset of the message'),
    (null, 'run_id', 'ours', null, null, 'the books')
) as v (field, column_name, held, read_as, is_required, why);
