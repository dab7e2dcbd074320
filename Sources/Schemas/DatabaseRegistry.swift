import Avro
import Logging
import Postgres

/// Schemas in PostgreSQL's schema `registry`. Reading takes the role `loader`, `collector` or `collector_admin`,
/// registering the last; the configuration names it.
///
/// Every error of the server is an outage but those that a registration itself is to blame for: a database that is not
/// migrated, or that lets nobody in, says nothing about a schema.
public final class DatabaseRegistry: SchemaRegistry {
    public let name = "the database"
    private let pool: ConnectionPool

    /// - Parameter connections: sessions at a time; they are opened when first needed.
    public init(
        _ configuration: ConnectionConfiguration, connections: Int = 1, logger: Logger = Logger(label: "schemas.database")
    ) {
        var configuration = configuration.setting("statement_timeout", "10s")
        configuration.connectTimeout = min(configuration.connectTimeout, 5)
        pool = ConnectionPool(configuration, size: connections, waitTimeout: .seconds(10), logger: logger)
    }

    public func close() async { await pool.close() }

    public func schema(id: UInt32) async throws(SchemaError) -> RegisteredSchema {
        let row = id > Int32.max ? nil : try await ask(
            "schema \(id)", "select schema_id, schema_type, schema_text from registry.schema_by_id($1)", [.int(Int64(id))]
        ).first
        guard let row else { throw SchemaError(.unknown, "\(name) has no schema \(id)") }
        return try RegisteredSchema(id: id, type: row.text("schema_type"), text: row.text("schema_text"))
    }

    public func latest(subject: String) async throws(SchemaError) -> SchemaVersion {
        let answer = try await ask(
            "subject \(subject)", "select version, schema_id, schema_type, schema_text from registry.latest($1)",
            [.text(subject)])
        guard let row = answer.first else {
            throw SchemaError(
                .unknown, "\(name) has no subject \(subject)\n  hint: emporium schemas apply registers the files of topics/")
        }
        return try version(subject, row)
    }

    /// The versions of a subject, oldest first; empty where nobody registered one.
    public func versions(subject: String) async throws(SchemaError) -> [SchemaVersion] {
        let answer = try await ask(
            "subject \(subject)", "select version, schema_id, schema_type, schema_text from registry.versions($1)",
            [.text(subject)])
        var versions: [SchemaVersion] = []
        for row in answer.rows { versions.append(try version(subject, row)) }
        return versions
    }

    public func lookup(subject: String, text: String) async throws(SchemaError) -> SchemaVersion? {
        let answer = try await ask(
            "subject \(subject)",
            "select version, schema_id, schema_type, schema_text from registry.versions($1) where canonical = $2",
            [.text(subject), .text(try normalForm(ofSchema: text))])
        return try answer.first.map { row throws(SchemaError) in try version(subject, row) }
    }

    public func compatibility(subject: String) async throws(SchemaError) -> String {
        try await ask("subject \(subject)", "select registry.compatibility($1)", [.text(subject)]).first?[0]
            ?? Compatibility.backward.rawValue
    }

    public func objections(subject: String, text: String) async throws(SchemaError) -> [String] {
        let word = try await compatibility(subject: subject)
        guard let level = Compatibility(rawValue: word) else {
            throw SchemaError(
                .refused,
                "the setting registry.compatibility is \(shown(word, 40))\n  hint: NONE, BACKWARD, FORWARD, FULL, or …_TRANSITIVE")
        }
        let new = try SchemaError.parsed(text)
        return level.objections(to: new, after: try await versions(subject: subject))
    }

    public func register(subject: String, text: String, after: Int) async throws(SchemaError) -> SchemaVersion {
        let schema = try SchemaError.parsed(text)
        let answer = try await ask(
            "registering \(subject)", "select schema_id, version from registry.register($1, $2, $3, $4)",
            [.text(subject), .text(text), .text(try normalForm(ofSchema: text)), .int(after)])
        guard let row = answer.first, let id = row.int("schema_id").flatMap(UInt32.init(exactly:)), let version = row.int("version")
        else { throw SchemaError(.outage, "\(name) gave no answer to registering \(subject)") }
        return SchemaVersion(
            subject: subject, version: Int(version), schema: RegisteredSchema(id: id, text: text, schema: schema))
    }

    private func version(_ subject: String, _ row: QueryResult.Row) throws(SchemaError) -> SchemaVersion {
        guard let id = row.int("schema_id").flatMap(UInt32.init(exactly:)), let version = row.int("version") else {
            throw SchemaError(.outage, "\(name): subject \(subject) has no id or version")
        }
        return SchemaVersion(
            subject: subject, version: Int(version),
            schema: try RegisteredSchema(id: id, type: row.text("schema_type"), text: row.text("schema_text")))
    }

    private func ask(_ what: String, _ sql: String, _ parameters: [Parameter]) async throws(SchemaError) -> QueryResult {
        do {
            return try await pool.withConnection { try await $0.query(sql, parameters) }
        } catch let error as PostgresError {
            if ["22", "23", "54", "EM"].contains(error.sqlStateClass) { throw SchemaError(.refused, "\(what): \(error)") }
            let hint = ["3F000", "42P01", "42883"].contains(error.sqlState) ? "\n  hint: emporium migrate" : ""
            throw SchemaError(.outage, "\(what): \(error)\(hint)")
        } catch {
            throw SchemaError(.outage, "\(what): stopped before there was an answer")
        }
    }
}
