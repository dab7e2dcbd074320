import ArgumentParser
import Postgres

struct RolesRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a capability role from a login.",
        discussion: "Sessions lose it with their next statement. The login itself stays; `drop role` removes it.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The role, such as analytics.")
    var role: String

    @Argument(help: "The login that has it.")
    var login: String

    private struct Outcome: Codable {
        var role: String
        var login: String
        var changed: Bool
    }

    func validate() throws {
        try Roles.validate(role, "role")
        try Roles.validate(login, "login")
    }

    func run() async throws {
        _ = common.logger("roles")
        let (role, login) = (role, login)
        let outcome = try await Roles.withAdmin { connection in
            try await Roles.requireGrantable(role, connection)
            let has = try await connection.query(
                """
                select exists (
                    select from pg_auth_members m where m.member = r.oid and m.roleid = $2::regrole) as has
                from pg_roles r where r.rolname = $1 and not exists (select from ops.capability c where c.role = r.rolname)
                """, [.text(login), .text(quoteIdentifier(role))]
            ).rows.first?.bool("has")
            guard let has else { throw RoleRefusal("there is no login \(login)", hint: "emporium roles lists who has what") }
            if has { try await connection.execute("revoke \(quoteIdentifier(role)) from \(quoteIdentifier(login))") }
            return Outcome(role: role, login: login, changed: has)
        }
        if common.json { return try printJSON(outcome) }
        print(outcome.changed ? "took \(role) from \(login)" : "\(login) does not have \(role)")
    }
}
