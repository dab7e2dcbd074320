import Postgres

// How to come out of a difference: SQL for what one statement does, words for the rest. Nothing here is run.

extension Migrator {
    func mend(_ difference: CatalogDifference) -> String {
        switch difference.change {
        case .extra: return mendExtra(difference)
        case .missing: return mendMissing(difference)
        case .changed: return mendChanged(difference) ?? again(difference)
        }
    }

    private func mendExtra(_ it: CatalogDifference) -> String {
        switch it.kind {
        case "membership": return it.identity.replacing(" to ", with: " from ").inSQL("revoke ")
        case "column": return "\(it.alterColumn("drop")) -- its values are lost"
        case "constraint": return it.alterHolder("drop constraint")
        case "policy", "trigger", "rule": return "drop \(it.kind) \(it.identity);"
        case "default privileges":
            return "take it back: alter default privileges \(it.identity.components(separatedBy: " on ").first ?? "") revoke …;"
        case "security label": return "security label on …: is null"
        case "table", "schema", "sequence", "materialized view":
            return
                "drop \(it.kind) \(it.identity); -- with what it holds; or make it in a migration; or name it in \(Unmanaged.path)"
        default: return "drop \(it.kind) \(it.identity); -- or put it into a file, or name it in \(Unmanaged.path)"
        }
    }

    private func mendMissing(_ it: CatalogDifference) -> String {
        switch it.kind {
        case "membership": return "grant \(it.identity);"
        case "index", "trigger", "rule", "statistics": if let sql = it.expected { return sql + (sql.hasSuffix(";") ? "" : ";") }
        case "constraint": if let sql = it.expected { return it.alterHolder("add constraint", sql) }
        default: break
        }
        return again(it)
    }

    private func mendChanged(_ it: CatalogDifference) -> String? {
        guard let aspect = it.aspect else { return nil }
        if aspect.hasPrefix("grant to ") { return it.mendGrant(to: String(aspect.dropFirst("grant to ".count))) }
        switch (it.kind, aspect) {
        case (_, "owner"):
            guard let owner = it.expected, owner != "(deployer)" else { return nil }
            return "alter \(it.kind) \(it.identity) owner to \(quoteIdentifier(owner));"
        case (_, "comment") where it.kind != "database":
            return "comment on \(it.kind) \(it.identity) is \(it.expected.map(quoteLiteral) ?? "null");"
        case ("table", "row security"):
            return "alter table \(it.identity) \(it.expected == nil ? "disable" : "enable") row level security;"
        case ("table", "row security forced"):
            return "alter table \(it.identity) \(it.expected == nil ? "no force" : "force") row level security;"
        case ("trigger", "enabled") where it.expected == "yes": return it.alterHolder("enable trigger")
        case ("constraint", "triggers"):
            let tables = Set((it.found ?? "").components(separatedBy: ", ").compactMap { $0.components(separatedBy: " on ").last })
            return tables.sorted().map { "alter table \($0) enable trigger all; -- and check the rows that came meanwhile" }
                .joined(separator: "\n")
        case ("column", "default"):
            return it.alterColumn("alter", it.expected.map { "set default \($0)" } ?? "drop default")
        case ("column", "not null"): return it.alterColumn("alter", it.expected == nil ? "drop not null" : "set not null")
        case ("column", "type"):
            return "\(it.alterColumn("alter", "type \(it.expected ?? "…")")) -- rewrites the table, under an exclusive lock"
        case ("sequence", "increment"), ("sequence", "start"), ("sequence", "cache"):
            return it.expected.map { "alter sequence \(it.identity) \(aspect) \($0);" }
        case ("constraint", "definition") where it.found == it.expected.map({ $0 + " NOT VALID" }):
            return it.alterHolder("validate constraint")
        case ("role", _) where it.expected == "yes" || it.found == "yes":
            return "alter role \(it.identity) \(it.expected == nil ? "no" : "")\(aspect);"
        case ("role", "settings"), ("database", "settings"), ("role", "settings in this database"):
            let place = it.kind == "database" ? "database :\"DBNAME\"" : "role \(it.identity)"
            return "alter \(place)\(aspect == "settings" ? "" : " in database :\"DBNAME\"") set …; or reset …; -- as the files say"
        default: return nil
        }
    }

    /// The file that makes it is the answer; the ledger takes it as applied.
    private func again(_ it: CatalogDifference) -> String {
        guard let file = file(making: it) else { return "put it right by hand as the files say" }
        if file.kind == .versioned { return "put it right by hand, as \(file.path) made it, or by a new migration" }
        let role = file.kind.runsAsOwner ? options.ownerRole.map { "-c \("set role \(quoteIdentifier($0))".quotedForShell) " } : nil
        return "run its file again: psql -1 \(role ?? "")-f \(file.path)"
    }

    /// The last file that names the object, by its file's name first: one name a file.
    private func file(making it: CatalogDifference) -> MigrationFile? {
        let object = (it.identity.components(separatedBy: " on ").last ?? "").prefix { $0 != "(" }
        let name = String(object).filter { $0 != "\"" }
        if let file = project.files.last(where: { $0.path.hasSuffix("/\(name).sql") }) { return file }
        let own = (it.identity.components(separatedBy: " on ").first ?? "").prefix { $0 != "(" }
        let words = it.kind == "column" ? name.split(separator: ".").dropLast().joined(separator: ".") : String(own)
        let created = "create \(it.kind) \(words)"
        if let file = project.files.first(where: { $0.text.lowercased().contains(created) }) { return file }
        if it.kind == "role" || it.kind == "membership" || it.kind == "database" {
            return project.files.first { $0.kind == .role && $0.text.contains(words) }
        }
        let order: [MigrationKind] = ["function", "procedure", "view", "trigger", "policy"].contains(it.kind)
            ? [.repeatable, .grant, .versioned] : [.versioned, .repeatable, .role, .grant]
        for kind in order {
            if let file = project.files.last(where: { $0.kind == kind && $0.text.contains(words) }) { return file }
        }
        return nil
    }
}

