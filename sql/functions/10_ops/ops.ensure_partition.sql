create or replace function ops.ensure_partition(p_parent regclass, p_day date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Sees to it that a table partitioned by ranges of time has the partition of p_day, a day of UTC: parent_YYYYMMDD where
-- ops.partitioned_table says day, else that of its month, parent_YYYYMM.
-- Made apart and attached: `partition of` would wait for every open COPY and deadlock two promoters.
declare
    v_unit text;
    v_from date;
    v_schema name;
    v_table name;
    v_name name;
begin
    select n.nspname, c.relname, coalesce(t.unit, 'month')
    into strict v_schema, v_table, v_unit
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join ops.partitioned_table t on t.table_name = format('%s.%s', n.nspname, c.relname)
    where c.oid = p_parent;
    v_from := date_trunc(v_unit, p_day)::date;
    v_name := v_table || '_' || to_char(v_from, case v_unit when 'day' then 'YYYYMMDD' else 'YYYYMM' end);
    if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
        return;
    end if;
    -- One at a time; who comes second finds it made. Not by to_regclass: waiting for an advisory lock takes in no
    -- invalidations, so its cache may still say no.
    perform ops.lock_partitions(p_parent);
    if exists (
        select from pg_class where relnamespace = quote_ident(v_schema)::regnamespace and relname = v_name)
    then
        return;
    end if;
    execute format('create table %I.%I (like %I.%I including all)', v_schema, v_name, v_schema, v_table);
    execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
        v_schema, v_table, v_schema, v_name, v_from, (v_from + ('1 ' || v_unit)::interval)::date);
end
$$;
