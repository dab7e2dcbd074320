import Postgres

/// A rule that one question to the catalog decides.
struct CatalogRule: Sendable {
    let rule: LintRule
    /// Gives `object`, `message` and `mend`, a row a finding.
    let sql: String
    var parameters: [Parameter] = []
    /// A relation without which the rule has nothing to say.
    var needs: String?
}

/// Views that are meant to run as their owner: their schema, and the role that owns them and no table.
public struct MaskedViews: Sendable {
    public var schema: String
    public var owner: String

    public init(schema: String, owner: String) {
        self.schema = schema
        self.owner = owner
    }
}

enum CatalogRules {
    static func all(masked: MaskedViews?) -> [CatalogRule] {
        [
            CatalogRule(rule: .definerSearchPath, sql: definerSearchPath),
            CatalogRule(
                rule: .viewSecurityInvoker, sql: viewSecurityInvoker,
                parameters: [.optional(masked?.schema), .optional(masked?.owner)]),
            CatalogRule(rule: .partitionGrant, sql: partitionGrant),
            CatalogRule(rule: .noPrimaryKey, sql: noPrimaryKey),
            CatalogRule(rule: .narrowKey, sql: narrowKey),
            CatalogRule(rule: .unindexedForeignKey, sql: unindexedForeignKey),
            CatalogRule(rule: .invalidIndex, sql: invalidIndex),
            CatalogRule(rule: .notValidatedConstraint, sql: notValidatedConstraint),
            CatalogRule(rule: .publicPrivilege, sql: publicPrivilege),
            CatalogRule(rule: .unclassifiedColumn, sql: unclassifiedColumn, needs: "privacy.unclassified"),
        ]
    }

    /// Everything that is not the server's own and not an extension's. Schemas of other sessions' temporary tables are
    /// the server's own, too.
    private static let ours = """
        with schema as (
            select n.oid, n.nspname, n.nspowner, n.nspacl
            from pg_namespace n
            where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                and not exists (
                    select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
        ), relation as (
            select c.oid, format('%I.%I', s.nspname, c.relname) as name, s.nspname, c.relkind, c.relispartition, c.relowner,
                c.relacl, c.reloptions
            from pg_class c
            join schema s on s.oid = c.relnamespace
            where c.relpersistence <> 't'
                and not exists (
                    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        ), routine as (
            select p.oid, p.oid::regprocedure::text as name, p.proowner, p.prosecdef, p.proconfig, p.proacl
            from pg_proc p
            join schema s on s.oid = p.pronamespace
            where not exists (
                select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
        )

        """

    /// Without `pg_temp` at the end, a caller's temporary table or type comes before everything else; with `$user` or
    /// anything before `pg_catalog`, so does what somebody else has made.
    private static let definerSearchPath = ours + """
        select r.name as object,
            case when c.path is null then 'it runs as its owner, under the search_path of whoever calls it'
                else 'it runs as its owner under search_path = ' || c.path || ', where a caller''s objects can come first'
            end as message,
            format('alter routine %s set search_path = pg_catalog, pg_temp; schema-qualify the names in its body', r.name)
                as mend
        from routine r
        left join lateral (
            select substr(s, length('search_path=') + 1) as path from unnest(r.proconfig) s where s like 'search_path=%'
        ) c on true
        left join lateral string_to_array(replace(c.path, ' ', ''), ',') as part on true
        where r.prosecdef
            and not coalesce(
                array_position(part, 'pg_temp') = cardinality(part)
                and coalesce(array_position(part, 'pg_catalog'), 1) = 1
                and not '"$user"' = any (part), false)
        """

    private static let viewSecurityInvoker = ours + """
        select r.name as object,
            case when r.nspname = $1 and r.relowner::regrole::text = quote_ident($2)
                then 'a masked view without security_barrier: a cheap function of the reader''s sees rows before they are sifted'
                else 'it reads as its owner: whoever may read the view reads past rights and row security of the tables'
            end as message,
            format('alter view %s set (%s = true)', r.name,
                case when r.nspname = $1 and r.relowner::regrole::text = quote_ident($2)
                    then 'security_barrier' else 'security_invoker' end) as mend
        from relation r
        where r.relkind = 'v'
            and not exists (
                select from pg_options_to_table(r.reloptions) o
                where o.option_value::boolean
                    and (o.option_name = 'security_invoker'
                        or o.option_name = 'security_barrier' and r.nspname = $1
                            and r.relowner::regrole::text = quote_ident($2)))
        """

