create or replace function registry.avro_compared(p_reader jsonb, p_writer jsonb, p_path text, p_readers jsonb, p_writers jsonb)
returns table (path text, problem text, reader text, writer text)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- Compares a reader's type with a writer's, both without definitions in them: what does not go together, and the pairs of named
-- types, of one kind and name, that are to be compared (problem is null then).
--   p_readers, p_writers  the definitions by their names
declare
    v_reader text := registry.avro_kind(p_reader, p_readers);
    v_writer text := registry.avro_kind(p_writer, p_writers);
    v_inner text := case v_reader when 'array' then 'items' else 'values' end;
    v_branch jsonb;
    v_branches jsonb[];
    v_written jsonb[];
    v_is_named boolean[];
begin
    if v_reader = 'union' then
        select array_agg(b.reader), array_agg(b.writer), array_agg(p_writers ? registry.avro_label(b.writer))
        into v_branches, v_written, v_is_named
        from registry.avro_branches(p_reader, case v_writer when 'union' then p_writer else jsonb_build_array(p_writer) end,
            p_readers, p_writers) b;
        return query
            select p_path, case when b.reader is null
                    then format('the reader''s union has no branch for %s', registry.avro_title(b.writer, p_writers)) end,
                registry.avro_label(b.reader), registry.avro_label(b.writer)
            from unnest(v_branches, v_written, v_is_named) as b (reader, writer, is_named)
            where b.reader is null or b.is_named;
        for v_n in 1 .. coalesce(cardinality(v_branches), 0) loop
            if not v_is_named[v_n] and v_branches[v_n] is not null and registry.avro_label(v_written[v_n]) in ('array', 'map') then
                return query select * from registry.avro_compared(v_branches[v_n], v_written[v_n], p_path, p_readers, p_writers);
            end if;
        end loop;
    elsif v_writer = 'union' then
        for v_branch in select b from jsonb_array_elements(p_writer) b loop
            return query select * from registry.avro_compared(p_reader, v_branch, p_path, p_readers, p_writers);
        end loop;
    elsif v_reader = v_writer and v_reader in ('array', 'map') then
        return query select * from registry.avro_compared(p_reader -> v_inner, p_writer -> v_inner, p_path || '[]', p_readers, p_writers);
    elsif v_reader = v_writer and v_reader in ('record', 'enum', 'fixed')
        and registry.avro_is_named(p_readers -> registry.avro_label(p_reader), registry.avro_label(p_writer)) then
        return query select p_path, null, registry.avro_label(p_reader), registry.avro_label(p_writer);
    elsif v_reader <> v_writer and not registry.avro_promotes(v_writer, v_reader) or v_reader in ('record', 'enum', 'fixed') then
        return query select p_path, format('%s cannot be read as %s',
            registry.avro_title(p_writer, p_writers), registry.avro_title(p_reader, p_readers)), null, null;
    end if;
end
$$;
