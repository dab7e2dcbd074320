import Postgres

/// Replaces what `create or replace` cannot: within the transaction of one file, the old function or view and all that
/// depends on it are dropped, the file's statement makes the new one, and the dependents are made again.
///
/// A statement that may need this is sent behind a savepoint, in one message with it: a second attempt at the whole
/// file would cost nothing where all is well, but could not be had where many files share one transaction (a rehearsal,
/// a build from nothing).
struct Remake {
    let connection: Connection
    private let migrator: Migrator
    /// Files that are not what was applied last: they run now or later.
    let pending: Set<String>
    /// Dropped and not made again yet: they do not fit what there is so far. Each after what it needs.
    private var unsettled: [Unsettled] = []
    /// Whom the file's statements run as, as `set role` takes it.
    private var fileRole = "none"
    /// What was dropped and made again, in order.
    private(set) var remade: [String] = []

    struct Unsettled {
        let item: RemakeItem
        /// Whose statement has dropped it.
        let file: MigrationFile
        let statement: SQLScript.Statement
        var error: PostgresError?
    }

    init(_ connection: Connection, _ migrator: Migrator, pending: Set<String>) {
        self.pending = pending
        self.connection = connection
        self.migrator = migrator
    }

    var project: MigrationProject { migrator.project }

    // MARK: Files

    /// To be called by the connecting user.
    func begin(_ file: MigrationFile) async throws -> FileObjects { try await ObjectLedger.read(file, connection) }

    /// The file makes something that does not fit what there is so far.
    func awaits(_ file: MigrationFile) -> Bool {
        guard file.kind == .repeatable, !unsettled.isEmpty else { return false }
        let made = Set(ObjectLedger.made(by: file).map { "\($0.object.schema ?? ""):\($0.object.name)" })
        return unsettled.contains { made.contains("\($0.item.schema):\($0.item.bareName)") && $0.item.relation == nil }
    }

    /// Notes what a file has made, and warns of what it makes no longer. To be called by the connecting user.
    mutating func end(_ objects: FileObjects) async throws {
        try await ObjectLedger.record(objects, connection)
        var lost: [FileObjects.Identity] = []
        for identity in objects.gone {
            if try await nodes([identity]).isEmpty { lost.append(identity); continue }
            // Moved: the other file is to replace it where its arguments have changed as well.
            let other = try await ObjectLedger.maker(of: identity, among: project, connection)
            if let other { try await ObjectLedger.write([(identity, other.path)], connection) }
            if other?.isSame == true { continue }
            migrator.logger.warning(
                """
                \(objects.path) no longer makes the \(identity.kind.rawValue) \(identity.text), which is left as it \
                is; drop it by a versioned migration
                """)
        }
        try await ObjectLedger.forget(lost, connection)
    }

    mutating func takeRemade() -> [String] {
        defer { remade = [] }
        return remade
    }

    // MARK: Statements

    /// Runs a statement of a repeatable file.
    mutating func run(_ index: Int, of file: MigrationFile, _ objects: FileObjects) async throws {
        let statement = file.script.statements[index]
        if let made = objects.made[index] {
            try await run(statement, file, made, objects.replaced(byStatement: index))
        } else {
            try await migrator.transmit(statement, file, connection)
        }
        if !unsettled.isEmpty { try await aside { try await $0.settle() } }
    }

    private mutating func run(
        _ statement: SQLScript.Statement, _ file: MigrationFile, _ made: FileObjects.Made,
        _ replaced: [FileObjects.Identity]
    ) async throws {
        let old = try await nodes(replaced)
        if !old.isEmpty { return try await replace(old, statement, file, made, because: nil) }
        guard made.object.replaces else {
            try await migrator.transmit(statement, file, connection)
            return
        }
        do {
            try await migrator.transmit(statement, file, connection, behind: Self.savepoint)
        } catch let failure as StatementFailure where Self.mayBeShape(failure.error.sqlState) {
            try await backToSavepoint()
            let old = try await nodes([made.identity])
            guard !old.isEmpty else { throw failure }
            try await replace(old, statement, file, made, because: failure.error)
        }
    }

    /// invalid_function_definition (return type, parameters' names and defaults), invalid_table_definition (columns of a
    /// view), wrong_object_type (a procedure where a function was).
    private static func mayBeShape(_ sqlState: String) -> Bool { ["42P13", "42P16", "42809"].contains(sqlState) }

