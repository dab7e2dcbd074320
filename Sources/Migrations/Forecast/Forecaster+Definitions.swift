import PGQuery

// What makes, renames and maintains relations, and what hangs on them.

extension Forecaster {
    mutating func createTable(_ tree: ParseTree) {
        if tree["if_not_exists"].isTrue, find(tree["relation"]) != nil {
            return note("\(tree["relation"]["relname"].text ?? "") is there already: nothing to do")
        }
        var parents: [Int] = []
        let isPartition = !tree["partbound"].isAbsent
        for parent in tree["inhRelations"].items {
            guard let id = target(parent) else { continue }
            lock(id, isPartition ? .accessExclusive : .shareUpdateExclusive)
            parents.append(id)
            if isPartition { partitionMade(in: id) }
        }
        var columns: [ForecastCatalog.Column] = []
        var constraints = tree["constraints"].items
        for element in tree["tableElts"].items {
            switch element.kind {
            case "TableLikeClause": if let id = target(element["relation"]) { lock(id, .accessShare) }
            case "ColumnDef":
                columns.append(ForecastCatalog.Column(name: element["colname"].text ?? ""))
                constraints += element["constraints"].items
            case "Constraint": constraints.append(element)
            default: break
            }
        }
        let made = make(tree["relation"], kind: tree["partspec"].isAbsent ? "r" : "p")
        for constraint in constraints where constraint["contype"].text == "CONSTR_FOREIGN" {
            guard let other = target(constraint["pktable"]) else { continue }
            lockTree(other, .shareRowExclusive)
            var key = ForecastCatalog.Constraint(name: constraint["conname"].text ?? "", kind: "f")
            key.referenced = other
            if let made { catalog.add(key, to: made) }
        }
        guard let made else { return }
        catalog.relations[made]?.columns = columns
        for parent in parents {
            catalog.link(child: made, to: parent, asPartition: isPartition)
            if tree["partbound"]["is_default"].isTrue { catalog.relations[parent]?.defaultPartition = made }
        }
    }

    /// A new partition: rows that belong into it may lie in the default one, and foreign keys are made on it, too.
    private mutating func partitionMade(in parent: Int) {
        if let other = catalog.relations[parent]?.defaultPartition { lockTree(other, .accessExclusive, .scan) }
        for key in catalog.relations[parent]?.constraints ?? [] where key.kind == "f" {
            if let other = key.referenced { lock(other, .shareRowExclusive) }
        }
        for (table, _) in catalog.referencing(parent) { lock(table, .shareRowExclusive) }
    }

    mutating func createIndex(_ tree: ParseTree) {
        guard let id = target(tree["relation"]) else { return }
        let isConcurrent = tree["concurrent"].isTrue
        let mode: LockMode = isConcurrent ? .shareUpdateExclusive : .share
        let name = tree["idxname"].text
        let schema = catalog.relations[id]?.schema ?? ""
        let isThere = name.map { catalog.relation($0, schema, path) != nil } ?? false
        if isThere, tree["if_not_exists"].isTrue {
            lock(id, mode)
            return note("\(name ?? "") is there already: nothing to do")
        }
        lock(id, mode, .scan)
        if catalog.relations[id]?.isPartitioned == true, tree["relation"]["inh"].isTrue { lockTree(id, mode, .scan) }
        if isConcurrent { awaitOthers(id, .share, snapshots: true) }
        let index = catalog.newID()
        made.insert(index)
        var relation = ForecastCatalog.Relation(id: index, schema: schema, name: name ?? "", kind: "i", isNew: true)
        relation.table = id
        if name != nil { catalog.add(relation) }
    }

    mutating func createTrigger(_ tree: ParseTree) {
        guard let id = target(tree["relation"]) else { return }
        lock(id, .shareRowExclusive)
        if tree["row"].isTrue, catalog.relations[id]?.isPartitioned == true { lockTree(id, .shareRowExclusive) }
        if !tree["constrrel"].isAbsent, let other = target(tree["constrrel"]) { lock(other, .accessShare) }
        catalog.relations[id]?.hasTriggers = true
    }

    // MARK: Names

