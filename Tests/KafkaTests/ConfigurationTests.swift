import Testing

@testable import Kafka

@Suite struct ConfigurationTests {
    @Test func variablesBecomeProperties() throws {
        let found = try KafkaConfiguration(environment: [
            "KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092", "KAFKA_SASL_USERNAME": "me", "KAFKA_LOG_LEVEL": "5",
            "KAFKA_SECURITY_PROTOCOL": "", "PATH": "/bin", "NOT_KAFKA_LINGER_MS": "1", "KAFKA_LINGER_MS": "7",
        ])
        #expect(
            found.properties == [
                "bootstrap.servers": "a:9092,b:9092", "sasl.username": "me", "log_level": "5", "linger.ms": "7",
            ])
    }

    @Test func variablesOfKafkasOwnScriptsAreLeftAlone() throws {
        let found = try KafkaConfiguration(environment: [
            "KAFKA_HOME": "/opt/kafka", "KAFKA_OPTS": "-Dx=y", "KAFKA_HEAP_OPTS": "-Xmx1G", "KAFKA_LOG4J_OPTS": "-Dz",
            "KAFKA_BOOTSTRAP_SERVERS": "a:9092",
        ])
        #expect(found.properties == ["bootstrap.servers": "a:9092"])
    }

    @Test func anUnknownOneIsNamedWithItsVariable() {
        let error = #expect(throws: KafkaConfiguration.Invalid.self) {
            try KafkaConfiguration(environment: ["KAFKA_BOOTSTRAP_SERVER": "a:9092"])
        }
        #expect(error?.description.contains("KAFKA_BOOTSTRAP_SERVER:") == true)
        #expect(error?.description.contains("bootstrap.server;") == true)
        #expect(throws: KafkaConfiguration.Invalid.self) { try KafkaConfiguration(["no.such": "1"]) }
        #expect(throws: KafkaConfiguration.Invalid.self) { try KafkaConfiguration(environment: ["KAFKA_": "1"]) }
        #expect(throws: KafkaConfiguration.Invalid.self) { try KafkaConfiguration(environment: ["KAFKA_ERROR_CB": "1"]) }
    }

    @Test func aBadValueIsExplained() {
        let error = #expect(throws: KafkaConfiguration.Invalid.self) {
            try KafkaConfiguration(environment: ["KAFKA_LINGER_MS": "soon"])
        }
        #expect(error?.description.hasPrefix("KAFKA_LINGER_MS (linger.ms): ") == true)
    }

    @Test(arguments: [
        "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "auto.offset.reset", "group.id",
        "enable.idempotence", "transactional.id",
    ])
    func thePlatformsOwnAreRefused(_ name: String) {
        let variable = "KAFKA_" + String(name.map { $0 == "." ? "_" : $0 }).uppercased()
        let error = #expect(throws: KafkaConfiguration.Invalid.self) {
            try KafkaConfiguration(environment: [variable: "true"])
        }
        #expect(error?.description.contains("\(variable) (\(name)) is set by Emporium itself") == true)
        #expect(throws: KafkaConfiguration.Invalid.self) { try KafkaConfiguration([name: "true"]) }
    }

    @Test func secretsAreNeverPrinted() throws {
        let found = try KafkaConfiguration([
            "bootstrap.servers": "a:9092", "sasl.password": "hunter2", "sasl.username": "hunter2-user",
            "ssl.key.password": "hunter2", "sasl.oauthbearer.config": "principal=hunter2",
        ])
        var dumped = ""
        dump(found, to: &dumped)
        for text in ["\(found)", String(reflecting: found), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("bootstrap.servers=a:9092") && text.contains("sasl.password=…"))
        }
        let error = #expect(throws: KafkaConfiguration.Invalid.self) {
            try KafkaConfiguration(["ssl.key.pem": "hunter2", "sasl.oauthbearer.method": "hunter2"])
        }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func errorsKnowWhatTheyAre() {
        let outage = KafkaError(.init(rawValue: -195))
        #expect(outage.name == "_TRANSPORT" && outage.isOutage && outage.isRetriable && !outage.isFatal)
        var range = KafkaError(.init(rawValue: 1))
        (range.topic, range.partition, range.offset) = ("t", 2, 3)
        #expect(range.isOutOfRange && !range.isOutage && !range.isRetriable)
        #expect(range.description.hasPrefix("OFFSET_OUT_OF_RANGE (1): ") && range.description.hasSuffix(" at t:2:3"))
        let fatal = KafkaError(.init(rawValue: -150))
        #expect(fatal.isFatal && !fatal.isRetriable)
        #expect(KafkaError(.init(rawValue: 31_999)).description.contains("(31999)"), "an unknown code is an error, too")
    }
}