    private static let partitionGrant = ours + """
        , granted as (
            select r.oid, r.name, a.grantee from relation r, aclexplode(r.relacl) a
            where r.relispartition and a.grantee <> r.relowner
            union
            select r.oid, r.name, a.grantee
            from relation r
            join pg_attribute t on t.attrelid = r.oid and not t.attisdropped, aclexplode(t.attacl) a
            where r.relispartition and a.grantee <> r.relowner
        )
        select g.name as object,
            'a partition with grants of its own, to ' || w.who || ': they reach past the row security of its parent' as message,
            format('revoke all on %s from %s; grant on the partitioned table', g.name, w.who) as mend
        from granted g
        cross join lateral (
            select string_agg(case o.grantee when 0 then 'public' else o.grantee::regrole::text end, ', '
                order by o.grantee::regrole::text) as who
            from granted o where o.oid = g.oid
        ) w
        group by g.name, w.who
        """

    private static let noPrimaryKey = ours + """
        select r.name as object,
            'a table without a primary key: its rows cannot be told apart, nor be replicated logically' as message,
            format('alter table %s add constraint … primary key (…)', r.name) as mend
        from relation r
        where r.relkind in ('r', 'p') and not r.relispartition
            and not exists (select from pg_constraint c where c.conrelid = r.oid and c.contype = 'p')
        """

    /// Numbers that a sequence gives run out at 32,767 or 2,147,483,647; the column's type changes by writing the table anew.
    private static let narrowKey = ours + """
        select format('%s.%I', r.name, a.attname) as object,
            format('a sequence fills it, and %s ends: from then on every insert fails', a.atttypid::regtype) as message,
            'make it bigint while the table is small' as mend
        from relation r
        join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        where r.relkind in ('r', 'p') and not r.relispartition and a.atttypid in ('int2'::regtype, 'int4'::regtype)
            and (a.attidentity <> ''
                or exists (
                    select from pg_depend d
                    join pg_class s on s.oid = d.objid and s.relkind = 'S'
                    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
                        and d.refobjid = r.oid and d.refobjsubid = a.attnum and d.deptype = 'a'))
        """

    /// The key's columns must come first in an index, in any order. An index over those rows only that have a value
    /// serves, for only those refer.
    private static let unindexedForeignKey = ours + """
        , reference as (
            select c.oid, c.conname, c.conrelid, c.confrelid, r.name, c.conkey,
                (select string_agg(quote_ident(a.attname), ', ' order by k.place)
                    from unnest(c.conkey) with ordinality k (number, place)
                    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number) as columns
            from pg_constraint c
            join relation r on r.oid = c.conrelid
            where c.contype = 'f' and c.conparentid = 0 and not r.relispartition
        )
        select format('%s.%I', f.name, f.conname) as object,
            format('no index begins with (%s): each delete in %s, and each change of its key, reads all of %s',
                f.columns, f.confrelid::regclass, f.name) as message,
            format('create index concurrently … on %s (%s)', f.name, f.columns) as mend
        from reference f
        where not exists (
            select from pg_index i
            join pg_class c on c.oid = i.indexrelid
            join pg_am m on m.oid = c.relam and m.amname in ('btree', 'hash')
            where i.indrelid = f.conrelid and i.indisvalid
                and (select array_agg(k order by k) from unnest(f.conkey) k)
                    = (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(f.conkey) - 1]) k)
                and (i.indpred is null
                    or pg_get_expr(i.indpred, i.indrelid) in (
                        select format('(%I IS NOT NULL)', a.attname) from pg_attribute a
                        where a.attrelid = f.conrelid and a.attnum = any (f.conkey))))
        """

    private static let invalidIndex = ours + """
        select r.name as object,
            case when r.relkind = 'I' then 'an index that not every partition has: no query uses it'
                else 'an index that was not built to its end: no query uses it, each write pays for it' end as message,
            case when r.relkind = 'I' then format('make it on the partitions that lack it, and attach it: alter index %s attach partition …', r.name)
                else format('drop index concurrently %s; and build it again', r.name) end as mend
        from relation r
        join pg_index i on i.indexrelid = r.oid
        where not (i.indisvalid and i.indisready and i.indislive)
        """

