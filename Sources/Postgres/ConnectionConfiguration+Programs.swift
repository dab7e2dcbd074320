import CLibPQ

extension ConnectionConfiguration {
    /// How a program of PostgreSQL's own, such as pg_dump, connects to the same place.
    public struct ProgramConnection: Sendable, Equatable {
        /// For `--dbname=`: every keyword that is set, and no secret: a machine's users see each other's arguments.
        public let conninfo: String
        /// Of the environment: the password, if one is set here.
        public let environment: [String: String]
    }

    /// - Throws: `PostgresError` 08001 where `conninfo` is none.
    public func forPrograms() throws -> ProgramConnection {
        var values: [String: String] = [:]
        if conninfo.contains("=") || conninfo.contains("://") {
            var message: UnsafeMutablePointer<CChar>?
            guard let options = PQconninfoParse(conninfo, &message) else {
                defer { PQfreemem(message) }
                // libpq quotes the string, and a password may stand in it.
                throw PostgresError(sqlState: "08001", message: "the connection string cannot be read")
            }
            defer { PQconninfoFree(options) }
            var option = options
            while let keyword = option.pointee.keyword {
                if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
                option += 1
            }
        } else if !conninfo.isEmpty {
            values["dbname"] = conninfo
        }
        values.merge(overrides) { $1 }
        values["application_name"] = applicationName
        values["connect_timeout"] = values["connect_timeout"] ?? String(connectTimeout)
        values["client_encoding"] = "UTF8"
        var environment: [String: String] = [:]
        if let password = values.removeValue(forKey: "password") { environment["PGPASSWORD"] = password }
        values["sslpassword"] = nil
        let conninfo = values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
        return ProgramConnection(conninfo: conninfo.joined(separator: " "), environment: environment)
    }

    /// In a connection string both `'` and `\` are escaped by `\`.
    private static func quoted(_ value: String) -> String {
        "'" + value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
    }
}
