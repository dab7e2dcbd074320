create or replace function registry.compatibility(p_subject text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- What a new version of a subject must be to those before it: BACKWARD, FULL_TRANSITIVE, … . The subject's own level, or
    -- the setting registry.compatibility.
    select coalesce(
        (select s.compatibility from registry.subject_setting s where s.subject = p_subject),
        upper(ops.setting_value('registry.compatibility')))
    where p_subject is not null;
$$;
