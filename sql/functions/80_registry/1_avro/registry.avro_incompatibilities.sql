create or replace function registry.avro_incompatibilities(p_reader jsonb, p_writer jsonb) returns setof text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
-- What keeps readers with one schema from reading data that were written with another, by Avro's schema resolution; nothing: all
-- data are read. Each sentence names the field first, by the reader's names from the root; what is in an array or map is `[]`.
--   p_reader, p_writer  trees of avro_parsed
-- Errors: EM301 so many types would have to be compared with so many others that it would take too long
declare
    c_slots constant integer := 8192;
    -- What may be gone through: bytes of definitions, and 1,200 for each pair of them. Takes two seconds.
    c_work constant bigint := 6000000;
    v_work bigint := 0;
    c_sentences constant integer := 200;
    v_readers jsonb := registry.avro_types(p_reader);
    v_writers jsonb := registry.avro_types(p_writer);
    -- Pairs of named types, each once, and where each was met first; a chain of those in one slot of a hash table.
    v_paths text[] := '{}'::text[];
    v_reader text[] := '{}'::text[];
    v_writer text[] := '{}'::text[];
    v_chain integer[] := '{}'::integer[];
    v_slots integer[] := array_fill(0, array[c_slots]);
    v_slot integer;
    v_at integer;
    v_done integer := 0;
    v_found_paths text[];
    v_problems text[];
    v_found_readers text[];
    v_found_writers text[];
    v_said text[] := '{}'::text[];
begin
    -- What a schema wrote it reads itself.
    if p_reader = p_writer then
        return;
    end if;
    loop
        -- Into arrays, not through a loop's cursor: that would copy all definitions each time.
        select array_agg(c.path), array_agg(c.problem), array_agg(c.reader), array_agg(c.writer)
        into v_found_paths, v_problems, v_found_readers, v_found_writers
        from (
            -- Pair 0 is that of the roots.
            select c.* from registry.avro_compared(registry.avro_shallow(p_reader, false), registry.avro_shallow(p_writer, false),
                '', v_readers, v_writers) c
            where v_done = 0
            union all
            select c.* from registry.avro_pair(v_readers -> v_reader[v_done], v_writers -> v_writer[v_done], v_paths[v_done],
                v_readers, v_writers) c
            where v_done > 0
        ) c;
        for v_n in 1 .. coalesce(cardinality(v_problems), 0) loop
            if v_problems[v_n] is not null then
                v_said := array_append(v_said, case when v_found_paths[v_n] = '' then v_problems[v_n]
                    else format('field %s: %s', v_found_paths[v_n], v_problems[v_n]) end);
                continue;
            end if;
            -- Most versions differ in little: what is the same on both sides, and has nothing else in it, is read.
            continue when v_readers -> v_found_readers[v_n] = v_writers -> v_found_writers[v_n]
                and registry.avro_is_leaf(v_readers -> v_found_readers[v_n], v_readers);
            v_slot := 1 + (hashtext(v_found_readers[v_n] || ' ' || v_found_writers[v_n]) & (c_slots - 1));
            v_at := v_slots[v_slot];
            while v_at > 0 and (v_reader[v_at] <> v_found_readers[v_n] or v_writer[v_at] <> v_found_writers[v_n]) loop
                v_at := v_chain[v_at];
            end loop;
            if v_at = 0 then
                v_paths := array_append(v_paths, v_found_paths[v_n]);
                v_reader := array_append(v_reader, v_found_readers[v_n]);
                v_writer := array_append(v_writer, v_found_writers[v_n]);
                v_chain := array_append(v_chain, v_slots[v_slot]);
                v_slots[v_slot] := cardinality(v_reader);
            end if;
        end loop;
        v_done := v_done + 1;
        exit when v_done > cardinality(v_reader) or cardinality(v_said) >= c_sentences;
        v_work := v_work + 1200 + pg_column_size(v_readers -> v_reader[v_done]) + pg_column_size(v_writers -> v_writer[v_done]);
        if v_work > c_work or cardinality(v_reader) > c_work / 1200 then
            perform registry.avro_refuse('', 'the schemas are too large to be compared: too many pairs of their types meet');
        end if;
    end loop;
    return query select s from unnest(v_said) with ordinality as t (s, n) group by s order by min(n) limit c_sentences;
end
$$;
