/// Where to connect and as whom. Everything that is not set here is libpq's own business: `PG*` variables,
/// `.pgpass`, service files.
public struct ConnectionConfiguration: Sendable {
    /// A URI (`postgresql://…`), a keyword string (`host=… dbname=…`), or empty for libpq's defaults.
    public var conninfo: String
    /// Keywords that win over `conninfo`, for example `["dbname": "ecommerce"]`.
    public var overrides: [String: String]
    /// A role to `set role` to right after connecting: the session has its privileges and no others.
    public var role: String?
    /// Settings for the session, for example `["lock_timeout": "1s"]`.
    public var settings: [String: String]
    /// Shown in pg_stat_activity.
    public var applicationName: String
    /// Seconds until a connection attempt is given up (per host).
    public var connectTimeout: Int

    public init(
        conninfo: String = "", overrides: [String: String] = [:], role: String? = nil,
        settings: [String: String] = [:], applicationName: String = "emporium", connectTimeout: Int = 10
    ) {
        self.conninfo = conninfo
        self.overrides = overrides
        self.role = role
        self.settings = settings
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
    }

    /// The same place, as another role.
    public func asRole(_ role: String?) -> ConnectionConfiguration {
        var copy = self
        copy.role = role
        return copy
    }

    /// The same server and user, another database.
    public func database(_ name: String) -> ConnectionConfiguration {
        var copy = self
        copy.overrides["dbname"] = name
        return copy
    }

    /// The same place, with one more setting of the session.
    public func setting(_ name: String, _ value: String) -> ConnectionConfiguration {
        var copy = self
        copy.settings[name] = value
        return copy
    }

    /// Keywords and values as `PQconnectdbParams` takes them; later ones win, `conninfo` is expanded first.
    var keywords: [(String, String)] {
        var list: [(String, String)] = [("application_name", applicationName)]
        list.append(("connect_timeout", String(connectTimeout)))
        list.append(("client_encoding", "UTF8"))
        list.append(("keepalives_idle", "30"))
        list.append(("keepalives_interval", "10"))
        list.append(("keepalives_count", "3"))
        list.append(("tcp_user_timeout", "30000"))  // keepalives do not watch over what was sent and not acknowledged
        if !conninfo.isEmpty { list.append(("dbname", conninfo)) }
        for (name, value) in overrides.sorted(by: { $0.key < $1.key }) { list.append((name, value)) }
        return list
    }
}

/// Quotes an identifier for SQL text.
public func quoteIdentifier(_ name: String) -> String { "\"" + name.replacingAll("\"", with: "\"\"") + "\"" }

/// Quotes a literal for SQL text. Prefer parameters; this is for statements that take none, such as SET.
public func quoteLiteral(_ value: String) -> String {
    let quoted = "'" + value.replacingAll("'", with: "''") + "'"
    return quoted.contains("\\") ? " E" + quoted.replacingAll("\\", with: "\\\\") : quoted
}

extension String {
    fileprivate func replacingAll(_ character: Character, with replacement: String) -> String {
        var result = ""
        for each in self { if each == character { result += replacement } else { result.append(each) } }
        return result
    }
}
