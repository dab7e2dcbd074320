import Postgres

extension Migrator {
    /// What `repair` would change in the ledger. Changes nothing, takes no lock.
    /// - Throws: `MigrationError.Code.refused` while files are unsound: they must be judged before their rows are.
    public func repairs(forgetMissing: Bool = false) async throws -> RepairPlan {
        try refuse(project.problems)
        return try await withSession { session in
            RepairPlan(
                files: project.files, ledger: try await Ledger.read(session.connection) ?? [],
                forgetMissing: forgetMissing)
        }
    }

    /// Makes the ledger's rows fit the files; runs none of them.
    /// - Parameter agreed: what was shown to whoever confirmed it.
    /// - Throws: `MigrationError.Code.refused` where by now it would be something else.
    public func repair(_ agreed: RepairPlan, forgetMissing: Bool = false) async throws {
        try refuse(project.problems)
        guard !agreed.actions.isEmpty else { return }
        try await withSession { session in
            try await withLock { lock in
                let ledger = try await Ledger.read(session.connection) ?? []
                let plan = RepairPlan(files: project.files, ledger: ledger, forgetMissing: forgetMissing)
                guard plan.actions == agreed.actions else {
                    throw MigrationError(
                        .refused, "nothing was repaired: the ledger has changed since it was looked at",
                        hint: "look again: emporium migrate repair")
                }
                try await Ledger.complete(session.connection)
                try await lock.check()
                try await session.connection.transaction { connection in
                    try await Ledger.park(plan.actions.compactMap(\.previousPath), connection)
                    for action in plan.actions { try await Ledger.mend(action, connection) }
                }
            }
        }
    }
}

extension Ledger {
    private static let parked = "renamed: "

    /// Takes rows out of the way of each other: files may have been renumbered 1 to 2 and 2 to 3.
    fileprivate static func park(_ paths: [String], _ connection: Connection) async throws {
        for path in paths {
            try await connection.query(
                "update ops.migration set path = $2, version = - version where path = $1",
                [.text(path), .text(parked + path)])
        }
    }

    fileprivate static func mend(_ action: RepairPlan.Action, _ connection: Connection) async throws {
        let before = action.previousPath.map { parked + $0 } ?? action.path
        let result: QueryResult
        if action.kind == .forget {
            result = try await connection.query(
                "delete from ops.migration where path = $1 and checksum = $2 returning path",
                [.text(before), .text(action.previousChecksum)])
            try await connection.query("delete from ops.migration_object where path = $1", [.text(before)])
        } else {
            result = try await connection.query(
                """
                update ops.migration set path = $3, version = $4::integer, checksum = $5
                where path = $1 and checksum = $2
                returning path
                """,
                [
                    .text(before), .text(action.previousChecksum), .text(action.path),
                    .int(action.version.map(Int64.init)), .text(action.checksum ?? action.previousChecksum),
                ])
            try await connection.query(
                "update ops.migration_object set path = $2 where path = $1",
                [.text(action.previousPath ?? action.path), .text(action.path)])
        }
        guard result.rows.count == 1 else { throw MigrationError(.lockLost, "\(before): its row is gone from \(table)") }
    }
}
