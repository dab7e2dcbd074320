import PGQuery

/// Rules that the text of a file decides, read by PostgreSQL's own parser.
enum StaticRules {
    /// - Returns: the findings, and a note where the parser (that of PostgreSQL 15) does not know a statement.
    static func judge(_ file: MigrationFile) -> (findings: [LintFinding], notes: [String]) {
        // What repeatable files make again and again is no table.
        guard file.kind == .versioned else { return ([], []) }
        var findings: [LintFinding] = []
        var notes: [String] = []
        for statement in file.script.statements {
            do {
                for tree in try PGQuery.parse(statement.text) {
                    for nameless in nameless(in: tree) {
                        let place = place(nameless.offset, in: statement)
                        findings.append(
                            LintFinding(
                                rule: nameless.rule.rawValue, path: file.path, line: place.line, column: place.column,
                                message: nameless.message, mend: nameless.mend))
                    }
                }
            } catch {
                notes.append("\(file.path):\(statement.line): names not judged: \(error)")
            }
        }
        return (findings, notes)
    }

    private struct Nameless {
        let rule: LintRule
        let message: String
        let mend: String
        /// Bytes from the statement's begin.
        let offset: Int
    }

    /// Kinds of constraints that have a name, as `pg_constraint` keeps them.
    private static let named = [
        "CONSTR_CHECK": ("check", "check"), "CONSTR_PRIMARY": ("primary key", "pkey"), "CONSTR_UNIQUE": ("unique", "key"),
        "CONSTR_EXCLUSION": ("exclude", "excl"), "CONSTR_FOREIGN": ("foreign key", "fkey"),
    ]

    /// Everywhere in the tree: a constraint of a column or table, of a new one or an old one, of a domain.
    private static func nameless(in tree: ParseTree) -> [Nameless] {
        switch tree {
        case .array(let items): return items.flatMap { nameless(in: $0) }
        case .object(let fields):
            // Gone at the end of the transaction: nobody will need the name.
            for part in ["relation", "base"] {
                if fields[part]?["relpersistence"].text == "t" { return [] }
                if fields[part]?["relation"]["relpersistence"].text == "t" { return [] }
            }
            var list: [Nameless] = []
            if let constraint = fields["Constraint"], constraint["conname"].isAbsent, constraint["indexname"].isAbsent,
                let (kind, ending) = constraint["contype"].text.flatMap({ named[$0] })
            {
                list.append(
                    Nameless(
                        rule: .unnamedConstraint, message: "a \(kind) constraint without a name of its own",
                        mend: "programs and later migrations go by the name: constraint <table>_<columns>_\(ending) …",
                        offset: constraint["location"].int ?? 0))
            }
            if let index = fields["IndexStmt"], index["idxname"].isAbsent {
                list.append(
                    Nameless(
                        rule: .unnamedIndex, message: "an index without a name of its own",
                        mend: "name it: create index <table>_<columns>_idx on …", offset: 0))
            }
            // In the order of the text, as far as the parser's fields have one.
            return list + fields.sorted { $0.key < $1.key }.flatMap { nameless(in: $0.value) }
        default: return []
        }
    }

    private static func place(_ offset: Int, in statement: SQLScript.Statement) -> (line: Int, column: Int) {
        let before = statement.text.utf8.prefix(offset)
        let newlines = before.count { $0 == UInt8(ascii: "\n") }
        guard let last = before.lastIndex(of: UInt8(ascii: "\n")) else {
            return (statement.line, statement.column + before.count)
        }
        return (statement.line + newlines, before.distance(from: last, to: before.endIndex))
    }
}
