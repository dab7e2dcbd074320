/// What a forecast needs to know of the live database, and of what earlier pending statements will have changed in it:
/// a value that is loaded once and then kept up to date by hand.
struct ForecastCatalog: Sendable {
    struct Relation: Sendable {
        let id: Int
        var schema: String
        var name: String
        /// pg_class.relkind.
        var kind: Character
        var isNew = false
        var columns: [Column] = []
        var constraints: [Constraint] = []
        var parents: [Int] = []
        var children: [Int] = []
        var isPartition = false
        var defaultPartition: Int?
        /// `p`, `u` or `t`.
        var persistence: Character = "p"
        var accessMethod: String?
        /// nil: the database's own.
        var tablespace: String?
        /// What a view or materialised view reads.
        var reads: [Int] = []
        /// Of an index: its table.
        var table: Int?
        /// Of an index: its columns' numbers, 0 for an expression.
        var keys: [Int] = []
        /// Of an index: also the columns of its expressions and its condition.
        var uses: [Int] = []
        var isValid = true
        var isClustered = false
        /// User triggers that are not switched off.
        var hasTriggers = false

        var isTable: Bool { kind == "r" || kind == "p" || kind == "f" }
        var isPartitioned: Bool { kind == "p" }
        /// Has rows in files of its own.
        var hasStorage: Bool { kind == "r" || kind == "m" }
        func column(_ name: String) -> Column? { columns.first { $0.name == name } }
    }

    struct Column: Sendable {
        var name: String
        /// 0 for one that a pending statement adds.
        var number = 0
        var type = 0
        var typmod = -1
        var isNotNull = false
    }

    struct Constraint: Sendable {
        var id = 0
        var name: String
        /// pg_constraint.contype.
        var kind: Character
        var isValid = true
        var columns: [String] = []
        /// Of a foreign key.
        var referenced: Int?
        /// Of a CHECK: the columns of which it says that they are not null.
        var notNull: Set<String> = []
    }

    struct DataType: Sendable {
        let id: Int
        let schema: String
        let name: String
        var isDomain = false
        /// A domain's, with its typmod.
        var base = 0
        var baseTypmod = -1
        /// Of an array.
        var element = 0
        /// A domain with a CHECK or NOT NULL, its base domains' included.
        var isConstrained = false
    }

    var relations: [Int: Relation] = [:]
    var types: [Int: DataType] = [:]
    private var ids: [Name: Int] = [:]
    private var typeIDs: [Name: Int] = [:]
    /// `schema.name` of every function of which an overload is volatile.
    var volatileFunctions: Set<String> = []
    /// Source and target of casts that change no bytes.
    var binaryCasts: Set<[Int]> = []
    /// The session's time zone has no offset: timestamps with and without one are the same bytes.
    var isUTC = false
    var schemas: Set<String> = []

    struct Name: Hashable, Sendable {
        let schema: String
        let name: String
    }

    private var nextID = -1

    // MARK: Looking up

    /// By search path where the name has no schema.
    func relation(_ name: String, _ schema: String?, _ path: [String]) -> Int? {
        if let schema { return ids[Name(schema: schema, name: name)] }
        for schema in path { if let id = ids[Name(schema: schema, name: name)] { return id } }
        return nil
    }

    /// `pg_catalog` comes first where the path does not name it.
    func type(_ name: String, _ schema: String?, _ path: [String]) -> Int? {
        if let schema { return typeIDs[Name(schema: schema, name: name)] }
        for schema in path.contains("pg_catalog") ? path : ["pg_catalog"] + path {
            if let id = typeIDs[Name(schema: schema, name: name)] { return id }
        }
        return nil
    }

    /// Everything below a relation by inheritance, nearest first.
    func descendants(of id: Int) -> [Int] {
        var found: [Int] = []
        var known: Set<Int> = []
        var rest = relations[id]?.children ?? []
        var next = 0
        while next < rest.count {
            if known.insert(rest[next]).inserted {
                found.append(rest[next])
                rest += relations[rest[next]]?.children ?? []
            }
            next += 1
        }
        return found
    }

    /// The farthest relation that it inherits from, of those given.
    func ancestor(of id: Int, among others: Set<Int>) -> Int? {
        var found: Int?
        var known: Set<Int> = [id]
        var rest = relations[id]?.parents ?? []
        while let next = rest.popLast() {
            guard known.insert(next).inserted else { continue }
            if others.contains(next) { found = next }
            rest += relations[next]?.parents ?? []
        }
        return found
    }

