// Schemas, tables, views, sequences, and what stands on them.

extension Inventory {
    static let relations = [
        schemas, tables, columns, sequences, indexes, constraints, triggers, policies, rules, statistics, partitions,
    ]

    /// Those of the server, too: PUBLIC may have been given something there.
    private static let schemas = objects(
        "'schema'", "o.identity",
        base: """
            select s.oid, quote_ident(s.nspname) as identity, s.nspowner as owner, s.nspacl as acl
            from pg_namespace s
            where s.nspname !~ '^pg_(toast|temp)' and \(notOfExtension("pg_namespace", "s.oid"))
            """,
        aspects: [owner(), comment("pg_namespace")], grants: "'n'")

    private static let tables = objects(
        "o.kind", "o.identity",
        base: """
            select c.*, n.name || '.' || quote_ident(c.relname) as identity, c.relowner as owner, c.relacl as acl,
                case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                    else 'table' end as kind
            from pg_class c
            join n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            owner(), comment("pg_class"), flag("unlogged", "o.relpersistence = 'u'"),
            ("partition key", "pg_get_partkeydef(o.oid)"),
            ("options", list("o.reloptions")),
            ("options of its TOAST table",
             "(select \(list("t.reloptions")) from pg_class t where t.oid = o.reltoastrelid)"),
            flag("row security", "o.relrowsecurity"), flag("row security forced", "o.relforcerowsecurity"),
            ("replica identity",
             "case o.relreplident when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'an index' end"),
            ("access method", "(select am.amname::text from pg_am am where am.oid = o.relam and am.amname <> 'heap')"),
            ("tablespace", "(select t.spcname::text from pg_tablespace t where t.oid = o.reltablespace)"),
            ("of type", "nullif(o.reloftype, 0)::regtype::text"),
            ("inherits",
             "(select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno) from pg_inherits i where i.inhrelid = o.oid)"
            ),
            ("definition", "case when o.relkind in ('v', 'm') then pg_get_viewdef(o.oid) end"),
            ("server",
             "(select s.srvname::text from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = o.oid)"
            ),
            ("option names",
             """
             (select string_agg(split_part(i, '=', 1), ', ' order by i)
              from pg_foreign_table f, unnest(f.ftoptions) i where f.ftrelid = o.oid)
             """),
            (orderAspect,
             """
             (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
              from pg_attribute a where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped)
             """),
        ],
        grants: "'r'")

    private static let columns = objects(
        "'column'", "o.identity",
        base: """
            select a.*, n.name || '.' || quote_ident(c.relname) as relation,
                n.name || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname) as identity,
                t.typstorage, t.typcollation, a.attacl as acl, c.relowner as owner
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            join n on n.oid = c.relnamespace
            join pg_type t on t.oid = a.atttypid
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and not c.relispartition and a.attnum > 0
                and not a.attisdropped and \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            (ownerAspect, "o.relation"), ("type", "format_type(o.atttypid, o.atttypmod)"),
            ("collation", "case when o.attcollation <> o.typcollation then o.attcollation::regcollation::text end"),
            flag("not null", "o.attnotnull"),
            ("generated", "case o.attgenerated when 's' then 'stored' when 'v' then 'virtual' end"),
            ("default",
             "(select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = o.attrelid and d.adnum = o.attnum)"),
            ("identity", "case o.attidentity when 'a' then 'always' when 'd' then 'by default' end"),
            ("storage", "case when o.attstorage <> o.typstorage then o.attstorage::text end"),
            ("compression", "nullif(o.attcompression::text, '')"),
            ("statistics", "nullif(o.attstattarget, -1)::text"),
            // Some builds of the server stamp each column with an option of their own (pg_attver), which pg_dump leaves out.
            ("options", "(select string_agg(i, ', ' order by i) from unnest(o.attoptions) i where not starts_with(i, 'pg_'))"),
            optionNames("o.attfdwoptions"), ("comment", "col_description(o.attrelid, o.attnum)"),
        ]) + """

            union all
            \(grants("'column'", "o.identity", "o.acl"))
            """

    private static let sequences = objects(
        "'sequence'", "o.identity",
        base: """
            select c.oid, c.relpersistence, n.name || '.' || quote_ident(c.relname) as identity, c.relowner as owner,
                c.relacl as acl, s.*,
                (select format('%s.%I%s', d.refobjid::regclass, a.attname, case d.deptype when 'i' then ' (identity)' else '' end)
                 from pg_depend d
                 join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                 where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
                    and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0) as owned_by,
                (select d.refobjid::regclass::text from pg_depend d
                 where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i'
                    and d.refclassid = 'pg_class'::regclass) as identity_of
            from pg_class c
            join n on n.oid = c.relnamespace
            join pg_sequence s on s.seqrelid = c.oid
            where c.relkind = 'S' and \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            (ownerAspect, "o.identity_of"), owner(), comment("pg_class"), flag("unlogged", "o.relpersistence = 'u'"),
            ("type", "format_type(o.seqtypid, null)"), ("start", "o.seqstart::text"),
            ("increment", "o.seqincrement::text"), ("minimum", "o.seqmin::text"), ("maximum", "o.seqmax::text"),
            ("cache", "o.seqcache::text"), flag("cycle", "o.seqcycle"), ("owned by", "o.owned_by"),
        ],
        grants: "'s'")

    /// Those that a constraint has made are its own: see `constraints`.
    private static let indexes = objects(
        "'index'", "o.identity",
        base: """
            select i.*, c.oid, n.name || '.' || quote_ident(c.relname) as identity, c.reltablespace,
                i.indrelid::regclass::text as relation
            from pg_index i
            join pg_class c on c.oid = i.indexrelid
            join pg_class t on t.oid = i.indrelid
            join n on n.oid = c.relnamespace
            where not c.relispartition and not t.relispartition and \(notOfExtension("pg_class", "c.oid"))
                and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
            """,
        aspects: [
            (ownerAspect, "o.relation"), ("definition", "pg_get_indexdef(o.indexrelid)"),
            flag("invalid", "not (o.indisvalid and o.indisready)"), flag("clustered", "o.indisclustered"),
            flag("replica identity", "o.indisreplident"),
            ("tablespace", "(select t.spcname::text from pg_tablespace t where t.oid = o.reltablespace)"),
            ("statistics",
             """
             (select string_agg(a.attnum || ': ' || a.attstattarget, ', ' order by a.attnum)
              from pg_attribute a where a.attrelid = o.indexrelid and a.attstattarget >= 0)
             """),
            comment("pg_class"),
        ])

    private static let constraints = objects(
        "'constraint'", "quote_ident(o.conname) || ' on ' || o.relation",
        base: """
            select k.*, i.indisvalid and i.indisready as valid, i.indisclustered, i.indisreplident,
                (select c.reloptions from pg_class c where c.oid = k.conindid and k.contype <> 'f') as index_options,
                case when k.conrelid <> 0 then k.conrelid::regclass::text else k.contypid::regtype::text end as relation
            from pg_constraint k
            join n on n.oid = k.connamespace
            left join pg_class c on c.oid = k.conrelid
            left join pg_index i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
            where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and c.relispartition is not true
                and case when k.conrelid <> 0 then \(notOfExtension("pg_class", "k.conrelid"))
                    else \(notOfExtension("pg_type", "k.contypid")) end
            """,
        aspects: [
            (ownerAspect, "o.relation"), ("definition", "pg_get_constraintdef(o.oid)"),
            flag("invalid", "not o.valid"), flag("clustered", "o.indisclustered"),
            flag("replica identity", "o.indisreplident"), ("options", list("o.index_options")),
            // `disable trigger all` turns off what a foreign key is enforced by, too.
            ("triggers",
             """
             (select string_agg(distinct case t.tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end
                || ' on ' || t.tgrelid::regclass, ', ')
              from pg_trigger t where t.tgconstraint = o.oid and t.tgisinternal and t.tgenabled <> 'O')
             """),
            comment("pg_constraint"),
        ])

    private static let triggers = objects(
        "'trigger'", "quote_ident(o.tgname) || ' on ' || o.relation",
        base: """
            select t.*, t.tgrelid::regclass::text as relation
            from pg_trigger t
            join pg_class c on c.oid = t.tgrelid
            join n on n.oid = c.relnamespace
            where not t.tgisinternal and t.tgparentid = 0 and not c.relispartition and \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            (ownerAspect, "o.relation"), ("definition", "pg_get_triggerdef(o.oid)"),
            ("enabled", "case o.tgenabled when 'D' then 'no' when 'R' then 'replica' when 'A' then 'always' else 'yes' end"),
            comment("pg_trigger"),
        ])

    private static let policies = objects(
        "'policy'", "quote_ident(o.polname) || ' on ' || o.relation",
        base: """
            select p.*, p.polrelid::regclass::text as relation
            from pg_policy p
            join pg_class c on c.oid = p.polrelid
            join n on n.oid = c.relnamespace
            where \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            (ownerAspect, "o.relation"),
            ("command", "case o.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end"),
            ("kind", "case when o.polpermissive then 'permissive' else 'restrictive' end"),
            ("roles",
             "(select string_agg(coalesce((select r.name from r where r.oid = p), 'PUBLIC'), ', ' order by (select r.name from r where r.oid = p)) from unnest(o.polroles) p)"),
            ("using", "pg_get_expr(o.polqual, o.polrelid)"), ("check", "pg_get_expr(o.polwithcheck, o.polrelid)"),
            comment("pg_policy"),
        ])

    private static let rules = objects(
        "'rule'", "quote_ident(o.rulename) || ' on ' || o.relation",
        base: """
            select w.*, w.ev_class::regclass::text as relation
            from pg_rewrite w
            join pg_class c on c.oid = w.ev_class
            join n on n.oid = c.relnamespace
            where w.rulename <> '_RETURN' and not c.relispartition and \(notOfExtension("pg_class", "c.oid"))
            """,
        aspects: [
            (ownerAspect, "o.relation"), ("definition", "pg_get_ruledef(o.oid)"),
            ("enabled", "case o.ev_enabled when 'D' then 'no' when 'R' then 'replica' when 'A' then 'always' else 'yes' end"),
            comment("pg_rewrite"),
        ])

    private static let statistics = objects(
        "'statistics'", "o.identity",
        base: """
            select s.*, n.name || '.' || quote_ident(s.stxname) as identity, s.stxowner as owner,
                s.stxrelid::regclass::text as relation
            from pg_statistic_ext s
            join n on n.oid = s.stxnamespace
            join pg_class c on c.oid = s.stxrelid
            where not c.relispartition and \(notOfExtension("pg_statistic_ext", "s.oid"))
            """,
        aspects: [
            (ownerAspect, "o.relation"), owner(), ("definition", "pg_get_statisticsobjdef(o.oid)"),
            ("target", "nullif(o.stxstattarget, -1)::text"), comment("pg_statistic_ext"),
        ])

    /// Partitions come and go by themselves, and are read through their tables: nobody may have rights on one.
    private static let partitions = objects(
        "'partition'", "o.identity",
        base: """
            select c.oid, c.oid::regclass::text as identity, c.relowner as owner, c.relacl as acl
            from pg_class c
            join n on n.oid = c.relnamespace
            where c.relispartition and c.relkind in ('r', 'p', 'f')
                and (c.relacl is not null or exists (select from pg_attribute a where a.attrelid = c.oid and a.attacl is not null))
            """,
        aspects: [
            ("grants on columns",
             """
             (select string_agg(distinct quote_ident(a.attname), ', ')
              from pg_attribute a, aclexplode(a.attacl) x where a.attrelid = o.oid and x.grantee <> o.owner)
             """)
        ]) + """

            union all
            \(grants("'partition'", "o.identity", "o.acl", where: "x.grantee <> o.owner"))
            """
}
