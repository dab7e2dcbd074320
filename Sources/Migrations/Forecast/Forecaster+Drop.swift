import PGQuery
import Postgres

// What is dropped, and what goes with it: dependents, and the other ends of foreign keys, are locked as strongly.

extension Forecaster {
    mutating func drop(_ tree: ParseTree) async throws {
        let kind = tree["removeType"].text ?? ""
        let cascades = tree["behavior"].text == "DROP_CASCADE"
        let mayMiss = tree["missing_ok"].isTrue
        for object in tree["objects"].items {
            let names = object["items"].names
            switch kind {
            case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE",
                "OBJECT_INDEX":
                guard let id = mayMiss ? find(names) : target(names) else { continue }
                if tree["concurrent"].isTrue {
                    dropConcurrently(id)
                    continue
                }
                try await dropRelation(id, cascades: cascades)
            case "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE":
                let table = Array(names.dropLast())
                guard let id = mayMiss ? find(table) : target(table) else { continue }
                lockTree(
                    id, .accessExclusive,
                    inherits: kind == "OBJECT_TRIGGER" && catalog.relations[id]?.isPartitioned == true)
            case "OBJECT_SCHEMA":
                guard let name = object["sval"].text ?? names.last, let connection else { continue }
                let oid = try await connection.query(
                    "select n.oid from pg_catalog.pg_namespace n where n.nspname = $1", [.text(name)])
                if let oid = oid.first?.int("oid") {
                    try await dropDependents(of: "pg_namespace", [oid], cascades: cascades)
                }
            case "OBJECT_TYPE", "OBJECT_DOMAIN":
                let parts = object["names"].names
                guard let name = parts.last,
                    let type = catalog.type(name, parts.count > 1 ? parts[0] : nil, path), type > 0
                else { continue }
                try await dropDependents(of: "pg_type", [Int64(type)], cascades: cascades)
            case "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE":
                try await dropFunction(object["objname"].names, cascades: cascades)
            case "OBJECT_EXTENSION":
                guard let name = object["sval"].text, let connection else { continue }
                let oid = try await connection.query(
                    "select e.oid from pg_catalog.pg_extension e where e.extname = $1", [.text(name)])
                if let oid = oid.first?.int("oid") {
                    try await dropDependents(of: "pg_extension", [oid], cascades: cascades)
                }
            default: break
            }
        }
    }

    private mutating func dropConcurrently(_ index: Int) {
        if let table = catalog.relations[index]?.table {
            lock(table, .shareUpdateExclusive)
            awaitOthers(table, .accessExclusive, snapshots: false)
        }
        lock(index, .shareUpdateExclusive)
        catalog.remove(index)
    }

    private mutating func dropRelation(_ id: Int, cascades: Bool) async throws {
        guard let relation = catalog.relations[id] else { return }
        if let table = relation.table { lock(table, .accessExclusive) }
        if relation.isPartition {
            for parent in relation.parents {
                lock(parent, .accessExclusive)
                if let other = catalog.relations[parent]?.defaultPartition { lock(other, .accessExclusive) }
            }
        }
        lock(id, .accessExclusive)
        if relation.isNew {
            for key in relation.constraints { if let other = key.referenced { lock(other, .accessExclusive) } }
        } else {
            try await dropDependents(of: "pg_class", [Int64(id)], cascades: cascades)
        }
        for part in catalog.descendants(of: id) where relation.isPartitioned || cascades {
            lock(part, .accessExclusive)
            catalog.remove(part)
        }
        catalog.remove(id)
    }

    /// Of several functions of a name all are looked at.
    private mutating func dropFunction(_ names: [String], cascades: Bool) async throws {
        guard let name = names.last, let connection else { return }
        let schemas = names.count > 1 ? [names[0]] : path
        let rows = try await connection.query(
            """
            select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where p.proname = $1 and n.nspname = any ($2::text[])
            """, [.text(name), .array(schemas)])
        try await dropDependents(of: "pg_proc", rows.rows.compactMap { $0.int("oid") }, cascades: cascades)
    }

