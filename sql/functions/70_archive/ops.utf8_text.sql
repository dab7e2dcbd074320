create or replace function ops.utf8_text(p_bytes bytea) returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, pg_temp as $$
-- Bytes as text; null when they are no UTF-8, or hold control characters other than tabs and line ends: in JSON each of those
-- takes six bytes, and a record of 10 MiB could make a line of 60.
declare
    v_text text;
begin
    v_text := convert_from(p_bytes, 'UTF8');
    return case when v_text !~ '[\x01-\x08\x0b\x0c\x0e-\x1f]' then v_text end;
exception when character_not_in_repertoire then
    return null;
end
$$;
