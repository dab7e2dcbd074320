// Functions, types, and whatever else has a name in a schema.

extension Inventory {
    static let code = [functions, aggregates, systemFunctions, systemRelations, languages, eventTriggers, securityLabels]
    static let types = [namedTypes, domainBases, operators, casts, collations, others]

    private static let functions = objects(
        "o.kind", "o.identity",
        base: """
            select p.*, p.oid::regprocedure::text as identity, p.proowner as owner, p.proacl as acl,
                l.lanname::text as language,
                case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind
            from pg_proc p
            join n on n.oid = p.pronamespace
            join pg_language l on l.oid = p.prolang
            where \(notOfExtension("pg_proc", "p.oid"))
                -- What a range type brings along is the type's.
                and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
            """,
        aspects: [
            owner(), comment("pg_proc"), ("arguments", "pg_get_function_arguments(o.oid)"),
            ("result", "pg_get_function_result(o.oid)"), ("language", "o.language"),
            (bodyAspect, "case when o.prokind <> 'a' then coalesce(pg_get_function_sqlbody(o.oid), o.prosrc) end"),
            ("library", "o.probin"), flag("window", "o.prokind = 'w'"),
            ("volatility", "case o.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end"),
            flag("strict", "o.proisstrict"), flag("security definer", "o.prosecdef"), flag("leakproof", "o.proleakproof"),
            ("parallel", "case o.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end"),
            ("cost", "o.procost::text"), ("rows", "nullif(o.prorows, 0)::text"),
            ("support function", "case when o.prosupport <> 0 then o.prosupport::regprocedure::text end"),
            ("settings", list("o.proconfig")),
        ],
        grants: "'f'")

    static let bodyAspect = "body"

    private static let aggregates = objects(
        "'aggregate'", "o.identity",
        base: """
            select a.*, p.oid::regprocedure::text as identity
            from pg_aggregate a
            join pg_proc p on p.oid = a.aggfnoid
            join n on n.oid = p.pronamespace
            where \(notOfExtension("pg_proc", "p.oid"))
            """,
        aspects: [
            ("definition",
             """
             concat_ws(', ', 'kind ' || o.aggkind::text, 'sfunc ' || o.aggtransfn, 'stype ' || o.aggtranstype::regtype,
                'sspace ' || nullif(o.aggtransspace, 0), 'finalfunc ' || nullif(o.aggfinalfn, 0)::regproc,
                'combinefunc ' || nullif(o.aggcombinefn, 0)::regproc, 'serialfunc ' || nullif(o.aggserialfn, 0)::regproc,
                'deserialfunc ' || nullif(o.aggdeserialfn, 0)::regproc, 'initcond ' || o.agginitval,
                'msfunc ' || nullif(o.aggmtransfn, 0)::regproc, 'minvfunc ' || nullif(o.aggminvtransfn, 0)::regproc,
                'sortop ' || nullif(o.aggsortop, 0)::regoperator)
             """)
        ])

    /// Whom the server's own functions are open to: a project may have closed some, and somebody may have opened others.
    private static let systemFunctions = systemGrants(
        """
        select 'function' as kind, p.oid::regprocedure::text as name, s.nspname,
            coalesce(p.proacl, acldefault('f', p.proowner)) as acl
        from pg_proc p
        join pg_namespace s on s.oid = p.pronamespace
        where s.nspname in ('pg_catalog', 'information_schema') and \(notOfExtension("pg_proc", "p.oid"))
        """)
    private static let systemRelations = systemGrants(
        """
        select 'relation' as kind, quote_ident(c.relname) as name, s.nspname,
            coalesce(c.relacl, acldefault('r', c.relowner)) as acl
        from pg_class c
        join pg_namespace s on s.oid = c.relnamespace
        where s.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v')
            and \(notOfExtension("pg_class", "c.oid"))
        """)
    private static func systemGrants(_ base: String) -> String {
        let identity = "case when starts_with(o.name, o.nspname || '.') then o.name else o.nspname || '.' || o.name end"
        return objects("'system ' || o.kind", identity, base: base, aspects: [("", "''")]) + """

            union all
            \(grants("'system ' || o.kind", identity, "o.acl"))
            """
    }

    private static let languages = objects(
        "'language'", "quote_ident(o.lanname)",
        base: "select l.*, l.lanowner as owner, l.lanacl as acl from pg_language l",
        aspects: [owner(), flag("trusted", "o.lanpltrusted")], grants: "'l'")

