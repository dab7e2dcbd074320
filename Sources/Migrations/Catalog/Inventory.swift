/// What a catalog holds, as questions to the server: one text a kind of object, each with the answer
/// (kind, identity, aspect, value), to be asked under an empty search path, so that every name comes out with its schema.
///
/// Parameters of every text: `$1 text[]` roles that stand for "whoever deploys", `$2 text[]` the roles to describe
/// (null: all).
enum Inventory {
    static let texts: [String] = relations + code + types + outside

    /// The aspect that names the relation or type an object belongs to: where that one is missing, so is the object,
    /// and nobody needs to be told.
    static let ownerAspect = "of"
    /// Names in order, of which only the order of those that both sides have is compared.
    static let orderAspect = "column order"

    /// A kind of object.
    /// - Parameters:
    ///   - kind: an SQL expression over `o`.
    ///   - identity: an SQL expression over `o`: quoted, with its schema.
    ///   - base: a select that gives `o`; may read `r` (roles: oid, name), `n` (schemas of ours: oid, name) and
    ///     `e` (members of extensions: classid, objid).
    ///   - aspects: name and SQL expression over `o`, of type text; null: the object has no such aspect.
    ///   - grants: what `acldefault` calls the kind of object; `o` then has `acl` and `owner`.
    static func objects(
        _ kind: String, _ identity: String, base: String, aspects: [(String, String)], grants: String? = nil
    ) -> String {
        let values = aspects.map { "('\($0.0)', \($0.1))" }.joined(separator: ",\n    ")
        var text = """
            with \(prelude),
            o as materialized (
            \(base)
            )
            select \(kind) as kind, \(identity) as identity, a.aspect, a.value
            from o
            cross join lateral (values
                \(values)
            ) a (aspect, value)
            where a.value is not null
            """
        if let grants {
            text += """

                union all
                \(Self.grants(kind, identity, "coalesce(o.acl, acldefault(\(grants), o.owner))"))
                """
        }
        return text
    }

    /// One aspect a grantee, so that a grant too many is not told of as a change of all.
    static func grants(_ kind: String, _ identity: String, _ acl: String, where condition: String = "true") -> String {
        """
        select \(kind), \(identity),
            'grant to ' || case when x.grantee = 0 then 'PUBLIC' else coalesce(r.name, x.grantee::text) end,
            string_agg(distinct x.privilege_type || case when x.is_grantable then ' with grant option' else '' end, ', ')
        from o
        cross join lateral aclexplode(\(acl)) x
        left join r on r.oid = x.grantee
        where \(condition)
        group by 1, 2, 3
        """
    }

    /// Extensions bring what they bring; schemas of the server, of sessions and of TOAST are nobody's to migrate.
    private static let prelude = """
        r as materialized (
            select oid, case when rolname = any ($1::text[]) then '(deployer)' else rolname::text end as name,
                $2::text[] is null or rolname = any ($2::text[]) as described
            from pg_roles
        ),
        n as materialized (
            select oid, quote_ident(nspname) as name
            from pg_namespace
            where nspname !~ '^pg_' and nspname <> 'information_schema'
        ),
        e as materialized (
            select classid, objid from pg_depend where deptype = 'e'
        )
        """

    static func comment(_ catalog: String) -> (String, String) { ("comment", "obj_description(o.oid, '\(catalog)')") }
    static func owner(_ column: String = "o.owner") -> (String, String) {
        ("owner", "(select r.name from r where r.oid = \(column))")
    }
    static func flag(_ name: String, _ condition: String) -> (String, String) {
        (name, "case when \(condition) then 'yes' end")
    }
    static func notOfExtension(_ catalog: String, _ oid: String) -> String {
        "not exists (select from e where e.classid = '\(catalog)'::regclass and e.objid = \(oid))"
    }
    /// Option names only: a value may be a password.
    static func optionNames(_ column: String) -> (String, String) {
        ("option names", "(select string_agg(split_part(i, '=', 1), ', ' order by i) from unnest(\(column)) i)")
    }
    static func list(_ column: String) -> String {
        "(select string_agg(i, ', ' order by i) from unnest(\(column)) i)"
    }
}
