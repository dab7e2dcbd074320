create or replace function registry.column_words(p_table regclass, p_column text) returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The words that a column takes and no other text, in order; null where it takes other text, too. They are those of its enum, or
    -- those in its CHECK constraints that these let in.
    select case when not registry.column_takes(p_table, p_column, E'no word \u00ac') then (
        select array_agg(distinct w.word collate "C" order by w.word collate "C")
        from (
            select unnest(c.labels) as word from registry.table_columns(p_table) c where c.column_name = p_column
            union
            select replace(m.literal[1], '''''', '''')
            from pg_constraint k
            cross join lateral regexp_matches(pg_get_constraintdef(k.oid), '''((?:[^'']|'''')*)''', 'g') as m (literal)
            join pg_attribute a on a.attrelid = k.conrelid and a.attname = p_column
            where k.conrelid = p_table and k.contype = 'c' and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) ~ ' = '
        ) w
        where registry.column_takes(p_table, p_column, w.word)
    ) end;
$$;
