import Postgres

extension ForecastCatalog {
    /// Reads the catalog alone: no user's relation is opened, so that no lock is waited for.
    static func load(_ connection: Connection) async throws -> ForecastCatalog {
        var catalog = ForecastCatalog()
        try await catalog.loadRelations(connection)
        try await catalog.loadColumns(connection)
        try await catalog.loadConstraints(connection)
        try await catalog.loadLinks(connection)
        try await catalog.loadTypes(connection)
        let zone = try await connection.query(
            "select current_setting('TimeZone') in ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Zulu', 'UCT') as utc")
        catalog.isUTC = zone.first?.bool("utc") ?? false
        return catalog
    }

    private static let ours =
        "n.nspname !~ '^pg_(catalog|toast|temp_|toast_temp_)' and n.nspname <> 'information_schema'"

    private mutating func loadRelations(_ connection: Connection) async throws {
        let names = try await connection.query("select n.nspname from pg_catalog.pg_namespace n")
        schemas = Set(names.rows.compactMap { $0[0] })
        let rows = try await connection.query(
            """
            select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relispartition, a.amname, t.spcname,
              i.indrelid, i.indkey::text as keys,
              (select string_agg(d.refobjsubid::text, ' ')
               from pg_catalog.pg_depend d
               where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
                 and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = i.indrelid) as uses,
              i.indisvalid and i.indisready as valid, i.indisclustered,
              exists (select from pg_catalog.pg_trigger g
                where g.tgrelid = c.oid and not g.tgisinternal and g.tgenabled <> 'D') as triggers,
              p.partdefid
            from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            left join pg_catalog.pg_am a on a.oid = c.relam
            left join pg_catalog.pg_tablespace t on t.oid = c.reltablespace
            left join pg_catalog.pg_index i on i.indexrelid = c.oid
            left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
            where c.relkind <> 't' and \(Self.ours)
            order by c.oid
            """)
        for row in rows.rows {
            var relation = Relation(
                id: Int(row.int("oid") ?? 0), schema: row.text("nspname"), name: row.text("relname"),
                kind: row.text("relkind").first ?? "r")
            relation.persistence = row.text("relpersistence").first ?? "p"
            relation.isPartition = row.bool("relispartition") ?? false
            relation.accessMethod = row["amname"]
            relation.tablespace = row["spcname"]
            relation.table = row.int("indrelid").map { Int($0) }
            relation.keys = row.text("keys").split(separator: " ").compactMap { Int($0) }
            relation.uses = relation.keys + row.text("uses").split(separator: " ").compactMap { Int($0) }
            relation.isValid = row.bool("valid") ?? true
            relation.isClustered = row.bool("indisclustered") ?? false
            relation.hasTriggers = row.bool("triggers") ?? false
            relation.defaultPartition = row.int("partdefid").flatMap { $0 == 0 ? nil : Int($0) }
            add(relation)
        }
    }

    private mutating func loadColumns(_ connection: Connection) async throws {
        let rows = try await connection.query(
            """
            select a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull
            from pg_catalog.pg_attribute a
            join pg_catalog.pg_class c on c.oid = a.attrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'm', 'v', 'c') and \(Self.ours)
            order by a.attrelid, a.attnum
            """)
        for row in rows.rows {
            relations[Int(row.int("attrelid") ?? 0)]?.columns.append(
                Column(
                    name: row.text("attname"), number: Int(row.int("attnum") ?? 0), type: Int(row.int("atttypid") ?? 0),
                    typmod: Int(row.int("atttypmod") ?? -1), isNotNull: row.bool("attnotnull") ?? false))
        }
    }

