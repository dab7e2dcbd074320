import CRdKafka

/// Settings of a client under librdkafka's own names (its CONFIGURATION.md gives values, units and defaults), checked
/// with librdkafka itself. What keeps deliveries exact is the platform's and cannot be set from outside.
public struct KafkaConfiguration: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What must be changed where, for the operator. Quotes no secret.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// Property to value, for example `["bootstrap.servers": "kafka:9092"]`. Holds secrets.
    public let properties: [String: String]

    /// - Throws: `Invalid` for a name or value that librdkafka refuses, or a name that is the platform's own.
    public init(_ properties: [String: String]) throws(Invalid) {
        let settings = RawSettings()
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            try Self.set(name, value, in: settings.raw, source: name)
        }
        self.properties = properties
    }

    /// Takes each `KAFKA_<PROPERTY>` in upper case with underscores for dots: `KAFKA_SASL_USERNAME` is `sasl.username`.
    /// Empty ones count as not set, and those of Kafka's own scripts (`KAFKA_HOME`, `KAFKA_OPTS`, …) are left alone.
    /// - Throws: `Invalid`, which names the variable.
    public init(environment: [String: String]) throws(Invalid) {
        let settings = RawSettings()
        var found: [String: String] = [:]
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) 
        where variable.hasPrefix("KAFKA_") && !value.isEmpty && !Self.ofKafkasScripts.contains(variable) {
            let names = Self.candidates(String(variable.dropFirst("KAFKA_".count)))
            let name = names.first { rd_kafka_conf_set(settings.raw, $0, value, nil, 0) != RD_KAFKA_CONF_UNKNOWN }
            guard let name else {
                throw Invalid(description: "\(variable): librdkafka has no property \(names[0]); correct or unset the variable")
            }
            try Self.set(name, value, in: settings.raw, source: variable)
            found[name] = value
        }
        properties = found
    }

    /// The same with one more property, or another value for one.
    public func setting(_ name: String, _ value: String) throws(Invalid) -> KafkaConfiguration {
        try KafkaConfiguration(properties.merging([name: value]) { $1 })
    }

    /// Names that a variable may mean: all dots first; a few properties (`log_level`) have underscores.
    private static func candidates(_ variable: String) -> [String] {
        let words = variable.lowercased().split(separator: "_", omittingEmptySubsequences: false)
        let dotted = words.joined(separator: ".")
        guard 2...8 ~= words.count else { return [dotted] }
        return (0..<(1 << (words.count - 1))).map { mask in
            words.indices.dropFirst().reduce(into: String(words[0])) {
                $0 += (mask >> ($1 - 1) & 1 == 1 ? "_" : ".") + words[$1]
            }
        }
    }

    private static func set(_ name: String, _ value: String, in raw: OpaquePointer, source: String) throws(Invalid) {
        let label = source == name ? name : "\(source) (\(name))"
        guard !owned.contains(name) else {
            throw Invalid(description: "\(label) is set by Emporium itself, exactness depends on it; unset it")
        }
        var reason = [CChar](repeating: 0, count: 512)
        switch rd_kafka_conf_set(raw, name, value, &reason, reason.count) {
        case RD_KAFKA_CONF_OK: return
        case RD_KAFKA_CONF_UNKNOWN: throw Invalid(description: "\(label): librdkafka has no such property; correct or remove it")
        default:
            let why = isSecret(name) ? "not a value that librdkafka takes" : text(reason)
            throw Invalid(description: "\(label): \(why)")
        }
    }

    /// What Kafka's bin/kafka-run-class.sh reads, and where people put Kafka.
    private static let ofKafkasScripts: Set<String> = [
        "KAFKA_HOME", "KAFKA_OPTS", "KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_GC_LOG_OPTS",
        "KAFKA_JMX_OPTS", "KAFKA_DEBUG",
    ]

    /// Refused from outside, aliases included.
    static let owned: Set<String> = [
        "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "auto.offset.reset", "group.id",
        "group.instance.id", "enable.idempotence", "transactional.id", "delivery.report.only.error", "enabled_events",
        "log.queue",
    ]

    private static func isSecret(_ name: String) -> Bool {
        ["password", "secret", "pem", "key", "config", "user", "token", "kerberos", "oauth"].contains { name.contains($0) }
    }

    /// Names of all, values only of those that say where and how.
    public var description: String {
        let shown: Set = ["bootstrap.servers", "client.id", "security.protocol", "sasl.mechanism", "sasl.mechanisms"]
        return properties.sorted { $0.key < $1.key }
            .map { shown.contains($0.key) ? "\($0.key)=\($0.value)" : "\($0.key)=…" }.joined(separator: " ")
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["properties": description]) }
}

/// The one owner of an rd_kafka_conf_t until a client takes it over.
struct RawSettings: ~Copyable {
    let raw: OpaquePointer
    init() { raw = rd_kafka_conf_new() }
    deinit { rd_kafka_conf_destroy(raw) }

    func set(_ properties: [String: String]) throws(KafkaError) {
        for (name, value) in properties {
            var reason = [CChar](repeating: 0, count: 512)
            guard rd_kafka_conf_set(raw, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
                throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "\(name) is not accepted by librdkafka")
            }
        }
    }

    consuming func handOver() -> OpaquePointer {
        let raw = raw
        discard self
        return raw
    }
}

/// What librdkafka wrote into a buffer of ours.
func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
