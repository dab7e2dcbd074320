-- What every column of schema analytics's own tables is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('model', 'model_id', 'not_personal', 'omit', '', null),
    ('model', 'model', 'not_personal', 'omit', '', null),
    ('model', 'as_of', 'not_personal', 'omit', '', null),
    ('model', 'unit', 'not_personal', 'omit', '', null),
    ('model', 'params', 'not_personal', 'omit', '', null),
    ('model', 'log_likelihood', 'not_personal', 'omit', '', null),
    ('model', 'customers', 'not_personal', 'omit', '', null),
    ('model', 'histories', 'not_personal', 'omit', '', null),
    ('model', 'purchases', 'not_personal', 'omit', '', null),
    ('model', 'evaluations', 'not_personal', 'omit', '', null),
    ('model', 'converged', 'not_personal', 'omit', '', null),
    ('model', 'reason', 'not_personal', 'omit', '', null),
    ('model', 'fitted_by', 'personal', 'omit', 'who fitted it: a login name', '400 days'),
    ('model', 'fitted_at', 'not_personal', 'omit', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'analytics'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'analytics', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
