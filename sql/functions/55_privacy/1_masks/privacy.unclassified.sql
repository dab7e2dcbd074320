create or replace view privacy.unclassified with (security_invoker = true) as
with present as (
    select n.nspname as schema_name, c.relname as table_name, a.attname as column_name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'f') and not c.relispartition
        and (select oid from pg_catalog.pg_roles where rolname = 'emporium_owner') in (
            n.nspowner, case when n.nspname = 'public' then c.relowner end)
)
select schema_name, table_name, column_name,
    case when k.schema_name is null then 'not classified' else 'classified, but gone' end as fault
from present p
full join privacy.column_class k using (schema_name, table_name, column_name)
where p.schema_name is null or k.schema_name is null;

comment on view privacy.unclassified is
    'columns of our tables that privacy.column_class does not know, and those that it knows and that are gone: always empty';