    // MARK: Parts of a table

    mutating func dropPart(of id: Int, column: String, cascades: Bool) async throws {
        guard let found = catalog.relations[id]?.column(column), found.number > 0, id > 0 else { return }
        try await dropDependents(of: "pg_class", [Int64(id)], part: found.number, cascades: cascades)
    }

    mutating func dropPart(of id: Int, constraint: String, cascades: Bool) async throws {
        guard let found = catalog.relations[id]?.constraints.first(where: { $0.name == constraint }) else { return }
        if let other = found.referenced { lockTree(other, .accessExclusive) }
        if found.id > 0 { try await dropDependents(of: "pg_constraint", [Int64(found.id)], cascades: cascades) }
    }

    // MARK: Dependents

    /// Locks the relations that a drop reaches: by dependents of the kinds that follow of themselves, and with
    /// `cascade` by all. Only pg_depend is read.
    private mutating func dropDependents(
        of class: String, _ ids: [Int64], part: Int = 0, cascades: Bool
    ) async throws {
        guard let connection, !ids.isEmpty else { return }
        let rows = try await connection.query(
            """
            with recursive gone (classid, objid, part) as (
              select ('pg_catalog.' || $1)::regclass::oid, x.id::oid, $3::integer from unnest($2::bigint[]) x (id)
              union
              select next.classid, next.objid, next.objsubid
              from gone g
              cross join lateral (
                select d.classid, d.objid, d.objsubid
                from pg_catalog.pg_depend d
                where d.refclassid = g.classid and d.refobjid = g.objid and (g.part = 0 or d.refobjsubid = g.part)
                  and (d.deptype in ('a', 'i', 'P', 'S') or d.deptype in ('n', 'e', 'x') and $4::boolean
                    or d.deptype = 'e')
                union all
                -- What belongs to another object takes that one with it: a view's rule, an identity's sequence.
                select d.refclassid, d.refobjid, d.refobjsubid
                from pg_catalog.pg_depend d
                where d.classid = g.classid and d.objid = g.objid and d.deptype = 'i' and g.part = 0
                  and g.classid = 'pg_catalog.pg_rewrite'::regclass
              ) next
            ), touched (id, whole) as (
              select g.objid, g.part = 0 from gone g where g.classid = 'pg_catalog.pg_class'::regclass
              union
              select x.id, false from gone g
              join pg_catalog.pg_constraint o on g.classid = 'pg_catalog.pg_constraint'::regclass and o.oid = g.objid
              cross join lateral unnest(array[o.conrelid, o.confrelid]) x (id)
              union
              select t.tgrelid, false from gone g
              join pg_catalog.pg_trigger t on g.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = g.objid
              union
              select a.adrelid, false from gone g
              join pg_catalog.pg_attrdef a on g.classid = 'pg_catalog.pg_attrdef'::regclass and a.oid = g.objid
              union
              select p.polrelid, false from gone g
              join pg_catalog.pg_policy p on g.classid = 'pg_catalog.pg_policy'::regclass and p.oid = g.objid
            )
            select t.id, bool_or(t.whole) as whole from touched t where t.id <> 0 group by t.id order by t.id
            """,
            [
                .text(`class`), .array(ids.map { String($0) }), .int(part), .bool(cascades),
            ])
        for row in rows.rows {
            let id = Int(row.int("id") ?? 0)
            guard let relation = catalog.relations[id] else { continue }
            // An index goes with its table's lock, which is the one that others feel.
            lock(relation.table ?? id, .accessExclusive)
            if row.bool("whole") == true, part == 0 { gone.insert(id) }
        }
        if part == 0, `class` != "pg_class" {
            for id in gone { catalog.remove(id) }
        }
        gone = []
    }
}
