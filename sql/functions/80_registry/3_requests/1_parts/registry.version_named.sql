create or replace function registry.version_named(p_subject text, p_version text, p_deleted boolean) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- The version that a path names: a number, or latest or -1 for the newest that stands.
--   p_deleted  whether deleted ones count; latest never is one
-- Errors: EM308 with 40401 no such subject, 40402 no such version, 42202 no version at all
declare
    v_word text := lower(btrim(p_version));
    v_number integer := case when v_word = 'latest' then -1 else registry.integer_in(v_word) end;
    v_version integer;
begin
    if v_number is null or v_number = 0 or v_number < -1 then
        perform registry.refuse(42202, format('The specified version ''%s'' is not a valid version id. '
            'Allowed values are between [1, 2^31-1] and the string "latest"', left(p_version, 80)));
    end if;
    select max(v.version) into v_version
    from registry.subject_version v
    where v.subject = p_subject and (v.version = v_number or v_number = -1)
        and (v.deleted_at is null or p_deleted and v_number <> -1);
    if v_version is null then
        if not registry.has_versions(p_subject, p_deleted) then
            perform registry.refuse(40401, format('Subject ''%s'' not found.', left(p_subject, 300)));
        end if;
        perform registry.refuse(40402, format('Version %s not found.', v_number));
    end if;
    return v_version;
end
$$;
