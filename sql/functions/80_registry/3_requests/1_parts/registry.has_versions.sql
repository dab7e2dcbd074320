create or replace function registry.has_versions(p_subject text, p_deleted boolean) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- Whether a subject has a version that stands, or with p_deleted any at all.
    select exists (
        select from registry.subject_version v where v.subject = p_subject and (v.deleted_at is null or p_deleted));
$$;
