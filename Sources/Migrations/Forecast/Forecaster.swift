import PGQuery
import Postgres

/// Says of one statement after another what it will lock and do, from its parse tree and the catalog; and keeps in mind
/// what it will have changed for those that follow.
///
/// The rules are PostgreSQL 15's (tablecmds.c, utility.c); Tests/MigrationsTests holds each against a real server.
struct Forecaster {
    var catalog: ForecastCatalog
    /// Where unqualified names are looked for, `pg_temp` first.
    var path: [String]
    /// For what the catalog in memory does not hold: dependents, and the words of constraints.
    let connection: Connection?

    // Of the statement under way:
    var order: [Int] = []
    var effects: [Int: StatementForecast.Effect] = [:]
    var notes: [String] = []
    /// Relations that the statement makes: they are nobody else's yet.
    var made: Set<Int> = []
    /// Relations that the statement drops.
    var gone: Set<Int> = []

    init(catalog: ForecastCatalog, path: [String], connection: Connection?) {
        self.catalog = catalog
        self.path = path
        self.connection = connection
    }

    /// What a statement does to the rows.
    enum Work { case none, scan, mayScan, rewrite, empty }

    /// The effects by relation, in order; the ids stand for the relations' sizes and sessions to be looked up.
    mutating func judge(
        _ text: String
    ) async throws -> (effects: [(id: Int, effect: StatementForecast.Effect)], notes: [String]) {
        order = []
        effects = [:]
        notes = []
        made = []
        do {
            for tree in try PGQuery.parse(text) { try await judge(tree) }
        } catch let error as PGQueryError {
            note("PostgreSQL's parser refuses it: \(error)")
        }
        for id in made { effects[id]?.isNew = true }
        return (order.compactMap { id in effects[id].map { (id, $0) } }, notes)
    }

    // MARK: Writing down

    mutating func note(_ text: String) { if !notes.contains(text) { notes.append(text) } }

    mutating func lock(_ id: Int, _ mode: LockMode, _ work: Work = .none) {
        guard let relation = catalog.relations[id], !made.contains(id) else { return }
        if effects[id] == nil {
            order.append(id)
            effects[id] = StatementForecast.Effect(relation: catalog.quoted(id), lock: mode)
            effects[id]?.isNew = relation.isNew
        }
        guard var effect = effects[id] else { return }
        effect.lock = max(effect.lock, mode)
        // A partitioned table, a view or a foreign table has no rows of its own.
        if relation.hasStorage || relation.kind == "i" {
            switch work {
            case .none: break
            case .scan: effect.scans = true
            case .mayScan: if effect.scans == false { effect.scans = nil }
            case .rewrite:
                effect.rewrites = true
                effect.scans = true
            case .empty: effect.empties = true
            }
        }
        effects[id] = effect
    }

    /// A relation and, where `inherits`, all that inherit from it.
    mutating func lockTree(_ id: Int, _ mode: LockMode, _ work: Work = .none, inherits: Bool = true) {
        lock(id, mode, work)
        if inherits { for child in catalog.descendants(of: id) { lock(child, mode, work) } }
    }

    /// What a concurrent operation waits for beyond its lock.
    mutating func awaitOthers(_ id: Int, _ mode: LockMode, snapshots: Bool) {
        effects[id]?.awaits = mode
        effects[id]?.awaitsSnapshots = snapshots
    }

    // MARK: Names

    func find(_ name: ParseTree) -> Int? {
        guard let relname = name["relname"].text else { return nil }
        return catalog.relation(relname, name["schemaname"].text, path)
    }

    func find(_ names: [String]) -> Int? {
        guard let last = names.last else { return nil }
        return catalog.relation(last, names.count > 1 ? names[names.count - 2] : nil, path)
    }

    /// The relation that a statement is about; one that is not there is noted.
    mutating func target(_ name: ParseTree, mayMiss: Bool = false) -> Int? {
        target([name["schemaname"].text, name["relname"].text].compactMap(\.self), mayMiss: mayMiss)
    }

    mutating func target(_ names: [String], mayMiss: Bool = false) -> Int? {
        if let id = find(names) { return id }
        let name = names.joined(separator: ".")
        if ["pg_catalog", "information_schema"].contains(names.first ?? "") { return nil }
        note(
            mayMiss
                ? "\(name) is not there: nothing to do"
                : "\(name) is not there yet, and no earlier pending statement was seen to make it")
        return nil
    }

    /// Where a new object goes that is named without a schema.
    func schema(for name: ParseTree) -> String {
        if let schema = name["schemaname"].text { return schema }
        if name["relpersistence"].text == "t" { return "pg_temp" }
        return path.first { $0 != "pg_temp" && $0 != "pg_catalog" } ?? "public"
    }

    mutating func make(_ name: ParseTree, kind: Character) -> Int? {
        guard let relname = name["relname"].text else { return nil }
        let id = catalog.addNew(relname, schema(for: name), kind: kind)
        if let persistence = name["relpersistence"].text?.first { catalog.relations[id]?.persistence = persistence }
        made.insert(id)
        return id
    }

