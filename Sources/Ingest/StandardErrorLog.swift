import Foundation
import Logging
import Synchronization

/// Logs to stderr: a line for people, or a JSON object a line (`EMPORIUM_LOG_FORMAT=json`); from the level
/// `EMPORIUM_LOG_LEVEL` on (notice).
public struct StandardErrorLog: LogHandler {
    private static let chosen = Mutex<Logger.Level?>(nil)

    /// Overrides the environment, for `--verbose` and `--quiet`.
    public static func choose(_ level: Logger.Level) { chosen.withLock { $0 = level } }

    private let label: String
    private var ownLevel: Logger.Level?
    public var metadata: Logger.Metadata = [:]

    public init(label: String) { self.label = label }

    public var logLevel: Logger.Level {
        get {
            ownLevel ?? Self.chosen.withLock { $0 }
                ?? environmentValue("EMPORIUM_LOG_LEVEL").flatMap(Logger.Level.init(rawValue:)) ?? .notice
        }
        set { ownLevel = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes to stderr as far as that can be done: a full disk or a reader that has gone ends no work. (FileHandle's
    /// own `write` ends the process.) A closed pipe still sends SIGPIPE to whoever has not turned that off.
    public static func write(_ data: Data) {
        data.withUnsafeBytes { bytes in
            var sent = 0
            while let start = bytes.baseAddress, sent < bytes.count {
                let count = Foundation.write(STDERR_FILENO, start + sent, bytes.count - sent)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    public func log(event: LogEvent) {
        let (level, message) = (event.level, event.message)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Date().formatted(.iso8601)
        if environmentValue("EMPORIUM_LOG_FORMAT") == "json" {
            var object = ["time": time, "level": level.rawValue, "logger": label, "message": "\(message)"]
            for (key, value) in all { object[key] = "\(value)" }
            let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])) ?? Data()
            Self.write(data + Data("\n".utf8))
        } else {
            let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            Self.write(Data("\(time) \(level.rawValue) \(message)\(pairs)\n".utf8))
        }
    }
}

/// Nil for what is not set or empty.
private func environmentValue(_ name: String) -> String? {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    return text
}
