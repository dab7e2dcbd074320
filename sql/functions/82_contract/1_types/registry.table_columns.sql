create or replace function registry.table_columns(p_table regclass)
returns table (
    column_name text, column_type text, shown text, is_nullable boolean, "precision" integer, scale integer, length integer,
    labels text[]
)
language sql stable set search_path = pg_catalog, pg_temp as $$
    -- The columns of a table as a schema's fields are compared with them; a domain is what it stands for.
    --   column_type  without modifiers; shown: with them
    --   precision, scale   of a numeric; null where it takes any
    --   length       of a varchar or char, in characters; null where it takes any
    --   labels       of an enum, in order; null for other types
    select a.attname::text, format_type(r.type_oid, null), format_type(a.atttypid, a.atttypmod), not r.is_filled,
        case when r.is_numeric then (r.modifier - 4) >> 16 & 65535 end,
        case when r.is_numeric then ((r.modifier - 4) & 2047 # 1024) - 1024 end,
        case when r.type_oid in ('varchar'::regtype, 'bpchar'::regtype) and r.modifier >= 0 then r.modifier - 4 end,
        (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = r.type_oid)
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    cross join lateral (
        select v.type_oid, v.modifier, a.attnotnull or t.typnotnull as is_filled,
            v.type_oid = 'numeric'::regtype and v.modifier >= 0 as is_numeric
        from (values (
            case when t.typtype = 'd' then t.typbasetype else a.atttypid end,
            case when t.typtype = 'd' then t.typtypmod else a.atttypmod end)) as v (type_oid, modifier)
    ) r
    where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped;
$$;
