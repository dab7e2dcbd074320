create or replace function registry.subject_named(p_segment text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- The subject that a path names: without `:.:`, the context that it is in here anyway.
    select case when starts_with(p_segment, ':.:') then substr(p_segment, 4) else p_segment end;
$$;
