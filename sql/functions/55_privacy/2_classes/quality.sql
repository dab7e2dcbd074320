-- What every column of schema quality is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('finding', 'finding_id', 'not_personal', 'clear', '', null),
    ('finding', 'feed', 'not_personal', 'clear', '', null),
    ('finding', 'code', 'not_personal', 'clear', '', null),
    ('finding', 'source', 'not_personal', 'clear', '', null),
    ('finding', 'record', 'personal', 'clear', 'which record is to be mended, by its key: a pseudonym', '3 years'),
    ('finding', 'found_run', 'not_personal', 'clear', '', null),
    ('finding', 'found_at', 'not_personal', 'clear', '', null),
    ('finding', 'resolved_run', 'not_personal', 'clear', '', null),
    ('finding', 'resolved_at', 'not_personal', 'clear', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'quality'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'quality', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
