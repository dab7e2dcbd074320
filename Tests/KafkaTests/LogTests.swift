import Logging
import Synchronization
import Testing

@testable import Kafka

/// What a client's log lines become.
@Suite struct LogTests {
    private struct Recorder: LogHandler {
        final class Lines: Sendable { let all = Mutex<[String]>([]) }
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let heldBack = event.metadata?["held_back"].map { " +\($0)" } ?? ""
            lines.all.withLock { $0.append("\(event.level) \(event.message)\(heldBack)") }
        }
    }

    @Test func complaintsOfOneKindAreToldEveryTenSeconds() {
        let lines = Recorder.Lines()
        let receiver = LogReceiver(Logger(label: "test") { _ in Recorder(lines: lines) })
        let start = ContinuousClock.now
        for tenths in 0..<250 {
            receiver.receive(3, "FAIL", "refused \(tenths)", at: start + .milliseconds(100 * tenths))
        }
        receiver.receive(4, "MAXPOLL", "another kind", at: start + .seconds(25))
        for number in 0..<2 { receiver.receive(7, "CONNECT", "detail \(number)", at: start + .seconds(25)) }
        #expect(
            lines.all.withLock { $0 } == [
                "error refused 0", "error refused 100 +99", "error refused 200 +99", "warning another kind",
                "debug detail 0", "debug detail 1",
            ])
    }
}
