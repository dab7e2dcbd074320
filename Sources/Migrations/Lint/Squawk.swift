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

    /// What running it gave.
    public struct Answer: Sendable {
        /// The exit status: 0 without findings, 1 with some.
        public var status: Int32
        public var output: Data
        public var errors: String

        public init(status: Int32, output: Data, errors: String) {
            self.status = status
            self.output = output
            self.errors = errors
        }
    }

    let program: String
    private let run: @Sendable (_ arguments: [String], _ folder: String) async throws -> Answer

    /// - Parameters:
    ///   - program: its absolute path.
    ///   - run: runs a program (the first of the arguments) in a folder to its end.
    public init(
        program: String, run: @escaping @Sendable (_ arguments: [String], _ folder: String) async throws -> Answer
    ) {
        self.program = program
        self.run = run
    }

    /// The absolute path of the program.
    /// - Parameter path: folders, separated by colons.
    public static func find(path: String = ProcessInfo.processInfo.environment["PATH"] ?? "") -> String? {
        path.split(separator: ":").map { URL(filePath: "\($0)/squawk").standardizedFileURL.path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
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
            // A squashed file runs on an empty database only, and pg_dump wrote it: nobody waits, and nobody would mend it.
            let files = project.files.filter { $0.squashed == nil && $0.noTransaction == noTransaction }.map(\.path)
            if files.isEmpty { continue }
            let transaction = noTransaction ? [] : ["--assume-in-transaction"]
            // Its paths are patterns.
            let patterns = files.map { $0.replacingOccurrences(of: "[", with: "[[]") }
            let answer = try await run(
                [program] + options + transaction + ["--"] + patterns, folder.appending(path: "files").path)
            guard answer.status == 0 || (answer.status == 1 && !answer.output.isEmpty) else {
                let said = answer.errors.trimmingCharacters(in: .whitespacesAndNewlines)
                throw MigrationError(.configuration, "squawk ended with \(answer.status): \(said.prefix(400))")
            }
            findings += try Self.findings(answer.output)
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
}
