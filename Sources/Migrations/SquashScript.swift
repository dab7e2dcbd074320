import PGQuery

/// Makes a migration of what pg_dump says of a database; a value, made without any server.
struct SquashScript: Sendable, Equatable {
    /// Without their semicolons.
    let statements: [String]

    /// - Parameters:
    ///   - dump: pg_dump's text, with `insert` for rows, without owners and privileges.
    ///   - before: the same of the database before the first migration ran: what roles and the ledger had made.
    /// - Throws: `SQLScriptError` where a dump is none.
    init(dump: String, before: String) throws(SQLScriptError) {
        var known: [String: Int] = [:]
        for statement in try Self.split(before) { known[statement, default: 0] += 1 }
        var statements: [String] = []
        for statement in try Self.split(dump) {
            if Self.isOfTheSession(statement) { continue }
            if let count = known[statement], count > 0, !Self.isSetting(statement) {
                known[statement] = count - 1
                continue
            }
            statements.append(statement)
        }
        // Settings for objects that are not there any more.
        while let last = statements.last, Self.isSetting(last) { statements.removeLast() }
        self.statements = statements.allSatisfy(Self.isSetting) ? [] : statements
    }

    /// pg_dump's statements. The `\restrict` of newer ones is a command for psql.
    static func split(_ dump: String) throws(SQLScriptError) -> [String] {
        try SQLScript(dump, passingOverCommands: true).statements.map(\.text)
    }

    /// The statements of two dumps that only one of them has; those that the parser reads the same are none.
    static func difference(_ one: String, _ other: String) throws(SQLScriptError) -> (one: [String], other: [String]) {
        let (left, right) = (try split(one), try split(other))
        var others = subtract(left, from: right)
        let only = subtract(right, from: left).filter { statement in
            guard let twin = others.firstIndex(where: { PGQuery.isSame(statement, $0) }) else { return true }
            others.remove(at: twin)
            return false
        }
        return (only, others)
    }

    private static func subtract(_ part: [String], from whole: [String]) -> [String] {
        var counts: [String: Int] = [:]
        for each in part { counts[each, default: 0] += 1 }
        return whole.filter {
            guard let count = counts[$0], count > 0 else { return true }
            counts[$0] = count - 1
            return false
        }
    }

    private static func isSetting(_ statement: String) -> Bool {
        statement.hasPrefix("SET ") || statement.hasPrefix("SELECT pg_catalog.set_config(")
    }

    /// The migrator's own to decide, as for any file, or nothing to a file of its.
    private static func isOfTheSession(_ statement: String) -> Bool {
        let names = [
            "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
            "client_encoding", "standard_conforming_strings", "client_min_messages", "row_security",
        ]
        return names.contains { statement.hasPrefix("SET \($0) ") }
    }

    func text(head: String) -> String {
        head + """
            -- One file for those: made by emporium migrate squash, which has proven that both make the same, rows included.
            -- A database that has them all takes it as applied; one that has none of them runs it.


            """ + statements.map { $0 + ";\n\n" }.joined().dropLast()
    }
}
