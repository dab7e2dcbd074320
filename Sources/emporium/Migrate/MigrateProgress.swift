import ArgumentParser
import Foundation
import Logging
import Migrations

/// What goes to stderr while an apply is at work.
enum MigrateProgress: String, ExpressibleByArgument, CaseIterable {
    /// The log, for people.
    case plain
    /// One JSON document a line: the run's events, and the log and the error as events of their own.
    case ndjson

    static func write(_ event: MigrationEvent) { MigrateOutput.note(event.json) }

    /// A line in the form of an event that is none of the run's own.
    static func write(_ name: String, _ detail: [String: MigrationEvent.Value]) {
        struct Line: Encodable {
            let event: String
            let at: String
            let detail: [String: MigrationEvent.Value]
        }
        let line = Line(event: name, at: MigrationEvent.text(Date()), detail: detail)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let data = try? encoder.encode(line) { MigrateOutput.note(String(decoding: data, as: UTF8.self)) }
    }
}

/// The log as lines of NDJSON.
struct MigrateProgressLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        MigrateProgress.write("log", ["level": .text(event.level.rawValue), "message": .text("\(event.message)")])
    }
}
