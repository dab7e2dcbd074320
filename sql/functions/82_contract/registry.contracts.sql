create or replace function registry.contracts() returns table (subject text, table_name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Subjects whose fields are declared to be columns, and the tables of those, in order.
    select distinct c.subject, c.table_name from registry.contract c order by c.subject, c.table_name;
$$;
