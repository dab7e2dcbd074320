import Foundation
import Glibc
import Migrations
import Postgres
import Stack

/// pg_dump: found, and run.
struct DumpProgram: Sendable {
    let path: String
    let major: Int

    /// The one of the server's own version where there is one, else the next higher: a lower one refuses.
    /// Looks at `EMPORIUM_PG_BINDIR`, Debian's folders, then PATH.
    /// - Throws: `MigrationError.Code.configuration`.
    static func find(
        serverMajor: Int, environment: [String: String] = ProcessInfo.processInfo.environment,
        packages: String = "/usr/lib/postgresql"
    ) async throws -> DumpProgram {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: packages)) ?? []
        var folders = versions.compactMap { Int($0) }.sorted().map { "\(packages)/\($0)/bin" }
        if let named = environment["EMPORIUM_PG_BINDIR"], !named.isEmpty { folders.insert(named, at: 0) }
        folders += (environment["PATH"] ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        var found: [DumpProgram] = []
        for folder in folders where access("\(folder)/pg_dump", X_OK) == 0 {
            let path = "\(folder)/pg_dump"
            guard let outcome = try? await run([path, "--version"], environment), outcome.status == 0,
                let word = outcome.out.split(whereSeparator: \.isWhitespace).first(where: { $0.first?.isNumber == true }),
                let major = Int(word.prefix { $0.isNumber })
            else { continue }
            if major == serverMajor { return DumpProgram(path: path, major: major) }
            found.append(DumpProgram(path: path, major: major))
        }
        if let next = found.filter({ $0.major > serverMajor }).min(by: { $0.major < $1.major }) { return next }
        throw MigrationError(
            .configuration, "no pg_dump of version \(serverMajor) or later, which the server is"
                + (found.isEmpty ? "" : " (found: \(found.map { "\($0.path) of \($0.major)" }.joined(separator: ", ")))"),
            hint: "apt-get install postgresql-client-\(serverMajor); or EMPORIUM_PG_BINDIR=/path/to/bin")
    }

    /// - Returns: its standard output.
    /// - Throws: `MigrationError`: `.configuration` where there is no program for it, `.unavailable` where it failed.
    @Sendable static func dump(_ request: Migrator.DumpRequest) async throws -> String {
        let program = try await find(serverMajor: request.serverMajor)
        let place = try request.database.forPrograms()
        var arguments = [program.path, "--dbname=\(place.conninfo)", "--no-password"] + request.arguments
        if let role = request.database.role { arguments.append("--role=\(role)") }
        let environment = ProcessInfo.processInfo.environment.merging(place.environment) { $1 }
        let outcome = try await run(arguments, environment)
        guard outcome.status == 0 else {
            throw MigrationError(
                .unavailable, "\(program.path) ended with \(outcome.status): \(outcome.err.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
        return outcome.out
    }

    private struct Outcome: Sendable {
        /// 128 + n when signal n ended it.
        let status: Int32
        let out: String
        let err: String
    }

    /// Output goes to files without a name: a dump may be longer than a pipe takes before somebody reads.
    private static func run(_ arguments: [String], _ environment: [String: String]) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try runBlocking(arguments, environment) }) }
        }
    }

    private static func runBlocking(_ arguments: [String], _ environment: [String: String]) throws -> Outcome {
        let (out, err) = (try temporaryFile(), try temporaryFile())
        defer {
            close(out)
            close(err)
        }
        let pid = try Child.spawn(arguments, in: "/", output: out, errors: err, environment: environment)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw MigrationError(.configuration, "cannot wait for \(arguments[0]): errno \(errno)") }
        }
        return Outcome(
            status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F),
            out: try text(of: out, arguments[0]), err: try text(of: err, arguments[0]))
    }

    private static func temporaryFile() throws -> Int32 {
        var template = Array("\(NSTemporaryDirectory())emporium-dump-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw MigrationError(.configuration, "no temporary file can be made: errno \(errno)") }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return file
    }

    private static func text(of file: Int32, _ program: String) throws -> String {
        lseek(file, 0, SEEK_SET)
        let data = FileHandle(fileDescriptor: file, closeOnDealloc: false).readDataToEndOfFile()
        guard let text = String(validating: data, as: UTF8.self) else {
            throw MigrationError(.configuration, "\(program) gave a text that is not UTF-8")
        }
        return text
    }
}
