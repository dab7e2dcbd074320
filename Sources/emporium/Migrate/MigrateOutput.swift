import ArgumentParser
import Foundation
import Migrations

/// Data goes to stdout, everything else to stderr.
enum MigrateOutput {
    /// Runs a verb; an error is printed and becomes its exit code.
    static func reporting(_ progress: MigrateProgress = .plain, _ body: () async throws -> Void) async throws {
        func report(_ text: String, _ code: Int32) -> ExitCode {
            switch progress {
            case .plain: note(text)
            case .ndjson: MigrateProgress.write("error", ["message": text, "exit_code": String(code)])
            }
            return ExitCode(code)
        }
        do {
            try await body()
        } catch let error as MigrationError {
            throw report("\(error)", error.exitCode)
        } catch is CancellationError {
            throw report("interrupted: what was under way was rolled back", 1)
        }
    }

    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

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
