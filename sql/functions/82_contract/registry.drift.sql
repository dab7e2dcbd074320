create or replace function registry.drift(p_subject text, p_schema_text text)
returns table (side text, field text, column_name text, problem text, remedy text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
-- What a schema says and the table does not, and the other way about, by registry.contract; no row: they agree. Reads the catalog, not
-- a row of the table.
--   p_schema_text  with references in it resolved
--   side           schema: it says what the table does not hold or take; table: it has or takes what the schema does not say
-- Errors: EM301 the text is no Avro schema, EM320 nothing is declared of the subject, EM321 too many fields
#variable_conflict use_column
declare
    v_tree jsonb;
begin
    if not exists (select from registry.contract c where c.subject = p_subject) then
        raise exception using errcode = 'EM320', message = format('nothing is declared of subject %s', p_subject),
            hint = 'registry.contract says which column holds which field: a migration adds to it';
    end if;
    v_tree := registry.avro_parsed(p_schema_text);
    if coalesce(v_tree ->> 'type', '') not in ('record', 'error') then
        raise exception using errcode = 'EM301', message = format('the schema of %s is a %s: fields are only in a record', p_subject,
            registry.type_shown(v_tree));
    end if;
    return query
    with field as materialized (
        select f.*, registry.type_shown(f.field_type) as shown from registry.schema_fields(v_tree) f
    ), rule as materialized (
        select c.* from registry.contract c where c.subject = p_subject
    ), place as materialized (
        select p.table_name, to_regclass(p.table_name) as relation from (select distinct table_name from rule) p
    ), held as materialized (
        select p.table_name, p.relation, c.*
        from place p cross join lateral registry.table_columns(p.relation) c
    ), pair as materialized (
        -- What is there on both sides.
        select r.field, r.column_name, r.held, r.read_as, r.is_required, r.table_name, f.field_type, f.shown, f.is_optional, h.column_type,
            h.shown as column_shown, h.is_nullable, h.precision, h.scale, h.length,
            case when r.held = 'value' and h.column_type in ('text', 'character varying') or h.labels is not null
                then registry.column_words(h.relation, r.column_name) end as words,
            case when registry.avro_word(f.field_type) = 'enum'
                then array(select jsonb_array_elements_text(f.field_type -> 'symbols')) end as symbols,
            case when registry.avro_word(f.field_type) = 'fixed' then (f.field_type ->> 'size')::integer end as size,
            case when registry.avro_word(f.field_type) = 'decimal' then (f.field_type ->> 'precision')::integer end as digits,
            case when registry.avro_word(f.field_type) = 'decimal' then coalesce((f.field_type ->> 'scale')::integer, 0) end as decimals,
            h.relation
        from rule r
        join field f using (field)
        join held h on h.table_name = r.table_name and h.column_name = r.column_name
    ), fitting as materialized (
        select p.*, p.column_type = any (registry.column_types(p.field_type)) or p.symbols is not null and p.words is not null as fits
        from pair p
        where p.held = 'value'
    ), found (side, field, column_name, problem, remedy) as (
        -- One side alone.
        select 'schema', null, null, format('table %s is not there', p.table_name), 'make the table, or take it out of registry.contract'
        from place p
        where p.relation is null
        union all
        select 'schema', f.field, null, format('%s, which no column holds', f.shown),
            'add a column, what fills it and a row of registry.contract in a migration, or take the field out of the schema'
        from field f
        where not f.is_parent
            and not exists (
                select from rule r
                where r.field = f.field or r.held in ('whole', 'nowhere') and starts_with(f.field, r.field || '.'))
        union all
        select 'table', r.field, r.column_name,
            case when r.column_name is null then 'registry.contract has a field that the schema does not have'
                else format('column of %s for a field that the schema does not have', r.table_name) end,
            'put the field back into the schema, or take the column and its row of registry.contract away in a migration'
        from rule r
        join place p using (table_name)
        where r.field is not null and p.relation is not null and r.held <> 'form'
            and not exists (select from field f where f.field = r.field)
        union all
        select 'table', null, h.column_name, format('%s of %s, which no field fills and nobody declares as ours', h.shown, h.table_name),
            'add the field to the schema, with a default, or say in registry.contract where the column has its value from'
        from held h
        where not exists (select from rule r where r.table_name = h.table_name and r.column_name = h.column_name)
        union all
        select case when r.held = 'ours' then 'table' else 'schema' end, r.field, r.column_name,
            format('registry.contract has a column that %s does not have', r.table_name),
            'put the column back, or declare in registry.contract where the field is kept'
        from rule r
        join place p using (table_name)
        where r.column_name is not null and p.relation is not null
            and not exists (select from held h where h.table_name = r.table_name and h.column_name = r.column_name)
        -- Types.
        union all
        select 'schema', p.field, p.column_name, format('%s, which the column, %s, does not hold', p.shown, p.column_shown),
            'change the column''s type in a migration, or the field''s back'
        from fitting p
        where not p.fits
        union all
        select 'schema', p.field, p.column_name, format('%s, which SQL does not read as %s', p.shown, p.read_as),
            'change the rule that reads it and registry.contract in a migration, or the field''s type back'
        from pair p
        where p.held = 'parsed' and registry.json_type(p.field_type) <> 'string'
        union all
        select 'table', p.field, p.column_name, format('%s, where SQL reads the field''s text as %s', p.column_shown, p.read_as),
            'change the column''s type back, or registry.contract with it'
        from pair p
        where p.held = 'parsed' and p.column_type <> p.read_as
        union all
        select 'table', p.field, p.column_name, format('%s, where the field''s text as it was sent has its place', p.column_shown),
            'make it text that may be null'
        from pair p
        where p.held = 'form' and (p.column_type <> 'text' or not p.is_nullable)
        union all
        select 'table', p.field, p.column_name, format('%s, where JSON has its place', p.column_shown), 'make it jsonb'
        from pair p
        where p.held in ('whole', 'member') and p.column_type <> 'jsonb'
        union all
        select 'schema', p.field, p.column_name, format('%s, where the column holds an object', p.shown), 'make it a record again'
        from pair p
        where p.held = 'whole' and registry.json_type(p.field_type) <> 'object'
        union all
        select 'schema', p.field, p.column_name, format('%s, a JSON %s where the rules of SQL ask for a %s', p.shown, registry.json_type(p.field_type), p.read_as),
            'change the rules and registry.contract in a migration, or the field''s type back'
        from pair p
        where p.held = 'member' and registry.json_type(p.field_type) <> p.read_as
        -- Null.
        union all
        select 'schema', p.field, p.column_name,
            case when p.held = 'member' then 'may be null, and the rules of SQL refuse what lacks it' else 'may be null, and the column may not' end,
            'let the table take null, or make the field required with a default for what was written before'
        from pair p
        where p.is_optional and case when p.held = 'member' then p.is_required else p.held in ('value', 'parsed', 'whole') and not p.is_nullable end
        union all
        select 'table', p.field, p.column_name,
            case when p.held = 'member' then 'the rules of SQL let it be missing, and the schema does not' else 'the column may be null, and the field may not' end,
            'make the column not null, or the field optional'
        from pair p
        where not p.is_optional and case when p.held = 'member' then not p.is_required else p.held in ('value', 'parsed', 'whole') and p.is_nullable end
        -- How much.
        union all
        select case when p.precision - p.scale < p.digits - p.decimals or p.scale < p.decimals then 'schema' else 'table' end, p.field, p.column_name,
            format('%s, and the column is %s', p.shown, p.column_shown), 'give both one precision and one scale'
        from fitting p
        where p.fits and p.digits is not null and (p.precision, p.scale) is distinct from (p.digits, p.decimals)
        union all
        select 'schema', p.field, p.column_name, format('%s, of which the column, %s, takes %s characters', p.shown, p.column_shown, p.length),
            'make the column text'
        from fitting p
        where p.fits and p.length is not null and p.symbols is null
        union all
        select 'schema', p.field, p.column_name, format('%s, which a CHECK of the column does not take', p.shown),
            'let the CHECK ask for this length'
        from fitting p
        where p.fits and p.size is not null and not registry.column_takes(p.relation, p.column_name, '\x' || repeat('00', p.size))
        union all
        select 'table', p.field, p.column_name, format('bytes of another length than the schema''s %s', p.shown),
            format('add check (octet_length(%I) = %s)', p.column_name, p.size)
        from fitting p
        where p.fits and p.size is not null and (
            registry.column_takes(p.relation, p.column_name, '\x' || repeat('00', p.size + 1))
            or p.size > 0 and registry.column_takes(p.relation, p.column_name, '\x' || repeat('00', p.size - 1)))
        -- Enums.
        union all
        select 'schema', p.field, p.column_name, format('symbol %s, which the column does not take', s.symbol),
            'let the column''s CHECK or enum take it, before somebody writes it'
        from fitting p
        cross join lateral unnest(p.symbols) as s (symbol)
        where p.fits and not registry.column_takes(p.relation, p.column_name, s.symbol)
        union all
        select 'table', p.field, p.column_name, format('word %s, which is no symbol of the schema', pg_catalog.quote_literal(w.word)),
            'add the symbol to the schema, or take the word out of the column''s CHECK'
        from fitting p
        cross join lateral unnest(p.words) as w (word)
        where p.fits and p.symbols is not null and w.word <> all (p.symbols)
        union all
        select 'table', p.field, p.column_name, format('any text, where the schema has %s symbols', cardinality(p.symbols)),
            format('add check (%I in (%s))', p.column_name, (select string_agg(quote_literal(s), ', ') from unnest(p.symbols) s))
        from fitting p
        where p.fits and p.symbols is not null and p.words is null
            and registry.column_takes(p.relation, p.column_name, E'no word \u00ac')
        union all
        select 'schema', p.field, p.column_name,
            format('%s, of which the column takes %s only', p.shown, (select string_agg(quote_literal(w), ', ') from unnest(p.words) w)),
            'make the field an enum of these, or drop the column''s CHECK'
        from fitting p
        where p.fits and p.symbols is null and p.words is not null
    )
    select f.side, f.field, f.column_name, f.problem, f.remedy
    from found f
    order by f.side, f.field collate "C" nulls last, f.column_name collate "C" nulls first, f.problem;
end
$$;
