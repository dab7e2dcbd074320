import CRdKafka
import Dispatch
import Logging
import Synchronization

/// The one owner of an rd_kafka_t: `deinit` destroys it, which joins its threads and so may block.
struct Client: ~Copyable {
    let raw: OpaquePointer
    private let log: LogReceiver

    /// - Parameter events: kinds of events that go to the client's queue, `RD_KAFKA_EVENT_…`.
    init(
        _ type: rd_kafka_type_t, _ properties: [String: String], events: Int32 = 0, logger: Logger
    ) throws(KafkaError) {
        let settings = RawSettings()
        try settings.set(properties)
        let log = LogReceiver(logger)
        rd_kafka_conf_set_opaque(settings.raw, Unmanaged.passUnretained(log).toOpaque())
        rd_kafka_conf_set_events(settings.raw, events)
        rd_kafka_conf_set_log_cb(settings.raw) { client, level, facility, message in
            guard let client, let opaque = rd_kafka_opaque(client), let message else { return }
            Unmanaged<LogReceiver>.fromOpaque(opaque).takeUnretainedValue()
                .receive(level, facility.map { String(cString: $0) } ?? "", String(cString: message))
        }
        let taken = settings.handOver()
        var reason = [CChar](repeating: 0, count: 512)
        guard let raw = rd_kafka_new(type, taken, &reason, reason.count) else {
            rd_kafka_conf_destroy(taken)  // only a client that came to be takes it over
            throw KafkaError(rd_kafka_last_error(), text(reason))
        }
        self.raw = raw
        self.log = log
    }

    /// Consumers have nothing to leave or commit: assigned by hand, offsets elsewhere.
    deinit { rd_kafka_destroy_flags(raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
}

/// The one owner of a client's main queue; must go before the client does.
struct EventQueue: ~Copyable {
    let raw: OpaquePointer
    init(of client: OpaquePointer) { raw = rd_kafka_queue_get_main(client) }
    deinit { rd_kafka_queue_destroy(raw) }
}

/// Passes a client's log lines on; its owner keeps it alive for as long as the client lives. While brokers are away
/// librdkafka complains at each try: of one kind (`FAIL`, `ERROR`, …) a line is passed on every ten seconds.
final class LogReceiver: Sendable {
    private struct Kind {
        var told: ContinuousClock.Instant
        var heldBack = 0
    }

    private static let pause = Duration.seconds(10)
    private let logger: Logger
    private let kinds = Mutex<[String: Kind]>([:])

    init(_ logger: Logger) { self.logger = logger }

    func receive(_ syslogLevel: Int32, _ facility: String, _ message: String, at now: ContinuousClock.Instant = .now) {
        let level: Logger.Level =
            switch syslogLevel {
            case ...3: .error
            case 4: .warning
            case 5...6: .info
            default: .debug
            }
        var metadata: Logger.Metadata = ["facility": "\(facility)"]
        if level >= .warning {
            let heldBack: Int? = kinds.withLock { kinds in
                if let kind = kinds[facility], now - kind.told < Self.pause {
                    kinds[facility]!.heldBack += 1
                    return nil
                }
                let heldBack = kinds[facility]?.heldBack ?? 0
                kinds[facility] = Kind(told: now)
                return heldBack
            }
            guard let heldBack else { return }
            if heldBack > 0 { metadata["held_back"] = "\(heldBack)" }
        }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}

extension Duration {
    /// Whole milliseconds, at least 0, as librdkafka takes time-outs.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: max(0, seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000))
    }
}
