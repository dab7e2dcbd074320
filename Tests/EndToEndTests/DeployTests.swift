import Foundation
import Glibc
import TestSupport
import Testing

@testable import Stack

extension EndToEnd { @Suite struct Deploy {} }

extension EndToEnd.Deploy {
    /// What `docker run` of the image does on an empty volume, by the image's own scripts and settings, without Docker.
    @Test func theFirstStartStandsUpTheWholeDatabase() async throws {
        var template = Array("/tmp/emporium-image-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        chmod(folder, 0o755)
        Leftovers.remove(folder, atExitWith: folder + "/data")
        let port = try LoopbackPort.pick()
        let bin = try ServerBinaries.find(major: ServerBinaries.oldestMajor).folder
        let tool = URL(fileURLWithPath: Emporium.path).deletingLastPathComponent().path
        let start = try await Child(
            "\(TestStack.root)/Tests/deploy/docker-entrypoint", [folder, TestStack.root, bin, String(port)],
            [
                "PATH": "\(tool):/usr/local/bin:/usr/bin:/bin", "POSTGRES_PASSWORD": "s3cret 'of' postgres",
                "EMPORIUM_PASSWORD": "s3cret 'of' emporium",
            ], in: folder
        ).outcome()
        try #require(start.exitCode == 0, "\(start.out.suffix(3000))\(start.err.suffix(3000))")
        #expect(start.out.contains("migrations/0001_create_schemas.sql"))

        // From outside, as the one-shot `init` of docker-compose.yaml does: nothing is left to do, twice.
        var environment = [
            "PGHOST": "127.0.0.1", "PGPORT": String(port), "PGUSER": "postgres", "PGDATABASE": "ecommerce",
            "PGPASSWORD": "s3cret 'of' postgres",
        ]
        func emporium(_ arguments: String...) async throws -> Emporium.Outcome {
            try await Emporium.run(arguments, environment, in: folder)
        }
        let status = try await emporium("migrate", "status", "--exit-code", "--root", TestStack.root)
        #expect(status.exitCode == 0, "\(status.out)\(status.err)")
        for _ in 0..<2 {
            let again = try await emporium("migrate", "--root", TestStack.root)
            #expect(again.exitCode == 0 && again.out.isEmpty && again.err.contains("nothing to apply"), "\(again.err)")
        }
        #expect(try await emporium("docs", "--check", "--out", "\(TestStack.root)/docs/erd.md").exitCode == 0)

        // Every setting of the image's file is understood, and in force unless the stand-in says otherwise.
        let admin = "host=\(folder)/socket port=\(port) user=postgres dbname=ecommerce"
        func psql(_ query: String) async throws -> String {
            try await system(["/usr/bin/psql", "-XAtw", "-d", admin, "-c", query]).trimmingCharacters(in: .newlines)
        }
        #expect(try await psql("select count(*) > 20 from pg_file_settings where sourcefile like '%/included.conf'") == "t")
        #expect(try await psql(
            """
            select string_agg(name, ',' order by name) from pg_file_settings
            where sourcefile like '%/included.conf' and not applied and error is null
            """) == "fsync,shared_buffers")
        #expect(try await psql("select count(*) from pg_file_settings where error is not null") == "0")
        #expect(try await psql("select current_setting('data_checksums') || current_setting('server_encoding')") == "onUTF8")

        // Healthy is a server with the ledger: a database without one is not.
        for (database, code) in [("ecommerce", Int32(0)), ("postgres", 1)] {
            let healthy = try await Child(
                "\(TestStack.root)/deploy/postgres/emporium-healthy", [],
                ["PGHOST": "\(folder)/socket", "PGPORT": String(port), "POSTGRES_DB": database], in: folder
            ).outcome()
            #expect(healthy.exitCode == code, "\(database): \(healthy.err)")
        }

