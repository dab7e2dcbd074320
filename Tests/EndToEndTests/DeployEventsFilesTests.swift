import Foundation
import Testing

@testable import Stack
@testable import emporium

// As DeployKafkaFilesTests, for what takes events in, knows their schemas and keeps them as objects.

@Suite struct DeployEventsFiles {
    private typealias Files = DeployedFiles

    @Test func theCollectorsImageHasWhatItNeeds() throws {
        let (own, tool) = (try Files.read("deploy/collector/Dockerfile"), try Files.read("deploy/postgres/Dockerfile"))
        let version = try #require(tool.firstMatch(of: /ARG SWIFT_VERSION=(\S+)/)?.1)
        #expect(own.contains("ARG SWIFT_VERSION=\(version)\n"))
        let stages = own.components(separatedBy: "\nFROM ")
        try #require(stages.count == 3)
        let providers = try Files.read("Package.swift").matches(of: /\.apt\(\[([^\]]*)\]\)/).flatMap {
            $0.1.matches(of: /"([^"]+)"/).map { String($0.1) }
        }
        for package in providers + ["g++", "libsimdjson-dev", "pkg-config"] { #expect(stages[1].contains(" \(package)"), "\(package)") }
        let program = "\(TestStack.root)/.build-collector/debug/emporium-collector"
        let libraries = try Stack.Child.runBlocking([try #require(Stack.Child.find("ldd")), program])
        try #require(libraries.status == 0, "\(libraries.output)")
        for (library, package) in [
            "libpq.": "libpq5", "libcrypto.": "libssl3", "libz.": "zlib1g", "libstdc++.": "libstdc++6", "libcurl.": "libcurl4",
            "librdkafka.": "librdkafka1", "libsimdjson.": "libsimdjson14",
        ] where libraries.output.contains(library) { #expect(stages[2].contains(" \(package) "), "\(package)") }
        // Both products, each with the traits that make builds with.
        let make = try Files.read("Makefile")
        for line in ["--product emporium ", "--traits Collector --product emporium-collector "] {
            #expect(stages[1].contains(line) && make.contains(line), "\(line)")
        }
        #expect(stages[2].contains("\nUSER 10001\n"))
        let ignored = try Files.read("deploy/collector/Dockerfile.dockerignore")
        #expect(ignored.contains("\n*\n") && ignored.contains("\n**/.*"))
    }

    @Test func theCollectorListensWhereItIsAsked() throws {
        let service = try Files.service("collector")
        let serve = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("collector")) as? CollectServe)
        #expect(serve.host == nil && serve.port == nil, "by the image's environment and the default")
        let image = try Files.read("deploy/collector/Dockerfile")
        #expect(image.contains("EMPORIUM_COLLECT_HOST=0.0.0.0"))
        let ports = try #require(service["ports"] as? [String])
        #expect(ports.count == 1 && ports[0].hasSuffix(":8000"))
        let check = try #require((service["healthcheck"] as? [String: Any])?["test"] as? [String])
        #expect(check.last == "http://127.0.0.1:8000/ready" && image.contains(" curl "))
        // Not the one that the tool's own documents promise would be too little.
        let limit = try #require((service["mem_limit"] as? String)?.wholeMatch(of: /(\d+)m/)?.1).description
        #expect(try #require(Int(limit)) > 160)
    }

    @Test func everybodyAsksTheSameRegistry() throws {
        let registry = try Files.environment("schema-registry")
        #expect(registry["SCHEMA_REGISTRY_LISTENERS"] == "http://0.0.0.0:8081")
        #expect(registry["SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS"] == "PLAINTEXT://kafka:9092")
        #expect(registry["SCHEMA_REGISTRY_KAFKASTORE_TOPIC_REPLICATION_FACTOR"] == "1", "one broker")
        for name in ["schemas", "collector", "events-loader", "refused-loader"] {
            #expect(try Files.environment(name)["SCHEMA_REGISTRY_URL"] == "http://schema-registry:8081", "\(name)")
        }
        #expect(try Files.environment("kafka-ui")["KAFKA_CLUSTERS_0_SCHEMAREGISTRY"] == "http://schema-registry:8081")
        let schemas = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("schemas")) as? SchemasApply)
        #expect(schemas.options.folder == "/opt/emporium/topics")
        // Every feed of events has its loader, each with its topic.
        var topics: [String] = []
        for name in ["loader", "events-loader", "refused-loader"] {
            let load = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments(name)) as? LoadKafkaCommand)
            #expect(!load.once && load.common.logFormat == .json, "\(name)")
            topics.append(load.topic)
        }
        #expect(topics == ["customers", "events.raw", "events.dead.letter"])
    }

    @Test func theDueCustomersGoToTheDocumentStore() throws {
        let mongo = try Files.environment("mongo")
        let user = try #require(mongo["MONGO_INITDB_ROOT_USERNAME"]), password = try #require(mongo["MONGO_INITDB_ROOT_PASSWORD"])
        let environment = try Files.environment("due-customers")
        #expect(environment["MONGODB_URI"] == "mongodb://\(user):\(password)@mongo:27017/emporium?authSource=admin")
        #expect(environment["PGUSER"] == EmbeddedCluster.loginRole && environment["PGHOST"] == "postgres")
        let relay = try #require(try emporium.Emporium.parseAsRoot(try Files.arguments("due-customers")) as? RelayMongo)
        #expect(relay.every?.value == .seconds(3600) && !relay.dryRun && !relay.takeOver && relay.asOf == nil && relay.common.logFormat == .json)
        #expect(try Files.service("mongo")["volumes"] as? [String] == ["mongo-data:/data/db"])
        #expect((try Files.compose()["volumes"] as? [String: Any])?.keys.contains("mongo-data") == true)
    }

    @Test func theRelayPutsObjectsIntoTheBucketThatIsMade() throws {
        let (minio, relay) = (try Files.environment("minio"), try Files.environment("relay"))
        let store = try #require(relay["EMPORIUM_OBJECT_STORE"]?.wholeMatch(of: /s3:\/\/([a-z0-9.-]+)/)?.1)
        #expect(relay["AWS_ENDPOINT_URL_S3"] == "http://minio:9000")
        #expect(relay["AWS_ACCESS_KEY_ID"] == minio["MINIO_ROOT_USER"])
        #expect(relay["AWS_SECRET_ACCESS_KEY"] == minio["MINIO_ROOT_PASSWORD"])
        let command = try #require(try Files.service("bucket")["command"] as? [String])
        #expect(command == ["mb", "--ignore-existing", "--with-versioning", "store/\(store)"])
        let alias = try #require(try Files.environment("bucket")["MC_HOST_store"])
        let user = try #require(minio["MINIO_ROOT_USER"]), password = try #require(minio["MINIO_ROOT_PASSWORD"])
        #expect(alias == "http://\(user):\(password)@minio:9000")
        #expect(try Files.service("minio")["volumes"] as? [String] == ["minio-data:/data"])
        #expect((try Files.compose()["volumes"] as? [String: Any])?.keys.contains("minio-data") == true)
    }
}
