create or replace function registry.check_writable(p_subject text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- Errors: EM303 the subject, or with null all of them, are read-only
begin
    if registry.mode_of(p_subject) like 'READONLY%' then
        raise exception using errcode = 'EM303',
            message = case when p_subject is null then 'the registry is in read-only mode'
                else format('Subject %s is in read-only mode', p_subject) end,
            hint = 'set mode READWRITE first';
    end if;
end
$$;