        // The tool's own login works, over TCP by its password alone.
        environment["PGUSER"] = "emporium"
        #expect(try await emporium("status").exitCode == 69, "the superuser's password is not its")
        environment["PGPASSWORD"] = "s3cret 'of' emporium"
        let books = try await emporium("status")
        #expect(books.exitCode == 0, "\(books.err)")
        #expect(try await psql("select rolsuper, rolcreaterole, rolconfig from pg_roles where rolname = 'emporium'")
            == "f|f|{log_min_messages=log}")
        #expect(!(try String(contentsOfFile: "\(folder)/log", encoding: .utf8)).contains("s3cret"))
        #expect(!(start.out + start.err).contains("s3cret"))

        let broker = EmbeddedBroker(home: folder + "/broker", program: Emporium.path)
        var failure: (any Error)?
        do { try await servicesRun(environment, broker, in: folder) } catch { failure = error }
        _ = try await broker.down()
        if let failure { throw failure }

        if let pid = Leftovers.pid(folder + "/data") { kill(pid, SIGINT) }
    }

    /// The commands and variables of docker-compose.yaml, with that server and an embedded broker in place of the others.
    private func servicesRun(_ server: [String: String], _ broker: EmbeddedBroker, in folder: String) async throws {
        let kafka = try await broker.up().state.bootstrapServers
        let store = try PythonServer(
            "objects/nanio.py", ["--bucket", "emporium", "--key", "emporium", "--secret", "s3cret0of0minio"],
            python: "\(TestStack.root)/.venv-tools/bin/python")
        func run(_ name: String, _ more: String...) async throws -> Emporium.Outcome {
            var environment = try DeployedFiles.environment(name)
            for (variable, value) in server where variable == "PGPORT" || environment[variable] != nil {
                #expect(variable != "PGUSER" || environment[variable] == value, "\(name)")
                environment[variable] = value
            }
            environment["KAFKA_BOOTSTRAP_SERVERS"] = kafka
            environment["SCHEMA_REGISTRY_URL"] = nil
            if environment["EMPORIUM_OBJECT_STORE"] != nil {
                environment["AWS_ENDPOINT_URL_S3"] = store.url
                environment["AWS_SECRET_ACCESS_KEY"] = "s3cret0of0minio"
            }
            if name == "topics" { environment["EMPORIUM_HOME"] = broker.home }  // it makes topics by the broker's own means
            let arguments = try DeployedFiles.arguments(name).map { $0.replacing("/opt/emporium", with: TestStack.root) }
            return try await Emporium.run(arguments + more, environment, in: folder)
        }
        for _ in 0..<2 {
            let topics = try await run("topics")
            #expect(topics.exitCode == 0 && topics.out.contains("customers.dead.letter"), "\(topics.out)\(topics.err)")
        }
        let made = try await Emporium.run(
            ["generate", "customers", "--count", "200", "--rate", "max", "--bad", "10%", "--customers", "50"],
            ["KAFKA_BOOTSTRAP_SERVERS": kafka], in: folder)
        try #require(made.exitCode == 0, "\(made.err)")
        let loader = try await run("loader", "--once", "--json")
        try #require(loader.exitCode == 0, "\(loader.err)")
        let books = try loader.json()
        #expect(books["read"] as? Int == 200 && books["balances"] as? Bool == true && books["pending"] as? Int == 0, "\(books)")
        let rejected = try #require(books["rejected"] as? Int)
        #expect(rejected > 0 && (books["stored"] as? Int ?? 0) > 0, "\(books)")
        #expect(loader.err.split(separator: "\n").allSatisfy { $0.hasPrefix("{") }, "logs are JSON: \(loader.err)")
        let relay = try await run("relay", "--once", "--json")
        #expect(relay.exitCode == 0, "\(relay.err)")
        let delivered = try relay.json()
        #expect(delivered["messages"] as? Int == rejected, "\(relay.out)")
        #expect(delivered["objects"] as? Int == 1 && delivered["records"] as? Int == rejected, "\(relay.out)")
        for name in ["events-loader", "refused-loader"] {
            let events = try await run(name, "--once", "--json")
            let read = try events.json()["read"] as? Int
            #expect(events.exitCode == 0 && read == 0, "\(name): \(events.err)")
        }
    }
}