    private mutating func loadConstraints(_ connection: Connection) async throws {
        let rows = try await connection.query(
            """
            select o.oid, o.conrelid, o.conname, o.contype, o.convalidated, o.confrelid,
              array_to_string(o.conkey, ' ') as keys, case when o.contype = 'c' then o.conbin::text end as condition
            from pg_catalog.pg_constraint o
            where o.conrelid <> 0
            order by o.oid
            """)
        for row in rows.rows {
            let table = Int(row.int("conrelid") ?? 0)
            guard let relation = relations[table] else { continue }
            let names = Dictionary(relation.columns.map { ($0.number, $0.name) }, uniquingKeysWith: { $1 })
            var constraint = Constraint(name: row.text("conname"), kind: row.text("contype").first ?? "c")
            constraint.id = Int(row.int("oid") ?? 0)
            constraint.isValid = row.bool("convalidated") ?? true
            constraint.columns = row.text("keys").split(separator: " ").compactMap { Int($0).flatMap { names[$0] } }
            constraint.referenced = row.int("confrelid").flatMap { $0 == 0 ? nil : Int($0) }
            if let tree = row["condition"].flatMap({ NodeTree($0) }) {
                constraint.notNull = Set(tree.notNullColumns.compactMap { names[$0] })
            }
            add(constraint, to: table)
        }
    }

    private mutating func loadLinks(_ connection: Connection) async throws {
        let inherited = try await connection.query(
            "select i.inhrelid, i.inhparent from pg_catalog.pg_inherits i order by i.inhparent, i.inhrelid")
        for row in inherited.rows {
            let (child, parent) = (Int(row.int("inhrelid") ?? 0), Int(row.int("inhparent") ?? 0))
            guard let relation = relations[child], relations[parent] != nil else { continue }
            link(child: child, to: parent, asPartition: relation.isPartition)
        }
        let reads = try await connection.query(
            """
            select distinct r.ev_class, d.refobjid
            from pg_catalog.pg_rewrite r
            join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
            where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> r.ev_class and r.rulename = '_RETURN'
            order by 1, 2
            """)
        for row in reads.rows {
            let (view, read) = (Int(row.int("ev_class") ?? 0), Int(row.int("refobjid") ?? 0))
            if relations[read] != nil { relations[view]?.reads.append(read) }
        }
    }

    private mutating func loadTypes(_ connection: Connection) async throws {
        let rows = try await connection.query(
            """
            with recursive chain (id, base) as (
              select t.oid, t.oid from pg_catalog.pg_type t where t.typtype = 'd'
              union
              select c.id, t.typbasetype from chain c join pg_catalog.pg_type t on t.oid = c.base
              where t.typtype = 'd' and t.typbasetype <> 0
            )
            select t.oid, n.nspname, t.typname, t.typtype = 'd' as domain, t.typbasetype, t.typtypmod,
              case when t.typlen = -1 then t.typelem else 0 end as typelem,
              exists (select from chain c join pg_catalog.pg_type b on b.oid = c.base
                where c.id = t.oid and (b.typnotnull
                  or exists (select from pg_catalog.pg_constraint o where o.contypid = b.oid))) as constrained
            from pg_catalog.pg_type t
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace
            where t.typrelid = 0 and n.nspname <> 'pg_toast'
            """)
        for row in rows.rows {
            var type = DataType(id: Int(row.int("oid") ?? 0), schema: row.text("nspname"), name: row.text("typname"))
            type.isDomain = row.bool("domain") ?? false
            type.base = Int(row.int("typbasetype") ?? 0)
            type.baseTypmod = Int(row.int("typtypmod") ?? -1)
            type.element = Int(row.int("typelem") ?? 0)
            type.isConstrained = row.bool("constrained") ?? false
            add(type)
        }
        let casts = try await connection.query(
            "select c.castsource, c.casttarget from pg_catalog.pg_cast c where c.castmethod = 'b'")
        for row in casts.rows {
            binaryCasts.insert([Int(row.int("castsource") ?? 0), Int(row.int("casttarget") ?? 0)])
        }
        let functions = try await connection.query(
            """
            select distinct n.nspname || '.' || p.proname
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where p.provolatile = 'v' and p.prokind in ('f', 'w')
            """)
        volatileFunctions = Set(functions.rows.compactMap { $0[0] })
    }
}
