create or replace function registry.subject_prefix(p_query text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- What subjects that are listed begin with. `:*:`, all contexts, and `:.:`, the one there is, are no part of it.
    select coalesce(regexp_replace(registry.argument(p_query, 'subjectPrefix'), '^:[*.]:', ''), '');
$$;
