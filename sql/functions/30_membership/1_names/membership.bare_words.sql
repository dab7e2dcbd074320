create or replace function membership.bare_words(p_name text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
as $$
-- The words of a name without titles before and suffixes after, as many as there are. A suffix is never the whole of it.
declare
    v_words text[] := array_remove(string_to_array(p_name, ' '), '');
    v_first integer := 1;
    v_last integer := cardinality(v_words);
begin
    while v_first <= v_last and membership.is_title(v_words[v_first]) loop
        v_first := v_first + 1;
    end loop;
    while v_last > v_first and membership.is_suffix(v_words[v_last]) loop
        v_last := v_last - 1;
    end loop;
    return v_words[v_first:v_last];
end
$$;