    private static let eventTriggers = objects(
        "'event trigger'", "quote_ident(o.evtname)",
        base: "select t.*, t.evtowner as owner from pg_event_trigger t where \(notOfExtension("pg_event_trigger", "t.oid"))",
        aspects: [
            owner(), comment("pg_event_trigger"), ("event", "o.evtevent::text"), ("tags", list("o.evttags")),
            ("function", "o.evtfoid::regprocedure::text"),
            ("enabled", "case o.evtenabled when 'D' then 'no' when 'R' then 'replica' when 'A' then 'always' else 'yes' end"),
        ])

    private static let securityLabels = objects(
        "'security label'", "o.objtype || ' ' || o.objname",
        base: """
            select objtype, objname, string_agg(provider || ': ' || label, ', ' order by provider) as labels
            from pg_seclabels where objtype not in ('role', 'database', 'tablespace') group by 1, 2
            """,
        aspects: [("labels", "o.labels")])

    // MARK: Types

    /// Not those of tables, arrays and multiranges, which come with something else.
    private static let namedTypes = objects(
        "case o.typtype when 'd' then 'domain' else 'type' end", "o.oid::regtype::text",
        base: """
            select t.*, t.typowner as owner, t.typacl as acl
            from pg_type t
            join n on n.oid = t.typnamespace
            left join pg_class c on c.oid = t.typrelid
            where t.typtype in ('b', 'c', 'd', 'e', 'p', 'r') and (t.typrelid = 0 or c.relkind = 'c')
                and not exists (select from pg_type i where i.typarray = t.oid)
                and \(notOfExtension("pg_type", "t.oid"))
            """,
        aspects: [
            owner(), comment("pg_type"),
            ("kind",
             "case o.typtype when 'b' then 'base' when 'c' then 'composite' when 'd' then 'domain' when 'e' then 'enum' when 'r' then 'range' else 'shell' end"
            ),
            ("labels",
             "(select string_agg(quote_literal(v.enumlabel), ', ' order by v.enumsortorder) from pg_enum v where v.enumtypid = o.oid)"),
            ("base", "case when o.typtype = 'd' then format_type(o.typbasetype, o.typtypmod) end"),
            flag("not null", "o.typnotnull"), ("default", "o.typdefault"),
            ("collation", "case when o.typtype = 'd' then nullif(o.typcollation, 0)::regcollation::text end"),
            (orderAspect,
             """
             (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
              from pg_attribute a where a.attrelid = o.typrelid and a.attnum > 0 and not a.attisdropped)
             """),
            ("range",
             """
             (select concat_ws(', ', 'subtype ' || g.rngsubtype::regtype, 'collation ' || nullif(g.rngcollation, 0)::regcollation,
                'canonical ' || nullif(g.rngcanonical, 0)::regproc, 'subtype_diff ' || nullif(g.rngsubdiff, 0)::regproc)
              from pg_range g where g.rngtypid = o.oid)
             """),
            ("functions",
             "case when o.typtype = 'b' then concat_ws(', ', o.typinput, o.typoutput, nullif(o.typreceive, 0)::regproc, nullif(o.typsend, 0)::regproc) end"
            ),
        ],
        grants: "'T'")

    /// A domain's default as an expression, which follows a function's new name where `typdefault` does not.
    private static let domainBases = objects(
        "'domain'", "o.oid::regtype::text",
        base: """
            select t.oid, t.typdefaultbin from pg_type t join n on n.oid = t.typnamespace
            where t.typtype = 'd' and t.typdefaultbin is not null and \(notOfExtension("pg_type", "t.oid"))
            """,
        aspects: [("default", "pg_get_expr(o.typdefaultbin, 0)")])

    // MARK: The rest

    private static let operators = objects(
        "'operator'", "o.oid::regoperator::text",
        base: """
            select p.*, p.oprowner as owner from pg_operator p join n on n.oid = p.oprnamespace
            where \(notOfExtension("pg_operator", "p.oid"))
            """,
        aspects: [
            owner(), comment("pg_operator"),
            ("definition",
             """
             concat_ws(', ', nullif(o.oprcode, 0)::regprocedure, 'commutator ' || nullif(o.oprcom, 0)::regoperator,
                'negator ' || nullif(o.oprnegate, 0)::regoperator, 'restrict ' || nullif(o.oprrest, 0)::regproc,
                'join ' || nullif(o.oprjoin, 0)::regproc, case when o.oprcanhash then 'hashes' end,
                case when o.oprcanmerge then 'merges' end)
             """),
        ])

