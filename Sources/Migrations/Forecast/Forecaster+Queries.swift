import PGQuery

// What reads and writes rows: queries, and definitions that hold queries.

extension Forecaster {
    /// Locks what the expressions and subqueries of a tree read or write.
    /// - Parameter rewritten: views are opened, too; a mere definition keeps them closed.
    mutating func read(_ tree: ParseTree, rewritten: Bool, scans: Work = .none) {
        var withs: Set<String> = []
        collectWiths(tree, &withs)
        walk(tree, withs, rewritten, scans, rowLocks(tree))
    }

    private func collectWiths(_ tree: ParseTree, _ found: inout Set<String>) {
        switch tree {
        case .object(let fields):
            if let name = fields["ctename"]?.text { found.insert(name) }
            for value in fields.values { collectWiths(value, &found) }
        case .array(let items): for item in items { collectWiths(item, &found) }
        default: break
        }
    }

    /// `for update` and its like lock the tables of their query in ROW SHARE; which ones is not told apart here.
    private func rowLocks(_ tree: ParseTree) -> Bool { tree["lockingClause"].items.isEmpty == false }

    private mutating func walk(
        _ tree: ParseTree, _ withs: Set<String>, _ rewritten: Bool, _ work: Work, _ forUpdate: Bool
    ) {
        switch tree {
        case .array(let items): for item in items { walk(item, withs, rewritten, work, forUpdate) }
        case .object(let fields):
            if tree.kind == "RangeVar" {
                return touch(tree, withs, forUpdate ? .rowShare : .accessShare, rewritten, work)
            }
            let isChange = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"].contains(tree.kind ?? "")
            if isChange, rewritten {
                change(tree)
            } else if isChange {
                touch(tree["relation"], [], .rowExclusive, false, .none)
            }
            for name in fields.keys.sorted() {
                guard let value = fields[name], name != "relation" || !isChange else { continue }
                if isChange, case .object(let inner) = value {
                    for key in inner.keys.sorted() where key != "relation" {
                        if let item = inner[key] { walk(item, withs, rewritten, work, rowLocks(tree)) }
                    }
                } else {
                    walk(value, withs, rewritten, work, tree.kind == "SelectStmt" ? rowLocks(tree) : forUpdate)
                }
            }
        default: break
        }
    }

    private mutating func touch(
        _ name: ParseTree, _ withs: Set<String>, _ mode: LockMode, _ rewritten: Bool, _ work: Work
    ) {
        if name["schemaname"].isAbsent, let relname = name["relname"].text, withs.contains(relname) { return }
        // What is not known is a table of the system, or comes from code that runs earlier: reading it keeps no one.
        guard let id = find(name) else { return }
        guard rewritten else { return lock(id, mode) }
        for part in catalog.expanded(id) {
            lockTree(part, part == id ? mode : .accessShare, work, inherits: name["inh"].isTrue || part != id)
        }
    }

    // MARK: Statements

    mutating func query(_ tree: ParseTree) {
        if tree.kind == "CopyStmt" { return copy(tree) }
        let isBare = tree.kind == "SelectStmt" && tree["whereClause"].isAbsent && tree["limitCount"].isAbsent
        read(
            tree, rewritten: true,
            scans: isBare && tree["fromClause"].items.count == 1 && isTable(tree) ? .scan : .mayScan)
        if !tree["intoClause"].isAbsent { _ = make(tree["intoClause"]["rel"], kind: "r") }
        if setsPath(tree) { return }
        if calls(tree) { note("calls functions: locks that they take are not foreseen") }
    }

    /// `select set_config('search_path', …)`, as pg_dump writes it.
    private mutating func setsPath(_ tree: ParseTree) -> Bool {
        let call = tree["targetList"].items.first?["val"] ?? .absent
        let words = call["args"].items.map { $0["A_Const"]["sval"]["sval"].text ?? $0["sval"]["sval"].text ?? "" }
        guard call.kind == "FuncCall", call["funcname"].names.last == "set_config", words.first == "search_path",
            words.count > 1
        else { return false }
        path = ["pg_temp"] + Self.schemas(inList: words[1])
        return true
    }

    /// `a, "B"` as a setting has it.
    static func schemas(inList text: String) -> [String] {
        text.split(separator: ",").map { part in
            let name = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            return name.hasPrefix("\"") ? String(name.dropFirst().dropLast()) : name.lowercased()
        }
    }

    private func isTable(_ tree: ParseTree) -> Bool { tree["fromClause"].items.first?.kind == "RangeVar" }

    /// A call of a function that is not PostgreSQL's own.
    private func calls(_ tree: ParseTree) -> Bool {
        switch tree {
        case .object(let fields):
            if tree.kind == "FuncCall" {
                let names = tree["funcname"].names
                if names.count > 1, names.first != "pg_catalog" { return true }
                if names.count == 1, let name = names.first,
                    path.contains(where: { catalog.volatileFunctions.contains("\($0).\(name)") })
                {
                    return true
                }
            }
            return fields.values.contains { calls($0) }
        case .array(let items): return items.contains { calls($0) }
        default: return false
        }
    }

