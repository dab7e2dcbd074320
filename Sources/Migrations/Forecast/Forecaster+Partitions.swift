import PGQuery
import Postgres

// Whether a table's CHECKs prove that all its rows belong into a partition, so that ATTACH PARTITION reads none.

extension Forecaster {
    /// By the words of the CHECKs, so that a proof is believed only where it is plain to see: bounds on the one key
    /// column as conjuncts, and NULL shut out.
    func isProven(_ bound: ParseTree, of child: Int, in parent: Int) async throws -> Bool {
        guard let connection, parent > 0, child > 0, bound["is_default"].isAbsent else { return false }
        let key = try await connection.query(
            """
            select a.attname, a.attnotnull or coalesce(c.attnotnull, false) as filled
            from pg_catalog.pg_partitioned_table p
            join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
            left join pg_catalog.pg_attribute c on c.attrelid = $2::oid and c.attname = a.attname
            where p.partrelid = $1::oid and p.partnatts = 1 and p.partstrat in ('r', 'l')
            """, [.int(parent), .int(child)])
        guard let row = key.first else { return false }
        let column = row.text("attname")
        var conjuncts: [ParseTree] = []
        for words in try await conditions(of: child, connection) {
            guard let tree = try? PGQuery.parse("select 1 where \(words)").first else { continue }
            collect(tree["whereClause"], &conjuncts)
        }
        let isFilled =
            catalog.relations[child]?.column(column)?.isNotNull == true
            || conjuncts.contains { Self.notNullColumns($0).contains(column) }
        guard isFilled else { return false }
        if bound["strategy"].text == "l" {
            let wanted = Set(bound["listdatums"].items.compactMap { literal($0) })
            return wanted.count == bound["listdatums"].items.count
                && conjuncts.contains { values($0, column).map { $0.isSubset(of: wanted) } ?? false }
        }
        guard let lower = bound["lowerdatums"].items.first, let upper = bound["upperdatums"].items.first else {
            return false
        }
        return proves(lower, [">=", ">"], column, conjuncts) { $0 >= $1 }
            && proves(upper, ["<"], column, conjuncts) { $0 <= $1 }
    }

    /// The server's functions that write a CHECK in words open its table: one that is held exclusively is not waited
    /// for, its CHECKs count as unknown.
    private func conditions(of id: Int, _ connection: Connection) async throws -> [String] {
        do {
            return try await connection.transaction { connection in
                try await connection.execute("set local lock_timeout = '20ms'")
                return try await connection.query(
                    """
                    select pg_catalog.pg_get_expr(o.conbin, o.conrelid)
                    from pg_catalog.pg_constraint o
                    where o.conrelid = $1::oid and o.contype = 'c' and o.convalidated
                    """, [.int(id)]
                ).rows.compactMap { $0[0] }
            }
        } catch let error as PostgresError where ["55P03", "XX000"].contains(error.sqlState) {
            return []
        }
    }

    private func collect(_ tree: ParseTree, _ conjuncts: inout [ParseTree]) {
        if tree.kind == "BoolExpr", tree["boolop"].text == "AND_EXPR" {
            for item in tree["args"].items { collect(item, &conjuncts) }
        } else {
            conjuncts.append(tree)
        }
    }

    private func proves(
        _ bound: ParseTree, _ operators: Set<String>, _ column: String, _ conjuncts: [ParseTree],
        _ isWithin: (Double, Double) -> Bool
    ) -> Bool {
        if ["minvalue", "maxvalue"].contains(bound["fields"].names.first ?? "") { return true }
        guard let wanted = literal(bound) else { return false }
        return conjuncts.contains { conjunct in
            guard conjunct.kind == "A_Expr", let name = conjunct["name"].names.last, operators.contains(name),
                conjunct["lexpr"]["fields"].names.last == column, let value = literal(conjunct["rexpr"])
            else { return false }
            if value == wanted { return name != ">" || operators.contains(">") }
            guard let number = Double(value), let limit = Double(wanted) else { return false }
            return isWithin(number, limit)
        }
    }

    /// The values that an equation or a list lets through; nil where the conjunct is another one.
    private func values(_ tree: ParseTree, _ column: String) -> Set<String>? {
        guard tree.kind == "A_Expr", tree["name"].names.last == "=" else { return nil }
        guard tree["lexpr"]["fields"].names.last == column || tree["lexpr"]["arg"]["fields"].names.last == column else {
            return nil
        }
        var right = tree["rexpr"]
        while right.kind == "TypeCast" { right = right["arg"] }
        if right.kind == "A_ArrayExpr" {
            let items = right["elements"].items.map { literal($0) }
            return items.contains(nil) ? nil : Set(items.compactMap(\.self))
        }
        return literal(right).map { [$0] }
    }

    private func literal(_ tree: ParseTree) -> String? {
        if tree.kind == "TypeCast" { return literal(tree["arg"]) }
        guard tree.kind == "A_Const" else { return nil }
        if !tree["ival"].isAbsent { return String(tree["ival"]["ival"].int ?? 0) }
        return tree["sval"]["sval"].text ?? tree["fval"]["fval"].text
    }
}
