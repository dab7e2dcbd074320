import PGQuery

// ALTER TABLE: the strongest lock of its subcommands (AlterTableGetLockLevel), and what each does to the rows.

extension Forecaster {
    mutating func alterTable(_ tree: ParseTree) async throws {
        if tree["objtype"].text == "OBJECT_TYPE" {
            return note("a composite type: tables that are made of it follow")
        }
        guard let id = target(tree["relation"], mayMiss: tree["missing_ok"].isTrue) else { return }
        let commands = tree["cmds"].items
        let mode = commands.map(lockMode).max() ?? .accessExclusive
        let inherits = tree["relation"]["inh"].isTrue
        lock(id, mode)
        for command in commands {
            let subtype = command["subtype"].text ?? ""
            // A trigger of a partitioned table has a copy on each partition.
            let isTrigger = subtype.contains("Trig") && catalog.relations[id]?.isPartitioned == true
            let recurses = inherits && (Self.recursing.contains(subtype) || isTrigger)
            if recurses { lockTree(id, mode) }
            try await alter(id, command, mode, inherits: inherits)
        }
    }

    /// Those that go on to whatever inherits from the table.
    private static let recursing: Set<String> = [
        "AT_AddColumn", "AT_ColumnDefault", "AT_DropNotNull", "AT_SetNotNull", "AT_SetStatistics", "AT_SetStorage",
        "AT_DropColumn", "AT_DropConstraint", "AT_AlterColumnType", "AT_ValidateConstraint", "AT_DropExpression",
        "AT_AlterConstraint",
    ]

    private func lockMode(_ command: ParseTree) -> LockMode {
        switch command["subtype"].text ?? "" {
        case "AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_EnableTrigAll", "AT_EnableTrigUser",
            "AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser":
            return .shareRowExclusive
        case "AT_AddConstraint":
            return command["def"]["contype"].text == "CONSTR_FOREIGN" ? .shareRowExclusive : .accessExclusive
        case "AT_SetStatistics", "AT_ClusterOn", "AT_DropCluster", "AT_SetOptions", "AT_ResetOptions",
            "AT_ValidateConstraint", "AT_AttachPartition", "AT_DetachPartitionFinalize":
            return .shareUpdateExclusive
        case "AT_DetachPartition": return command["def"]["concurrent"].isTrue ? .shareUpdateExclusive : .accessExclusive
        case "AT_SetRelOptions", "AT_ResetRelOptions", "AT_ReplaceRelOptions":
            return command["def"]["items"].items.map(Self.lockMode(option:)).max() ?? .accessExclusive
        default: return .accessExclusive
        }
    }

    /// reloptions.c; what is not listed there with a weaker lock takes the strongest.
    private static func lockMode(option: ParseTree) -> LockMode {
        let name = option["defname"].text ?? ""
        let weak: Set<String> = [
            "fillfactor", "toast_tuple_target", "parallel_workers", "vacuum_index_cleanup", "vacuum_truncate",
            "log_autovacuum_min_duration", "deduplicate_items", "n_distinct",
        ]
        return name.hasPrefix("autovacuum_") || weak.contains(name) ? .shareUpdateExclusive : .accessExclusive
    }

    private mutating func alter(
        _ id: Int, _ command: ParseTree, _ mode: LockMode, inherits: Bool
    ) async throws {
        let name = command["name"].text ?? ""
        let all = [id] + (inherits ? catalog.descendants(of: id) : [])
        switch command["subtype"].text ?? "" {
        case "AT_AddColumn": addColumn(id, command["def"], mode, all, mayBeThere: command["missing_ok"].isTrue)
        case "AT_AlterColumnType": try await changeType(id, name, command["def"], mode, all)
        case "AT_SetNotNull":
            for part in all { setNotNull(part, name, mode) }
        case "AT_DropNotNull":
            for part in all { update(part, name) { $0.isNotNull = false } }
        case "AT_AddConstraint": addConstraint(id, command["def"], mode, inherits: inherits)
        case "AT_ValidateConstraint": validate(id, name, all)
        case "AT_DropColumn":
            try await dropPart(of: id, column: name, cascades: command["behavior"].text == "DROP_CASCADE")
            for part in all { catalog.relations[part]?.columns.removeAll { $0.name == name } }
        case "AT_DropConstraint":
            try await dropPart(of: id, constraint: name, cascades: command["behavior"].text == "DROP_CASCADE")
            for part in all { catalog.relations[part]?.constraints.removeAll { $0.name == name } }
        case "AT_AttachPartition": try await attach(id, command["def"])
        case "AT_DetachPartition", "AT_DetachPartitionFinalize": detach(id, command)
        case "AT_AddInherit":
            if let parent = target(command["def"]) {
                lock(parent, .shareUpdateExclusive)
                catalog.link(child: id, to: parent, asPartition: false)
            }
        case "AT_DropInherit":
            if let parent = target(command["def"]) {
                lock(parent, .accessShare)
                catalog.unlink(child: id, from: parent)
            }
        case "AT_SetLogged", "AT_SetUnLogged":
            let wanted: Character = command["subtype"].text == "AT_SetLogged" ? "p" : "u"
            if catalog.relations[id]?.persistence != wanted { lock(id, mode, .rewrite) }
            catalog.relations[id]?.persistence = wanted
        case "AT_SetAccessMethod":
            if catalog.relations[id]?.accessMethod != name { lock(id, mode, .rewrite) }
            catalog.relations[id]?.accessMethod = name
        case "AT_SetTableSpace":
            if (catalog.relations[id]?.tablespace ?? "pg_default") != name {
                lock(id, mode, .rewrite)
                note("its files are copied to the other tablespace")
            }
        case "AT_ReplicaIdentity":
            if let index = command["def"]["name"].text { lockIndex(index, of: id, .share) }
        default: break
        }
    }

