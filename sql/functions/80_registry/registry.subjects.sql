create or replace function registry.subjects() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- Subjects of which a version stands, in order.
    select distinct v.subject from registry.subject_version v where v.deleted_at is null order by v.subject;
$$;
