import Foundation

/// squawk (https://squawkhq.com, `pip install squawk-cli`): a linter for migrations that go to a database in use.
///
/// The files are judged as the migrator reads them, in copies: what stands on disk may hold placeholders. Where the project
/// has a `.squawk.toml`, that decides; otherwise the rules that the migrator makes needless are left out.
public struct Squawk: Sendable {
    public static let configuration = ".squawk.toml"

    /// Rules that have nothing to say about files which this migrator runs.
    public static let needless = [
        // It sets lock_timeout for every statement, and tries again; a backfill may run as long as it must.
        "require-lock-timeout", "require-statement-timeout",
        // A file is one transaction, and the ledger knows whether it ran; `if not exists` would take another table for ours.
        "prefer-robust-stmts",
        // Counts, days and scales are no keys. A key that can run out is our own rule narrow-key.
        "prefer-bigint-over-int", "prefer-bigint-over-smallint",
    ]

    let program: String

    public init(program: String) { self.program = program }

    /// The program on the path.
    /// - Parameter path: folders, separated by colons.
    public static func find(path: String = ProcessInfo.processInfo.environment["PATH"] ?? "") -> Squawk? {
        path.split(separator: ":").map { "\($0)/squawk" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }.map(Squawk.init)
    }

    public static var missing: MigrationError {
        MigrationError(.configuration, "squawk is not installed", hint: "pip install squawk-cli; it is looked for on PATH")
    }

    /// What it finds in the project's files.
    /// - Throws: `MigrationError.Code.configuration` where squawk cannot be run, or refuses its configuration.
    public func judge(_ project: MigrationProject) async throws -> [LintFinding] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "emporium-squawk-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for file in project.files {
            let copy = folder.appending(path: "files/" + file.path)
            try FileManager.default.createDirectory(
                at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: copy)
        }
        var options: [String] = ["--reporter", "json"]
        let configuration = URL(filePath: project.root).appending(path: Self.configuration).standardizedFileURL.path
        if FileManager.default.fileExists(atPath: configuration) {
            options += ["--config", configuration]
        } else {
            options += ["--exclude", Self.needless.joined(separator: ","), "--pg-version", "15.0"]
        }
        var findings: [LintFinding] = []
        for noTransaction in [false, true] {
            let files = project.files.filter { $0.noTransaction == noTransaction }.map(\.path)
            if files.isEmpty { continue }
            let transaction = noTransaction ? [] : ["--assume-in-transaction"]
            // Its paths are patterns.
            let patterns = files.map { $0.replacingOccurrences(of: "[", with: "[[]") }
            let answer = try await run(options + transaction + ["--"] + patterns, in: folder)
            findings += try Self.findings(answer)
        }
        return findings
    }

    /// - Parameter json: what `--reporter json` prints: lines and columns count from 0.
    static func findings(_ json: Data) throws -> [LintFinding] {
        struct Violation: Decodable {
            let file: String
            let line: Int
            let column: Int
            let message: String
            let help: String?
            let rule: String

            private enum CodingKeys: String, CodingKey { case file, line, column, message, help, rule = "rule_name" }
        }
        do {
            return try JSONDecoder().decode([Violation].self, from: json).map {
                LintFinding(
                    rule: $0.rule, path: $0.file, line: $0.line + 1, column: $0.column + 1, message: $0.message,
                    mend: $0.help)
            }
        } catch {
            throw MigrationError(
                .configuration, "squawk's answer is not as expected: \(error)",
                hint: "its version is another one than this was made for: pip install squawk-cli==2.70.0")
        }
    }

    /// - Returns: its standard output; it ends with 0 without and with 1 with findings.
    private func run(_ arguments: [String], in folder: URL) async throws -> Data {
        let output = folder.appending(path: "output"), errors = folder.appending(path: "errors")
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder.appending(path: "files")
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: nobody needs to read while it runs.
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = {
                continuation.resume(returning: $0.terminationReason == .exit ? $0.terminationStatus : 128)
            }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(
                    throwing: MigrationError(.configuration, "\(program) cannot be run: \(error.localizedDescription)"))
            }
        }
        let answer = try Data(contentsOf: output)
        guard status == 0 || (status == 1 && !answer.isEmpty) else {
            let said = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            throw MigrationError(.configuration, "squawk ended with \(status): \(said.prefix(400))")
        }
        return answer
    }
}