    mutating func update(_ id: Int, _ column: String, _ change: (inout ForecastCatalog.Column) -> Void) {
        guard let index = catalog.relations[id]?.columns.firstIndex(where: { $0.name == column }) else { return }
        if var found = catalog.relations[id]?.columns[index] {
            change(&found)
            catalog.relations[id]?.columns[index] = found
        }
    }

    private mutating func lockIndex(_ name: String, of id: Int, _ mode: LockMode) {
        if let index = catalog.indexes(of: id).first(where: { $0.name == name }) { lock(index.id, mode) }
    }

    // MARK: Not null

    /// All rows are read, unless a validated CHECK says already that none is NULL.
    private mutating func setNotNull(_ id: Int, _ column: String, _ mode: LockMode) {
        guard let relation = catalog.relations[id] else { return }
        if relation.column(column)?.isNotNull == true { return }
        let isProven = relation.constraints.contains { $0.kind == "c" && $0.isValid && $0.notNull.contains(column) }
        lock(id, mode, isProven ? .none : .scan)
        update(id, column) { $0.isNotNull = true }
    }

    // MARK: Constraints

    mutating func addConstraint(_ id: Int, _ def: ParseTree, _ mode: LockMode, inherits: Bool) {
        let all = [id] + (inherits ? catalog.descendants(of: id) : [])
        var constraint = ForecastCatalog.Constraint(name: def["conname"].text ?? "", kind: "c")
        constraint.isValid = !def["skip_validation"].isTrue
        switch def["contype"].text ?? "" {
        case "CONSTR_CHECK":
            constraint.notNull = Self.notNullColumns(def["raw_expr"])
            let parts = def["is_no_inherit"].isTrue ? [id] : all
            for part in parts {
                lock(part, mode, constraint.isValid ? .scan : .none)
                catalog.add(constraint, to: part)
            }
        case "CONSTR_FOREIGN":
            guard let other = target(def["pktable"]) else { return }
            constraint.kind = "f"
            constraint.referenced = other
            constraint.columns = def["fk_attrs"].names
            let isPartitioned = catalog.relations[id]?.isPartitioned == true
            lockTree(id, mode, constraint.isValid ? .scan : .none, inherits: isPartitioned)
            lockTree(other, .shareRowExclusive, constraint.isValid ? .mayScan : .none)
            catalog.add(constraint, to: id)
        case "CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION":
            let isPrimary = def["contype"].text == "CONSTR_PRIMARY"
            constraint.kind = isPrimary ? "p" : "u"
            var columns = def["keys"].names
            if let name = def["indexname"].text {
                // It takes on the constraint's name.
                lockIndex(
                    name, of: id, [name, nil].contains(def["conname"].text) ? .accessShare : .shareUpdateExclusive)
                let index = catalog.indexes(of: id).first { $0.name == name }
                columns = (catalog.relations[id]?.columns ?? []).filter { index?.keys.contains($0.number) == true }.map(
                    \.name)
            } else {
                lock(id, mode, .scan)
                // The index of each partition is built under a lock of its own.
                if catalog.relations[id]?.isPartitioned == true { lockTree(id, .share, .scan) }
            }
            constraint.columns = columns
            if isPrimary {
                lockTree(id, mode, inherits: inherits)
                for part in all { for column in columns { setNotNull(part, column, mode) } }
            }
            catalog.add(constraint, to: id)
        default: break
        }
    }

