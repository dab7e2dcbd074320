import Postgres

// What the catalog says of the things to be dropped and made again. All of it is read under an empty search_path, so
// that every name in it is qualified.

/// A thing as it was before it was dropped, with the SQL to make it again.
struct RemakeItem: Sendable {
    enum Kind: String, Sendable { case view, function, trigger, rule, policy, columnDefault = "default" }

    let node: CatalogNode
    let kind: Kind
    /// `view shop.sales`, `trigger t100_stamp on table shop.article`: for messages.
    let description: String
    /// Of a view, a function: its quoted, qualified name, a function's with its argument types.
    let name: String
    /// Of a trigger, rule, policy, default: the relation it belongs to, quoted and qualified.
    let relation: String?
    /// The schema it lies in, without quotes.
    let schema: String
    /// Without quotes; of a default the column's.
    let bareName: String
    /// Its owner, or the owner of its relation: the role to drop it and make it as.
    let owner: String
    let drop: String
    var create: String
    /// The statement of the file that makes it, where that gives just what is there: it is run rather than `create`,
    /// so that the outcome is what the files make from nothing.
    var source: String?
    /// Which sessions it fires in.
    let enabling: String
    /// Of a function: as a call of it begins, and what the columns of its result are called.
    let called: String?
    let resultColumns: String?
    var comments: [Comment] = []
    var grants: [Grant] = []
    /// What of the other items it needs.
    var needs: Set<CatalogNode> = []

    struct Comment: Sendable, Equatable {
        /// nil: on the thing itself.
        let column: String?
        let text: String
    }

    /// `on view shop.sales`, as it stands in `comment on …`.
    var commented: String {
        switch kind {
        case .view: "view \(name)"
        case .function: "routine \(name)"
        default: "\(kind.rawValue) \(quoteIdentifier(bareName)) on \(relation ?? "")"
        }
    }
}

/// A thing that may not be dropped.
struct RemakeObstacle: Sendable {
    let description: String
    let reason: String
}

enum RemakeCatalog {
    /// What directly depends on some things: pairs of the thing and its dependent, and whether that one can have
    /// dependents that matter (nothing else is ever dropped that has any).
    ///
    /// A view stands for its row type, the array of it and its rule `_RETURN`; a trigger for its constraint; the
    /// copies that partitions have of their parent's trigger go and come with it.
    static func dependents(
        of nodes: [CatalogNode], _ connection: Connection
    ) async throws -> [(node: CatalogNode, dependent: CatalogNode, leadsOn: Bool)] {
        let result = try await connection.query(
            """
            with front as (
              select * from unnest($1::oid[], $2::oid[]) f(class, obj)
            ), provided (class, obj, as_class, as_obj) as (
              select class, obj, class, obj from front
              union all
              select f.class, f.obj, 'pg_type'::regclass, t.oid
              from front f
              join pg_class c on f.class = 'pg_class'::regclass and c.oid = f.obj
              join pg_type r on r.oid = c.reltype
              join pg_type t on t.oid in (r.oid, r.typarray)
              union all
              select f.class, f.obj, 'pg_rewrite'::regclass, r.oid
              from front f
              join pg_rewrite r on f.class = 'pg_class'::regclass and r.ev_class = f.obj and r.rulename = '_RETURN'
            )
            select distinct p.class::oid::text as class, p.obj::text as obj, n.class::oid::text as of_class, n.obj::text as of_obj,
              n.class = 'pg_proc'::regclass
                or exists (select from pg_class v where n.class = 'pg_class'::regclass and v.oid = n.obj and v.relkind = 'v') as leads_on
            from provided p
            join pg_depend d on d.refclassid = p.as_class and d.refobjid = p.as_obj
            cross join lateral (
              select d.classid as class, d.objid as obj
              where d.classid not in ('pg_rewrite'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
              union all
              select case when r.rulename = '_RETURN' then 'pg_class'::regclass else 'pg_rewrite'::regclass end,
                case when r.rulename = '_RETURN' then r.ev_class else r.oid end
              from pg_rewrite r where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
              union all
              select case when coalesce(e.typrelid, t.typrelid) <> 0 then 'pg_class'::regclass else 'pg_type'::regclass end,
                coalesce(nullif(coalesce(e.typrelid, t.typrelid), 0), t.oid)
              from pg_type t
              left join pg_type e on e.typarray = t.oid
              where d.classid = 'pg_type'::regclass and t.oid = d.objid
              union all
              select case when t.oid is null then 'pg_constraint'::regclass else 'pg_trigger'::regclass end, coalesce(t.oid, d.objid)
              from (select d.objid) o (oid)
              left join pg_trigger t on t.tgconstraint = o.oid and not t.tgisinternal and t.tgparentid = 0
              where d.classid = 'pg_constraint'::regclass
              union all
              select 'pg_trigger'::regclass, t.oid
              from pg_trigger t where d.classid = 'pg_trigger'::regclass and t.oid = d.objid and t.tgparentid = 0
            ) n
            -- A view and its own type, rule and columns are one; a function that calls itself is a circle.
            where (n.class, n.obj) <> (p.class, p.obj) or p.class = 'pg_proc'::regclass
            order by 4, 2
            """, parameters(nodes))
        return result.rows.map {
            (node($0, "class", "obj"), node($0, "of_class", "of_obj"), $0.bool("leads_on") ?? false)
        }
    }

