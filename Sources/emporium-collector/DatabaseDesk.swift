#if Collector
import Collector
import Executors
import Logging
import Postgres

/// The registry's API, answered by the database. Sessions of its own: whoever asks for schemas, keys and packages do not wait.
struct DatabaseDesk: RegistryDesk {
    private let readers: ConnectionPool
    /// Schemas that are sent along are parsed and compared, which may take seconds and needs no key: what is merely read, as
    /// by every consumer, does not wait for it.
    private let judges: ConnectionPool
    private let registrars: ConnectionPool

    /// - Parameter database: as the collector connects.
    init(_ database: ConnectionConfiguration, logger: Logger) {
        func pool(_ role: String) -> ConnectionPool {
            ConnectionPool(
                database.asRole(role).setting("statement_timeout", "10s"), size: 2, waitTimeout: .seconds(3), logger: logger)
        }
        readers = pool("collector")
        judges = pool("collector")
        registrars = pool("registrar")
    }

    func ask(_ request: RegistryRequest) async throws -> RegistryReply {
        try await answer("registry.ask", request, request.method == "POST" ? judges : readers)
    }
    func change(_ request: RegistryRequest) async throws -> RegistryReply { try await answer("registry.change", request, registrars) }

    private func answer(_ function: StaticString, _ request: RegistryRequest, _ pool: ConnectionPool) async throws -> RegistryReply {
        // An answer that is too long stays where it is.
        let row = try await within(.seconds(15)) {
            try await pool.withConnection { connection in
                try await connection.query(
                    """
                    select status, case when octet_length(body) <= $5::integer then body end as body
                    from \(function)($1, $2::text[], $3::text[], $4)
                    """,
                    [
                        .text(request.method), .array(request.path), .array(request.query), .optional(request.body),
                        .int(Door.registryAnswerBytes),
                    ])
            }
        }.first
        guard let row, let status = row.int("status").flatMap(Int.init(exactly:)), 200..<600 ~= status else {
            throw PostgresError(sqlState: "EM006", message: "\(function) gave no answer")
        }
        return RegistryReply(status: status, body: row["body"])
    }

    func close() async {
        await readers.close()
        await judges.close()
        await registrars.close()
    }
}
#endif