    /// `c is not null`, alone or joined by AND.
    static func notNullColumns(_ tree: ParseTree) -> Set<String> {
        switch tree.kind {
        case "NullTest" where tree["nulltesttype"].text == "IS_NOT_NULL":
            let names = tree["arg"].kind == "ColumnRef" ? tree["arg"]["fields"].names : []
            return Set(names.suffix(1))
        case "BoolExpr" where tree["boolop"].text == "AND_EXPR":
            return tree["args"].items.reduce(into: []) { $0.formUnion(notNullColumns($1)) }
        default: return []
        }
    }

    private mutating func validate(_ id: Int, _ name: String, _ all: [Int]) {
        guard let constraint = catalog.relations[id]?.constraints.first(where: { $0.name == name }) else {
            return note("\(catalog.quoted(id)) has no constraint \(name)")
        }
        if constraint.isValid { return }
        if let other = constraint.referenced {
            lock(id, .shareUpdateExclusive, .scan)
            lockTree(other, .rowShare, .mayScan)
        } else {
            for part in all { lock(part, .shareUpdateExclusive, .scan) }
        }
        for part in all {
            for index in (catalog.relations[part]?.constraints ?? []).indices
            where catalog.relations[part]?.constraints[index].name == name {
                catalog.relations[part]?.constraints[index].isValid = true
            }
        }
    }

    // MARK: Partitions

    private mutating func attach(_ parent: Int, _ def: ParseTree) async throws {
        guard let child = target(def["name"]) else { return }
        if catalog.relations[parent]?.kind == "I" || catalog.relations[parent]?.kind == "i" {
            // ALTER INDEX … ATTACH PARTITION
            lock(child, .accessExclusive)
            if let table = catalog.relations[parent]?.table { lock(table, .accessShare) }
            if let table = catalog.relations[child]?.table { lock(table, .accessShare) }
            return
        }
        let isProven = try await isProven(def["bound"], of: child, in: parent)
        lockTree(child, .accessExclusive, isProven ? .none : .scan)
        indexAttached(child, parent)
        if let other = catalog.relations[parent]?.defaultPartition {
            lockTree(other, .accessExclusive, .scan)
        }
        for key in catalog.relations[parent]?.constraints ?? [] where key.kind == "f" {
            if let other = key.referenced {
                let isThere = catalog.relations[child]?.constraints.contains {
                    $0.kind == "f" && $0.referenced == other && $0.columns == key.columns && $0.isValid
                }
                lockTree(other, .shareRowExclusive, isThere == true ? .none : .mayScan)
                if isThere != true { lock(child, .accessExclusive, .scan) }
            }
        }
        for (table, _) in catalog.referencing(parent) { lockTree(table, .shareRowExclusive) }
        catalog.link(child: child, to: parent, asPartition: true)
        if def["bound"]["is_default"].isTrue { catalog.relations[parent]?.defaultPartition = child }
    }

    /// An index that the parent has and the partition does not is built on it.
    private mutating func indexAttached(_ child: Int, _ parent: Int) {
        func columns(_ index: ForecastCatalog.Relation, _ table: Int) -> [String] {
            index.keys.map { key in catalog.relations[table]?.columns.first { $0.number == key }?.name ?? "" }
        }
        let there = catalog.indexes(of: child).map { columns($0, child) }
        for index in catalog.indexes(of: parent) where !there.contains(columns(index, parent)) {
            lock(child, .accessExclusive, .scan)
        }
    }

    private mutating func detach(_ parent: Int, _ command: ParseTree) {
        guard let child = target(command["def"]["name"]) else { return }
        let isConcurrent = command["def"]["concurrent"].isTrue
        lock(child, .accessExclusive)
        if command["subtype"].text == "AT_DetachPartition" {
            if isConcurrent {
                awaitOthers(parent, .accessExclusive, snapshots: false)
            } else {
                for part in catalog.descendants(of: child) { lock(part, .accessExclusive) }
            }
            if let other = catalog.relations[parent]?.defaultPartition, !isConcurrent { lock(other, .accessExclusive) }
        }
        for (table, _) in catalog.referencing(parent) { lock(table, .shareRowExclusive) }
        for key in catalog.relations[parent]?.constraints ?? [] where key.kind == "f" {
            if let other = key.referenced { lock(other, .shareRowExclusive) }
        }
        catalog.unlink(child: child, from: parent)
    }
}
