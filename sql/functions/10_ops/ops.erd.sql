create or replace function ops.erd() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
-- The page docs/erd.md, from the catalog alone: for each schema of the platform a Mermaid diagram of its tables, and a
-- line for each table, view and type. Partitions are left out. The same database gives the same bytes on any server:
-- everything is in order, nothing depends on object ids, locale or time.
-- Mermaid's limits, as of 11: a type or name is one word without comma and dot; a text has no double quotes; `#` begins
-- an entity; pk, fk and uk are no names.
with relation as (
    select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind in ('v', 'm') as is_view,
        case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partitioned
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition and c.relpersistence <> 't'
        and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
        and (select nspowner from pg_namespace where nspname = 'ops') in (n.nspowner, c.relowner)
        and not exists (
            select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), note as (
    select d.classoid, d.objoid, d.objsubid,
        regexp_replace(line, '([\\`*<>|\[\]])', '\\\1', 'g') as markdown,
        case when length(plain) <= 48 then plain else regexp_replace(left(plain, 48), '[ ,;:(]*\S*$', '') || '…' end as mermaid
    from pg_description d
    cross join lateral (select regexp_replace(btrim(d.description), '\s+', ' ', 'g') as line) l
    cross join lateral (select translate(line, '"<>`#', $c$'‹›'$c$) as plain) p
), key as (
    -- Keys that hold for every row: no partial ones, none over expressions.
    select i.indrelid, i.indisprimary, k.columns
    from pg_index i
    cross join lateral (
        select array_agg(u.attnum order by u.position)
        from unnest(i.indkey::int2[]) with ordinality as u (attnum, position)
        where u.position <= i.indnkeyatts
    ) as k (columns)
    where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
), attribute as (
    select r.oid, a.attnum, format('        %s %s%s%s',
        -- The type without its schema: each schema's own are listed below its diagram.
        coalesce(short.name, regexp_replace(regexp_replace(
            regexp_replace(format_type(a.atttypid, a.atttypmod), '^("[^"]*"|[^.(]*)\.', ''),
            '\([^)]*,[^)]*\)', ''), '[^A-Za-z0-9_()\[\]-]+', '_', 'g')),
        case when lower(a.attname) in ('pk', 'fk', 'uk') then a.attname || '_'
            else regexp_replace(regexp_replace(a.attname, '[^A-Za-z0-9_-]', '_', 'g'), '^([^A-Za-z_])', '_\1') end,
        ' ' || nullif(concat_ws(', ',
            case when exists (select from key k where k.indrelid = r.oid and k.indisprimary and a.attnum = any (k.columns))
                then 'PK' end,
            case when exists (select from pg_constraint f
                where f.conrelid = r.oid and f.contype = 'f' and a.attnum = any (f.conkey)) then 'FK' end,
            case when exists (select from key k
                where k.indrelid = r.oid and not k.indisprimary and k.columns = array[a.attnum]) then 'UK' end), ''),
        ' "' || nullif(concat_ws('; ', case when not a.attnotnull then 'nullable' end, t.mermaid), '') || '"') as line
    from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join (values
        ('timestamptz'::regtype, 'timestamptz'), ('timestamp', 'timestamp'), ('timetz', 'timetz'), ('time', 'time'),
        ('float8', 'double'), ('timestamptz[]', 'timestamptz[]'), ('"char"', 'char')
    ) as short (type, name) on short.type = a.atttypid
    left join note t on t.classoid = 'pg_class'::regclass and t.objoid = r.oid and t.objsubid = a.attnum
    where not r.is_view
), link as (
    select child.schema, child.name, f.conname, format('    %s %s%s%s %s : "%s"',
        case when parent.schema = child.schema then quote.own else quote.qualified end,
        case when exists (select from pg_attribute a
            where a.attrelid = child.oid and a.attnum = any (f.conkey) and not a.attnotnull) then '|o' else '||' end,
        -- Solid where the child's identity holds the parent's.
        case when exists (select from key k where k.indrelid = child.oid and k.indisprimary and f.conkey <@ k.columns)
            then '--' else '..' end,
        case when exists (select from key k where k.indrelid = child.oid and k.columns <@ f.conkey) then 'o|' else 'o{' end,
        format('"%s"', translate(child.name, '"%\', '___')),
        (select string_agg(translate(a.attname, '"#', '__'), ', ' order by u.position)
            from unnest(f.conkey) with ordinality as u (attnum, position)
            join pg_attribute a on a.attrelid = child.oid and a.attnum = u.attnum)) as line
    from pg_constraint f
    join relation child on child.oid = f.conrelid
    join relation parent on parent.oid = f.confrelid
    cross join lateral (
        select format('"%s"', translate(parent.name, '"%\', '___')) as own,
            format('"%s.%s"', parent.schema, translate(parent.name, '"%\', '___')) as qualified) quote
    where f.contype = 'f' and f.conparentid = 0
), diagram as (
    select schema, E'```mermaid\nerDiagram\n' || string_agg(lines, E'\n' order by part, name collate "C", lines collate "C")
        || E'\n```\n' as text
    from (
        select schema, 1 as part, name, format(E'    "%s" {\n%s    }', translate(name, '"%\', '___'),
            (select string_agg(a.line || E'\n', '' order by a.attnum) from attribute a where a.oid = r.oid)) as lines
        from relation r where not is_view
        union all
        select schema, 2, name || ' ' || conname, line from link
    ) as part
    group by schema
), entry as (
    select r.schema, r.is_view::int as part, r.name, format('* **%s**: %s%s%s', r.name,
        coalesce(t.markdown, '(no comment)'),
        '; unique by ' || (
            select string_agg('(' || k.names || ')', ', ' order by k.names collate "C")
            from (
                select (select string_agg(a.attname, ', ' order by array_position(key.columns, a.attnum))
                    from pg_attribute a where a.attrelid = r.oid and a.attnum = any (key.columns)) as names
                from key where key.indrelid = r.oid and not key.indisprimary and cardinality(key.columns) > 1) k),
        '; partitioned by ' || regexp_replace(lower(r.partitioned), '\s+', ' ', 'g')) as line
    from relation r
    left join note t on t.classoid = 'pg_class'::regclass and t.objoid = r.oid and t.objsubid = 0
    union all
    select n.nspname, 2, y.typname, format('* **%s**: %s%s', y.typname,
        case y.typtype when 'd' then format_type(y.typbasetype, y.typtypmod) else 'one of ' || (
            select string_agg(format('`%s`', e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid)
        end, '; ' || t.markdown)
    from pg_type y
    join pg_namespace n on n.oid = y.typnamespace
    left join note t on t.classoid = 'pg_type'::regclass and t.objoid = y.oid
    where y.typtype in ('d', 'e') and n.nspname in (select schema from relation)
        and not exists (
            select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = y.oid and d.deptype = 'e')
), section as (
    select s.schema, t.markdown as comment, s.tables, s.views, concat_ws(E'\n',
        format(E'## %s\n', s.schema), rtrim(t.markdown, '.') || E'.\n', d.text,
        (select string_agg(e.line, E'\n' order by e.name collate "C") || E'\n' from entry e where e.schema = s.schema and e.part = 0),
        E'Views:\n\n' || (
            select string_agg(e.line, E'\n' order by e.name collate "C") || E'\n' from entry e where e.schema = s.schema and e.part = 1),
        E'Types:\n\n' || (
            select string_agg(e.line, E'\n' order by e.name collate "C") || E'\n' from entry e where e.schema = s.schema and e.part = 2)
    ) as text
    from (
        select schema, count(*) filter (where not is_view) as tables, count(*) filter (where is_view) as views
        from relation group by schema
    ) s
    left join diagram d using (schema)
    left join note t on t.classoid = 'pg_namespace'::regclass and t.objoid = quote_ident(s.schema)::regnamespace
)
select concat_ws(E'\n',
    '# Entities and relationships',
    '',
    'Made from the catalog of a migrated database by `emporium docs`; change the migrations, not this page.',
    '',
    'A column says its type, its name, whether it is (part of) the primary key (PK), of a foreign key (FK) or unique alone',
    '(UK), whether it may be null, and the beginning of its comment. A line leads from the table referred to (`||` exactly',
    'one, `|o` one or none) to the table that refers to it (`o{` any number, `o|` one at most); it is solid where the',
    'reference is part of the primary key, and bears the columns. Tables of other schemas bear their schema''s name.',
    'Partitions are left out.',
    '',
    '| schema | what | tables | views |',
    '|---|---|---|---|',
    (select string_agg(format('| [%s](#%s) | %s | %s | %s |', schema, schema, comment, tables, views), E'\n'
        order by schema collate "C") from section),
    '',
    (select string_agg(text, E'\n' order by schema collate "C") from section))
$$;

comment on function ops.erd() is 'the page docs/erd.md; emporium docs writes it and its --check compares';
