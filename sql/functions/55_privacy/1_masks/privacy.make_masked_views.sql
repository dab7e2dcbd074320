create or replace function privacy.make_masked_views() returns setof text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Makes analytics.<table> for each table of privacy.column_class that has a column not omitted, as the role masker, and
-- gives masker the columns that these views show and no others, and the role analytics the views. Returns the views that
-- were made anew.
-- A view that is as it should be is not touched, since replacing it waits for its readers. One whose columns change their
-- type or go is dropped, never by cascade: where others read it, 2BP01 says which, and the migration that changes the
-- table drops those and makes them again.
-- To be called by the owner: it takes on masker and comes back.
-- Errors: EM200 two tables of one name, EM201 a mask without an expression
declare
    v_table record;
    v_owner name := current_user;
    v_query text;
    v_old regclass;
    v_new regclass;
    v_same boolean;
    v_fits boolean;
begin
    if exists (
        select from privacy.column_class where mask <> 'omit'
        group by table_name having count(distinct schema_name) > 1)
    then
        raise exception using errcode = 'EM200', message = 'two tables of one name cannot both have a masked view',
            detail = (select string_agg(distinct format('%s.%s', schema_name, table_name), ', ') from privacy.column_class
                where mask <> 'omit' and table_name in (
                    select table_name from privacy.column_class where mask <> 'omit'
                    group by table_name having count(distinct schema_name) > 1)),
            hint = 'omit the columns of one';
    end if;
    grant usage, create on schema analytics to masker;

    -- Whatever masker held before; what it may read follows from the classification alone.
    for v_table in
        select c.oid::regclass as name from pg_class c
        where c.relowner = v_owner::regrole and c.relkind in ('r', 'p')
            and (has_any_column_privilege('masker', c.oid, 'select') or has_table_privilege('masker', c.oid, 'select'))
    loop
        execute format('revoke all on %s from masker', v_table.name);
    end loop;

    for v_table in
        select k.schema_name, k.table_name, c.oid as table_id, obj_description(c.oid, 'pg_class') as description,
            bool_or(k.mask = 'key') and c.oid <> 'membership.member'::regclass as joins_member,
            string_agg(privacy.masked_expression(k.column_name, k.mask, format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null),
                case c.oid when 'membership.member'::regclass then 't' else 'm' end || '.member_key::text')
                || format(' as %I', k.column_name), ', ' order by a.attnum) as expressions,
            string_agg(format('comment on column analytics.%I.%I is %L', k.table_name, k.column_name, concat_ws('; ', case k.mask
                when 'null' then 'masked: always null'
                when 'key' then 'in clear for roles with reads_personal, else the stable member_key'
                when 'year' then 'masked: 1 January of its year'
                when 'day' then 'masked: midnight (UTC) of its day'
                when 'band' then 'masked: the lower end of its five years'
                when 'domain' then 'masked: what follows the @'
                when 'prefix' then 'masked: its first two characters'
            end, col_description(c.oid, a.attnum))), ';') as comments,
            string_agg(quote_ident(k.column_name), ', ' order by a.attnum) filter (where k.mask <> 'null') as read,
            string_agg(distinct y.oid::regtype::text, ', ') filter (where y.typnamespace <> 'pg_catalog'::regnamespace) as types,
            string_agg(k.column_name, ', ') filter (
                where privacy.masked_expression(k.column_name, k.mask, '', '') is null) as unknown
        from privacy.column_class k
        join pg_namespace n on n.nspname = k.schema_name
        join pg_class c on c.relnamespace = n.oid and c.relname = k.table_name
        join pg_attribute a on a.attrelid = c.oid and a.attname = k.column_name and not a.attisdropped
        join pg_type y on y.oid = a.atttypid
        where k.mask <> 'omit'
        group by k.schema_name, k.table_name, c.oid
        order by k.schema_name, k.table_name
    loop
        if v_table.unknown is not null then
            raise exception using errcode = 'EM201', message = format('%s.%s has a mask without an expression', v_table.schema_name, v_table.table_name),
                detail = v_table.unknown, hint = 'privacy.masked_expression() has the masks there are';
        end if;
        -- Schema public is the deployer's to grant, and granted before all else.
        if v_table.schema_name <> 'public' then
            execute format('grant usage on schema %I to masker', v_table.schema_name);
        end if;
        if v_table.read is not null then
            execute format('grant select (%s) on %I.%I to masker', v_table.read, v_table.schema_name, v_table.table_name);
        end if;

        if v_table.types is not null then
            execute format('grant usage on type %s to masker', v_table.types);
        end if;

        -- The view as it should be, beside the one that stands.
        v_query := format('select %s from %I.%I t', v_table.expressions, v_table.schema_name, v_table.table_name)
            || case when v_table.joins_member then ' left join membership.member m on m.membership_id = t.membership_id' else '' end;
        execute format('create temporary view masked_view as %s', v_query);
        v_new := to_regclass('pg_temp.masked_view');
        v_old := to_regclass(format('analytics.%I', v_table.table_name));
        v_same := pg_get_viewdef(v_old) = pg_get_viewdef(v_new);
        v_fits := not exists (
            select from pg_attribute o
            left join pg_attribute w on w.attrelid = v_new and w.attnum = o.attnum
                and (w.attname, w.atttypid, w.atttypmod, w.attcollation) = (o.attname, o.atttypid, o.atttypmod, o.attcollation)
            where o.attrelid = v_old and w.attnum is null);
        execute format('drop view %s', v_new);

        perform set_config('role', 'masker', true);
        if v_same is distinct from true then
            if not v_fits then
                execute format('drop view %s', v_old);
            end if;
            execute format('create or replace view analytics.%I with (security_barrier = true) as %s', v_table.table_name, v_query);
            return next format('analytics.%s', v_table.table_name);
        end if;
        execute format('comment on view analytics.%I is %L', v_table.table_name,
            format('%s.%s, masked', v_table.schema_name, v_table.table_name) || coalesce(': ' || v_table.description, ''));
        execute v_table.comments;
        execute format('grant select on analytics.%I to analytics', v_table.table_name);
        perform set_config('role', v_owner, true);
    end loop;

    -- Views of tables that are no longer shown: whatever masker owns by the name of a classified table.
    for v_table in
        select c.oid::regclass as name from pg_class c
        where c.relnamespace = 'analytics'::regnamespace and c.relkind = 'v' and c.relowner = 'masker'::regrole
            and c.relname in (select table_name from privacy.column_class group by table_name having bool_and(mask = 'omit'))
    loop
        perform set_config('role', 'masker', true);
        execute format('drop view %s', v_table.name);
        perform set_config('role', v_owner, true);
    end loop;
end
$$;
