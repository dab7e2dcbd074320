import Avro
import Logging
import Postgres

/// Schemas in PostgreSQL's schema `registry`, which decides by itself what is one schema and what is compatible. Reading takes
/// the role `loader`, `collector` or `collector_admin`, registering the last; the configuration names it.
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
            "schema \(id)", "select \(Self.columns) from registry.schema_by_id($1) s", [.int(Int64(id))]
        ).first
        guard let row else { throw SchemaError(.unknown, "\(name) has no schema \(id)") }
        return try registered(id, row)
    }

    public func latest(subject: String) async throws(SchemaError) -> SchemaVersion {
        let answer = try await ask(
            "subject \(subject)", "select s.version, \(Self.columns) from registry.latest($1) s", [.text(subject)])
        guard let row = answer.first else {
            throw SchemaError(
                .unknown, "\(name) has no subject \(subject)\n  hint: emporium schemas apply registers the files of topics/")
        }
        return try version(subject, row)
    }

    /// The versions of a subject, oldest first; empty where nobody registered one.
    public func versions(subject: String) async throws(SchemaError) -> [SchemaVersion] {
        let answer = try await ask(
            "subject \(subject)", "select s.version, \(Self.columns) from registry.versions($1) s", [.text(subject)])
        var versions: [SchemaVersion] = []
        for row in answer.rows { versions.append(try version(subject, row)) }
        return versions
    }

    public func lookup(subject: String, text: String) async throws(SchemaError) -> SchemaVersion? {
        let answer = try await ask(
            "subject \(subject)",
            """
            select v.version, \(Self.columns) from registry.lookup($1, $2) v
            cross join lateral registry.schema_by_id(v.schema_id) s
            """, [.text(subject), .text(text)])
        return try answer.first.map { row throws(SchemaError) in try version(subject, row) }
    }

    public func compatibility(subject: String) async throws(SchemaError) -> String {
        try await ask("subject \(subject)", "select registry.compatibility($1)", [.text(subject)]).first?[0]
            ?? "BACKWARD"
    }

    public func objections(subject: String, text: String) async throws(SchemaError) -> [String] {
        try await ask("subject \(subject)", "select o from registry.objections($1, $2) o", [.text(subject), .text(text)])
            .rows.map { $0.text("o") }
    }

    public func register(subject: String, text: String, after: Int) async throws(SchemaError) -> SchemaVersion {
        let schema = try SchemaError.parsed(text)
        let answer = try await ask(
            "registering \(subject)", "select schema_id, version from registry.register($1, $2, p_after => $3)",
            [.text(subject), .text(text), .int(after)])
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
            schema: try registered(id, row))
    }

    /// Of a schema, `s`.
    private static let columns = "s.schema_id, s.schema_type, s.schema_text, s.resolved_text"

    private func registered(_ id: UInt32, _ row: QueryResult.Row) throws(SchemaError) -> RegisteredSchema {
        try RegisteredSchema(id: id, type: row.text("schema_type"), text: row.text("schema_text"), resolved: row["resolved_text"])
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
