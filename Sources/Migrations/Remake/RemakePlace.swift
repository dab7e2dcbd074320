import Postgres

/// The statement that asks for a replacement, to explain a refusal by.
struct RemakePlace {
    let file: MigrationFile
    let statement: SQLScript.Statement
    /// What the server said to `create or replace`.
    let error: PostgresError?

    func refused(_ obstacles: [RemakeObstacle]) -> MigrationError {
        refused(
            "replacing it would drop what cannot be made again without losing or rewriting data: "
                + obstacles.map { "\($0.description) (\($0.reason))" }.joined(separator: ", "),
            nil,
            hint: "write a versioned migration that drops \(obstacles.count == 1 ? "it" : "them") and makes "
                + "\(obstacles.count == 1 ? "it" : "them") anew, or give the new shape a new name")
    }

    func refusedCircle(_ names: [String]) -> MigrationError {
        refused(
            "these depend on each other in a circle, so that none could be made first: "
                + names.joined(separator: ", "),
            nil, hint: "break the circle by a versioned migration, or give the new shape a new name")
    }

    func refused(_ what: String, _ cause: PostgresError?, hint: String? = nil) -> MigrationError {
        let said = error.map { "\(MigrationError.headline($0)); " } ?? ""
        let cause = cause.map { ": \(MigrationError.headline($0))" + ($0.detail.map { "\n  detail: \($0)" } ?? "") }
        var result = MigrationError(.refused, said + what + (cause ?? ""), hint: hint)
        result.path = file.path
        result.line = statement.line
        result.hint = [
            hint ?? "change that one, too, in a file of sql/functions, or write a versioned migration",
            "the file was rolled back whole, nothing has changed",
        ].joined(separator: "\n")
        return result
    }
}

extension PostgresError {
    /// Says nothing of the statement: a lock that was not to be had, a lost session.
    var isPassing: Bool {
        ["08", "40", "53", "55", "57", "58", "XX"].contains(sqlStateClass)
    }
}
