// swift-tools-version: 6.2
// Two products share this package. `emporium` builds in seconds because nothing heavy is in its graph; `emporium-collector`
// is an HTTP server on SwiftNIO, which is built only with the trait Collector (`make collector`).
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
/// What only the HTTP server needs.
func server(_ product: String, _ package: String) -> Target.Dependency {
    .product(name: product, package: package, condition: .when(traits: ["Collector"]))
}

let package = Package(
    name: "emporium",
    products: [
        .executable(name: "emporium", targets: ["emporium"]),
        .executable(name: "emporium-collector", targets: ["emporium-collector"]),
    ],
    traits: [
        .trait(name: "Collector", description: "Build emporium-collector with its HTTP server; without, it only says so.")
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries: a module map and a shim header each, one Swift target the only importer of each.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMongo", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev"])]),
        .systemLibrary(name: "CPGQuery", providers: [.apt(["libpg-query-dev", "libprotobuf-c-dev"])]),
        // simdjson is a header full of templates: without optimisation it is 25 times slower, in debug builds, too.
        .target(
            name: "CSimdJSON", cxxSettings: [.unsafeFlags(["-O2", "-DNDEBUG"])],
            linkerSettings: [.linkedLibrary("simdjson")]),

        .target(name: "Executors", swiftSettings: strict),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Executors", logging], swiftSettings: strict),
        .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "Avro", dependencies: ["Digests"], swiftSettings: strict),
        .target(name: "Framing", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "Generators", swiftSettings: strict),
        .target(name: "Kafka", dependencies: ["CRdKafka", "Executors", logging], swiftSettings: strict),
        .target(name: "PGQuery", dependencies: ["CPGQuery"], swiftSettings: strict),
        .target(name: "Migrations", dependencies: ["Postgres", "PGQuery", "Digests", logging], swiftSettings: strict),
        .target(name: "Stack", dependencies: ["Postgres", logging], swiftSettings: strict),
        .target(name: "HTTPClient", dependencies: ["CCurl", logging], swiftSettings: strict),
        .target(name: "Mongo", dependencies: ["CMongo", "Executors"], swiftSettings: strict),
        .target(name: "Schemas", dependencies: ["Avro", "HTTPClient", "Postgres", "Executors", logging], swiftSettings: strict),
        .target(
            name: "Ingest", dependencies: ["Postgres", "Kafka", "Digests", "Framing", "Avro", "Schemas", logging],
            swiftSettings: strict),
        .target(
            name: "Collector",
            dependencies: ["CSimdJSON", "Avro", "Schemas", "Kafka", "Postgres", "Digests", "Framing", "Ingest", logging],
            swiftSettings: strict),
        .target(name: "ObjectStore", dependencies: ["HTTPClient", "Digests", "Executors", logging], swiftSettings: strict),
        .target(
            name: "Relay",
            dependencies: ["Ingest", "Kafka", "Postgres", "ObjectStore", "HTTPClient", "Digests", "Framing", "Executors", logging],
            swiftSettings: strict),
        .executableTarget(
            name: "emporium",
            dependencies: [
                "Postgres", "Kafka", "Migrations", "Stack", "Ingest", "Relay", "Framing", "Generators",
                "HTTPClient", "Schemas", "ObjectStore", "Mongo", "Digests", logging, "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "emporium-collector",
            dependencies: [
                "Collector", "Executors", "HTTPClient", "Kafka", "Postgres", "Schemas", "Ingest", logging,
                server("Hummingbird", "hummingbird"), server("HummingbirdCore", "hummingbird"), server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"), server("NIOPosix", "swift-nio"), server("ServiceLifecycle", "swift-service-lifecycle"),
                server("UnixSignals", "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // What several suites share.
        .target(name: "TestSupport", dependencies: ["Stack"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Stack"], swiftSettings: strict),
        .testTarget(name: "KafkaTests", dependencies: ["Kafka"], swiftSettings: strict),
        .testTarget(name: "PGQueryTests", dependencies: ["PGQuery"], swiftSettings: strict),
        .testTarget(name: "MigrationsTests", dependencies: ["Migrations", "Postgres", "Digests", logging], swiftSettings: strict),
        .testTarget(name: "AvroTests", dependencies: ["Avro"], swiftSettings: strict),
        .testTarget(name: "FramingTests", dependencies: ["Framing"], swiftSettings: strict),
        .testTarget(name: "HTTPClientTests", dependencies: ["HTTPClient", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SchemasTests", dependencies: ["Schemas", "Avro", "HTTPClient", "Postgres", "Stack", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "CollectorTests", dependencies: ["Collector", "Avro", "Kafka"], swiftSettings: strict),
        .testTarget(name: "IngestTests", dependencies: ["Ingest", "Kafka", "Avro", "Schemas"], swiftSettings: strict),
        .testTarget(name: "ObjectStoreTests", dependencies: ["ObjectStore", "Digests", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "MongoTests", dependencies: ["Mongo", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "RelayTests", dependencies: ["Relay", "Kafka", "ObjectStore", "HTTPClient", "Digests", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "GeneratorsTests", dependencies: ["Generators", "Digests"], swiftSettings: strict),
        .testTarget(name: "StackTests", dependencies: ["Stack"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["emporium", "Postgres", "Kafka", "Stack", "Digests", "Avro", "TestSupport", "Yams"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
