import ArgumentParser
import Postgres

struct RolesGrant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Grant a capability role to a login.",
        discussion: """
            A login that could do more than any role says (superuser, CREATEROLE, BYPASSRLS, REPLICATION, server-side \
            files and programs, reading or writing all data) is refused. --create makes the login without a password.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The role, such as analytics; `emporium roles` lists them.")
    var role: String

    @Argument(help: "The login of a person or a program.")
    var login: String

    @Flag(help: "Make the login if it does not exist.")
    var create = false

    private struct Outcome: Codable {
        var role: String
        var login: String
        var created: Bool
        var changed: Bool
    }

    func validate() throws {
        try Roles.validate(role, "role")
        try Roles.validate(login, "login")
        if role == login { throw ValidationError("a role is not granted to itself") }
        if login.hasPrefix("pg_") { throw ValidationError("names that begin with pg_ are PostgreSQL's own") }
    }

    func run() async throws {
        _ = common.logger("roles")
        let (role, login, create) = (role, login, create)
        let outcome = try await Roles.withAdmin { connection in
            try await Roles.requireGrantable(role, connection)
            // One transaction: a login made for nothing does not stay.
            return try await connection.transaction { connection in
                try await Self.grant(role, login, create, connection)
            }
        }
        if common.json { return try printJSON(outcome) }
        if outcome.created {
            print("made the login \(login), without a password; it sets one itself, or you do:")
            print("    psql \"$(emporium url --admin)\" -c '\\password \(quoteIdentifier(login))'")
        }
        print(outcome.changed ? "granted \(role) to \(login)" : "\(login) has \(role) already")
    }

    private static func grant(
        _ role: String, _ login: String, _ create: Bool, _ connection: Connection
    ) async throws -> Outcome {
        let found = try await connection.query(
            """
            select r.rolcanlogin as can_login, exists (select from ops.capability c where c.role = r.rolname) as ours,
                exists (
                    select from pg_auth_members m where m.member = r.oid and m.roleid = $2::regrole) as has,
                concat_ws(', ',
                    case when r.rolsuper then 'is a superuser' end, case when r.rolcreaterole then 'has CREATEROLE' end,
                    case when r.rolbypassrls then 'has BYPASSRLS' end,
                    case when r.rolreplication then 'has REPLICATION' end,
                    case when not r.rolsuper then (
                        select 'is a member of ' || string_agg(p.rolname, ', ' order by p.rolname) from pg_roles p
                        where p.rolname in ('pg_execute_server_program', 'pg_read_server_files',
                                'pg_write_server_files', 'pg_read_all_data', 'pg_write_all_data', 'emporium_owner', 'masker')
                            and pg_has_role(r.oid, p.oid, 'member')) end) as excess
            from pg_roles r where r.rolname = $1
            """, [.text(login), .text(quoteIdentifier(role))]
        ).rows.first
        if let found {
            if found.bool("ours") == true {
                throw RoleRefusal(
                    "\(login) is a role of the platform, which nobody logs in as", hint: "name a person's or a program's login")
            }
            if found.bool("can_login") != true {
                throw RoleRefusal("\(login) cannot log in", hint: "alter role \(quoteIdentifier(login)) login")
            }
            if !found.text("excess").isEmpty {
                throw RoleRefusal(
                    "\(login) \(found.text("excess")): \(role) would promise what does not hold",
                    hint: "take it away first, or grant to a login of its own: --create")
            }
            if found.bool("has") == true { return Outcome(role: role, login: login, created: false, changed: false) }
        } else {
            guard create else {
                throw RoleRefusal("there is no login \(login)", hint: "--create makes it, without a password")
            }
            try await connection.execute("create role \(quoteIdentifier(login)) login")
        }
        try await connection.execute("grant \(quoteIdentifier(role)) to \(quoteIdentifier(login))")
        return Outcome(role: role, login: login, created: found == nil, changed: true)
    }
}