    private static let notValidatedConstraint = ours + """
        select format('%s.%I', coalesce(r.name, c.contypid::regtype::text), c.conname) as object,
            'rows from before it may break it: it was never validated' as message,
            case when r.oid is null then format('alter domain %s validate constraint %I', c.contypid::regtype, c.conname)
                else format('alter table %s validate constraint %I', r.name, c.conname) end as mend
        from pg_constraint c
        left join relation r on r.oid = c.conrelid
        left join pg_type t on t.oid = c.contypid and t.typnamespace in (select oid from schema)
        where not c.convalidated and c.conparentid = 0 and (r.oid is not null or t.oid is not null)
        """

    /// A language only where this user could close it: a managed server lets nobody.
    private static let publicPrivilege = ours + """
        , granted as (
            select 'database' as object, a.privilege_type as privilege,
                format('database %I', d.datname) as target
            from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
            where d.datname = current_database() and a.grantee = 0
            union all
            select format('schema %I', s.nspname), a.privilege_type, format('schema %I', s.nspname)
            from schema s, aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) a
            where a.grantee = 0
            union all
            select r.name, a.privilege_type, case r.relkind when 'S' then 'sequence ' else 'table ' end || r.name
            from relation r, aclexplode(r.relacl) a
            where a.grantee = 0
            union all
            select format('%s.%I', r.name, t.attname), format('%s (%I)', a.privilege_type, t.attname), 'table ' || r.name
            from relation r
            join pg_attribute t on t.attrelid = r.oid and not t.attisdropped, aclexplode(t.attacl) a
            where a.grantee = 0
            union all
            select r.name, a.privilege_type, 'routine ' || r.name
            from routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
            where a.grantee = 0
            union all
            select format('type %s', t.oid::regtype), a.privilege_type, format('type %s', t.oid::regtype)
            from pg_type t
            join schema s on s.oid = t.typnamespace
            left join pg_class c on c.oid = t.typrelid, aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
            where a.grantee = 0 and t.typcategory <> 'A' and (t.typrelid = 0 or c.relkind = 'c') and t.typtype <> 'm'
                and not exists (
                    select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
            union all
            select format('language %I', l.lanname), a.privilege_type, format('language %I', l.lanname)
            from pg_language l, aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) a
            where a.grantee = 0 and l.lanpltrusted and pg_has_role(l.lanowner, 'usage')
        )
        select g.object, 'everybody who can connect has ' || string_agg(g.privilege, ', ' order by g.privilege) as message,
            format('revoke %s on %s from public', string_agg(g.privilege, ', ' order by g.privilege), g.target) as mend
        from granted g
        group by g.object, g.target
        union all
        select format('default privileges of %s', d.defaclrole::regrole),
            'what it makes later will give everybody ' || string_agg(a.privilege_type, ', ' order by a.privilege_type),
            format('alter default privileges for role %s%s revoke … from public', d.defaclrole::regrole,
                case when d.defaclnamespace = 0 then '' else format(' in schema %s', d.defaclnamespace::regnamespace) end)
        from pg_default_acl d, aclexplode(d.defaclacl) a
        where a.grantee = 0
        group by d.oid, d.defaclrole, d.defaclnamespace
        union all
        select format('default privileges of %s', o.proowner::regrole),
            'functions that it makes later can be called by everybody',
            format('alter default privileges for role %s revoke execute on functions from public', o.proowner::regrole)
        from (select distinct proowner from routine) o
        where not exists (
            select from pg_default_acl d where d.defaclrole = o.proowner and d.defaclnamespace = 0 and d.defaclobjtype = 'f')
        """

    private static let unclassifiedColumn = """
        select format('%I.%I.%I', u.schema_name, u.table_name, u.column_name) as object, u.fault as message,
            case u.fault when 'not classified' then 'say what it is, in sql/functions/**/2_classes/<schema>.sql'
                else 'take its line out of sql/functions/**/2_classes/<schema>.sql' end as mend
        from privacy.unclassified u
        """
}
