create or replace function ops.role_matrix() returns table (role text, kind text, object text, "column" text, verb text)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
    -- What each role of ops.capability may do, and what PUBLIC may, as the catalog has it: nothing is left out but
    -- emporium_owner, who owns all. "column" is * where the verb is held on the whole relation, also on columns to come,
    -- and empty where there are no columns. An owner's rights are one verb, OWNER. A right that is held through another
    -- role is there only where it is inherited, which capability roles do not; MEMBER says so.
    with ours as (
        select n.oid, n.nspname from pg_namespace n
        where n.nspname = 'public' or n.nspowner = (select r.oid from pg_roles r where r.rolname = 'emporium_owner')
    ), subject as (
        select c.role::text as role, c.role::regrole::oid as role_id from ops.capability c where c.role <> 'emporium_owner'
        union all
        select 'public', 0
    ), relation as (
        select c.oid, c.relowner, c.relkind, format('%I.%I', n.nspname, c.relname) as name
        from pg_class c join ours n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    ), cell as (
        select s.role, 'database' as kind, 'this database' as object, '' as "column", v.verb
        from subject s, unnest('{CONNECT,CREATE,TEMP}'::text[]) v (verb)
        where has_database_privilege(s.role, current_database(), v.verb)
        union all
        select s.role, 'schema', n.nspname::text, '', v.verb
        from subject s, ours n, unnest('{USAGE,CREATE}'::text[]) v (verb)
        where has_schema_privilege(s.role, n.oid, v.verb)
        union all
        select s.role, 'role', a.roleid::regrole::text, '', 'MEMBER'
        from subject s join pg_auth_members a on a.member = s.role_id
        union all
        select s.role, case r.relkind when 'v' then 'view' else 'table' end, r.name, '*', 'OWNER'
        from subject s join relation r on r.relowner = s.role_id
        union all
        select s.role, case r.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, r.name, '*', v.verb
        from subject s
        join relation r on r.relkind <> 'S' and r.relowner <> s.role_id
        cross join unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) v (verb)
        where has_table_privilege(s.role, r.oid, v.verb)
        union all
        select s.role, case r.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, r.name, a.attname, v.verb
        from subject s
        join relation r on r.relkind <> 'S' and r.relowner <> s.role_id
        cross join unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) v (verb)
        join pg_attribute a on a.attrelid = r.oid and not a.attisdropped
        where has_column_privilege(s.role, r.oid, a.attnum, v.verb) and not has_table_privilege(s.role, r.oid, v.verb)
        union all
        select s.role, 'sequence', r.name, '', v.verb
        from subject s
        join relation r on r.relkind = 'S' and r.relowner <> s.role_id
        cross join unnest('{USAGE,SELECT,UPDATE}'::text[]) v (verb)
        where has_sequence_privilege(s.role, r.oid, v.verb)
        union all
        select s.role, 'function', p.oid::regprocedure::text, '', 'EXECUTE'
        from subject s, pg_proc p
        where p.pronamespace in (select n.oid from ours n) and has_function_privilege(s.role, p.oid, 'EXECUTE')
            and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
        union all
        -- Arrays and the row types of relations have no rights of their own.
        select s.role, 'type', t.oid::regtype::text, '', 'USAGE'
        from subject s
        join pg_type t on t.typnamespace in (select n.oid from ours n) and t.typcategory <> 'A'
        left join pg_class c on c.oid = t.typrelid
        where coalesce(c.relkind, 'c') = 'c' and has_type_privilege(s.role, t.oid, 'USAGE')
            and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
    )
    select c.role, c.kind, c.object, c."column", c.verb
    from cell c
    order by c.role collate "C", c.kind collate "C", c.object collate "C", c."column" collate "C", c.verb collate "C";
end;
comment on function ops.role_matrix is 'role x object x column x verb from the catalog, sorted; sql/roles/matrix.csv is what it must be';
