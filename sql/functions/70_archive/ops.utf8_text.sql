create or replace function ops.utf8_text(p_bytes bytea) returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, pg_temp as $$
-- Bytes as text; null when they are no UTF-8 or hold a NUL.
begin
    return convert_from(p_bytes, 'UTF8');
exception when character_not_in_repertoire then
    return null;
end
$$;