    /// The table that an INSERT, UPDATE, DELETE or MERGE changes, and those that its foreign keys are checked against.
    private mutating func change(_ tree: ParseTree) {
        guard let id = target(tree["relation"]) else { return }
        let all = tree.kind == "UpdateStmt" || tree.kind == "DeleteStmt"
        let readsAll = all && tree["whereClause"].isAbsent
        let work: Work = readsAll ? .scan : tree.kind == "InsertStmt" ? .none : .mayScan
        // Of a partitioned table's partitions, an INSERT locks those that rows go to: all is the most there can be.
        for part in catalog.expanded(id) {
            lockTree(part, .rowExclusive, work, inherits: tree["relation"]["inh"].isTrue)
        }
        if tree.kind != "DeleteStmt" { checkAgainstReferenced(id) }
        if tree.kind != "InsertStmt" { changeReferencing(id, tree) }
        if catalog.relations[id]?.hasTriggers == true, catalog.relations[id]?.isNew == false {
            note("\(catalog.quoted(id)) has triggers: what they do is not foreseen")
        }
    }

    private mutating func checkAgainstReferenced(_ id: Int) {
        for key in catalog.relations[id]?.constraints ?? [] where key.kind == "f" {
            if let other = key.referenced { lockTree(other, .rowShare, .mayScan) }
        }
    }

    /// A key that others refer to: an UPDATE that leaves it alone, and a cascade, are not told apart here.
    private mutating func changeReferencing(_ id: Int, _ tree: ParseTree) {
        let names = catalog.referencing(id).map { catalog.quoted($0.table) }
        if !names.isEmpty, catalog.relations[id]?.isNew == false {
            note("rows of \(Set(names).sorted().joined(separator: ", ")) refer to it and are looked up")
        }
    }

    private mutating func copy(_ tree: ParseTree) {
        if !tree["query"].isAbsent { return read(tree["query"], rewritten: true, scans: .mayScan) }
        guard let id = target(tree["relation"]) else { return }
        if tree["is_from"].isTrue {
            lockTree(id, .rowExclusive)
            checkAgainstReferenced(id)
        } else {
            lock(id, .accessShare, .scan)
        }
    }

    // MARK: Definitions

    mutating func createView(_ tree: ParseTree) {
        if let id = find(tree["view"]) {
            lock(id, .accessExclusive)
        }
        read(tree["query"], rewritten: false)
        let reads = order.filter { effects[$0]?.lock == .accessShare }
        if find(tree["view"]) == nil, let id = make(tree["view"], kind: "v") { catalog.relations[id]?.reads = reads }
    }

    mutating func createTableAs(_ tree: ParseTree) {
        let isView = tree["objtype"].text == "OBJECT_MATVIEW"
        if find(tree["into"]["rel"]) != nil, tree["if_not_exists"].isTrue { return }
        let isEmpty = tree["into"]["skipData"].isTrue
        read(tree["query"], rewritten: !isEmpty, scans: isEmpty ? .none : .mayScan)
        let reads = order
        if let id = make(tree["into"]["rel"], kind: isView ? "m" : "r"), isView { catalog.relations[id]?.reads = reads }
    }

    mutating func refresh(_ tree: ParseTree) {
        guard let id = target(tree["relation"]) else { return }
        let isConcurrent = tree["concurrent"].isTrue
        lock(
            id, isConcurrent ? .exclusive : .accessExclusive,
            isConcurrent ? .scan : tree["skipData"].isTrue ? .empty : .rewrite)
        if tree["skipData"].isTrue { return }
        for read in catalog.relations[id]?.reads ?? [] {
            for part in catalog.expanded(read) { lockTree(part, .accessShare, .mayScan) }
        }
    }

    /// A body in SQL is analysed when the function is made, which locks what it reads and writes; PL/pgSQL's is not.
    mutating func createFunction(_ tree: ParseTree) {
        var language = ""
        var body: String?
        let outer = path
        for option in tree["options"].items {
            switch option["defname"].text {
            case "language": language = option["arg"]["sval"].text?.lowercased() ?? ""
            case "as": body = option["arg"]["items"].names.first
            case "set" where option["arg"]["name"].text == "search_path":
                path = ["pg_temp"] + option["arg"]["args"].items.compactMap { $0["sval"]["sval"].text }
            default: break
            }
        }
        defer { path = outer }
        let names = tree["funcname"].names
        let schema = names.count > 1 ? names[0] : outer.first { $0 != "pg_temp" } ?? "public"
        let volatility = tree["options"].items.first { $0["defname"].text == "volatility" }?["arg"]["sval"].text
        if volatility == nil || volatility == "volatile", let name = names.last {
            catalog.volatileFunctions.insert("\(schema).\(name)")
        }
        if !tree["sql_body"].isAbsent {
            readAnalysed(tree["sql_body"])
        } else if language == "sql", let body, let trees = try? PGQuery.parse(body) {
            for tree in trees where Self.planned.contains(tree.kind ?? "") { readAnalysed(tree) }
        }
    }

    private static let planned: Set<String> = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]

    /// As the validator of a function in SQL does: views are opened, changed tables locked, and nothing runs.
    private mutating func readAnalysed(_ tree: ParseTree) {
        let before = (notes, effects)
        read(tree, rewritten: true)
        notes = before.0
        for id in order where before.1[id] == nil { effects[id]?.scans = false }
    }
}