    /// - Returns: what can be made again, and what cannot, in the order given.
    static func items(
        _ nodes: [CatalogNode], _ connection: Connection
    ) async throws -> (items: [RemakeItem], obstacles: [RemakeObstacle]) {
        let result = try await connection.query(definitions, parameters(nodes))
        var items: [RemakeItem] = []
        var obstacles: [RemakeObstacle] = []
        for row in result.rows {
            let description = row.text("description")
            if let kind = row["kind"].flatMap(RemakeItem.Kind.init), row["reason"] == nil {
                items.append(
                    RemakeItem(
                        node: node(row, "class", "obj"), kind: kind, description: description, name: row.text("name"),
                        relation: row["relation"], schema: row.text("schema"),
                        bareName: row.text("bare_name"), owner: row.text("owner"),
                        drop: row.text("drop_sql"), create: row.text("create_sql"), enabling: row.text("enabling"),
                        called: row["called"], resultColumns: row["result_columns"]))
            } else {
                obstacles.append(RemakeObstacle(description: description, reason: row.text("reason")))
            }
        }
        try await addComments(to: &items, connection)
        try await Grant.add(to: &items, connection)
        return (items, obstacles)
    }

    private static func addComments(to items: inout [RemakeItem], _ connection: Connection) async throws {
        let result = try await connection.query(
            """
            select n.class::text as class, n.obj::text as obj, a.attname as "column", d.description
            from unnest($1::oid[], $2::oid[]) n(class, obj)
            join pg_description d on d.classoid = n.class and d.objoid = n.obj
            left join pg_attribute a on n.class = 'pg_class'::regclass and a.attrelid = n.obj and a.attnum = d.objsubid
              and d.objsubid > 0
            order by d.objsubid
            """, parameters(items.map(\.node)))
        for row in result.rows {
            guard let index = items.firstIndex(where: { $0.node == node(row, "class", "obj") }) else { continue }
            items[index].comments.append(.init(column: row["column"], text: row.text("description")))
        }
    }

    /// The columns of a view by name.
    static func columns(of name: String, _ connection: Connection) async throws -> Set<String> {
        let result = try await connection.query(
            """
            select attname from pg_attribute
            where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
            """, [.text(name)])
        return Set(result.rows.map { $0.text("attname") })
    }

    /// The thing that stands under that name now; nil where there is none.
    static func find(_ item: RemakeItem, _ connection: Connection) async throws -> CatalogNode? {
        guard let relation = item.relation else {
            return try await find(.init(kind: item.kind == .view ? .view : .function, text: item.name), connection)
        }
        let sql =
            switch item.kind {
            case .view, .function: ""  // they belong to no relation
            case .trigger:
                "select 'pg_trigger'::regclass::oid::text as class, oid::text as obj from pg_trigger where tgrelid = to_regclass($1) and tgname = $2::name"
            case .rule:
                "select 'pg_rewrite'::regclass::oid::text as class, oid::text as obj from pg_rewrite where ev_class = to_regclass($1) and rulename = $2::name"
            case .policy:
                "select 'pg_policy'::regclass::oid::text as class, oid::text as obj from pg_policy where polrelid = to_regclass($1) and polname = $2::name"
            case .columnDefault:
                """
                select 'pg_attrdef'::regclass::oid::text as class, d.oid::text as obj
                from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
                where d.adrelid = to_regclass($1) and a.attname = $2::name
                """
            }
        let row = try await connection.query(sql, [.text(relation), .text(item.bareName)]).first
        return row.map { node($0, "class", "obj") }
    }

    static func find(_ identity: FileObjects.Identity, _ connection: Connection) async throws -> CatalogNode? {
        let sql =
            switch identity.kind {
            case .view:
                """
                select 'pg_class'::regclass::oid::text as class, oid::text as obj from pg_class
                where oid = to_regclass($1) and relkind = 'v'
                """
            case .function:
                // By its text: to_regprocedure of PostgreSQL 15 raises where a type is not there.
                """
                select 'pg_proc'::regclass::oid::text as class, oid::text as obj from pg_proc
                where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                  and oid::regprocedure::text = $1
                """
            }
        return try await connection.query(sql, [.text(identity.text)]).first.map { node($0, "class", "obj") }
    }

    static func parameters(_ nodes: [CatalogNode]) -> [Parameter] {
        [.array(nodes.map { "\($0.catalog)" }), .array(nodes.map { "\($0.object)" })]
    }

    static func node(_ row: QueryResult.Row, _ catalog: String, _ object: String) -> CatalogNode {
        CatalogNode(catalog: UInt32(row.text(catalog)) ?? 0, object: UInt32(row.text(object)) ?? 0)
    }
}
