-- What every column of schema privacy is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('column_class', 'schema_name', 'not_personal', 'omit', '', null),
    ('column_class', 'table_name', 'not_personal', 'omit', '', null),
    ('column_class', 'column_name', 'not_personal', 'omit', '', null),
    ('column_class', 'class', 'not_personal', 'omit', '', null),
    ('column_class', 'mask', 'not_personal', 'omit', '', null),
    ('column_class', 'purpose', 'not_personal', 'omit', '', null),
    ('column_class', 'retention', 'not_personal', 'omit', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'privacy'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'privacy', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
