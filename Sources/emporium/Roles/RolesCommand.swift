import ArgumentParser
import Postgres

struct RolesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roles",
        abstract: "Who may do what: grant teams' roles to logins, print and check the matrix, explain a role.",
        discussion: """
            Capability roles cannot log in; people and programs are granted them. What each may do is in \
            sql/roles/9*.sql, and in sql/roles/matrix.csv as the catalog has it.
            """,
        subcommands: [
            RolesList.self, RolesGrant.self, RolesRevoke.self, RolesMatrix.self, RolesExplain.self,
        ],
        defaultSubcommand: RolesList.self)
}

/// A request about roles that is refused, with what to do instead; exit code 1.
struct RoleRefusal: Error, CustomStringConvertible {
    let description: String
    init(_ message: String, hint: String) { description = "\(message)\n  hint: \(hint)" }
}

/// What the verbs share.
enum Roles {
    /// The name of a role as PostgreSQL takes it: 1 to 63 bytes without control characters.
    static func validate(_ name: String, _ what: String) throws {
        if name.isEmpty || name.utf8.count > 63 || name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            throw ValidationError("\(name.debugDescription) cannot be the name of a \(what)")
        }
    }

    /// Connects as whoever administers, runs `body` and closes.
    static func withAdmin<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        try await Settings.withAdminSession(lacking: "the database has no roles of ours yet", body)
    }

    /// Refuses a role that is not for people.
    static func requireGrantable(_ role: String, _ connection: Connection) async throws {
        let known = try await connection.query("select role, grantable from ops.capability order by role").rows
        if known.contains(where: { $0.text("role") == role && $0.bool("grantable") == true }) { return }
        let names = known.filter { $0.bool("grantable") == true }.map { $0.text("role") }.joined(separator: ", ")
        throw RoleRefusal(
            known.contains { $0.text("role") == role }
                ? "\(role) is not granted to people" : "\(role.debugDescription) is no role of the platform",
            hint: "roles to grant: \(names)")
    }
}
