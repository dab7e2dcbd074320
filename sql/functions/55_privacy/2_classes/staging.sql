-- What every column of schema staging is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('event', 'batch_id', 'not_personal', 'omit', '', null),
    ('event', 'position', 'personal', 'omit', 'judging the event', '31 days'),
    ('event', 'slot', 'not_personal', 'omit', '', null),
    ('event', 'defect', 'personal', 'omit', 'judging the event', '31 days'),
    ('event', 'message_key', 'personal', 'omit', 'judging the event', '31 days'),
    ('event', 'origin', 'not_personal', 'omit', '', null),
    ('event', 'schema_id', 'not_personal', 'omit', '', null),
    ('event', 'published_at', 'not_personal', 'omit', '', null),
    ('event', 'package_size', 'not_personal', 'omit', '', null),
    ('event', 'payload', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'batch_id', 'not_personal', 'omit', '', null),
    ('event_dead_letter', 'position', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'slot', 'not_personal', 'omit', '', null),
    ('event_dead_letter', 'defect', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'message_key', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'origin', 'not_personal', 'omit', '', null),
    ('event_dead_letter', 'code', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'error', 'personal', 'omit', 'judging the event', '31 days'),
    ('event_dead_letter', 'published_at', 'not_personal', 'omit', '', null),
    ('event_dead_letter', 'package_size', 'not_personal', 'omit', '', null),
    ('event_dead_letter', 'payload', 'personal', 'omit', 'judging the event', '31 days'),
    ('membership_application', 'batch_id', 'not_personal', 'omit', '', null),
    ('membership_application', 'position', 'personal', 'omit', 'judging the application', '31 days'),
    ('membership_application', 'line', 'personal', 'omit', 'judging the application', '31 days'),
    ('membership_application', 'slot', 'not_personal', 'omit', '', null),
    ('membership_application', 'defect', 'personal', 'omit', 'judging the application', '31 days'),
    ('membership_application', 'fields', 'sensitive', 'omit', 'judging the application', '31 days'),
    ('membership_application', 'payload', 'sensitive', 'omit', 'judging the application', '31 days'),
    ('reject', 'received_on', 'not_personal', 'clear', '', null),
    ('reject', 'batch_id', 'not_personal', 'clear', '', null),
    ('reject', 'position', 'personal', 'clear', 'a pseudonym: tells the rejects of a batch apart', '400 days'),
    ('reject', 'line', 'personal', 'omit', 'telling applicants what was wrong, replay', '400 days'),
    ('reject', 'run_id', 'not_personal', 'omit', '', null),
    ('reject', 'disposition', 'personal', 'clear', 'rejected, or a member already', '400 days'),
    ('reject', 'severity', 'not_personal', 'clear', '', null),
    ('reject', 'defect', 'personal', 'omit', 'telling applicants what was wrong, replay', '400 days'),
    ('reject', 'codes', 'personal', 'clear', 'why applications fail: codes of ops.rule, no values', '400 days'),
    ('reject', 'reasons', 'personal', 'omit', 'telling applicants what was wrong; may quote what a constraint refused', '400 days'),
    ('reject', 'fields', 'sensitive', 'omit', 'telling applicants what was wrong, replay', '400 days'),
    ('reject', 'payload', 'sensitive', 'omit', 'telling applicants what was wrong, replay', '400 days'),
    ('reject', 'message_key', 'personal', 'omit', 'sending dead letters, replay', '400 days'),
    ('reject', 'origin', 'not_personal', 'omit', '', null),
    ('reject', 'schema_id', 'not_personal', 'omit', '', null),
    ('reject', 'published_at', 'not_personal', 'omit', '', null),
    ('reject', 'package_size', 'not_personal', 'omit', '', null),
    ('shop_customer', 'batch_id', 'not_personal', 'omit', '', null),
    ('shop_customer', 'position', 'personal', 'omit', 'judging the message', '31 days'),
    ('shop_customer', 'slot', 'not_personal', 'omit', '', null),
    ('shop_customer', 'defect', 'personal', 'omit', 'judging the message', '31 days'),
    ('shop_customer', 'message_key', 'personal', 'omit', 'judging the message', '31 days'),
    ('shop_customer', 'origin', 'not_personal', 'omit', '', null),
    ('shop_customer', 'payload', 'sensitive', 'omit', 'judging the message', '31 days')
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'staging'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'staging', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
