-- What every column of schema events is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('api_key', 'api_key_id', 'not_personal', 'omit', '', null),
    ('api_key', 'sender', 'personal', 'omit', 'telling senders apart; whoever names one may name a person', '400 days'),
    ('api_key', 'key_digest', 'not_personal', 'omit', '', null),
    ('api_key', 'rate', 'not_personal', 'omit', '', null),
    ('api_key', 'created_at', 'not_personal', 'omit', '', null),
    ('api_key', 'revoked_at', 'not_personal', 'omit', '', null),
    ('message', 'message_id', 'personal', 'omit', 'telling a message that comes again', '400 days'),
    ('message', 'digest', 'personal', 'omit', 'telling a message that comes again', '400 days'),
    ('message', 'timestamp_stamp', 'personal', 'omit', 'finding the event', '400 days'),
    ('message', 'batch_id', 'not_personal', 'omit', '', null),
    ('message', 'position', 'personal', 'omit', 'where the event came from', '400 days'),
    ('message', 'correlation_id', 'personal', 'omit', 'finding the event by what its sender was told', '400 days'),
    ('package', 'api_key_id', 'not_personal', 'omit', '', null),
    ('package', 'idempotency_key', 'personal', 'omit', 'knowing a package that comes again; a sender may write anything', '30 days'),
    ('package', 'body_digest', 'personal', 'omit', 'knowing a package that comes again', '30 days'),
    ('package', 'package_id', 'personal', 'omit', 'giving a package that comes again its ids', '30 days'),
    ('package', 'remembered_at', 'not_personal', 'omit', '', null),
    ('refusal', 'correlation_id', 'personal', 'omit', 'telling a refused event that comes again', '400 days'),
    ('refusal', 'batch_id', 'not_personal', 'omit', '', null),
    ('refusal', 'position', 'personal', 'omit', 'where the event came from', '400 days')
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'events'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'events', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
