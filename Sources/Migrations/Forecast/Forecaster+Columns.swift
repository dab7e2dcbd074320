import PGQuery

// Columns: which additions and changes of type write every row again (ATExecAddColumn, ATColumnChangeRequiresRewrite).

extension Forecaster {
    /// A type as a statement names it.
    private struct Named {
        /// nil: not known here, made by an earlier pending statement for example.
        var id: Int?
        var typmod = -1
        var isSerial = false
    }

    private func named(_ tree: ParseTree) -> Named {
        let names = tree["names"].names
        guard let name = names.last else { return Named() }
        let serials = ["serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"]
        if names.count == 1, serials.contains(name) {
            let base =
                name.contains("big") || name.hasSuffix("8")
                ? "int8" : name.contains("small") || name.hasSuffix("2") ? "int2" : "int4"
            return Named(id: catalog.type(base, "pg_catalog", path), isSerial: true)
        }
        var id = catalog.type(name, names.count > 1 ? names[names.count - 2] : nil, path)
        let modifiers = tree["typmods"].items.map { $0["A_Const"]["ival"]["ival"].int ?? $0["ival"]["ival"].int ?? 0 }
        var typmod = -1
        switch name {
        case "varchar", "bpchar": if let length = modifiers.first { typmod = length + 4 }
        case "bit", "varbit", "timestamp", "timestamptz", "time", "timetz": typmod = modifiers.first ?? -1
        case "numeric":
            if let precision = modifiers.first {
                typmod = ((precision << 16) | ((modifiers.count > 1 ? modifiers[1] : 0) & 0x7FF)) + 4
            }
        case "interval":
            // Its fields, then its precision.
            if let range = modifiers.first {
                typmod = (range & 0x7FFF) << 16 | ((modifiers.count > 1 ? modifiers[1] : 0xFFFF) & 0xFFFF)
            }
        default: break
        }
        if !tree["arrayBounds"].items.isEmpty, let element = id {
            id = catalog.types.values.first { $0.element == element }?.id
        }
        return Named(id: id, typmod: typmod)
    }

    // MARK: Adding

    mutating func addColumn(
        _ id: Int, _ def: ParseTree, _ mode: LockMode, _ all: [Int], mayBeThere: Bool
    ) {
        let name = def["colname"].text ?? ""
        if catalog.relations[id]?.column(name) != nil {
            if mayBeThere { note("\(catalog.quoted(id)) has a column \(name) already: nothing to do") }
            return
        }
        let type = named(def["typeName"])
        var isNotNull = def["is_not_null"].isTrue || type.isSerial
        var work: Work = .none
        var isFilled = false
        if type.isSerial {
            work = .rewrite
            isFilled = true
        }
        let constraints = def["constraints"].items
        for constraint in constraints {
            switch constraint["contype"].text ?? "" {
            case "CONSTR_NOTNULL", "CONSTR_PRIMARY": isNotNull = true
            case "CONSTR_GENERATED", "CONSTR_IDENTITY":
                work = .rewrite
                isFilled = true
                if constraint["contype"].text == "CONSTR_IDENTITY" { isNotNull = true }
            case "CONSTR_DEFAULT":
                guard !Self.isNull(constraint["raw_expr"]) else { continue }
                isFilled = true
                if isVolatile(constraint["raw_expr"]) { work = .rewrite }
            default: break
            }
        }
        if let id = type.id, catalog.types[id]?.isConstrained == true { work = .rewrite }
        if case .none = work, isNotNull, !isFilled {
            // Every row would have NULL: it works on an empty table only, which is what the server looks for.
            work = .scan
        }
        for part in all {
            lock(part, mode, work)
            var column = ForecastCatalog.Column(name: name)
            column.type = type.id ?? 0
            column.typmod = type.typmod
            column.isNotNull = isNotNull
            catalog.relations[part]?.columns.append(column)
        }
        for constraint in constraints { addColumnConstraint(id, constraint, mode, isFilled: isFilled, name) }
    }

