import Foundation
import HTTPClient
import Logging
import ObjectStore
import Postgres
import Schemas
import Stack
import Yams

/// Settings by their environment names. What the environment lacks comes from `.env`, then from `emporium.yaml`; flags
/// win over all of them, and each command has its defaults.
enum Settings {
    /// What `emporium.yaml` may say, and the environment name of each.
    static let keys = [
        "database_url": "DATABASE_URL", "admin_url": "EMPORIUM_ADMIN_URL", "home": "EMPORIUM_HOME",
        "in": "EMPORIUM_IN", "out": "EMPORIUM_OUT", "processed": "EMPORIUM_PROCESSED", "failed": "EMPORIUM_FAILED",
        "workers": "EMPORIUM_WORKERS", "log_level": "EMPORIUM_LOG_LEVEL", "log_format": "EMPORIUM_LOG_FORMAT",
        "kafka_bootstrap_servers": "KAFKA_BOOTSTRAP_SERVERS",
        "schema_registry_url": "SCHEMA_REGISTRY_URL", "object_store": "EMPORIUM_OBJECT_STORE",
        "mongodb_uri": "MONGODB_URI",
    ]

    static func value(_ name: String) -> String? {
        guard let pointer = getenv(name) else { return nil }
        let text = String(cString: pointer)
        return text.isEmpty ? nil : text
    }

    /// Reads `.env` and `emporium.yaml` of the current folder into the environment, where libpq sees them, too. What is
    /// set already stays.
    static func load() throws {
        if let text = try read(".env") {
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                guard let (name, value) = try assignment(String(line), number + 1) else { continue }
                setenv(name, value, 0)
            }
        }
        if let text = try read("emporium.yaml") {
            let node: Any?
            do { node = try Yams.load(yaml: text) } catch { throw ConfigurationError("emporium.yaml: \(error)") }
            guard let map = (node ?? [String: Any]()) as? [String: Any] else {
                throw ConfigurationError("emporium.yaml: expected `name: value` lines")
            }
            for (key, value) in map {
                guard let name = keys[key] else {
                    let known = keys.keys.sorted().joined(separator: ", ")
                    throw ConfigurationError("emporium.yaml: unknown setting \(key)\n  hint: settings: \(known)")
                }
                setenv(name, "\(value)", 0)
            }
        }
    }

    private static func read(_ path: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError("\(path): cannot be read as UTF-8 text")
        }
    }

    /// `NAME=value`, `export NAME="value"`; `#` begins a comment line. Nothing is expanded.
    static func assignment(_ line: String, _ number: Int) throws -> (String, String)? {
        var text = line.trimmingCharacters(in: .whitespaces)
        if text.isEmpty || text.hasPrefix("#") { return nil }
        if text.hasPrefix("export ") { text = String(text.dropFirst(7)) }
        guard let equals = text.firstIndex(of: "=") else {
            throw ConfigurationError(".env:\(number): expected NAME=value")
        }
        let name = text[..<equals].trimmingCharacters(in: .whitespaces)
        var value = text[text.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            value = String(value.dropFirst().dropLast())
            break
        }
        return (name, value)
    }

    static var home: String { value("EMPORIUM_HOME") ?? ".emporium" }
    static var stack: EmbeddedCluster { EmbeddedCluster(home: home) }

    /// Whether the environment names a server; the embedded stack is used otherwise.
    static var namesServer: Bool {
        ["DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGSERVICE", "PGPORT"].contains { value($0) != nil }
    }

    /// Where loaders and readers connect.
    static func database() throws -> ConnectionConfiguration {
        guard namesServer else { return try stack.configuration() }
        return server(value("DATABASE_URL"))
    }

    /// Where migrations connect: EMPORIUM_ADMIN_URL, else the same place.
    static func adminDatabase() throws -> ConnectionConfiguration {
        if let url = value("EMPORIUM_ADMIN_URL") { return server(url) }
        guard namesServer else { return try stack.configuration(admin: true) }
        return server(value("DATABASE_URL"))
    }

    /// Where schemas are: the registry that SCHEMA_REGISTRY_URL names (its password in the URL, or `user:password` in
    /// SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO), else the database.
    /// - Parameter role: what the session may do, where it is the database.
    static func schemas(role: String, logger: Logger) throws -> any SchemaRegistry {
        guard let urls = value("SCHEMA_REGISTRY_URL") else {
            return DatabaseRegistry(try database().asRole(role), logger: logger)
        }
        do throws(SchemaError) {
            return try SchemaRegistryClient(
                urls: urls, userInfo: value("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"), transport: HTTPClient())
        } catch {
            throw ConfigurationError("SCHEMA_REGISTRY_URL: \(error)")
        }
    }

    /// Where the archive is: EMPORIUM_OBJECT_STORE, `file:///folder` or `s3://bucket/prefix` with the AWS_… variables; in the
    /// embedded stack the folder `archive` of its home.
    /// - Returns: nil where a server is named and no store.
    /// - Throws: `ConfigurationError`.
    static func objectStore() throws -> (any ObjectStore)? {
        let url: String
        if let named = value("EMPORIUM_OBJECT_STORE") {
            url = named
        } else if namesServer {
            return nil
        } else {
            url = "file://" + URL(fileURLWithPath: home).appendingPathComponent("archive").path
        }
        do throws(StoreError) {
            return try open(store: url)
        } catch {
            throw ConfigurationError("EMPORIUM_OBJECT_STORE: \(error)")
        }
    }

    static let noObjectStore = """
        no object store: EMPORIUM_OBJECT_STORE is not set
          hint: EMPORIUM_OBJECT_STORE=file:///var/lib/emporium/archive, or s3://bucket/prefix
        """

    private static func server(_ url: String?) -> ConnectionConfiguration {
        let names = value("PGDATABASE") != nil || value("PGSERVICE") != nil || url != nil
        return ConnectionConfiguration(conninfo: url ?? "", overrides: names ? [:] : ["dbname": "ecommerce"])
    }
}

/// `Settings.objectStore` hides the function of that name.
private func open(store url: String) throws(StoreError) -> any ObjectStore {
    try objectStore(url: url, environment: ProcessInfo.processInfo.environment)
}

/// Where `emporium migrate` connects.
func resolveAdminConfiguration() throws -> ConnectionConfiguration { try Settings.adminDatabase() }