    static let savepoint = "emporium_remake"

    func backToSavepoint() async throws {
        try await connection.execute(
            "rollback to savepoint \(Self.savepoint);release savepoint \(Self.savepoint)")
    }

    /// Runs with an empty search_path, so that the catalog's words name schemas, and leaves role and settings as the
    /// file has them.
    private mutating func aside<T>(_ body: (inout Remake) async throws -> T) async throws -> T {
        let settings = ["role", "search_path", "check_function_bodies"]
        let row = try await connection.query(
            "select " + settings.map { "current_setting('\($0)') as \($0)" }.joined(separator: ", ")
        ).first
        fileRole = row.map { $0.text("role") == "none" ? "none" : quoteIdentifier($0.text("role")) } ?? "none"
        // Bodies in quotes are dependents by their signature only, and are kept as they are.
        try await connection.execute("set local search_path = '';set local check_function_bodies = off")
        let value = try await body(&self)
        try await connection.execute(
            "select " + settings.map {
                "pg_catalog.set_config('\($0)', \(quoteLiteral(row?.text($0) ?? "")), true)"
            }.joined(separator: ", "))
        return value
    }

    private mutating func nodes(_ identities: [FileObjects.Identity]) async throws -> [CatalogNode] {
        guard !identities.isEmpty else { return [] }
        return try await aside { remake in
            var nodes: [CatalogNode] = []
            for identity in identities {
                if let node = try await RemakeCatalog.find(identity, remake.connection) { nodes.append(node) }
            }
            return nodes
        }
    }

    // MARK: Replacing

    /// - Parameters:
    ///   - old: a view, or one or more overloads of a function.
    ///   - because: what the server said to `create or replace`; nil where other arguments make another function.
    private mutating func replace(
        _ old: [CatalogNode], _ statement: SQLScript.Statement, _ file: MigrationFile, _ made: FileObjects.Made,
        because error: PostgresError?
    ) async throws {
        let place = RemakePlace(file: file, statement: statement, error: error)
        let targets = try await aside { remake in
            let items = try await remake.collect(old, place)
            for item in items.reversed() {
                do {
                    try await remake.execute(item.drop, as: item.owner)
                } catch let error as PostgresError where !error.isPassing {
                    throw place.refused("\(item.description) cannot be dropped", error)
                }
            }
            let targets = items.filter { old.contains($0.node) }
            remake.unsettled += items.filter { !old.contains($0.node) }
                .map { Unsettled(item: $0, file: file, statement: statement) }
            remake.remade += targets.map(\.description)
            return targets
        }
        try await migrator.transmit(statement, file, connection)
        try await aside { remake in
            guard let node = try await RemakeCatalog.find(made.identity, remake.connection) else { return }
            let (items, _) = try await RemakeCatalog.items([node], remake.connection)
            guard let new = items.first, let target = targets.first else { return }
            if let other = targets.first(where: { Set($0.grants) != Set(target.grants) || $0.owner != target.owner }) {
                throw place.refused(
                    "\(new.description) takes the place of \(target.description) and \(other.description), which "
                        + "have other grants or owners", nil)
            }
            try await remake.restore(target, as: new, place)
        }
    }

    /// The old objects and everything that depends on them, each after what it needs.
    private func collect(_ old: [CatalogNode], _ place: RemakePlace) async throws -> [RemakeItem] {
        var nodes = old
        var needs: [CatalogNode: Set<CatalogNode>] = [:]
        var front = old
        while !front.isEmpty {
            var next: [CatalogNode] = []
            for (node, dependent, leadsOn) in try await RemakeCatalog.dependents(of: front, connection) {
                if node == dependent && old.contains(node) { continue }
                needs[dependent, default: []].insert(node)
                guard !nodes.contains(dependent) else { continue }
                nodes.append(dependent)
                if leadsOn { next.append(dependent) }
            }
            front = next
        }
        let order = RemakeOrder(nodes, needs: needs)
        let (items, obstacles) = try await RemakeCatalog.items(
            order.circle.isEmpty ? order.order : order.circle, connection)
        guard obstacles.isEmpty else { throw place.refused(obstacles) }
        guard order.circle.isEmpty else { throw place.refusedCircle(items.map(\.description)) }
        let sources = try await sources(of: items.filter { !old.contains($0.node) })
        return try items.map { item in
            var item = item
            item.source = sources[item.node]
            item.needs = needs[item.node, default: []].subtracting(old)
            for function in items where !old.contains(item.node) && needs[item.node, default: []].contains(function.node) {
                guard let called = function.called else { continue }
                if function.resultColumns != nil, ResultColumns.isAmongRows(item.create, function: called) {
                    throw place.refused(
                        "\(item.description) names the columns of \(function.description) by their places, in ROWS FROM",
                        nil)
                }
                item.create = ResultColumns.unpinned(
                    item.create, function: called, columns: function.resultColumns)
            }
            return item
        }
    }