    // MARK: Statements

    private mutating func judge(_ tree: ParseTree) async throws {
        switch tree.kind {
        case "AlterTableStmt": try await alterTable(tree)
        case "CreateStmt", "CreateForeignTableStmt": createTable(tree["base"].isAbsent ? tree : tree["base"])
        case "IndexStmt": createIndex(tree)
        case "DropStmt": try await drop(tree)
        case "RenameStmt": rename(tree)
        case "AlterObjectSchemaStmt": setSchema(tree)
        case "TruncateStmt": truncate(tree)
        case "CreateTrigStmt": createTrigger(tree)
        case "RuleStmt":
            if let id = target(tree["relation"]) { lock(id, .accessExclusive) }
            read(tree["whereClause"], rewritten: false)
            read(tree["actions"], rewritten: false)
        case "CreatePolicyStmt", "AlterPolicyStmt":
            if let id = target(tree["table"]) { lock(id, .accessExclusive) }
            read(tree["qual"], rewritten: false)
            read(tree["with_check"], rewritten: false)
        case "ViewStmt": createView(tree)
        case "CreateTableAsStmt": createTableAs(tree)
        case "RefreshMatViewStmt": refresh(tree)
        case "CreateFunctionStmt": createFunction(tree)
        case "CommentStmt", "SecLabelStmt": comment(tree)
        case "CreateSeqStmt", "AlterSeqStmt": sequence(tree)
        case "CreateStatsStmt":
            for item in tree["relations"].items { if let id = target(item) { lock(id, .shareUpdateExclusive) } }
        case "CreatePublicationStmt", "AlterPublicationStmt":
            for item in tree["pubobjects"].items {
                let relation = item["pubtable"]["relation"]
                guard !relation.isAbsent, let id = target(relation) else { continue }
                lockTree(id, .shareUpdateExclusive, inherits: relation["inh"].isTrue)
            }
        case "ClusterStmt", "VacuumStmt", "ReindexStmt", "LockStmt": maintain(tree)
        case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt": query(tree)
        case "ExplainStmt":
            // Without ANALYZE it is only planned.
            let runs = tree["options"].items.contains { $0["defname"].text == "analyze" }
            if runs { query(tree["query"]) } else { read(tree["query"], rewritten: true) }
        case "AlterDomainStmt": try await alterDomain(tree)
        case "CreateDomainStmt": createDomain(tree)
        case "VariableSetStmt": set(tree)
        case "CreateSchemaStmt":
            if let name = tree["schemaname"].text { catalog.schemas.insert(name) }
            for item in tree["schemaElts"].items { try await judge(item) }
        case "AlterTypeStmt", "AlterEnumStmt", "CreateEnumStmt", "CompositeTypeStmt", "CreateRangeStmt": break
        case "DoStmt", "CallStmt", "CreateExtensionStmt", "AlterExtensionStmt", "ExecuteStmt",
            "ImportForeignSchemaStmt":
            runsCode(tree)
        case "DropOwnedStmt", "ReassignOwnedStmt", "AlterTableMoveAllStmt":
            note("it locks whatever belongs to the role or tablespace: locks not foreseen")
        default: break
        }
    }

    /// Code may do anything; what its words name is told.
    private mutating func runsCode(_ tree: ParseTree) {
        let what: String
        switch tree.kind {
        case "DoStmt": what = "a DO block"
        case "CallStmt": what = "a procedure"
        case "ExecuteStmt": what = "a prepared statement"
        case "ImportForeignSchemaStmt": what = "a foreign server's answer"
        default: what = "an extension's script"
        }
        var named: [String] = []
        for argument in tree["args"].items where argument["defname"].text == "as" {
            named += relations(namedIn: argument["arg"]["sval"].text ?? "")
        }
        note(
            "runs code (\(what)): locks not foreseen"
                + (named.isEmpty ? "" : "; it names \(named.joined(separator: ", "))"))
    }

    /// Relations that are there, by the words of a text.
    private func relations(namedIn text: String) -> [String] {
        guard let script = try? SQLScript(text) else { return [] }
        var found: [String] = []
        for statement in script.statements {
            let tokens = statement.tokens
            for (index, token) in tokens.enumerated() {
                guard let name = token.identifier else { continue }
                var names = [name]
                if index + 2 < tokens.count, tokens[index + 1].text == ".", let second = tokens[index + 2].identifier {
                    names.append(second)
                }
                guard let id = find(names), catalog.relations[id]?.kind != "i" else { continue }
                let quoted = catalog.quoted(id)
                if !found.contains(quoted) { found.append(quoted) }
            }
        }
        return found
    }

    private mutating func set(_ tree: ParseTree) {
        guard tree["name"].text == "search_path" else { return }
        let names = tree["args"].items.compactMap { $0["sval"]["sval"].text }
        if tree["kind"].text == "VAR_SET_VALUE" { path = ["pg_temp"] + names.filter { $0 != "pg_temp" } }
    }
}
