create or replace function registry.avro_aliases_form(p_tree jsonb) returns text
language sql immutable parallel safe as $$
    -- The aliases of a type or field as a member of a canonical form; '' for none. Their order says nothing.
    select coalesce((select ',"aliases":[' || string_agg(distinct a::text collate "C", ',' order by a::text collate "C") || ']'
        from jsonb_array_elements(p_tree -> 'aliases') a), '')
$$;
