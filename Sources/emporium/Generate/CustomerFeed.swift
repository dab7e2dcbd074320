import Foundation
import Generators
import Ingest
import Kafka
import Logging
import Synchronization

/// Sends made-up customers' messages to their end, and knows what became of each.
///
/// One task makes and sends; the caller's watches: brokers that are silent, a failed delivery, a signal.
struct CustomerFeed: Sendable {
    enum Ending: Sendable {
        case complete, stopped
        /// A delivery failed, and with it the promise that all arrive.
        case failed(KafkaError)
        case brokersAway
    }
    struct Result: Sendable {
        var tally: CustomerTally
        var deliveries: Deliveries
        var seconds: Double
        var ending: Ending
    }

    let settings: CustomerGenerator.Settings
    let topic: String
    let perSecond: Double?
    let limit: Duration?
    let count: Int?
    /// Time of the first message in milliseconds; nil for the time it is.
    let start: Int64?
    let patience: Duration
    let shutdown: Shutdown
    let logger: Logger

    /// Silence of brokers after which it is said; also how long a stopped run waits for what is on its way.
    private static let silence = Duration.seconds(10)

    func run(_ kafka: KafkaConfiguration) async throws -> Result {
        var kafka = kafka
        if kafka.properties["queue.buffering.max.messages"] == nil {
            // Half of a producer's default is as fast and takes 6 MB less, which keeps the process under 64 MiB.
            kafka = try kafka.setting("queue.buffering.max.messages", "5000")
        }
        let producer = try Producer(kafka, logger: ShapeOnceLog.wrapping(logger))
        let begin = ContinuousClock.now
        let isSent = Flag()
        let sending = Task {
            defer { isSent.raise() }
            return await send(to: producer, since: begin)
        }
        var ending = await watch(producer, isSent)
        sending.cancel()
        let (tally, error) = await sending.value
        if let error, case .complete = ending { ending = .failed(error) }
        if case .brokersAway = ending {} else { ending = await drain(producer, ending) }
        let result = Result(
            tally: tally, deliveries: producer.deliveries, seconds: Self.seconds(ContinuousClock.now - begin), ending: ending)
        try? await producer.close(within: .zero)  // nothing waits any more, or it was waited for long enough
        return result
    }

    // MARK: Sending

    private func send(to producer: Producer, since begin: ContinuousClock.Instant) async -> (CustomerTally, KafkaError?) {
        var tally = CustomerTally()
        var generator = CustomerGenerator(settings)
        var pace = perSecond.map { Pace(perSecond: $0) }
        let most = min(count ?? .max, numberWithinLimit)
        do {
            while tally.all < most, !Task.isCancelled {
                let elapsed = ContinuousClock.now - begin
                if let limit, elapsed >= limit { break }
                var due = pace?.due(after: elapsed) ?? 100
                if let next = pace?.next, due == 0 {
                    // Not for each message by itself: waking costs more than making one.
                    try await Task.sleep(until: begin + max(next, elapsed + .milliseconds(10)), clock: .continuous)
                    continue
                }
                due = min(due, most - tally.all, 1000)
                for _ in 0..<due {
                    let message = generator.next(at: time(of: tally.all))
                    try await producer.send(topic: topic, key: message.key, value: message.value)
                    tally.count(message.kind)
                    pace?.begin()
                }
            }
        } catch let error as KafkaError {
            return (tally, error)
        } catch {}  // cancelled while it waited: by `run`, which knows why
        return (tally, nil)
    }

    /// A run of a minute at 100 a second has 6,000 messages, the last of them 10 ms before its end.
    private var numberWithinLimit: Int {
        guard let perSecond, let limit else { return .max }
        return Int(clamping: Int64(min((Self.seconds(limit) * perSecond).rounded(.up), 1e15)))
    }