    private static let casts = objects(
        "'cast'", "'(' || o.castsource::regtype || ' as ' || o.casttarget::regtype || ')'",
        base: """
            select c.* from pg_cast c
            where c.oid >= 16384 and \(notOfExtension("pg_cast", "c.oid"))
                and not exists (select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
            """,
        aspects: [
            comment("pg_cast"),
            ("definition",
             """
             concat_ws(', ', case o.castmethod when 'f' then 'by ' || o.castfunc::regprocedure when 'i' then 'by text' else 'binary' end,
                case o.castcontext when 'i' then 'implicit' when 'a' then 'assignment' else 'explicit' end)
             """),
        ])

    private static let collations = objects(
        "'collation'", "o.oid::regcollation::text",
        base: """
            select c.*, to_jsonb(c) as j, c.collowner as owner from pg_collation c join n on n.oid = c.collnamespace
            where \(notOfExtension("pg_collation", "c.oid"))
            """,
        aspects: [
            owner(), comment("pg_collation"),
            ("definition",
             """
             concat_ws(', ', o.j ->> 'collprovider', o.collcollate, o.collctype, coalesce(o.j ->> 'colllocale', o.j ->> 'colliculocale'),
                case when o.collisdeterministic then 'deterministic' else 'not deterministic' end)
             """),
        ])

    /// What is rarely made, by its catalog row: there or not, whose, and what it is made of.
    private static let others = objects(
        "o.kind", "o.identity",
        base: """
            select i.type as kind, i.identity, u.classid, u.oid, u.owner, u.definition
            from (
                select 'pg_opclass'::regclass as classid, c.oid, c.opcowner as owner,
                    concat_ws(', ', c.opcintype::regtype, case when c.opcdefault then 'default' end,
                        'storage ' || nullif(c.opckeytype, 0)::regtype) as definition
                from pg_opclass c
                union all
                select 'pg_opfamily'::regclass, f.oid, f.opfowner, concat_ws(', ',
                    (select string_agg(format('operator %s %s %s', a.amopstrategy, a.amopopr::regoperator, a.amoppurpose), ', '
                        order by a.amopstrategy, a.amopopr::regoperator::text) from pg_amop a where a.amopfamily = f.oid),
                    (select string_agg(format('function %s %s', a.amprocnum, a.amproc::regprocedure), ', '
                        order by a.amprocnum, a.amproc::regprocedure::text) from pg_amproc a where a.amprocfamily = f.oid))
                from pg_opfamily f
                union all
                select 'pg_conversion'::regclass, c.oid, c.conowner, c.conproc::text from pg_conversion c
                union all
                select 'pg_ts_config'::regclass, c.oid, c.cfgowner, concat_ws(', ', (select 'parser ' || p.prsname from pg_ts_parser p where p.oid = c.cfgparser),
                    (select string_agg(format('%s %s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', '
                        order by m.maptokentype, m.mapseqno) from pg_ts_config_map m where m.mapcfg = c.oid))
                from pg_ts_config c
                union all
                select 'pg_ts_dict'::regclass, d.oid, d.dictowner, concat_ws(', ',
                    (select t.tmplname from pg_ts_template t where t.oid = d.dicttemplate), d.dictinitoption)
                from pg_ts_dict d
                union all
                select 'pg_ts_template'::regclass, t.oid, null, concat_ws(', ', t.tmplinit, t.tmpllexize) from pg_ts_template t
                union all
                select 'pg_ts_parser'::regclass, p.oid, null, concat_ws(', ', p.prsstart, p.prstoken, p.prsend) from pg_ts_parser p
                union all
                select 'pg_am'::regclass, a.oid, null, concat_ws(', ', a.amtype, a.amhandler) from pg_am a
                union all
                select 'pg_transform'::regclass, t.oid, null, concat_ws(', ', t.trffromsql, t.trftosql) from pg_transform t
            ) u
            cross join lateral pg_identify_object(u.classid, u.oid, 0) i
            where u.oid >= 16384 and not exists (select from e where e.classid = u.classid and e.objid = u.oid)
            """,
        aspects: [
            ("", "''"), owner(), ("definition", "nullif(o.definition, '')"),
            ("comment", "(select d.description from pg_description d where d.classoid = o.classid and d.objoid = o.oid and d.objsubid = 0)"),
        ])
}
