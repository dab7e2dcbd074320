// What stands outside of any schema: the database itself, roles, extensions, servers, replication.

extension Inventory {
    static let outside = [
        databases, roles, memberships, defaultPrivileges, extensions, wrappers, servers, mappings, publications,
        subscriptions,
    ]

    /// What a database's owner has, he has as its owner: of a scratch database it may be another one.
    private static let databases = objects(
        "'database'", "'(this one)'",
        base: "select d.*, d.datdba as owner, d.datacl as acl from pg_database d where d.datname = current_database()",
        aspects: [
            ("", "''"), ("comment", "shobj_description(o.oid, 'pg_database')"),
            ("connection limit", "nullif(o.datconnlimit, -1)::text"),
            ("settings", "(select \(list("s.setconfig")) from pg_db_role_setting s where s.setdatabase = o.oid and s.setrole = 0)"),
        ]) + """

            union all
            \(grants(
                "'database'", "'(this one)'", "coalesce(o.acl, acldefault('d', o.owner))", where: "x.grantee <> o.owner"))
            """

    private static let roles = objects(
        "'role'", "quote_ident(o.rolname)",
        base: "select a.* from pg_roles a join r on r.oid = a.oid where r.described and a.rolname !~ '^pg_'",
        aspects: [
            ("", "''"), flag("login", "o.rolcanlogin"), flag("superuser", "o.rolsuper"), flag("inherit", "o.rolinherit"),
            flag("createrole", "o.rolcreaterole"), flag("createdb", "o.rolcreatedb"),
            flag("replication", "o.rolreplication"), flag("bypassrls", "o.rolbypassrls"),
            ("connection limit", "nullif(o.rolconnlimit, -1)::text"), ("valid until", "o.rolvaliduntil::text"),
            ("comment", "shobj_description(o.oid, 'pg_authid')"),
            ("settings", "(select \(list("s.setconfig")) from pg_db_role_setting s where s.setrole = o.oid and s.setdatabase = 0)"),
            ("settings in this database",
             """
             (select \(list("s.setconfig")) from pg_db_role_setting s
              where s.setrole = o.oid and s.setdatabase = (select d.oid from pg_database d where d.datname = current_database()))
             """),
        ])

    /// Not those of whoever deploys: he takes on what he needs.
    private static let memberships = objects(
        "'membership'", "o.identity",
        base: """
            select quote_ident(g.rolname) || ' to ' || quote_ident(a.rolname) as identity, bool_or(m.admin_option) as admin,
                max(to_jsonb(m) ->> 'inherit_option') as inherit, max(to_jsonb(m) ->> 'set_option') as set
            from pg_auth_members m
            join pg_roles g on g.oid = m.roleid
            join r of_role on of_role.oid = m.roleid
            join pg_roles a on a.oid = m.member
            join r member on member.oid = m.member
            where (of_role.described or member.described) and member.name <> '(deployer)'
            group by 1
            """,
        aspects: [
            ("", "''"), flag("admin option", "o.admin"), ("inherit", "o.inherit"), ("set", "o.set"),
        ])

    private static let defaultPrivileges = objects(
        "'default privileges'", "o.identity",
        base: """
            select format('for role %s%s on %s', (select r.name from r where r.oid = d.defaclrole),
                    ' in schema ' || quote_ident(s.nspname),
                    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                        when 'T' then 'types' when 'n' then 'schemas' else d.defaclobjtype::text end) as identity,
                d.defaclacl as acl
            from pg_default_acl d
            left join pg_namespace s on s.oid = d.defaclnamespace
            """,
        aspects: [("", "''")]) + """

            union all
            \(grants("'default privileges'", "o.identity", "o.acl"))
            """

    private static let extensions = objects(
        "'extension'", "quote_ident(o.extname)",
        base: """
            select x.*, x.extowner as owner, s.nspname from pg_extension x join pg_namespace s on s.oid = x.extnamespace
            """,
        aspects: [owner(), ("schema", "quote_ident(o.nspname)"), ("version", "o.extversion"), comment("pg_extension")])

    private static let wrappers = objects(
        "'foreign data wrapper'", "quote_ident(o.fdwname)",
        base: """
            select w.*, w.fdwowner as owner, w.fdwacl as acl from pg_foreign_data_wrapper w
            where \(notOfExtension("pg_foreign_data_wrapper", "w.oid"))
            """,
        aspects: [owner(), comment("pg_foreign_data_wrapper"), optionNames("o.fdwoptions")], grants: "'F'")

    private static let servers = objects(
        "'server'", "quote_ident(o.srvname)",
        base: """
            select s.*, s.srvowner as owner, s.srvacl as acl, w.fdwname from pg_foreign_server s
            join pg_foreign_data_wrapper w on w.oid = s.srvfdw
            where \(notOfExtension("pg_foreign_server", "s.oid"))
            """,
        aspects: [
            owner(), comment("pg_foreign_server"), ("wrapper", "quote_ident(o.fdwname)"), ("type", "o.srvtype"),
            ("version", "o.srvversion"), optionNames("o.srvoptions"),
        ],
        grants: "'S'")

    /// Names only: its options are a login and a password.
    private static let mappings = objects(
        "'user mapping'", "o.identity",
        base: """
            select format('for %s on server %I', coalesce(r.name, 'PUBLIC'), m.srvname) as identity
            from pg_user_mappings m left join r on r.oid = m.umuser
            """,
        aspects: [("", "''")])

    private static let publications = objects(
        "'publication'", "quote_ident(o.pubname)",
        base: "select p.*, p.pubowner as owner from pg_publication p where \(notOfExtension("pg_publication", "p.oid"))",
        aspects: [
            owner(), comment("pg_publication"), flag("all tables", "o.puballtables"), flag("via root", "o.pubviaroot"),
            ("operations",
             """
             concat_ws(', ', case when o.pubinsert then 'insert' end, case when o.pubupdate then 'update' end,
                case when o.pubdelete then 'delete' end, case when o.pubtruncate then 'truncate' end)
             """),
            ("schemas",
             """
             (select string_agg(quote_ident(s.nspname), ', ' order by s.nspname)
              from pg_publication_namespace t join pg_namespace s on s.oid = t.pnnspid where t.pnpubid = o.oid)
             """),
            ("tables",
             """
             (select string_agg(concat_ws(' ', t.prrelid::regclass,
                '(' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
                        from pg_attribute a where a.attrelid = t.prrelid and a.attnum = any (t.prattrs)) || ')',
                'where ' || pg_get_expr(t.prqual, t.prrelid)), ', ' order by t.prrelid::regclass::text)
              from pg_publication_rel t where t.prpubid = o.oid)
             """),
        ])

    private static let subscriptions = objects(
        "'subscription'", "quote_ident(o.subname)",
        base: """
            select s.subname, s.subowner as owner, s.subenabled, s.subpublications, s.oid from pg_subscription s
            where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
            """,
        aspects: [
            owner(), comment("pg_subscription"), flag("enabled", "o.subenabled"), ("publications", list("o.subpublications")),
        ])
}
