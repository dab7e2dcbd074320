import ArgumentParser

struct RolesExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in sentences what a role may do, from the catalog.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The role, such as logistics.")
    var role: String

    private struct Sentence: Codable {
        var topic: String
        var sentence: String
    }

    func validate() throws { try Roles.validate(role, "role") }

    func run() async throws {
        _ = common.logger("roles")
        let role = role
        let sentences = try await Roles.withAdmin { connection in
            let rows = try await connection.query("select topic, sentence from ops.role_sentences($1)", [.text(role)]).rows
            if rows.isEmpty {
                let known = try await connection.query("select string_agg(role, ', ' order by role) as roles from ops.capability")
                throw RoleRefusal(
                    "\(role.debugDescription) is no role of the platform", hint: "roles: \(known.rows.first?.text("roles") ?? "")")
            }
            return rows.map { Sentence(topic: $0.text("topic"), sentence: $0.text("sentence")) }
        }
        if common.json { return try printJSON(sentences) }
        var topic = ""
        for sentence in sentences {
            if sentence.topic != topic {
                print((topic.isEmpty ? "" : "\n") + sentence.topic)
                topic = sentence.topic
            }
            print("  " + sentence.sentence)
        }
    }
}
