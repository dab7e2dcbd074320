create or replace function registry.avro_pair(p_reader jsonb, p_writer jsonb, p_path text, p_readers jsonb, p_writers jsonb)
returns table (path text, problem text, reader text, writer text)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- Compares two definitions of one kind and name; as avro_compared.
declare
    v_field record;
    v_path text;
    v_paths text[];
    v_problems text[];
    v_readers text[];
    v_writers text[];
    v_is_fine boolean := true;
begin
    if p_reader ->> 'type' = 'fixed' then
        if p_reader -> 'size' <> p_writer -> 'size' then
            return query select p_path, format('fixed %s has %s bytes, the writer''s has %s',
                p_reader ->> 'name', p_reader ->> 'size', p_writer ->> 'size'), null, null;
        end if;
    elsif p_reader ->> 'type' = 'enum' then
        if not p_reader ? 'default' then
            return query
                select p_path, format('%s of the writer %s not in enum %s, which has no default',
                    case count(*) when 1 then 'symbol ' else 'symbols ' end || string_agg(format('"%s"', left(s.symbol, 100)), ', ' order by s.n)
                        filter (where s.n <= 10) || case when count(*) > 10 then format(' and %s more', count(*) - 10) else '' end,
                    case count(*) when 1 then 'is' else 'are' end, p_reader ->> 'name'), null, null
                from (
                    select w.symbol, row_number() over (order by w.n) as n
                    from jsonb_array_elements_text(p_writer -> 'symbols') with ordinality as w (symbol, n)
                    left join jsonb_array_elements_text(p_reader -> 'symbols') r (symbol) using (symbol)
                    where r.symbol is null
                ) s
                having count(*) > 0;
        end if;
    else
        -- The writer's field for each of the reader's: by its name, else by its first alias that no other field has.
        for v_field in
            with mine as (
                select f ->> 'name' as name, f -> 'type' as type, f -> 'aliases' as aliases, f ? 'default' as has_default, n
                from jsonb_array_elements(p_reader -> 'fields') with ordinality as t (f, n)
            ), theirs as (
                select f ->> 'name' as name, f -> 'type' as type from jsonb_array_elements(p_writer -> 'fields') f
            ), claim as (
                select distinct on (a.alias) a.alias, m.n, a.k
                from mine m cross join lateral jsonb_array_elements_text(m.aliases) with ordinality as a (alias, k)
                where a.alias in (select t.name from theirs t) and a.alias not in (select o.name from mine o)
                    and m.name not in (select t.name from theirs t)
                order by a.alias, m.n
            ), alias as (
                select distinct on (c.n) c.n, c.alias from claim c order by c.n, c.k
            )
            select m.name, m.type, m.has_default, t.type as writer,
                row_number() over (partition by m.type, t.type order by m.n) > 1 as is_again
            from mine m left join alias a using (n) left join theirs t on t.name = coalesce(a.alias, m.name)
            order by min(m.n) over (partition by m.type, t.type), m.n
        loop
            -- Fields of the same two types as the one before: nothing to say again when there was nothing.
            continue when v_field.is_again and v_field.writer is not null and v_is_fine;
            v_is_fine := true;
            v_path := case when p_path = '' then '' else p_path || '.' end || v_field.name;
            if v_field.writer is not null then
                if v_field.type <> v_field.writer or jsonb_typeof(v_field.type) <> 'string' or p_readers ? (v_field.type #>> '{}') then
                    -- As arrays, not in a loop's cursor: that would copy all definitions each time.
                    select array_agg(c.path), array_agg(c.problem), array_agg(c.reader), array_agg(c.writer)
                    into v_paths, v_problems, v_readers, v_writers
                    from registry.avro_compared(v_field.type, v_field.writer, v_path, p_readers, p_writers) c;
                    v_is_fine := coalesce(cardinality(array_remove(v_problems, null)), 0) = 0;
                    return query select * from unnest(v_paths, v_problems, v_readers, v_writers);
                end if;
            elsif not v_field.has_default then
                return query select v_path, 'the reader''s schema has no default for it and the writer''s has no such field', null, null;
            end if;
        end loop;
    end if;
end
$$;
