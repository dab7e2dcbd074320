create or replace function ops.ensure_partition(p_parent regclass, p_day date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
-- Sees to it that a table partitioned by day ranges has the partition of p_day's month: parent_YYYYMM.
-- Made apart and attached: `partition of` would wait for every open COPY and deadlock two promoters.
declare
    v_month date := date_trunc('month', p_day)::date;
    v_schema name;
    v_table name;
    v_name name;
begin
    select n.nspname, c.relname, c.relname || '_' || to_char(v_month, 'YYYYMM')
    into strict v_schema, v_table, v_name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_parent;
    if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
        return;
    end if;
    -- One at a time; who comes second finds it made. Not by to_regclass: waiting for an advisory lock takes in no
    -- invalidations, so its cache may still say no.
    perform pg_advisory_xact_lock(hashtextextended('ops.ensure_partition', p_parent::oid::bigint));
    if exists (
        select from pg_class where relnamespace = quote_ident(v_schema)::regnamespace and relname = v_name)
    then
        return;
    end if;
    execute format('create table %I.%I (like %I.%I including all)', v_schema, v_name, v_schema, v_table);
    execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
        v_schema, v_table, v_schema, v_name, v_month, (v_month + interval '1 month')::date);
end
$$;