    /// Gives a new function or view what its predecessor had: owner, comments, grants.
    private func restore(_ old: RemakeItem, as new: RemakeItem, _ place: RemakePlace) async throws {
        let columns = old.kind == .view ? try await RemakeCatalog.columns(of: new.name, connection) : []
        func stays(_ column: String?) -> Bool { column.map(columns.contains) ?? true }
        let noun = old.kind == .view ? "view" : "routine"
        do {
            if new.owner != old.owner { try await connection.execute("alter \(noun) \(new.name) owner to \(quoteIdentifier(old.owner))") }
            for comment in old.comments where stays(comment.column) {
                let on = comment.column.map { "column \(new.name).\(quoteIdentifier($0))" } ?? "\(noun) \(new.name)"
                try await execute("comment on \(on) is \(quoteLiteral(comment.text))", as: old.owner)
            }
            let present = try await Grant.all(on: [new.node], connection)[new.node] ?? []
            let statements = Grant.statements(
                from: present, to: old.grants.filter { stays($0.column) },
                on: "\(old.kind == .view ? "table" : "routine") \(new.name)", owner: old.owner)
            for statement in statements { try await execute(statement.sql, as: statement.role) }
        } catch let error as PostgresError where !error.isPassing {
            throw place.refused("\(new.description) cannot be given what it had", error)
        }
    }

    // MARK: Dependents

    /// Makes again what fits what there is by now.
    private mutating func settle() async throws {
        var rest: [Unsettled] = []
        for var one in unsettled {
            let item = one.item
            if rest.contains(where: { item.needs.contains($0.item.node) }) { rest.append(one); continue }
            let place = RemakePlace(file: one.file, statement: one.statement, error: nil)
            if try await RemakeCatalog.find(item, connection) == nil {
                one.error = nil
                if let source = item.source { one.error = try await attempt(Self.inFile(source), as: item.owner) }
                if item.source == nil || one.error != nil { one.error = try await attempt(item.create, as: item.owner) }
                if one.error != nil { rest.append(one); continue }
            }
            try await finish(item, place)
            remade.append(item.description)
        }
        unsettled = rest
    }

    /// - Returns: why it could not be; nothing has changed then.
    private func attempt(_ sql: String, as role: String) async throws -> PostgresError? {
        try await connection.execute("savepoint \(Self.savepoint)")
        do {
            try await execute(sql, as: role)
            try await connection.execute("release savepoint \(Self.savepoint)")
            return nil
        } catch let error as PostgresError where !error.isPassing {
            try await backToSavepoint()
            return error
        }
    }

    private func finish(_ item: RemakeItem, _ place: RemakePlace) async throws {
        switch item.kind {
        case .view, .function:
            guard let node = try await RemakeCatalog.find(item, connection) else { return }
            let (items, _) = try await RemakeCatalog.items([node], connection)
            if let new = items.first { try await restore(item, as: new, place) }
        default:
            let comments = item.comments.map { "comment on \(item.commented) is \(quoteLiteral($0.text))" }
            let sql = ([item.enabling] + comments).filter { !$0.isEmpty }
            if !sql.isEmpty { try await execute(sql.joined(separator: ";"), as: item.owner) }
        }
    }

    /// After the last statement: whatever still does not fit is the server's to explain.
    func end() throws {
        guard let one = unsettled.first(where: { $0.error != nil }) ?? unsettled.first else { return }
        throw RemakePlace(file: one.file, statement: one.statement, error: nil)
            .refused("\(one.item.description) does not fit any more", one.error)
    }

    func execute(_ sql: String, as role: String) async throws {
        try await connection.execute("set local role \(quoteIdentifier(role));\(sql);set local role \(fileRole)")
    }
}
