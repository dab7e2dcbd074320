create or replace function registry.type_shown(p_type jsonb) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    -- An Avro type for a sentence: string, decimal(20,0), fixed(16), union of int and string.
    select case registry.avro_word(p_type)
        when 'decimal' then format('decimal(%s,%s)', p_type ->> 'precision', coalesce(p_type ->> 'scale', '0'))
        when 'fixed' then format('fixed(%s)', p_type ->> 'size')
        when 'union' then 'union of ' || (
            select string_agg(registry.avro_word(t.branch), ' and ' order by t.place)
            from jsonb_array_elements(p_type) with ordinality as t (branch, place)
            where t.branch <> '"null"')
        else registry.avro_word(p_type)
    end;
$$;