extension CatalogDifference {
    /// Of `name on holder` the holder.
    fileprivate var holder: String { identity.components(separatedBy: " on ").last ?? identity }

    fileprivate func alterHolder(_ what: String, _ rest: String = "") -> String {
        let name = identity.components(separatedBy: " on ").first ?? identity
        return "alter table \(holder) \(what) \(name)\(rest.isEmpty ? "" : " \(rest)");"
    }

    fileprivate func alterColumn(_ what: String, _ rest: String = "") -> String {
        guard let dot = identity.lastIndex(of: ".") else { return "" }
        let column = identity[identity.index(after: dot)...]
        return "alter table \(identity[..<dot]) \(what) column \(column)\(rest.isEmpty ? "" : " \(rest)");"
    }

    /// What is too much is taken away, what is missing is given.
    fileprivate func mendGrant(to grantee: String) -> String? {
        guard grantee != "(deployer)" else { return nil }
        let role = grantee == "PUBLIC" ? "public" : quoteIdentifier(grantee)
        let (had, has) = (Self.privileges(expected), Self.privileges(found))
        let place = grantTarget
        var lines: [String] = []
        let surplus = has.subtracting(had)
        if !surplus.isEmpty { lines.append("revoke \(Self.list(surplus, columns)) on \(place) from \(role);") }
        let lacking = had.subtracting(has)
        if !lacking.isEmpty { lines.append("grant \(Self.list(lacking, columns)) on \(place) to \(role);") }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    private static func privileges(_ text: String?) -> Set<String> {
        Set((text ?? "").components(separatedBy: ", ").filter { !$0.isEmpty })
    }
    private static func list(_ privileges: Set<String>, _ columns: String) -> String {
        // The grant option is a privilege's tail, and is named once for all.
        privileges.sorted().map { $0.replacing(" with grant option", with: "").lowercased() + columns }
            .joined(separator: ", ")
    }

    private var columns: String {
        guard kind == "column", let dot = identity.lastIndex(of: ".") else { return "" }
        return " (\(identity[identity.index(after: dot)...]))"
    }

    private var grantTarget: String {
        switch kind {
        case "column": identity.lastIndex(of: ".").map { "table \(identity[..<$0])" } ?? identity
        case "view", "materialized view", "partition", "foreign table", "system relation": "table \(identity)"
        case "system function", "aggregate": "function \(identity)"
        case "domain": "type \(identity)"
        case "server": "foreign server \(identity)"
        case "database": "database :\"DBNAME\""
        default: "\(kind) \(identity)"
        }
    }
}

extension String {
    fileprivate func inSQL(_ verb: String) -> String { verb + self + ";" }
    fileprivate var quotedForShell: String { "'" + replacing("'", with: "'\\''") + "'" }

    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return parts + [String(rest)]
    }
}
