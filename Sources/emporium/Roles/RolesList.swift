import ArgumentParser

struct RolesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The roles that can be granted, what each is for, and who has it.")

    @OptionGroup var common: CommonOptions

    private struct Line: Codable {
        var role: String
        var description: String
        var grantedTo: [String]
    }

    func run() async throws {
        _ = common.logger("roles")
        let lines = try await Roles.withAdmin { connection in
            try await connection.query(
                """
                select role, description, array_to_string(granted_to, E'\\n') as granted_to
                from ops.capability where grantable order by role
                """
            ).rows.map {
                Line(
                    role: $0.text("role"), description: $0.text("description"),
                    grantedTo: $0.text("granted_to").split(separator: "\n").map(String.init))
            }
        }
        if common.json { return try printJSON(lines) }
        printTable(
            ["role", "granted to", "what for"],
            lines.map { [$0.role, $0.grantedTo.isEmpty ? "nobody" : $0.grantedTo.joined(separator: ", "), $0.description] })
    }
}
