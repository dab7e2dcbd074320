import Foundation
import Kafka
import Testing

@testable import Stack
@testable import emporium

// As DeployFilesTests, for Kafka and what reads and writes it: what can be known without a Docker engine.

@Suite struct DeployKafkaFiles {
    private typealias Files = DeployedFiles

    /// `NAME://host:port,…` by name.
    private func listeners(_ variable: String) throws -> [String: (host: String, port: String)] {
        let text = try #require(try Files.environment("kafka")[variable], "\(variable)")
        return try Dictionary(
            uniqueKeysWithValues: text.split(separator: ",").map { one in
                let match = try #require(one.wholeMatch(of: /([A-Z]+):\/\/([a-z0-9.]*):(\d+|\$\{[A-Z_]+:-\d+\})/), "\(one)")
                return (String(match.1), (String(match.2), String(match.3)))
            })
    }

    /// What compose puts in without .env.
    private func byDefault(_ text: String) -> String { text.replacing(/\$\{[A-Z_]+:-([^}]*)\}/) { $0.1 } }

    @Test func imagesHaveVersions() throws {
        let example = try Files.read(".env.example")
        for (name, image, variable) in [
            ("kafka", "apache/kafka", "BROKER_VERSION"), ("kafka-ui", "kafbat/kafka-ui", "BROKER_UI_VERSION"),
            ("schema-registry", "confluentinc/cp-schema-registry", "REGISTRY_VERSION"),
            ("minio", "minio/minio", "MINIO_VERSION"), ("mysql", "mysql", "MYSQL_VERSION"), ("mongo", "mongo", "MONGO_VERSION"),
            ("bucket", "minio/mc", "MINIO_CLIENT_VERSION"),
        ] {
            let found = try #require(try Files.service(name)["image"] as? String)
            let version = try #require(found.wholeMatch(of: /[a-z\/-]+:\$\{[A-Z_]+:-(v?\d+\.\d+\.\d+|RELEASE\.[-\dTZ]+)\}/)?.1, "\(found)")
            #expect(found == "\(image):${\(variable):-\(version)}")
            #expect(example.contains("\n#\(variable)=\(version)\n"))
        }
        // Kafka 4.0.0 lacks requests that librdkafka 2.0.2 looks for; 4.0.1 has them again (KAFKA-19444).
        let image = byDefault(try #require(try Files.service("kafka")["image"] as? String))
        let version = image.split(separator: ":")[1].split(separator: ".").compactMap { Int($0) }
        #expect(version.count == 3 && !version.lexicographicallyPrecedes([3, 9, 0]) && version != [4, 0, 0])
    }

    @Test func theBrokerIsOneNodeThatNeedsNoOther() throws {
        let kafka = try Files.environment("kafka")
        let (open, told) = (try listeners("KAFKA_LISTENERS"), try listeners("KAFKA_ADVERTISED_LISTENERS"))
        #expect(kafka["KAFKA_PROCESS_ROLES"] == "broker,controller")
        let controller = try #require(kafka["KAFKA_CONTROLLER_LISTENER_NAMES"])
        #expect(told[controller] == nil && Set(open.keys) == Set(told.keys).union([controller]))
        #expect(told.keys.contains(try #require(kafka["KAFKA_INTER_BROKER_LISTENER_NAME"])))
        let protocols = try #require(kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]).split(separator: ",")
        #expect(Set(protocols.map(String.init)) == Set(open.keys.map { "\($0):PLAINTEXT" }))
        #expect(Set(open.values.map(\.port)).count == open.count && open.values.allSatisfy { $0.host.isEmpty })

        let host = try #require(try Files.service("kafka")["hostname"] as? String)
        let node = try #require(kafka["KAFKA_NODE_ID"])
        #expect(kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"] == "\(node)@\(host):\(try #require(open[controller]).port)")
        for (name, value) in kafka where name.hasSuffix("REPLICATION_FACTOR") || name.hasSuffix("MIN_ISR") { #expect(value == "1", "\(name)") }
        #expect(kafka.keys.filter { $0.hasSuffix("REPLICATION_FACTOR") }.count == 2)
        #expect(kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false")

        // Its data outlives the container; nothing else is written to a volume without a name.
        let folder = try #require(kafka["KAFKA_LOG_DIRS"])
        let volumes = try #require(try Files.service("kafka")["volumes"] as? [String])
        #expect(volumes.first == "kafka-data:\(folder)")
        #expect((try Files.compose()["volumes"] as? [String: Any])?.keys.contains("kafka-data") == true)
        #expect(try Files.service("kafka")["tmpfs"] as? [String] == ["/etc/kafka/secrets", "/mnt/shared/config"])
    }

    @Test func eachSideHasTheAddressThatItCanReach() throws {
        let (open, told) = (try listeners("KAFKA_LISTENERS"), try listeners("KAFKA_ADVERTISED_LISTENERS"))
        let inside = try #require(told["INSIDE"])
        #expect(inside.host == "kafka" && inside.port == open["INSIDE"]?.port)
        let address = "\(inside.host):\(inside.port)"
        for name in ["topics", "loader", "events-loader", "refused-loader", "collector", "relay"] {
            #expect(try Files.environment(name)["KAFKA_BOOTSTRAP_SERVERS"] == address, "\(name)")
        }
        #expect(try Files.environment("kafka-ui")["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"] == address)
        let check = try #require(try Files.service("kafka")["healthcheck"] as? [String: Any])
        #expect(check["test"] as? [String] == ["CMD", "/opt/kafka/bin/kafka-broker-api-versions.sh", "--bootstrap-server", address])

        let outside = try #require(told["OUTSIDE"])
        #expect(outside.host == "127.0.0.1")
        let port = try #require(open["OUTSIDE"]?.port)
        #expect(try Files.service("kafka")["ports"] as? [String] == ["\(outside.host):\(outside.port):\(port)"])
        #expect(try Files.read(".env.example").contains("KAFKA_BOOTSTRAP_SERVERS=\(byDefault("\(outside.host):\(outside.port)"))\n"))
    }

    @Test func nothingIsReachedFromOtherMachines() throws {
        var published: [String: Int] = [:]
        for (name, service) in try Files.services() {
            #expect(service["network_mode"] == nil && service["privileged"] == nil, "\(name)")
            for port in (service["ports"] as? [String]) ?? [] {
                #expect(port.wholeMatch(of: /127\.0\.0\.1:\$\{[A-Z_]+_PORT:-\d+\}:\d+/) != nil, "\(name): \(port)")
                published[name, default: 0] += 1
            }
            if let ports = service["ports"] { #expect(ports is [String], "\(name): in the short form") }
            for (variable, value) in try Files.environment(name) where variable.contains("PASSWORD") {
                #expect(value.wholeMatch(of: /\$\{((POSTGRES|EMPORIUM|MINIO|MONGO)_PASSWORD:\?.*|MYSQL_PASSWORD:-)\}/) != nil, "\(name): \(variable)")
            }
        }
        #expect(published == ["postgres": 1, "kafka": 1, "kafka-ui": 1, "collector": 1, "schema-registry": 1, "minio": 1, "mysql": 1, "mongo": 1])
        #expect(try Files.environment("kafka-ui")["KAFKA_CLUSTERS_0_READONLY"] == "true")
    }

    /// KAFKA_NODE_ID is the broker's, KAFKA_CLIENT_ID librdkafka's, KAFKA_CLUSTERS_… the UI's; each takes all of them.
    @Test func noVariableMeansTwoThings() throws {
        #expect(throws: KafkaConfiguration.Invalid.self, "or this test proves nothing") {
            try KafkaConfiguration(environment: ["KAFKA_PORT": "9092"])
        }
        for name in Files.tools + ["postgres"] {
            let kafka = try KafkaConfiguration(environment: try Files.environment(name))
            #expect(Set(kafka.properties.keys).isSubset(of: ["bootstrap.servers"]), "\(name)")
        }
        for name in try Files.environment("kafka").keys {
            #expect(name.hasPrefix("KAFKA_") && name != "KAFKA_BOOTSTRAP_SERVERS", "\(name)")
            #expect(throws: KafkaConfiguration.Invalid.self, "\(name)") { try KafkaConfiguration(environment: [name: "1"]) }
        }
        #expect(try Files.environment("kafka-ui").keys.allSatisfy { $0.hasPrefix("KAFKA_CLUSTERS_0_") })
        // Nobody inherits .env as a whole, and the tool can read all of it.
        #expect(try Files.services().values.allSatisfy { $0["env_file"] == nil })
        #expect(try Files.interpolated().allSatisfy { !$0.hasPrefix("KAFKA_") && !$0.hasPrefix("PG") })
        var all: [String: String] = [:]
        for line in try Files.read(".env.example").split(separator: "\n") {
            guard line.firstMatch(of: /^#?[A-Z_]+=/) != nil else { continue }
            let (name, value) = try #require(try Settings.assignment(line.hasPrefix("#") ? String(line.dropFirst()) : String(line), 1))
            all[name] = value.isEmpty ? "filled in" : value
        }
        #expect(all.count >= 10)
        #expect(try KafkaConfiguration(environment: all).properties == ["bootstrap.servers": "127.0.0.1:9092"])
    }

    @Test func theCommandsAreTheTools() throws {
        let loader = try emporium.Emporium.parseAsRoot(try Files.arguments("loader"))
        let load = try #require(loader as? LoadKafkaCommand)
        #expect(!load.once && load.limit == nil && load.maxRejects == nil && !load.acceptLoss && load.common.logFormat == .json)
        let relay = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("relay")) as? RelayCommand)
        #expect(!relay.once && relay.limit == nil && relay.common.logFormat == .json)
        let topics = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("topics")) as? TopicsApply)
        #expect(topics.options.file == "/opt/emporium/topics/main-topics")
        #expect(try Files.read("deploy/postgres/Dockerfile").contains("\nCOPY topics /opt/emporium/topics\n"))

        // One broker can hold them, and the loader's is among them.
        let list = try TopicFile(try Files.read("topics/main-topics"), file: "main-topics").topics
        #expect(list.allSatisfy { $0.replicas == 1 })
        #expect(list.contains { $0.name == load.topic } && list.contains { $0.name == "\(load.topic).dead.letter" })

        // They log in as anybody may, by the password of that login.
        for name in ["loader", "events-loader", "refused-loader", "collector", "relay"] {
            let environment = try Files.environment(name)
            #expect(environment["PGUSER"] == EmbeddedCluster.loginRole && environment["PGHOST"] == "postgres", "\(name)")
            #expect(environment["PGDATABASE"] == EmbeddedCluster(home: "/nonexistent").databaseName, "\(name)")
            #expect(environment["PGPASSWORD"]?.hasPrefix("${EMPORIUM_PASSWORD:?") == true, "\(name)")
        }
        #expect(try Files.environment("topics").keys.sorted() == ["KAFKA_BOOTSTRAP_SERVERS"])
    }

    @Test func theToolRunsBesideTheServersImage() throws {
        for name in Files.tools {
            let service = try Files.service(name)
            #expect(service["user"] as? String == "postgres", "\(name)")
            #expect(service["tmpfs"] as? [String] == ["/var/lib/postgresql/data"], "\(name)")
            #expect((service["healthcheck"] as? [String: Any])?["disable"] as? Bool == true, "\(name): it is no server")
            #expect(service["volumes"] == nil && service["ports"] == nil, "\(name)")
        }
        // Longer than what each has in hand may take.
        let relay = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("relay")) as? RelayCommand)
        for name in ["loader", "events-loader", "refused-loader", "collector", "relay", "kafka", "postgres"] {
            let grace = try #require((try Files.service(name)["stop_grace_period"] as? String)?.wholeMatch(of: /(\d+)s/)?.1)
            #expect(Duration.seconds(try #require(Int(grace))) > relay.patience.value, "\(name)")
        }
        // Above what its help says, and not by much.
        let loader = try #require(try Files.service("loader")["mem_limit"] as? String).wholeMatch(of: /(\d+)m/)?.1
        let limit = try #require(loader.flatMap { Int($0) })
        #expect(LoadKafkaCommand.helpMessage().replacing(/\s+/, with: " ").contains("under 256 MiB") && (257...384).contains(limit))
    }

    @Test func operationsTellOfEachService() throws {
        let operations = try Files.read("docs/operations.md")
        for (name, service) in try Files.services() {
            let line = try #require(operations.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") }, "\(name)")
            for port in (service["ports"] as? [String]) ?? [] {
                let match = try #require(port.firstMatch(of: /\$\{([A-Z_]+):-(\d+)\}/), "\(port)")
                #expect(line.hasSuffix("| `\(match.1)` (\(match.2)) |"), "\(name)")
            }
            if let image = service["image"] as? String, image.contains("$") { #expect(line.contains("`\(byDefault(image))`"), "\(name)") }
        }
        let produce = try #require(operations.firstMatch(of: /KAFKA_BOOTSTRAP_SERVERS=127\.0\.0\.1:9092 emporium ([^\n]*)/)?.1)
        #expect(try emporium.Emporium.parseAsRoot(produce.split(separator: " ").map(String.init)) is GenerateCustomersCommand)
        #expect(operations.contains("limit of \(try #require(Files.service("loader")["mem_limit"] as? String).dropLast()) MiB"))
    }

    @Test func nothingStartsBeforeWhatItNeeds() throws {
        let healthy = ["condition": "service_healthy"], done = ["condition": "service_completed_successfully"]
        let withSchemas = ["init": done, "topics": done, "schemas": done]
        let expected: [String: [String: [String: String]]] = [
            "postgres": [:], "kafka": [:], "minio": [:], "mysql": [:], "mongo": [:], "init": ["postgres": healthy],
            "due-customers": ["init": done, "mongo": healthy], "topics": ["kafka": healthy],
            "schema-registry": ["kafka": healthy], "schemas": ["schema-registry": healthy], "bucket": ["minio": healthy],
            "kafka-ui": ["kafka": healthy, "schema-registry": healthy], "loader": ["init": done, "topics": done],
            "events-loader": withSchemas, "refused-loader": withSchemas, "collector": withSchemas,
            "relay": ["init": done, "topics": done, "bucket": done],
        ]
        let services = try Files.services()
        #expect(Set(services.keys) == Set(expected.keys))
        for (name, service) in services {
            let needs = (service["depends_on"] as? [String: [String: String]]) ?? [:]
            #expect(needs == expected[name], "\(name)")
            for (other, condition) in needs {
                let other = try #require(services[other])
                if condition == healthy {
                    let check = try #require(other["healthcheck"] as? [String: Any])
                    #expect(check["test"] is [String] && check["start_period"] is String && check["timeout"] is String)
                } else {
                    #expect(other["restart"] as? String == "no", "it ends")
                }
            }
            #expect(service["restart"] as? String == (["init", "topics", "schemas", "bucket"].contains(name) ? "no" : "unless-stopped"), "\(name)")
        }
    }

    /// The script that gives each new volume an id of its own, on stand-ins for the image's programs.
    @Test func aNewVolumeIsANewCluster() async throws {
        var template = Array("/tmp/emporium-kafka-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func place(_ path: String, _ text: String) throws {
            let url = URL(fileURLWithPath: folder + path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
            chmod(url.path, 0o755)
        }
        let script = try Files.read("deploy/kafka/start-kafka")
        for path in ["/opt/kafka/bin/", "/etc/kafka/docker/"] { try #require(script.contains(" \(path)") || script.contains("(\(path)")) }
        try place("/start", script.replacing("/opt/kafka", with: "\(folder)/opt/kafka").replacing("/etc/kafka", with: "\(folder)/etc/kafka"))
        try place("/opt/kafka/bin/kafka-storage.sh", "#!/bin/sh\n[ $1 = random-uuid ] || exit 1\necho warning\ncat /proc/sys/kernel/random/uuid\n")
        try place(
            "/etc/kafka/docker/run",
            "#!/bin/sh\nf=$KAFKA_LOG_DIRS/meta.properties\n[ -e $f ] || printf '#\\nversion=1\\ncluster.id=%s\\n' $CLUSTER_ID >$f\necho $CLUSTER_ID\n")
        func start(_ volume: String, _ more: [String: String] = [:]) async throws -> Emporium.Outcome {
            try FileManager.default.createDirectory(atPath: folder + volume, withIntermediateDirectories: true)
            let environment = ["KAFKA_LOG_DIRS": folder + volume].merging(more) { $1 }
            return try await Child("/bin/bash", ["\(folder)/start"], environment, in: folder).outcome()
        }
        let first = try await start("/a")
        #expect(first.exitCode == 0 && first.out.wholeMatch(of: /[0-9a-f-]{36}\n/) != nil, "\(first.out)\(first.err)")
        #expect(try await start("/a").out == first.out)
        #expect(try await start("/a", ["CLUSTER_ID": "other"]).out == first.out, "an id that is there stays")
        let second = try await start("/b")
        #expect(second.exitCode == 0 && second.out != first.out)
        #expect(try await start("/c", ["CLUSTER_ID": "chosen"]).out == "chosen\n")
        try place("/d/meta.properties", "version=1\n")
        let torn = try await start("/d")
        #expect(torn.exitCode == 1 && torn.err.contains("no cluster id"))

        let kafka = try Files.service("kafka")
        let mount = try #require((kafka["volumes"] as? [String])?.last).split(separator: ":").map(String.init)
        #expect(mount == ["./deploy/kafka/start-kafka", "/etc/emporium/start-kafka", "ro"])
        #expect(kafka["command"] as? [String] == ["/bin/bash", mount[1]])
        #expect(FileManager.default.isExecutableFile(atPath: "\(TestStack.root)/deploy/kafka/start-kafka"))
    }
}
