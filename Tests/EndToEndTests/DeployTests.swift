import Foundation
import Glibc
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

        if let pid = Leftovers.pid(folder + "/data") { kill(pid, SIGINT) }
    }
}
