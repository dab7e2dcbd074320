-- What every column of schema registry is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('schema', 'schema_id', 'not_personal', 'omit', '', null),
    ('schema', 'schema_type', 'not_personal', 'omit', '', null),
    ('schema', 'schema_text', 'not_personal', 'omit', '', null),
    ('schema', 'canonical', 'not_personal', 'omit', '', null),
    ('schema', 'canonical_digest', 'not_personal', 'omit', '', null),
    ('schema', 'created_at', 'not_personal', 'omit', '', null),
    ('schema', 'tree', 'not_personal', 'omit', '', null),
    ('schema_reference', 'schema_id', 'not_personal', 'omit', '', null),
    ('schema_reference', 'position', 'not_personal', 'omit', '', null),
    ('schema_reference', 'name', 'not_personal', 'omit', '', null),
    ('schema_reference', 'subject', 'not_personal', 'omit', '', null),
    ('schema_reference', 'version', 'not_personal', 'omit', '', null),
    ('schema_reference', 'referenced_id', 'not_personal', 'omit', '', null),
    ('subject_setting', 'subject', 'not_personal', 'omit', '', null),
    ('subject_setting', 'compatibility', 'not_personal', 'omit', '', null),
    ('subject_setting', 'mode', 'not_personal', 'omit', '', null),
    ('subject_version', 'subject', 'not_personal', 'omit', '', null),
    ('subject_version', 'version', 'not_personal', 'omit', '', null),
    ('subject_version', 'schema_id', 'not_personal', 'omit', '', null),
    ('subject_version', 'registered_at', 'not_personal', 'omit', '', null),
    ('subject_version', 'deleted_at', 'not_personal', 'omit', '', null)
    -- What registry.drift() compares by.
    ,
    ('contract', 'contract_id', 'not_personal', 'omit', '', null),
    ('contract', 'subject', 'not_personal', 'omit', '', null),
    ('contract', 'table_name', 'not_personal', 'omit', '', null),
    ('contract', 'field', 'not_personal', 'omit', '', null),
    ('contract', 'column_name', 'not_personal', 'omit', '', null),
    ('contract', 'held', 'not_personal', 'omit', '', null),
    ('contract', 'read_as', 'not_personal', 'omit', '', null),
    ('contract', 'is_required', 'not_personal', 'omit', '', null),
    ('contract', 'why', 'not_personal', 'omit', '', null)
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'registry'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'registry', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();
