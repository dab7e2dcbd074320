create or replace function registry.trimmed_path(p_path text[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- A path without the empty segment that a slash at its end makes: /subjects/ is /subjects.
    select case when p_path is null then '{}' when p_path[cardinality(p_path)] = '' then trim_array(p_path, 1) else p_path end;
$$;
