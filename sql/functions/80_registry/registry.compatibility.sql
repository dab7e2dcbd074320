create or replace function registry.compatibility(p_subject text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- What a new version of a subject must be to those before it: BACKWARD, FULL_TRANSITIVE, … . One setting for all
    -- subjects; callers name theirs, so that subjects can have levels of their own.
    select upper(ops.setting_value('registry.compatibility')) where p_subject is not null;
$$;
