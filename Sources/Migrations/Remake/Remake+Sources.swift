import Postgres

// Which statements of which files make the things that are to be made again.

extension Remake {
    /// The server's definition of a thing, read again, is not always word for word itself (`(a and b) and c` loses its
    /// parentheses), and `select *` is long spelled out in it. So where a file that is applied as it is makes the thing,
    /// and gives just what is there, its own statement is taken. Where somebody has altered the thing since, the
    /// catalog's word holds.
    func sources(of items: [RemakeItem]) async throws -> [CatalogNode: String] {
        var sources: [CatalogNode: String] = [:]
        for item in items {
            guard let kind = MadeObject.Kind(rawValue: item.kind.rawValue) else { continue }
            let candidates = project.files.filter {
                $0.kind == .repeatable && !pending.contains($0.path) && $0.text.contains(item.bareName)
                    && !$0.script.statements.contains(where: \.changesSettings)
            }
            var statements: [String] = []
            for file in candidates {
                let made = ObjectLedger.made(by: file).filter { $0.object.kind == kind && $0.object.name == item.bareName }
                let found = try await ObjectLedger.identities(of: made.map(\.object), connection)
                for (one, made) in zip(found, made) where one.identity.text == item.name && one.object.replaces {
                    statements.append(file.script.statements[made.index].text)
                }
            }
            if statements.count == 1, try await gives(statements[0], item) { sources[item.node] = statements[0] }
        }
        return sources
    }

    /// Runs the statement over what is there, looks whether anything has changed, and takes it back.
    private func gives(_ statement: String, _ item: RemakeItem) async throws -> Bool {
        try await connection.execute("savepoint \(Self.savepoint)")
        var isSame = false
        do {
            try await execute(Self.inFile(statement), as: item.owner)
            isSame = try await RemakeCatalog.items([item.node], connection).items.first?.create == item.create
        } catch let error as PostgresError where !error.isPassing {}
        try await backToSavepoint()
        return isSame
    }

    /// A file's statement under the search_path of files.
    static func inFile(_ statement: String) -> String {
        "set local search_path to default;\(statement);set local search_path = ''"
    }
}

extension SQLScript.Statement {
    /// `set` of anything but the role: what follows may mean something else than it would by itself.
    fileprivate var changesSettings: Bool {
        tokens.first?.word == "set" && !tokens.prefix(4).contains { $0.word == "role" }
    }
}
