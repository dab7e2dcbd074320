import Foundation

/// One thing that an apply did, as it happened.
public struct MigrationEvent: Sendable, Equatable {
    /// What happened. An open set: a reader passes over those it does not know.
    public struct Name: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// `files`, `pending`: how many there are, and how many are to run.
        public static let runStarted = Name(rawValue: "run_started")
        /// `kind`, `reason`, `statements`, `attempt` (from 1).
        public static let fileStarted = Name(rawValue: "file_started")
        /// `number` (from 1), `of`, `statement`: its beginning, up to its first literal.
        public static let statementStarted = Name(rawValue: "statement_started")
        /// `target`, `lock`, `phase`, `waited_ms`, `blockers` (of each what is known of `pid`, `user`, `application`,
        /// `state`, `since`, `prepared`). Once for each new blocker, and again at growing intervals.
        public static let waiting = Name(rawValue: "waiting")
        /// `attempt`, the one that failed; `of`, `because`, `pause_ms`, and `blockers` as a sentence.
        public static let retrying = Name(rawValue: "retrying")
        /// `index`: an invalid index that an interrupted build had left.
        public static let indexDropped = Name(rawValue: "index_dropped")
        /// `objects`: what was dropped and made again because a function or view changed its shape.
        public static let remade = Name(rawValue: "remade")
        /// `duration_ms`, `attempts`, `reason`.
        public static let fileApplied = Name(rawValue: "file_applied")
        /// Another session had applied the very same content meanwhile.
        public static let fileSkipped = Name(rawValue: "file_skipped")
        /// `code`, `message`, `sqlstate`.
        public static let fileFailed = Name(rawValue: "file_failed")
        /// `applied`, `duration_ms`.
        public static let runFinished = Name(rawValue: "run_finished")
        /// `code`, `message`, `applied`, `duration_ms`.
        public static let runFailed = Name(rawValue: "run_failed")
    }

    /// A JSON value.
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        case list([Value])
        case object([String: Value])
    }

    public let name: Name
    /// One apply; its events share it. Lower case.
    public let runID: String
    /// By this machine's clock; the row in ops.migration_event has the server's.
    public let at: Date
    /// Relative to the project's root; nil for the run as a whole.
    public let path: String?
    /// Of the statement in the file, 1-based.
    public let line: Int?
    /// The further fields; those of each name stand with it.
    public let detail: [String: Value]

    /// One line of NDJSON, without its end: `{"at":…,"detail":{…},"event":…,"line":…,"path":…,"run_id":…}`.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, whole numbers, lists and objects of such: there is nothing that could not be encoded.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension MigrationEvent: Encodable {
    /// `2026-11-21T23:53:25.852Z`
    public static func text(_ moment: Date) -> String {
        moment.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private enum CodingKeys: String, CodingKey { case event, runID = "run_id", at, path, line, detail }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name.rawValue, forKey: .event)
        try container.encode(runID, forKey: .runID)
        try container.encode(Self.text(at), forKey: .at)
        try container.encodeIfPresent(path, forKey: .path)
        try container.encodeIfPresent(line, forKey: .line)
        if !detail.isEmpty { try container.encode(detail, forKey: .detail) }
    }
}

extension MigrationEvent.Value: Encodable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int) { self = .number(value) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}