    mutating func rename(_ tree: ParseTree) {
        let kind = tree["renameType"].text ?? ""
        let new = tree["newname"].text ?? ""
        let mayMiss = tree["missing_ok"].isTrue
        switch kind {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE", "OBJECT_INDEX":
            guard let id = target(tree["relation"], mayMiss: mayMiss) else { return }
            lock(
                id,
                catalog.relations[id].map { "iI".contains($0.kind) } == true ? .shareUpdateExclusive : .accessExclusive)
            catalog.rename(id, name: new)
        case "OBJECT_COLUMN":
            guard let id = target(tree["relation"], mayMiss: mayMiss) else { return }
            lockTree(id, .accessExclusive, inherits: tree["relation"]["inh"].isTrue)
            let old = tree["subname"].text ?? ""
            for part in [id] + catalog.descendants(of: id) { update(part, old) { $0.name = new } }
        case "OBJECT_TABCONSTRAINT":
            guard let id = target(tree["relation"], mayMiss: mayMiss) else { return }
            let old = tree["subname"].text ?? ""
            let constraint = catalog.relations[id]?.constraints.first { $0.name == old }
            lockTree(id, .accessExclusive, inherits: constraint?.kind == "c" && tree["relation"]["inh"].isTrue)
            if let index = catalog.indexes(of: id).first(where: { $0.name == old }) {
                lock(index.id, .accessExclusive)
                catalog.rename(index.id, name: new)
            }
            for index in (catalog.relations[id]?.constraints ?? []).indices
            where catalog.relations[id]?.constraints[index].name == old {
                catalog.relations[id]?.constraints[index].name = new
            }
        case "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE":
            if let id = target(tree["relation"], mayMiss: mayMiss) {
                lockTree(
                    id, .accessExclusive,
                    inherits: kind == "OBJECT_TRIGGER" && catalog.relations[id]?.isPartitioned == true)
            }
        case "OBJECT_SCHEMA":
            let old = tree["subname"].text ?? ""
            for relation in catalog.relations.values where relation.schema == old {
                catalog.rename(relation.id, schema: new)
            }
        default: break
        }
    }

    mutating func setSchema(_ tree: ParseTree) {
        guard !tree["relation"].isAbsent,
            let id = target(tree["relation"], mayMiss: tree["missing_ok"].isTrue)
        else { return }
        lock(id, .accessExclusive)
        catalog.rename(id, schema: tree["newschema"].text)
        for index in catalog.indexes(of: id) { catalog.rename(index.id, schema: tree["newschema"].text) }
    }

    // MARK: Maintenance

    mutating func truncate(_ tree: ParseTree) {
        for item in tree["relations"].items {
            guard let id = target(item) else { continue }
            lockTree(id, .accessExclusive, .empty, inherits: item["inh"].isTrue)
        }
        guard tree["behavior"].text == "DROP_CASCADE" else { return }
        var next = 0
        while next < order.count {
            for (table, _) in catalog.referencing(order[next]) { lockTree(table, .accessExclusive, .empty) }
            next += 1
        }
    }

    mutating func maintain(_ tree: ParseTree) {
        let options = (tree["options"].items + tree["params"].items).filter {
            !["false", "off"].contains($0["arg"]["sval"].text ?? "")
        }
        let names = Set(options.compactMap { $0["defname"].text })
        switch tree.kind {
        case "LockStmt":
            guard let mode = tree["mode"].int.flatMap(LockMode.init(rawValue:)) else { return }
            for item in tree["relations"].items {
                guard let id = target(item) else { continue }
                for part in catalog.expanded(id) { lockTree(part, mode, inherits: item["inh"].isTrue) }
            }
        case "ClusterStmt":
            guard !tree["relation"].isAbsent else { return note("clusters every table that was clustered before") }
            guard let id = target(tree["relation"]) else { return }
            lock(id, .accessExclusive, .rewrite)
        case "VacuumStmt":
            if tree["rels"].items.isEmpty { return note("every table of the database in turn") }
            let isFull = names.contains("full")
            for item in tree["rels"].items {
                guard let id = target(item["relation"]) else { continue }
                if !tree["is_vacuumcmd"].isTrue || names.contains("analyze"),
                    catalog.relations[id]?.isPartitioned == false
                {
                    // A sample of what inherits is taken, too.
                    for child in catalog.descendants(of: id) { lock(child, .accessShare) }
                }
                lockTree(
                    id, isFull ? .accessExclusive : .shareUpdateExclusive, isFull ? .rewrite : .none,
                    inherits: item["relation"]["inh"].isTrue && catalog.relations[id]?.isPartitioned == true)
            }
        default: reindex(tree, isConcurrent: names.contains("concurrently"))
        }
    }

