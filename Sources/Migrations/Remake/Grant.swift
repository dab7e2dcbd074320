import Postgres

/// One privilege that one role has given another on a view, a column of it, or a function.
struct Grant: Sendable, Hashable {
    let column: String?
    let grantor: String
    /// nil: PUBLIC.
    let grantee: String?
    let privilege: String
    let isGrantable: Bool

    private static let explodedSQL = """
        select n.class::text as class, n.obj::text as obj, g."column", pg_get_userbyid(g.grantor) as grantor,
          case when g.grantee <> 0 then pg_get_userbyid(g.grantee) end as grantee, g.privilege_type, g.is_grantable
        from unnest($1::oid[], $2::oid[]) n(class, obj)
        cross join lateral (
          select null::name as "column", x.*
          from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
          where n.class = 'pg_class'::regclass and c.oid = n.obj
          union all
          select a.attname, x.*
          from pg_attribute a, aclexplode(a.attacl) x
          where n.class = 'pg_class'::regclass and a.attrelid = n.obj and a.attnum > 0 and not a.attisdropped
          union all
          select null, x.*
          from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
          where n.class = 'pg_proc'::regclass and p.oid = n.obj
        ) g
        """

    /// Every grant on some things; where nothing was ever granted, those that the server takes for granted.
    static func all(on nodes: [CatalogNode], _ connection: Connection) async throws -> [CatalogNode: [Grant]] {
        let result = try await connection.query(explodedSQL, RemakeCatalog.parameters(nodes))
        return Dictionary(grouping: result.rows) { RemakeCatalog.node($0, "class", "obj") }.mapValues { rows in
            rows.map {
                Grant(
                    column: $0["column"], grantor: $0.text("grantor"), grantee: $0["grantee"],
                    privilege: $0.text("privilege_type"), isGrantable: $0.bool("is_grantable") ?? false)
            }
        }
    }

    static func add(to items: inout [RemakeItem], _ connection: Connection) async throws {
        let grants = try await all(on: items.map(\.node), connection)
        for index in items.indices { items[index].grants = grants[items[index].node] ?? [] }
    }

    /// The statements that turn one set of grants into another, each with the role to run it as.
    ///
    /// Default privileges have given a new thing whatever they give; so all is taken back first. What a role grants on
    /// comes after what lets it.
    /// - Parameter object: `table shop.sales` or `routine shop.price(integer)`.
    static func statements(
        from present: [Grant], to wanted: [Grant], on object: String, owner: String
    ) -> [(role: String, sql: String)] {
        guard Set(present) != Set(wanted) else { return [] }
        var list: [(role: String, sql: String)] = []
        var grantees: [String?] = []
        for grant in present where !grantees.contains(grant.grantee) { grantees.append(grant.grantee) }
        for grantee in grantees {
            list.append((owner, "revoke all on \(object) from \(grantee.map(quoteIdentifier) ?? "public") cascade"))
        }
        var open = wanted
        while !open.isEmpty {
            let ready = open.filter { grant in
                grant.grantor == owner
                    || !open.contains { $0.grantee == grant.grantor && $0.privilege == grant.privilege && $0 != grant }
            }
            // Who grants in a circle, no server lets come about.
            let next = ready.isEmpty ? open : ready
            for grant in next { list.append((grant.grantor, grant.statement(on: object))) }
            open.removeAll { next.contains($0) }
        }
        return list
    }

    private func statement(on object: String) -> String {
        let what = privilege + (column.map { " (\(quoteIdentifier($0)))" } ?? "")
        return "grant \(what) on \(object) to \(grantee.map(quoteIdentifier) ?? "public")"
            + (isGrantable ? " with grant option" : "")
    }
}