    private func time(of number: Int) -> Int64 {
        if let start { return start + Int64(Double(number) * 1000 / (perSecond ?? 1000)) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    // MARK: Watching

    /// Waits until all are handed over, or there is a reason to stop.
    private func watch(_ producer: Producer, _ isSent: Flag) async -> Ending {
        var silence = Silence()
        while !isSent.isRaised {
            if shutdown.isRequested { return .stopped }
            if producer.deliveries.failed > 0 { return .complete }  // `drain` learns the reason
            if judge(&silence, producer) { return .brokersAway }
            try? await Task.sleep(for: .milliseconds(100))
        }
        return .complete
    }

    /// Waits for what is on its way.
    private func drain(_ producer: Producer, _ ending: Ending) async -> Ending {
        var silence = Silence()
        var stoppedAt: ContinuousClock.Instant?
        while true {
            do {
                try await producer.flush(within: .milliseconds(200))
                return ending
            } catch let error as KafkaError where error.isOutage && producer.deliveries.failed == 0 {
                if judge(&silence, producer) { return .brokersAway }
                if shutdown.isRequested {
                    let since = stoppedAt ?? .now
                    stoppedAt = since
                    if since.duration(to: .now) > Self.silence { return ending }
                }
            } catch let error as KafkaError {
                return .failed(error)
            } catch {
                return ending
            }
        }
    }

    private struct Silence {
        var acknowledged = 0
        var since = ContinuousClock.now
        var isSaid = false
    }

    /// - Returns: whether brokers have been silent for longer than patience lasts.
    private func judge(_ silence: inout Silence, _ producer: Producer) -> Bool {
        let deliveries = producer.deliveries
        if deliveries.acknowledged > silence.acknowledged || deliveries.outstanding == 0 {
            if silence.isSaid { logger.notice("the brokers answer again", metadata: ["topic": "\(topic)"]) }
            silence = Silence(acknowledged: deliveries.acknowledged)
            return false
        }
        let elapsed = silence.since.duration(to: .now)
        let said = min(Self.silence, patience / 2)
        if elapsed > said, !silence.isSaid {
            silence.isSaid = true
            logger.warning(
                """
                no broker has taken a message for \(DurationArgument(said)); waiting for up to \(DurationArgument(patience)). Next: see that \
                the brokers named by KAFKA_BOOTSTRAP_SERVERS run and can be reached from here; nothing needs to be started anew
                """, metadata: ["topic": "\(topic)", "waiting": "\(deliveries.outstanding)"])
        }
        guard elapsed > patience else { return false }
        Failure.say(
            "\(topic): the brokers have taken nothing for \(DurationArgument(patience)); \(deliveries.outstanding) messages were not acknowledged\n"
                + "  hint: start the brokers or correct KAFKA_BOOTSTRAP_SERVERS, then run this again; --patience waits longer")
        return true
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}

private final class Flag: Sendable {
    private let raised = Atomic(false)
    var isRaised: Bool { raised.load(ordering: .acquiring) }
    func raise() { raised.store(true, ordering: .releasing) }
}

/// Lets a line through once, whatever the numbers in it; librdkafka says the same of each attempt. All with `--verbose`.
struct ShapeOnceLog: LogHandler {
    private final class Shapes: Sendable {
        let seen = Mutex<Set<String>>([])
    }

    private var target: Logger
    private let shapes = Shapes()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level {
        get { target.logLevel }
        set { target.logLevel = newValue }
    }

    static func wrapping(_ logger: Logger) -> Logger { Logger(label: "kafka") { _ in ShapeOnceLog(target: logger) } }

    private init(target: Logger) { self.target = target }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // FAIL comes as an event, too, and TERMINATE tells what the summary tells.
        let isTold = ["FAIL", "TERMINATE"].contains(event.metadata?["facility"].map { "\($0)" } ?? "")
        let message = "\(event.message)".replacingOccurrences(of: " \\(after .*$", with: "", options: .regularExpression)
        let shape = String(message.filter { !$0.isNumber }.prefix(200))
        let isNew = shapes.seen.withLock { $0.count < 1000 && $0.insert(shape).inserted }
        if (isNew && !isTold) || target.logLevel <= .debug {
            target.log(level: event.level, event.message, metadata: event.metadata)
        }
    }
}
