-- What every column of schema public is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('events', 'timestamp_stamp', 'personal', 'clear', 'events over time', '400 days'),
    ('events', 'message_id_stamp', 'personal', 'omit', 'telling a message that comes again', '400 days'),
    ('events', 'correlation_id', 'personal', 'clear', 'a pseudonym of the event: tells the events of a package apart', '400 days'),
    ('events', 'type', 'personal', 'clear', 'which events there are', '400 days'),
    ('events', 'target_subscription', 'not_personal', 'clear', '', null),
    ('events', 'new_context_account_id', 'personal', 'clear', 'a pseudonym: events by account', '400 days'),
    ('events', 'new_context_user_id', 'personal', 'omit', 'whose event it is', '400 days'),
    ('events', 'data', 'personal', 'omit', 'what happened', '400 days'),
    ('events', 'timestamp_form', 'personal', 'omit', 'the event as it was sent', '400 days'),
    ('events', 'message_id_form', 'personal', 'omit', 'the event as it was sent', '400 days'),
    ('events', 'account_id_form', 'personal', 'omit', 'the event as it was sent', '400 days'),
    ('events', 'user_id_form', 'personal', 'omit', 'the event as it was sent', '400 days'),
    ('events', 'request_platform', 'personal', 'clear', 'events by platform', '400 days'),
    ('events', 'amplitude_track_id', 'personal', 'omit', 'the event in another system', '400 days'),
    ('events', 'amplitude_tracked_device', 'personal', 'omit', 'the event in another system', '400 days'),
    ('events', 'publish_time', 'not_personal', 'clear', '', null),
    ('events', 'schema_id', 'not_personal', 'clear', '', null),
    ('events', 'batch_id', 'not_personal', 'clear', '', null),
    ('events', 'position', 'personal', 'omit', 'where the event came from', '400 days'),
    ('events', 'package_size', 'not_personal', 'clear', '', null),
    ('events', 'run_id', 'not_personal', 'clear', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'public'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'public', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
