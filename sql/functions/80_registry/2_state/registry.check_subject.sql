create or replace function registry.check_subject(p_subject text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- Whether a subject may be called so. A name that begins with `:.` names a context in Confluent's API, one with `:*` all of them;
-- there is one here.
-- Errors: EM305 it may not
begin
    if p_subject is null or octet_length(p_subject) not between 1 and 255 or p_subject ~ '[[:cntrl:]]'
        or p_subject in ('__GLOBAL', '__EMPTY') or p_subject ~ '^:[.*]' then
        raise exception using errcode = 'EM305',
            message = format('The specified subject ''%s'' is not a valid subject.', left(p_subject, 300)),
            hint = '1 to 255 bytes without control characters; not __GLOBAL, __EMPTY, or in a context';
    end if;
end
$$;