    private mutating func addColumnConstraint(
        _ id: Int, _ def: ParseTree, _ mode: LockMode, isFilled: Bool, _ column: String
    ) {
        switch def["contype"].text ?? "" {
        case "CONSTR_CHECK", "CONSTR_UNIQUE", "CONSTR_PRIMARY": addConstraint(id, def, mode, inherits: true)
        case "CONSTR_FOREIGN":
            guard let other = target(def["pktable"]) else { return }
            // A column of NULLs refers to nothing and is not checked.
            lockTree(other, .shareRowExclusive, isFilled ? .mayScan : .none)
            if isFilled { lockTree(id, mode, .scan) }
            var key = ForecastCatalog.Constraint(name: def["conname"].text ?? "", kind: "f", columns: [column])
            key.referenced = other
            catalog.add(key, to: id)
        default: break
        }
    }

    private static func isNull(_ tree: ParseTree) -> Bool {
        if tree.kind == "TypeCast" { return isNull(tree["arg"]) }
        return tree.kind == "A_Const" && tree["isnull"].isTrue
    }

    /// A function that gives another value for each row; one of several of a name decides for all. (One in SQL that is
    /// declared volatile and is not, the server sees through.)
    func isVolatile(_ tree: ParseTree) -> Bool {
        switch tree {
        case .object(let fields):
            if tree.kind == "FuncCall" {
                let names = tree["funcname"].names
                guard let name = names.last else { return true }
                let schemas = names.count > 1 ? [names[0]] : ["pg_catalog"] + path
                if schemas.contains(where: { catalog.volatileFunctions.contains("\($0).\(name)") }) { return true }
            }
            return fields.values.contains { isVolatile($0) }
        case .array(let items): return items.contains { isVolatile($0) }
        default: return false
        }
    }

    // MARK: Changing the type

    mutating func changeType(
        _ id: Int, _ name: String, _ def: ParseTree, _ mode: LockMode, _ all: [Int]
    ) async throws {
        let type = named(def["typeName"])
        guard let old = catalog.relations[id]?.column(name) else {
            return note(
                "\(catalog.quoted(id)) has no column \(name) yet: whether its rows are written again is not foreseen")
        }
        let views = try await views(using: old, of: id)
        if !views.isEmpty { note("the server will refuse it: \(views.joined(separator: ", ")) uses the column") }
        let keeps = isPlain(def["raw_default"], name) && keepsBytes(old, type)
        for part in all {
            lock(part, mode, keeps ? keptWork(part, name, old, type, def) : .rewrite)
            update(part, name) {
                $0.type = type.id ?? 0
                $0.typmod = type.typmod
            }
            for key in catalog.relations[part]?.constraints ?? [] where key.kind == "f" && key.columns.contains(name) {
                if let other = key.referenced { lockTree(other, .accessExclusive, keeps ? .none : .mayScan) }
            }
            for (table, key) in catalog.referencing(part) where refers(key, to: name, of: part) {
                lockTree(table, .accessExclusive, .mayScan)
            }
        }
    }

    private func views(using column: ForecastCatalog.Column, of id: Int) async throws -> [String] {
        guard let connection, id > 0, column.number > 0 else { return [] }
        let rows = try await connection.query(
            """
            select distinct r.ev_class
            from pg_catalog.pg_depend d
            join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
            where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = $1::oid
              and d.refobjsubid = $2::integer
            """, [.int(id), .int(column.number)])
        return rows.rows.compactMap { $0.int("ev_class") }.map { catalog.quoted(Int($0)) }.sorted()
    }

    /// A key refers to the columns of a primary or unique constraint; which of several is not told apart here.
    private func refers(_ key: ForecastCatalog.Constraint, to column: String, of table: Int) -> Bool {
        let keys = (catalog.relations[table]?.constraints ?? []).filter { "pu".contains($0.kind) }
        return keys.contains { $0.columns.count == key.columns.count && $0.columns.contains(column) }
    }

