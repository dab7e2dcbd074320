create or replace function staging.bytes_defect(p_payload bytea, p_format text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- What PostgreSQL itself cannot read in a record, null when it can read all of it. For the one batch in which a loader
-- vouched for bytes that are not what it said; dear, since it tries each row in a block of its own.
begin
    if p_format = 'json' then
        perform convert_from(p_payload, 'UTF8')::jsonb;
    else
        perform convert_from(p_payload, 'UTF8');
    end if;
    return null;
exception when data_exception or program_limit_exceeded then
    return case sqlstate when '22021' then 'invalid_utf8' else 'invalid_json' end;
end
$$;
