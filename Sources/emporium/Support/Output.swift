import ArgumentParser
import Foundation
import Ingest
import Logging

/// Options that every verb has.
struct CommonOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Log more.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Log warnings only.")
    var quiet = false

    @Option(help: ArgumentHelp("Log lines for people (text) or as JSON objects (json).", valueName: "format"))
    var logFormat: LogFormat?

    func logger(_ label: String) -> Logger {
        if let logFormat { setenv("EMPORIUM_LOG_FORMAT", logFormat.rawValue, 1) }
        if verbose { StandardErrorLog.choose(.debug) } else if quiet { StandardErrorLog.choose(.warning) }
        return Logger(label: label)
    }
}

enum LogFormat: String, ExpressibleByArgument { case text, json }

func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A line of progress on stderr, rewritten in place; only on a terminal.
final class ProgressLine: Sendable {
    let enabled = isatty(STDERR_FILENO) == 1

    func show(_ file: String, _ read: Int64, _ size: Int64) {
        guard enabled else { return }
        let share = size > 0 ? min(100, Int(Double(read) / Double(size) * 100)) : 100
        FileHandle.standardError.write(Data("\r\u{1B}[K\(file)  \(read >> 20) MiB  \(share) %".utf8))
    }

    func show(_ what: String) {
        if enabled { FileHandle.standardError.write(Data("\r\u{1B}[K\(what)".utf8)) }
    }

    func clear() {
        if enabled { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}

/// Rows under a header, columns padded to their widest cell.
func printTable(_ header: [String], _ rows: [[String]]) {
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
        zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
            .replacingOccurrences(of: " +$", with: "", options: .regularExpression)
    }
    print(line(header))
    print(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
    for row in rows { print(line(row)) }
}
