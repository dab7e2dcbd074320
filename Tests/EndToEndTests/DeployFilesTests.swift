import Foundation
import Testing

@testable import Stack
@testable import emporium

// No Docker engine runs where this is developed: what can be known of the files without one is tested here, against the
// code's own configuration. DeployTests runs what the image would run.

@Suite struct DeployFiles {
    private func read(_ path: String) throws -> String { try DeployedFiles.read(path) }
    private func service(_ name: String) throws -> [String: Any] { try DeployedFiles.service(name) }

    private func build(_ argument: String) throws -> String {
        let line = try read("deploy/postgres/Dockerfile").split(separator: "\n").first { $0.hasPrefix("ARG \(argument)=") }
        return String(try #require(line).split(separator: "=")[1])
    }

    @Test func theServersVersionIsTheOneThatTheStackExpects() throws {
        let dockerfile = try read("deploy/postgres/Dockerfile")
        #expect(dockerfile.contains("FROM postgres:${POSTGRES_VERSION}-bookworm\n"))
        let major = try build("POSTGRES_VERSION").split(separator: ".")[0]
        #expect(Int(major) == ServerBinaries.oldestMajor)
        #expect(try read("scripts/setup").contains("postgresql-\(major) "), "the embedded stack's")
        // Both stages of one Debian, so that what is built in one runs in the other.
        #expect(dockerfile.contains("FROM swift:${SWIFT_VERSION}-bookworm AS build\n"))
        let swift = try build("SWIFT_VERSION").split(separator: ".").compactMap { Int($0) }
        let tools = try #require(try read("Package.swift").firstMatch(of: /swift-tools-version: (\d+)\.(\d+)/))
        let needed = [Int(tools.1) ?? 0, Int(tools.2) ?? 0]
        #expect(!swift.prefix(2).lexicographicallyPrecedes(needed), "\(swift) builds a package for \(needed)")
    }

    @Test func theBuildHasThePackagesThatTheManifestNames() throws {
        let stages = try read("deploy/postgres/Dockerfile").components(separatedBy: "\nFROM ")
        try #require(stages.count == 3)
        let providers = try read("Package.swift").matches(of: /\.apt\(\[([^\]]*)\]\)/).flatMap {
            $0.1.matches(of: /"([^"]+)"/).map { String($0.1) }
        }
        #expect(providers.count >= 3)
        for package in providers + ["pkg-config"] { #expect(stages[1].contains(" \(package)"), "\(package)") }
        #expect(stages[2].contains(" postgresql-\(try build("POSTGRES_VERSION").prefix { $0 != "." })-mysql-fdw "), "MySQL sources")
        for library in try libraries() { #expect(stages[2].contains(" \(library) "), "\(library)") }
    }

    /// The Debian packages of the libraries that the command itself names, less those that every image has. Swift's own
    /// are linked into the image's.
    private func libraries() throws -> Set<String> {
        let dump = try #require(Stack.Child.find("ldd"))
        let known = [
            "libpq": "libpq5", "libcrypto": "libssl3", "libssl": "libssl3", "libz": "zlib1g", "libstdc++": "libstdc++6",
            "libcurl": "libcurl4", "librdkafka": "librdkafka1", "libsimdjson": "libsimdjson14", "libmongoc-1": "libmongoc-1.0-0",
            "libbson-1": "libbson-1.0-0", "libpg_query": "libpg-query1504.0",
        ]
        let outcome = try Stack.Child.runBlocking([dump, Emporium.path])
        try #require(outcome.status == 0, "\(outcome.output)")
        return Set(
            outcome.output.split(separator: "\n").compactMap { line in
                known[line.trimmingCharacters(in: .whitespaces).prefix { $0 != "." && $0 != " " }.description]
            })
    }

    @Test func everythingCopiedIsInTheBuildsContext() throws {
        let allowed = try read("deploy/postgres/Dockerfile.dockerignore").split(separator: "\n")
            .filter { $0.hasPrefix("!") }.map { $0.dropFirst() }
        for place in allowed { #expect(FileManager.default.fileExists(atPath: "\(TestStack.root)/\(place)"), "\(place)") }
        let copies = try read("deploy/postgres/Dockerfile").matches(of: #/\nCOPY (?:--chmod=\d+ )?([a-z][^ ]*) /#).map(\.1)
        #expect(copies.count >= 5)
        for copy in copies {
            #expect(FileManager.default.fileExists(atPath: "\(TestStack.root)/\(copy)"), "\(copy)")
            #expect(allowed.contains { copy == $0 || copy.hasPrefix("\($0)/") }, "\(copy) is kept from the build")
        }
        for script in ["10-emporium.sh", "emporium-healthy"] {
            #expect(FileManager.default.isExecutableFile(atPath: "\(TestStack.root)/deploy/postgres/\(script)"))
        }
    }

    @Test func theClusterIsMadeAsTheEmbeddedOne() throws {
        let dockerfile = try read("deploy/postgres/Dockerfile")
        let database = EmbeddedCluster(home: "/nonexistent").databaseName
        #expect(dockerfile.contains("ENV POSTGRES_DB=\(database) "))
        #expect(
            dockerfile.contains("POSTGRES_INITDB_ARGS=\"\(EmbeddedCluster.clusterOptions.joined(separator: " "))\""))
        for definition in [EmbeddedCluster.loginDefinition, EmbeddedCluster.extensionDefinition] {
            #expect(try read("deploy/postgres/10-emporium.sh").contains(definition))
        }
        #expect(!dockerfile.contains("PASSWORD="), "no password is baked in")
    }

    @Test func theSettingsAreTheEmbeddedOnes() throws {
        func settings(_ text: String) throws -> [String: String] {
            var result: [String: String] = [:]
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let match = try #require(line.wholeMatch(of: /([a-z_]+) = ('[^']*'|[^ ']+)(?:  #.*)?/), "\(line)")
                #expect(result.updateValue(String(match.2), forKey: String(match.1)) == nil, "\(line)")
            }
            return result
        }
        // Where it listens, who may enter and where its log lies are the image's own.
        let places = [
            "listen_addresses", "port", "unix_socket_directories", "unix_socket_permissions", "hba_file", "ident_file",
            "logging_collector", "log_directory", "log_filename", "log_file_mode", "log_rotation_age", "log_rotation_size",
            "log_truncate_on_rotation",
        ]
        let code = ServerSettings(
            socketDirectory: "/s", hbaFile: "/h", identFile: "/i", port: 5432, listensOnTCP: true,
            machine: .init(memory: 2 << 30, sharedMemory: 64 << 20), hasLZ4: true, extra: [:])
        let expected = try settings(code.configuration).filter { !places.contains($0.key) }
        let found = try settings(try read("deploy/postgres/postgresql.conf"))
        for name in Set(expected.keys).union(found.keys).sorted() {
            #expect(found[name] == expected[name], "\(name)")
        }
    }

    @Test func composeKnowsTheSamePortAndNames() throws {
        let database = EmbeddedCluster(home: "/nonexistent").databaseName
        let (postgres, initial) = (try service("postgres"), try service("init"))
        for one in try [postgres] + DeployedFiles.tools.map(service) {
            let build = try #require(one["build"] as? [String: String])
            #expect(build == ["context": ".", "dockerfile": "deploy/postgres/Dockerfile"])
            #expect(one["image"] as? String == postgres["image"] as? String)
        }
        #expect(try read("README.md").contains(try #require(postgres["image"] as? String)))
        // On loopback, at the port that libpq takes by itself and the image listens on.
        #expect(postgres["ports"] as? [String] == ["127.0.0.1:${POSTGRES_PORT:-5432}:5432"])
        let test = try #require((postgres["healthcheck"] as? [String: Any])?["test"] as? [String])
        #expect(test == ["CMD", "emporium-healthy"])
        #expect(try read("deploy/postgres/Dockerfile").contains("CMD [\"emporium-healthy\"]\n"))

        // The one-shot: after health, once, by commands and variables that the tool has.
        let after = (initial["depends_on"] as? [String: [String: String]])?["postgres"]
        #expect(after == ["condition": "service_healthy"])
        #expect(initial["restart"] as? String == "no")
        let arguments = try DeployedFiles.arguments("init")
        #expect(try emporium.Emporium.parseAsRoot(arguments) is MigrateApply, "\(arguments)")
        #expect(try read("deploy/postgres/Dockerfile").contains("COPY migrations \(try #require(arguments.last))/migrations\n"))
        let environment = try #require(initial["environment"] as? [String: String])
        #expect(environment["PGHOST"] == "postgres" && environment["PGDATABASE"] == database)
        #expect(environment["PGUSER"] == EmbeddedCluster.adminRole)
        #expect(environment.keys.allSatisfy { ["PGHOST", "PGUSER", "PGDATABASE", "PGPASSWORD"].contains($0) })

        // Nothing sleeps, and what is written to disk has a volume.
        let text = try read("docker-compose.yaml") + read("deploy/postgres/10-emporium.sh") + read("deploy/kafka/start-kafka")
        #expect(!text.contains("sleep"))
        #expect(postgres["volumes"] as? [String] == ["postgres-data:/var/lib/postgresql/data"])
        #expect((try DeployedFiles.compose()["volumes"] as? [String: Any])?.keys.contains("postgres-data") == true)
    }

    @Test func everyVariableIsKnownToWhoReadsIt() throws {
        let compose = try read("docker-compose.yaml")
        let interpolated = try DeployedFiles.interpolated()
        #expect(
            interpolated == [
                "POSTGRES_PASSWORD", "EMPORIUM_PASSWORD", "MINIO_PASSWORD", "POSTGRES_PORT", "BROKER_PORT", "BROKER_VERSION",
                "BROKER_UI_PORT", "BROKER_UI_VERSION", "COLLECTOR_PORT", "REGISTRY_PORT", "REGISTRY_VERSION", "MINIO_PORT",
                "MINIO_VERSION", "MINIO_CLIENT_VERSION", "MYSQL_PASSWORD", "MYSQL_PORT", "MYSQL_VERSION",
                "MONGO_PASSWORD", "MONGO_PORT", "MONGO_VERSION",
            ])
        // No default for a password. A service of a profile must not ask for one where nobody asks for the profile: it ends without.
        for match in compose.matches(of: /\$\{([A-Z_]*PASSWORD)(:\?|:-\}?|.)/) {
            #expect(match.2 == (match.1 == "MYSQL_PASSWORD" ? ":-}" : ":?"), "\(match.1)")
        }
        // The image's own scripts, and the official entrypoint.
        let scripts = try read("deploy/postgres/10-emporium.sh") + "POSTGRES_PASSWORD"
        for name in (try service("postgres")["environment"] as? [String: Any] ?? [:]).keys {
            #expect(scripts.contains(name), "\(name)")
        }
        let example = try read(".env.example")
        let named = example.matches(of: /(?m)^#?([A-Z_]+)=/).map { String($0.1) }
        let settings = Set(Settings.keys.values).union(["AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID"])
        #expect(named.count >= 5)
        for name in named { #expect(interpolated.contains(name) || settings.contains(name), "\(name)") }
        for name in interpolated { #expect(named.contains(name), "\(name) is not in .env.example") }
        for (number, line) in example.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            _ = try Settings.assignment(String(line), number + 1)  // the tool reads that file, too
        }
        #expect(example.contains("postgresql://\(EmbeddedCluster.loginRole)@127.0.0.1:5432/ecommerce"))
        #expect(example.contains("postgresql://\(EmbeddedCluster.adminRole)@127.0.0.1:5432/ecommerce"))
    }

    @Test func theReadmeNamesTheCommands() throws {
        let readme = try read("README.md")
        let operations = try read("docs/operations.md")
        for command in ["cp .env.example .env", "docker compose up -d --build", "docker compose down"] {
            #expect(readme.contains(command) && operations.contains(command), "\(command)")
        }
        #expect(operations.contains("docker build --file deploy/postgres/Dockerfile"))
        #expect(readme.contains("not been run by Docker") && operations.contains("None of this has been run by Docker"))
    }

    /// By the schema of compose files, and by a linter for Dockerfiles; scripts/test-tools installs both.
    @Test(arguments: [
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yaml"],
        ["hadolint", "deploy/postgres/Dockerfile"],
        ["hadolint", "deploy/collector/Dockerfile"],
    ])
    func aValidatorAgrees(_ command: [String]) async throws {
        let tool = "\(TestStack.root)/.venv-tools/bin/\(command[0])"
        try #require(FileManager.default.isExecutableFile(atPath: tool), "scripts/test-tools makes it")
        try await system([tool] + command.dropFirst(), in: TestStack.root)
    }
}
