// How each kind of thing is dropped and made again. The server prints the definitions (pg_get_viewdef and its like);
// what it leaves out of them is added here.

extension RemakeCatalog {
    /// One row a node. `kind` is null, or `reason` is not, for what must not be dropped.
    static let definitions = """
        select n.class::text as class, n.obj::text as obj, pg_describe_object(n.class, n.obj, 0) as description,
          d.kind, d.name, d.relation, d.schema, d.bare_name, d.owner, d.drop_sql, d.create_sql, d.enabling,
          case
            when exists (
              select from pg_depend e where e.classid = n.class and e.objid = n.obj and e.deptype in ('e', 'x'))
              then 'belongs to an extension'
            when exists (select from pg_seclabel s where s.classoid = n.class and s.objoid = n.obj)
              then 'has a security label, which would be lost'
            when d.reason is not null then d.reason
            when d.kind is not null then null
            when r.relkind = 'm' then 'its rows would be lost'
            when r.relkind in ('i', 'I') then 'the index would be built again'
            when r.relkind in ('r', 'p', 'f') then 'its rows, a column or its partition key are of it'
            else 'it is neither view, function, trigger, rule, policy nor default'
          end as reason,
          case when n.class = 'pg_proc'::regclass then (
            select format('%I.%I', (select nspname from pg_namespace where oid = p.pronamespace), p.proname)
            from pg_proc p where p.oid = n.obj) end as called,
          case when n.class = 'pg_proc'::regclass then (
            select coalesce(
              (select string_agg(quote_ident(x.name), ', ' order by x.place)
               from unnest(p.proargnames, p.proargmodes) with ordinality x(name, mode, place) where x.mode in ('o', 'b', 't')),
              (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
               from pg_type y join pg_attribute a on a.attrelid = y.typrelid
               where y.oid = p.prorettype and y.typtype = 'c' and a.attnum > 0 and not a.attisdropped))
            from pg_proc p where p.oid = n.obj) end as result_columns
        from unnest($1::oid[], $2::oid[]) with ordinality n(class, obj, place)
        left join pg_class r on n.class = 'pg_class'::regclass and r.oid = n.obj
        left join lateral (
        \([views, functions, triggers, rules, policies, defaults].joined(separator: "\nunion all\n"))
        ) d on true
        order by n.place
        """

    private static let views = """
        select 'view' as kind, c.oid::regclass::text as name, null::text as relation,
          (select nspname from pg_namespace where oid = c.relnamespace)::text as schema, c.relname::text as bare_name,
          pg_get_userbyid(c.relowner)::text as owner, format('drop view %s', c.oid::regclass) as drop_sql,
          format('create view %s%s%s as %s', c.oid::regclass,
            (select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')' from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
            (select ' with (' || string_agg(format('%s = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') || ')'
             from unnest(c.reloptions) o),
            pg_get_viewdef(c.oid)) as create_sql,
          '' as enabling, null::text as reason
        from pg_class c
        where n.class = 'pg_class'::regclass and c.oid = n.obj and c.relkind = 'v'
        """

    private static let functions = """
        select 'function', p.oid::regprocedure::text, null, (select nspname from pg_namespace where oid = p.pronamespace)::text, p.proname, pg_get_userbyid(p.proowner),
          format('drop routine %s', p.oid::regprocedure), case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end, '',
          case when p.prokind = 'a' then 'an aggregate is not made again' end
        from pg_proc p
        where n.class = 'pg_proc'::regclass and p.oid = n.obj
        """

    /// A partition's copy of a trigger may be enabled otherwise than its parent's.
    private static let triggers = """
        select 'trigger', format('%I', t.tgname), t.tgrelid::regclass::text, (select nspname from pg_namespace where oid = c.relnamespace)::text, t.tgname, pg_get_userbyid(c.relowner),
          format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass), pg_get_triggerdef(t.oid),
          coalesce((
            with recursive family (oid, tgrelid, tgenabled, depth) as (
              select t.oid, t.tgrelid, t.tgenabled, 0
              union all
              select k.oid, k.tgrelid, k.tgenabled, f.depth + 1
              from family f join pg_trigger k on k.tgparentid = f.oid
            )
            select string_agg(format('alter table %s%s %s trigger %I',
                case when f.depth = 0 then '' else 'only ' end, f.tgrelid::regclass,
                case f.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enable' end,
                t.tgname), '; ' order by f.depth, f.oid)
            from family f
            where exists (select from family where tgenabled <> 'O')), ''),
          case when t.tgisinternal then 'it belongs to a constraint' end
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where n.class = 'pg_trigger'::regclass and t.oid = n.obj
        """

    private static let rules = """
        select 'rule', format('%I', w.rulename), w.ev_class::regclass::text, (select nspname from pg_namespace where oid = c.relnamespace)::text, w.rulename, pg_get_userbyid(c.relowner),
          format('drop rule %I on %s', w.rulename, w.ev_class::regclass), pg_get_ruledef(w.oid),
          case w.ev_enabled when 'O' then '' else format('alter table %s %s rule %I', w.ev_class::regclass,
            case w.ev_enabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, w.rulename) end,
          null
        from pg_rewrite w join pg_class c on c.oid = w.ev_class
        where n.class = 'pg_rewrite'::regclass and w.oid = n.obj
        """

    private static let policies = """
        select 'policy', format('%I', y.polname), y.polrelid::regclass::text, (select nspname from pg_namespace where oid = c.relnamespace)::text, y.polname, pg_get_userbyid(c.relowner),
          format('drop policy %I on %s', y.polname, y.polrelid::regclass),
          format('create policy %I on %s as %s for %s to %s%s%s', y.polname, y.polrelid::regclass,
            case when y.polpermissive then 'permissive' else 'restrictive' end,
            case y.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            (select string_agg(case when o = 0 then 'public' else quote_ident(pg_get_userbyid(o)) end, ', ') from unnest(y.polroles) o),
            ' using (' || pg_get_expr(y.polqual, y.polrelid) || ')',
            ' with check (' || pg_get_expr(y.polwithcheck, y.polrelid) || ')'),
          '', null
        from pg_policy y join pg_class c on c.oid = y.polrelid
        where n.class = 'pg_policy'::regclass and y.oid = n.obj
        """

    /// A partition has its parent's default as one of its own: hence `only`.
    private static let defaults = """
        select 'default', format('%I', a.attname), f.adrelid::regclass::text, (select nspname from pg_namespace where oid = c.relnamespace)::text, a.attname, pg_get_userbyid(c.relowner),
          format('alter table only %s alter column %I drop default', f.adrelid::regclass, a.attname),
          format('alter table only %s alter column %I set default %s', f.adrelid::regclass, a.attname,
            pg_get_expr(f.adbin, f.adrelid)), '',
          case when a.attgenerated <> '' then 'the generated column would be computed again' end
        from pg_attrdef f
        join pg_class c on c.oid = f.adrelid
        join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
        where n.class = 'pg_attrdef'::regclass and f.oid = n.obj
        """
}
