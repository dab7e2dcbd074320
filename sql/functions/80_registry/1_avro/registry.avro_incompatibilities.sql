create or replace function registry.avro_incompatibilities(p_reader jsonb, p_writer jsonb) returns setof text
language plpgsql immutable parallel safe set plan_cache_mode = force_generic_plan as $$
-- What keeps readers with one schema from reading data that were written with another, by Avro's schema resolution; nothing: all
-- data are read. Each sentence names the field first, by the reader's names from the root; what is in an array or map is `[]`.
--   p_reader, p_writer  trees of avro_parsed
-- Errors: EM301 the comparison would take too long: there are more than 10,000 pairs of types to compare
declare
    c_slots constant integer := 8192;
    c_pairs constant integer := 10000;
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
    v_found record;
    v_said text[] := '{}'::text[];
begin
    -- What a schema wrote it reads itself.
    if p_reader = p_writer then
        return;
    end if;
    loop
        for v_found in
            -- Pair 0 is that of the roots.
            select c.* from registry.avro_compared(registry.avro_shallow(p_reader, false), registry.avro_shallow(p_writer, false),
                '', v_readers, v_writers) c
            where v_done = 0
            union all
            select c.* from registry.avro_pair(v_readers -> v_reader[v_done], v_writers -> v_writer[v_done], v_paths[v_done],
                v_readers, v_writers) c
            where v_done > 0
        loop
            if v_found.problem is not null then
                v_said := array_append(v_said,
                    case when v_found.path = '' then v_found.problem else format('field %s: %s', v_found.path, v_found.problem) end);
                continue;
            end if;
            v_slot := 1 + (hashtext(v_found.reader || ' ' || v_found.writer) & (c_slots - 1));
            v_at := v_slots[v_slot];
            while v_at > 0 and (v_reader[v_at], v_writer[v_at]) is distinct from (v_found.reader, v_found.writer) loop
                v_at := v_chain[v_at];
            end loop;
            if v_at = 0 then
                v_paths := array_append(v_paths, v_found.path);
                v_reader := array_append(v_reader, v_found.reader);
                v_writer := array_append(v_writer, v_found.writer);
                v_chain := array_append(v_chain, v_slots[v_slot]);
                v_slots[v_slot] := cardinality(v_reader);
            end if;
        end loop;
        v_done := v_done + 1;
        exit when v_done > cardinality(v_reader) or cardinality(v_said) >= c_sentences;
        if v_done > c_pairs then
            perform registry.avro_refuse('', format('the schemas are too large to be compared: more than %s pairs of their types meet', c_pairs));
        end if;
    end loop;
    return query select s from unnest(v_said) with ordinality as t (s, n) group by s order by min(n) limit c_sentences;
end
$$;