    private mutating func reindex(_ tree: ParseTree, isConcurrent: Bool) {
        let mode: LockMode = isConcurrent ? .shareUpdateExclusive : .share
        var tables: [Int] = []
        switch tree["kind"].text ?? "" {
        case "REINDEX_OBJECT_INDEX":
            guard let id = target(tree["relation"]), let table = catalog.relations[id]?.table else { return }
            lock(table, mode, .scan)
            if isConcurrent { awaitOthers(table, .accessExclusive, snapshots: true) }
            lock(id, isConcurrent ? .shareUpdateExclusive : .accessExclusive, .rewrite)
        case "REINDEX_OBJECT_TABLE":
            guard let id = target(tree["relation"]) else { return }
            tables = [id] + (catalog.relations[id]?.isPartitioned == true ? catalog.descendants(of: id) : [])
        case "REINDEX_OBJECT_SCHEMA":
            tables = catalog.relations.values.filter { $0.schema == tree["name"].text && $0.hasStorage }.map(\.id)
                .sorted()
        default: note("every table of the database in turn: SHARE, its indexes ACCESS EXCLUSIVE")
        }
        for table in tables {
            let indexes = catalog.indexes(of: table)
            lock(table, mode, indexes.isEmpty ? .none : .scan)
            if isConcurrent { awaitOthers(table, .accessExclusive, snapshots: true) }
            for index in indexes { lock(index.id, isConcurrent ? .shareUpdateExclusive : .accessExclusive, .rewrite) }
        }
    }

    // MARK: What hangs on a relation

    mutating func comment(_ tree: ParseTree) {
        let names = tree["object"]["items"].names
        switch tree["objtype"].text ?? "" {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_INDEX", "OBJECT_FOREIGN_TABLE":
            if let id = target(names) { lock(id, .shareUpdateExclusive) }
        case "OBJECT_COLUMN":
            if let id = target(names.dropLast()) { lock(id, .shareUpdateExclusive) }
        case "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE":
            if let id = target(names.dropLast()) { lock(id, .accessShare) }
        default: break
        }
    }

    mutating func sequence(_ tree: ParseTree) {
        if tree.kind == "AlterSeqStmt" {
            if let id = target(tree["sequence"], mayMiss: tree["missing_ok"].isTrue) { lock(id, .shareRowExclusive) }
        } else if find(tree["sequence"]) == nil || !tree["if_not_exists"].isTrue {
            _ = make(tree["sequence"], kind: "S")
        }
        for option in tree["options"].items where option["defname"].text == "owned_by" {
            let names = option["arg"]["items"].names
            if names.count > 1, let id = target(names.dropLast()) { lock(id, .accessShare) }
        }
    }

    // MARK: Domains

    mutating func createDomain(_ tree: ParseTree) {
        let names = tree["domainname"].names
        guard let name = names.last else { return }
        let schema = names.count > 1 ? names[0] : path.first { $0 != "pg_temp" } ?? "public"
        var type = ForecastCatalog.DataType(id: catalog.newID(), schema: schema, name: name)
        type.isDomain = true
        let base = tree["typeName"]["names"].names
        type.base = base.last.flatMap { catalog.type($0, base.count > 1 ? base[0] : nil, path) } ?? 0
        type.isConstrained =
            catalog.types[type.base]?.isConstrained == true
            || tree["constraints"].items.contains {
                ["CONSTR_CHECK", "CONSTR_NOTNULL"].contains($0["contype"].text ?? "")
            }
        catalog.add(type)
    }

    /// A condition that is added is checked on every column of the domain, under a lock that keeps writers out.
    mutating func alterDomain(_ tree: ParseTree) async throws {
        let names = tree["typeName"].names
        guard let name = names.last,
            let type = catalog.type(name, names.count > 1 ? names[0] : nil, path)
        else { return note("\(names.joined(separator: ".")) is not there yet") }
        let checks: Bool
        switch tree["subtype"].text ?? "" {
        case "C": checks = !tree["def"]["skip_validation"].isTrue
        case "O", "V": checks = true
        default: checks = false
        }
        if ["C", "O"].contains(tree["subtype"].text ?? "") { catalog.types[type]?.isConstrained = true }
        guard checks else { return }
        var family: Set<Int> = [type]
        var count = 0
        while count != family.count {
            count = family.count
            for other in catalog.types.values where other.isDomain && family.contains(other.base) {
                family.insert(other.id)
            }
        }
        let users = catalog.relations.values.filter { relation in
            (relation.hasStorage || relation.isPartitioned) && relation.columns.contains { family.contains($0.type) }
        }
        for relation in users.sorted(by: { $0.id < $1.id }) { lock(relation.id, .share, .scan) }
    }
}
