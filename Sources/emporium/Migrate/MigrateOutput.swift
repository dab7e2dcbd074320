import ArgumentParser
import Foundation
import Ingest
import Migrations

/// Data goes to stdout, everything else to stderr.
enum MigrateOutput {
    /// Runs a verb; an error is printed and becomes its exit code.
    /// - Parameter json: also print the error as JSON, `{"error": {…}}`: the verb has printed nothing before it.
    static func reporting(
        _ progress: MigrateProgress = .plain, json isJSON: Bool = false, _ body: () async throws -> Void
    ) async throws {
        // Whoever reads along may go away: that is no reason to break off half way.
        signal(SIGPIPE, SIG_IGN)
        func report(_ text: String, _ code: Int32) -> ExitCode {
            switch progress {
            case .plain: note(text)
            case .ndjson: MigrateProgress.write("error", ["message": .text(text), "exit_code": .number(Int(code))])
            }
            return ExitCode(code)
        }
        do {
            try await body()
        } catch let error as MigrationError {
            if isJSON { try json(["error": error]) }
            throw report("\(error)", error.exitCode)
        } catch is CancellationError {
            let text = "interrupted: what was under way was rolled back"
            if isJSON { try json(["error": Failed(code: "interrupted", message: text, exitCode: 1)]) }
            throw report(text, 1)
        }
    }

    /// An error without a form of its own in JSON.
    private struct Failed: Encodable {
        let code: String
        let message: String
        let exitCode: Int32
        enum CodingKeys: String, CodingKey { case code, message, exitCode = "exit_code" }
    }

    /// Prints an error that no verb has reported as JSON, where the command line is one of `migrate` with --json: an
    /// argument that cannot be read, settings that cannot be used.
    static func answer(_ error: any Error, _ message: String, exitCode: Int32, arguments: [String]) {
        guard exitCode != 0, !(error is ExitCode), arguments.dropFirst().first == "migrate", arguments.contains("--json")
        else { return }
        let code =
            switch exitCode {
            case 64: MigrationError.Code.usage.rawValue
            case 69: MigrationError.Code.unavailable.rawValue
            case 78: MigrationError.Code.configuration.rawValue
            default: "failed"
            }
        try? json(["error": Failed(code: code, message: message, exitCode: exitCode)])
    }

    static func note(_ text: String) { write(text + "\n") }

    static func write(_ text: String) { StandardErrorLog.write(Data(text.utf8)) }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// One applied file, as soon as it is committed.
    static func line(_ file: MigrationReport.Applied, _ width: Int) {
        let tries = file.attempts > 1 ? "  (attempt \(file.attempts))" : ""
        let fields = [pad(file.path, width), pad(file.kind.rawValue, 10), pad(file.reason.rawValue, 12)]
        print("\(fields.joined(separator: "  "))  \(file.duration) ms\(tries)")
        fflush(nil)
    }

    /// What a target keeps from running.
    static func noteHeldBack(_ paths: [String], _ target: Int?) {
        guard let target, !paths.isEmpty else { return }
        let later = paths.filter { $0.hasPrefix("migrations/") }
        var text = "held back behind \(String(format: "%04d", target)): " + later.joined(separator: ", ")
        let others = paths.count - later.count
        if others > 0 {
            text += "\nheld back with them, for the newest schema: \(others) "
                + (others == 1 ? "repeatable or grant file" : "repeatable and grant files")
        }
        note(text)
    }

    /// `1 file`, `2 files`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func trimEnd(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }

    static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