    func indexes(of id: Int) -> [Relation] {
        (relations[id]?.indexIDs(in: self) ?? []).compactMap { relations[$0] }
    }

    fileprivate(set) var indexIDs: [Int: [Int]] = [:]

    /// Foreign keys of other tables (and its own) that point to it.
    func referencing(_ id: Int) -> [(table: Int, key: Constraint)] {
        (referencers[id] ?? []).sorted().flatMap { table in
            (relations[table]?.constraints ?? []).filter { $0.kind == "f" && $0.referenced == id }.map { (table, $0) }
        }
    }

    private var referencers: [Int: Set<Int>] = [:]

    /// What reading a relation locks: what a view reads, transitively.
    func expanded(_ id: Int) -> [Int] {
        var found = [id]
        var next = 0
        while next < found.count {
            if let relation = relations[found[next]], relation.kind == "v" {
                for read in relation.reads where !found.contains(read) { found.append(read) }
            }
            next += 1
        }
        return found
    }

    func quoted(_ id: Int) -> String {
        guard let relation = relations[id] else { return "?" }
        return [relation.schema, relation.name].filter { !$0.isEmpty }.map(Self.quote).joined(separator: ".")
    }

    private static func quote(_ name: String) -> String {
        let isPlain =
            name.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }
            && name.utf8.first.map { !(0x30...0x39 ~= $0) } == true
        return isPlain
            ? name
            : "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: Keeping up

    /// Puts in a relation of the live database, or one that a pending statement makes.
    mutating func add(_ relation: Relation) {
        relations[relation.id] = relation
        ids[Name(schema: relation.schema, name: relation.name)] = relation.id
        if let table = relation.table { indexIDs[table, default: []].append(relation.id) }
        for key in relation.constraints { note(key, of: relation.id) }
    }

    mutating func add(_ constraint: Constraint, to id: Int) {
        relations[id]?.constraints.append(constraint)
        note(constraint, of: id)
    }

    private mutating func note(_ constraint: Constraint, of id: Int) {
        if let other = constraint.referenced { referencers[other, default: []].insert(id) }
    }

    mutating func add(_ type: DataType) {
        types[type.id] = type
        typeIDs[Name(schema: type.schema, name: type.name)] = type.id
    }

    /// - Returns: the id of a relation that is only planned.
    @discardableResult
    mutating func addNew(_ name: String, _ schema: String, kind: Character) -> Int {
        if let there = ids[Name(schema: schema, name: name)] { return there }
        let id = newID()
        add(Relation(id: id, schema: schema, name: name, kind: kind, isNew: true))
        return id
    }

    mutating func newID() -> Int {
        defer { nextID -= 1 }
        return nextID
    }

    mutating func remove(_ id: Int) {
        guard let relation = relations[id] else { return }
        ids[Name(schema: relation.schema, name: relation.name)] = nil
        relations[id] = nil
        if let table = relation.table { indexIDs[table]?.removeAll { $0 == id } }
        for parent in relation.parents { relations[parent]?.children.removeAll { $0 == id } }
        for child in relation.children { relations[child]?.parents.removeAll { $0 == id } }
        referencers[id] = nil
    }

    mutating func rename(_ id: Int, schema: String? = nil, name: String? = nil) {
        guard var relation = relations[id] else { return }
        ids[Name(schema: relation.schema, name: relation.name)] = nil
        relation.schema = schema ?? relation.schema
        relation.name = name ?? relation.name
        relations[id] = relation
        ids[Name(schema: relation.schema, name: relation.name)] = id
    }

    mutating func link(child: Int, to parent: Int, asPartition: Bool) {
        relations[parent]?.children.append(child)
        relations[child]?.parents.append(parent)
        if asPartition { relations[child]?.isPartition = true }
    }

    mutating func unlink(child: Int, from parent: Int) {
        relations[parent]?.children.removeAll { $0 == child }
        relations[child]?.parents.removeAll { $0 == parent }
        relations[child]?.isPartition = false
        if relations[parent]?.defaultPartition == child { relations[parent]?.defaultPartition = nil }
    }
}

extension ForecastCatalog.Relation {
    fileprivate func indexIDs(in catalog: ForecastCatalog) -> [Int] { catalog.indexIDs[id] ?? [] }
}
