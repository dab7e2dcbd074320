create or replace function ops.common_columns(p_one regclass, p_other regclass) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
-- The columns that two tables share by name, as a list for a statement, in the order of the first.
select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
from pg_attribute a
join pg_attribute b using (attname)
where a.attrelid = p_one and b.attrelid = p_other and a.attnum > 0 and b.attnum > 0 and not a.attisdropped and not b.attisdropped
$$;
