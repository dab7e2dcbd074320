create or replace function sample.clear_drafts() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Empties the work tables.
begin
    truncate sample.calendar, sample.month, sample.rate, sample.customer, sample.slot, sample.product, sample.purchase, sample.aside;
end
$$;

create or replace function sample.seconds_since(p_start timestamptz) returns numeric
language sql volatile
begin atomic
    select round(extract(epoch from clock_timestamp() - p_start), 3);
end;

create or replace function sample.restart_identities() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Lets identity columns go on after the highest number; undone with the transaction, as setval() would not be.
declare
    v_column record;
    v_next bigint;
begin
    for v_column in
        select a.attrelid::regclass as relation, a.attname
        from pg_attribute a
        where a.attrelid in (select sample.filled_tables()) and a.attidentity <> ''
    loop
        execute format('select coalesce(max(%I), 0) + 1 from %s', v_column.attname, v_column.relation) into v_next;
        execute format('alter table %s alter column %I restart with %s', v_column.relation, v_column.attname, v_next);
    end loop;
end
$$;
