#if Collector
import Collector
import Executors
import Foundation
import HTTPClient
import Kafka
import Logging
import Postgres
import Schemas

/// Connects the door with Kafka, PostgreSQL and the registry, as the environment says.
struct Wiring: Sendable {
    struct Invalid: Error, CustomStringConvertible {
        var description: String
    }

    let settings: CollectSettings
    let door: Door
    let keys: KeyRing
    let schema: SchemaKeeper
    let sender: EventSender
    private let admin: Admin
    private let pool: ConnectionPool
    private let desk: DatabaseDesk?
    private let logger: Logger

    /// - Throws: `CollectSettings.Invalid`, `KafkaConfiguration.Invalid`, `KafkaError`, `Invalid`.
    init(_ environment: [String: String], logger: Logger) throws {
        let settings = try CollectSettings(environment: environment)
        let kafka = try KafkaConfiguration(environment: environment)
        guard kafka.properties["bootstrap.servers"] != nil else {
            throw Invalid(description: "KAFKA_BOOTSTRAP_SERVERS is not set\n  hint: emporium collect finds the embedded stack's brokers and database")
        }
        let database = Self.database(environment)
        let pool = ConnectionPool(database, size: 4, waitTimeout: .seconds(3), logger: logger)
        let metrics = Metrics()
        let source: any SchemaSource
        var registry: DatabaseDesk?
        if let url = environment["SCHEMA_REGISTRY_URL"], !url.isEmpty {
            source = try SchemaRegistryClient(
                urls: url, userInfo: environment["SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"].flatMap { $0.isEmpty ? nil : $0 },
                transport: HTTPClient())
        } else {
            source = DatabaseRegistry(database, connections: 2, logger: logger)
            registry = DatabaseDesk(database, logger: logger)
        }
        keys = KeyRing(logger: logger) {
            try await within(.seconds(5)) {
                try await pool.withConnection { connection in
                    try await connection.query(
                        "select api_key_id, sender, encode(key_digest, 'hex') as digest, rate from events.api_keys()")
                }
            }.rows.compactMap { row in
                guard let id = row.int("api_key_id"), let digest = KeyDigest(bytes: bytes(hexadecimal: row.text("digest"))) else { return nil }
                return APIKey(id: Int32(id), sender: row.text("sender"), digest: digest, rate: row["rate"].flatMap(Double.init))
            }
        }
        schema = SchemaKeeper(
            subject: valueSubject(topic: settings.topic), source: SchemaCache(source, ttl: .seconds(5)), logger: logger)
        sender = try EventSender(kafka, settings, metrics: metrics, logger: logger)
        admin = try Admin(kafka, logger: logger)
        self.settings = settings
        self.pool = pool
        desk = registry
        self.logger = logger
        let parts = DoorParts(
            keys: keys, schema: schema, sender: sender, metrics: metrics,
            remember: { key, name, digest, package in
                let row = try await within(.seconds(5)) {
                    try await pool.withConnection { connection in
                        try await connection.query(
                            "select package_id, is_same from events.remember_package($1, $2, $3, $4)",
                            [.int(Int(key)), .text(name), .bytes(digest), .text(package.text())])
                    }
                }.first
                guard let row, let first = PackageID(row.text("package_id")), let isSame = row.bool("is_same") else {
                    throw Invalid(description: "events.remember_package gave no package id")
                }
                return (first, isSame)
            }, registry: registry)
        door = Door(settings, parts, logger: logger)
    }

    /// As the tool connects where no embedded stack is meant.
    private static func database(_ environment: [String: String]) -> ConnectionConfiguration {
        let url = environment["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let names = url != nil || ["PGDATABASE", "PGSERVICE"].contains { environment[$0]?.isEmpty == false }
        return ConnectionConfiguration(
            conninfo: url ?? "", overrides: names ? [:] : ["dbname": "ecommerce"], role: "collector",
            settings: ["statement_timeout": "5s"], applicationName: "emporium-collector", connectTimeout: 5)
    }

    /// Keeps keys and schema fresh and looks after the brokers, until it is cancelled.
    func keepFresh() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    await keys.refresh()
                    try? await Task.sleep(for: settings.keyRefresh)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    await schema.refresh()
                    try? await Task.sleep(for: schema.id == nil ? .seconds(1) : .seconds(5))
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    if !sender.acknowledged(within: .seconds(10)) { sender.found(await brokerProblem()) }
                    try? await Task.sleep(for: .seconds(sender.problem == nil ? 5 : 1))
                }
            }
        }
    }

    /// What keeps the brokers from taking events.
    private func brokerProblem() async -> String? {
        do {
            let cluster = try await admin.cluster(within: .seconds(3))
            let missing = [settings.topic, settings.deadLetterTopic].filter { cluster.topics[$0] == nil }
            return missing.isEmpty ? nil : "there is no topic \(missing.joined(separator: ", "))\n  hint: emporium topics apply"
        } catch { return "\(error)" }
    }

    func close() async {
        await sender.close()
        await pool.close()
        await desk?.close()
    }
}

private func bytes(hexadecimal text: String) -> [UInt8] {
    var digits = text.utf8[...]
    var bytes: [UInt8] = []
    while digits.count >= 2 {
        bytes.append(UInt8(String(decoding: digits.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        digits = digits.dropFirst(2)
    }
    return bytes
}
#endif
