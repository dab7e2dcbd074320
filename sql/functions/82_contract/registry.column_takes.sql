create or replace function registry.column_takes(p_table regclass, p_column text, p_value text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set bytea_output = hex
as $$
-- Whether a column takes a value, given as text, by its type and by the CHECK constraints that are of this column alone: asked of the
-- constraints themselves, so that it does not matter how they are written. What a type would cut off is not taken.
declare
    v_question text := (
        select format('select (c.%1$I)::text = $1 and %2$s from (select cast($1 as %3$s) as %1$I) c', a.attname,
            coalesce((
                select string_agg(format('(%s) is not false', pg_get_expr(k.conbin, k.conrelid)), ' and ')
                from pg_constraint k
                where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum]), 'true'),
            format_type(a.atttypid, a.atttypmod))
        from pg_attribute a
        where a.attrelid = p_table and a.attname = p_column and not a.attisdropped);
    v_taken boolean;
begin
    execute v_question into v_taken using p_value;
    return coalesce(v_taken, false);
exception when data_exception or integrity_constraint_violation then
    return false;
end
$$;