    /// `using c`, `using c::its_new_type` or none.
    private func isPlain(_ tree: ParseTree, _ column: String) -> Bool {
        switch tree.kind {
        case nil where tree.isAbsent: true
        case "ColumnRef": tree["fields"].names.last == column
        case "TypeCast": tree["arg"].kind == "ColumnRef" && isPlain(tree["arg"], column)
        default: false
        }
    }

    private func keepsBytes(_ old: ForecastCatalog.Column, _ new: Named) -> Bool {
        guard let target = new.id else { return false }
        var (source, typmod) = (old.type, old.typmod)
        var (wanted, wantedTypmod) = (target, new.typmod)
        if source == wanted { return Self.keepsLength(catalog.types[source]?.name ?? "", typmod, wantedTypmod) }
        if catalog.types[wanted]?.isConstrained == true { return false }
        // What comes out of a domain or a cast has lost its length for the server: a new one means a look at each row.
        while let domain = catalog.types[source], domain.isDomain { (source, typmod) = (domain.base, -1) }
        while let domain = catalog.types[wanted], domain.isDomain {
            (wanted, wantedTypmod) = (domain.base, domain.baseTypmod)
        }
        let sourceName = catalog.types[source]?.name ?? ""
        let wantedName = catalog.types[wanted]?.name ?? ""
        if source == wanted { return Self.keepsLength(sourceName, typmod, wantedTypmod) }
        let isSameInstant = Set([sourceName, wantedName]) == ["timestamp", "timestamptz"] && catalog.isUTC
        guard isSameInstant || catalog.binaryCasts.contains([source, wanted]) else { return false }
        return Self.keepsLength(wantedName, -1, wantedTypmod)
    }

    /// A length, precision or scale that lets every old value through as it is; below 0 there is none.
    private static func keepsLength(_ type: String, _ old: Int, _ new: Int) -> Bool {
        if old == new || new < 0 { return true }
        switch type {
        case "varchar", "varbit": return old >= 0 && old <= new
        case "numeric":
            guard old >= 4 else { return false }
            let (from, to) = (old - 4, new - 4)
            return from & 0x7FF == to & 0x7FF && to >> 16 >= from >> 16
        case "timestamp", "timestamptz", "time", "timetz": return new >= 6 || old >= 0 && old <= new
        case "interval":
            let precision = (old: old < 0 ? 0xFFFF : old & 0xFFFF, new: new & 0xFFFF)
            return leastField(new) <= leastField(old)
                && (leastField(old) > 0 || precision.new >= 6 || precision.new >= precision.old)
        default: return false
        }
    }

    /// The finest field that an interval's typmod keeps, 0 for seconds (timestamp.c, intervaltypmodleastfield).
    private static func leastField(_ typmod: Int) -> Int {
        let range = typmod >> 16 & 0x7FFF
        if typmod < 0 || range == 0x7FFF { return 0 }
        return [12, 11, 10, 3, 1, 2].firstIndex { range & 1 << $0 != 0 } ?? 0
    }

    /// Bytes stay; but indexes of another operator family are built anew, and CHECKs are looked at again.
    private func keptWork(
        _ table: Int, _ name: String, _ old: ForecastCatalog.Column, _ new: Named, _ def: ParseTree
    ) -> Work {
        let relation = catalog.relations[table]
        if relation?.constraints.contains(where: { $0.kind == "c" && $0.columns.contains(name) }) == true {
            return .scan
        }
        guard let column = relation?.column(name) else { return .none }
        let isIndexed = catalog.indexes(of: table).contains { $0.uses.contains(column.number) }
        let texts: Set<String> = ["text", "varchar"]
        let types = [catalog.types[old.type]?.name ?? "", new.id.flatMap { catalog.types[$0]?.name } ?? ""]
        let isSameFamily = types[0] == types[1] || texts.isSuperset(of: types)
        return isIndexed && !(isSameFamily && def["collClause"].isAbsent) ? .scan : .none
    }
}
