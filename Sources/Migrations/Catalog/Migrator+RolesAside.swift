import Postgres

// Role files make roles only where they are missing: what somebody has since given to one of them, another attribute or
// membership, would be there in the scratch database, too, and be no difference.

extension Migrator {
    /// Renames the roles that the role files make, within the open transaction.
    ///
    /// Which they are is found by trying: every role that the files name is renamed, the role files run, and what is
    /// there again under its name was made by them. Then all that is undone and only those are renamed.
    /// - Returns: their names, those that are not there yet included.
    func setRolesAside(_ session: WorkSession) async throws -> Set<String> {
        let connection = session.connection
        let files = project.files.filter { $0.kind == .role }
        guard !files.isEmpty else { return [] }
        let words = Set(files.flatMap { Self.words($0.text) })
        let before = try await roles(connection)
        var candidates = before.filter { words.contains($0.lowercased()) }
        var made: Set<String> = []
        while true {
            try await connection.execute("savepoint roles_aside")
            candidates = try await rename(candidates, connection)
            do {
                for file in files { try await run(file, inOneTransaction: session, isRecorded: false) }
                let after = Set(try await roles(connection))
                made = after.intersection(candidates).union(after.subtracting(before).filter { !Self.isAside($0) })
            } catch let error as MigrationError where error.server?.sqlState == "42704" {
                // A role that the files use and do not make.
                let message = error.server?.message ?? ""
                guard let missing = candidates.first(where: { message.contains("\"\($0)\"") }) else { throw error }
                candidates.removeAll { $0 == missing }
                try await undo(connection)
                continue
            }
            try await undo(connection)
            break
        }
        let aside = try await rename(candidates.filter(made.contains), connection)
        let kept = made.intersection(before).subtracting(aside)
        if !kept.isEmpty {
            logger.notice("may not be renamed for a comparison, so taken as they are: \(kept.sorted().joined(separator: ", "))")
        }
        return made
    }

    private func undo(_ connection: Connection) async throws {
        try await connection.execute("rollback to savepoint roles_aside; release savepoint roles_aside")
    }

    /// Every role that could be renamed by this user, in order: two sessions that do this do not deadlock.
    private func roles(_ connection: Connection) async throws -> [String] {
        try await connection.query(
            """
            select r.rolname
            from pg_catalog.pg_roles r
            where r.rolname !~ '^pg_' and r.rolname not in (current_user, session_user)
            order by r.rolname collate "C"
            """
        ).rows.map { $0.text("rolname") }
    }

    /// - Returns: those that were renamed; a role that this user may not rename stays.
    private func rename(_ names: [String], _ connection: Connection) async throws -> [String] {
        var renamed: [String] = []
        for (index, name) in names.enumerated() {
            try await connection.execute("savepoint role_aside")
            do {
                try await connection.execute(
                    "set local client_min_messages = error;"
                        + "alter role \(quoteIdentifier(name)) rename to \(quoteIdentifier("\(Self.aside)\(connection.backendPID)_\(index)"))")
                renamed.append(name)
                try await connection.execute("release savepoint role_aside")
            } catch let error as PostgresError where ["42501", "0A000", "42939"].contains(error.sqlState) {
                try await connection.execute("rollback to savepoint role_aside; release savepoint role_aside")
            }
        }
        return renamed
    }

    static let aside = "emporium_aside_"
    static func isAside(_ name: String) -> Bool { name.hasPrefix(aside) }

    /// Every run of characters that names may have, folded to lower case.
    private static func words(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "$") }.map { $0.lowercased() }
    }
}
