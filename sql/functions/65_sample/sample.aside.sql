create or replace function sample.filled_tables() returns setof regclass
language sql stable
begin atomic
    select c.oid::regclass
    from pg_class c
    where c.relnamespace = (select oid from pg_namespace where nspname = 'shop') and c.relkind = 'r'
        and c.relname in ('suppliers', 'products', 'customers', 'customer_member', 'orders', 'order_items', 'order_status_history',
            'price_history', 'product_retirement', 'stock_movement', 'product_reviews');
end;
comment on function sample.filled_tables is 'tables that are filled with triggers off and without indexes and foreign keys';

create or replace function sample.set_aside() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Takes foreign keys, indexes and users' triggers off the tables to be filled, and keeps the statements that put them back, as
-- the catalog has them: definitions, comments, and which triggers were on. A key that another table's foreign key rests on
-- stays, so does an index with a setting or a part that its definition does not tell.
-- Writes: sample.aside
declare
    v_do record;
begin
    for v_do in
        with constraints as (
            select c.oid, c.conname, c.conrelid::regclass as relation, c.contype, pg_get_constraintdef(c.oid) as definition,
                obj_description(c.oid, 'pg_constraint') as note, obj_description(c.conindid, 'pg_class') as index_note, c.conindid
            from pg_constraint c
            where c.conrelid in (select sample.filled_tables())
                and (c.contype = 'f' or c.contype in ('p', 'u')
                    and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = c.conindid)
                    and not exists (select from pg_depend d where d.refclassid = 'pg_constraint'::regclass and d.refobjid = c.oid and d.deptype = 'n'))
        ),
        plain as (
            -- Indexes that their definition tells whole.
            select i.indexrelid
            from pg_index i
            join pg_class c on c.oid = i.indexrelid and c.reltablespace = 0
            where i.indrelid in (select sample.filled_tables()) and not i.indisreplident and not i.indisclustered and i.indisvalid
                and not exists (select from pg_attribute a where a.attrelid = i.indexrelid and a.attstattarget >= 0)
                and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
        )
        select 1 as pass, format('alter table %s drop constraint %I', relation, conname) as off,
            format('alter table %s add constraint %I %s', relation, conname, definition)
                || case when note is not null then format('; comment on constraint %I on %s is %L', conname, relation, note) else '' end as restore,
            conname::text as name
        from constraints where contype = 'f'
        union all
        select 2, format('alter table %s drop constraint %I', relation, conname),
            format('alter table %s add constraint %I %s', relation, conname, definition)
                || case when note is not null then format('; comment on constraint %I on %s is %L', conname, relation, note) else '' end
                || case when index_note is not null then format('; comment on index %s is %L', conindid::regclass, index_note) else '' end, conname
        from constraints where contype in ('p', 'u') and conindid in (select indexrelid from plain)
        union all
        select 3, format('drop index %s', i.indexrelid::regclass),
            pg_get_indexdef(i.indexrelid) || case when obj_description(i.indexrelid, 'pg_class') is not null
                then format('; comment on index %s is %L', i.indexrelid::regclass, obj_description(i.indexrelid, 'pg_class')) else '' end,
            i.indexrelid::regclass::text
        from pg_index i
        where i.indexrelid in (select indexrelid from plain)
            and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
        union all
        select 4, format('alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname),
            format('alter table %s enable %s trigger %I', t.tgrelid::regclass, case t.tgenabled when 'A' then 'always' when 'R' then 'replica' end, t.tgname),
            t.tgname
        from pg_trigger t
        where t.tgrelid in (select sample.filled_tables()) and not t.tgisinternal and t.tgenabled <> 'D'
        order by 1, 4
    loop
        execute v_do.off;
        -- Foreign keys come back last: the keys that they rest on first.
        insert into sample.aside (aside_id, restore)
        select (5 - v_do.pass) * 10000 + count(*),
            v_do.restore
        from sample.aside;
    end loop;
end
$$;

create or replace function sample.put_back() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Puts back what sample.set_aside() took off; foreign keys last, which checks every row.
declare
    v_restore text;
begin
    for v_restore in select restore from sample.aside order by aside_id loop
        execute v_restore;
    end loop;
    truncate sample.aside;
end
$$;
