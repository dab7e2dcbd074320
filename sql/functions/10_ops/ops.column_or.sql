create or replace function ops.column_or(p_table regclass, p_column text, p_otherwise text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
-- A column of a table as an identifier for a statement, or the expression p_otherwise where the table has no such column.
select coalesce((
    select quote_ident(attname) from pg_attribute
    where attrelid = p_table and attname = p_column and attnum > 0 and not attisdropped), p_otherwise)
$$;
