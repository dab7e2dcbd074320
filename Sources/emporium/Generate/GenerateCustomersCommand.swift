import ArgumentParser
import Foundation
import Generators
import Ingest
import Kafka
import Logging

struct GenerateCustomersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customers",
        abstract: "Sign-ups, changes of address and log-ins of customers, onto a Kafka topic as they happen.",
        discussion: """
            A message is a JSON object with the full state of one customer: the columns of shop.customers and event_time; \
            its key is the customer_id. Connects as KAFKA_… says. Ends after --for or --count, or when told to (SIGTERM, \
            Ctrl-C); then waits for what is on its way, and prints what was sent. With the same --start, --rate, --seed and \
            --count the messages are the same, byte for byte. While brokers are away it waits, for --patience. \
            Exit codes: 0 all acknowledged, 1 some were not, 64 usage, 69 brokers were away for too long, 78 bad configuration.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var brokers: KafkaOptions

    @Option(help: ArgumentHelp("Messages a second; max: as fast as the brokers take them.", valueName: "n"))
    var rate = RateArgument(perSecond: 100)

    @Option(name: .customLong("for"), help: ArgumentHelp("End after this long: 60s, 1h.", valueName: "duration"))
    var limit: DurationArgument?

    @Option(help: ArgumentHelp("End after so many messages.", valueName: "n"))
    var count: Int?

    @Option(help: ArgumentHelp("Share of messages with a fault of each kind in turn, duplicates among them: 2% or 0.02.", valueName: "share"))
    var bad = ShareArgument(perMillion: 0)

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How many customers sign up in all.", valueName: "n"))
    var customers = 100_000

    @Option(help: ArgumentHelp("Number of the first customer; the others follow.", valueName: "id"))
    var firstCustomer: Int64 = 1

    @Option(help: ArgumentHelp("Kafka topic.", valueName: "name"))
    var topic = "customers"

    @Option(
        help: ArgumentHelp(
            "Time of the first message, as 2026-01-01T00:00:00Z; the others follow at the rate (max: a millisecond each). "
                + "Without it, each has the time at which it is sent.", valueName: "time"))
    var start: TimeArgument?

    @Option(help: ArgumentHelp("How long brokers may be away.", valueName: "duration"))
    var patience = DurationArgument(.seconds(300))

    func validate() throws {
        if let limit, limit.value <= .zero { throw ValidationError("--for must be longer than nothing") }
        if let count, count < 0 { throw ValidationError("--count must not be negative") }
        if !(1...200_000).contains(customers) { throw ValidationError("--customers must be from 1 to 200000") }
        if !(0...1_000_000_000_000_000).contains(firstCustomer) {
            throw ValidationError("--first-customer must be from 0 to 1000000000000000")
        }
        if topic.isEmpty { throw ValidationError("--topic must name a topic") }
        if patience.value < .seconds(1) { throw ValidationError("--patience: a second at least") }
    }

    func run() async throws {
        let logger = common.logger("generate")
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        var settings = CustomerGenerator.Settings()
        settings.seed = seed
        settings.customers = customers
        settings.firstID = firstCustomer
        settings.badPerMillion = bad.perMillion
        let feed = CustomerFeed(
            settings: settings, topic: topic, perSecond: rate.perSecond, limit: limit?.value, count: count,
            start: start?.milliseconds, patience: patience.value, shutdown: shutdown, logger: logger)
        let result = try await feed.run(try Settings.kafka(bootstrap: brokers.bootstrapServers))
        let summary = Summary(result, topic: topic, seed: seed)
        if common.json { try printJSON(summary) } else { print(summary.text) }
        fflush(nil)
        switch result.ending {
        case .brokersAway: throw ExitCode(69)
        case .failed(let error):
            let hint =
                error.isOutage
                ? "the brokers did not answer within KAFKA_MESSAGE_TIMEOUT_MS; unset it to wait for --patience instead"
                : "does the topic exist (emporium topics plan), and may this login write to it?"
            Failure.say("\(error)\n  hint: \(hint)")
            throw ExitCode.failure
        case .complete, .stopped:
            if result.deliveries.acknowledged != result.deliveries.sent { throw ExitCode.failure }
        }
    }

    /// What is printed at the end.
    private struct Summary: Encodable {
        let topic: String, seed: UInt64, ending: String
        let sent: Int, acknowledged: Int, failed: Int
        let valid: Int, events: [String: Int], late: Int, duplicates: Int, bad: Int, faults: [String: Int]
        let seconds: Double, messagesPerSecond: Double

        init(_ result: CustomerFeed.Result, topic: String, seed: UInt64) {
            (self.topic, self.seed) = (topic, seed)
            ending =
                switch result.ending {
                case .complete: "complete"
                case .stopped: "stopped"
                case .failed: "failed"
                case .brokersAway: "brokers away"
                }
            sent = result.deliveries.sent
            acknowledged = result.deliveries.acknowledged
            failed = result.deliveries.failed
            let tally = result.tally
            (valid, late, duplicates, bad) = (tally.valid, tally.late, tally.duplicates, tally.bad)
            events = Dictionary(uniqueKeysWithValues: CustomerEvent.allCases.map { ($0.rawValue, tally.events[$0] ?? 0) })
            faults = Dictionary(uniqueKeysWithValues: CustomerFault.allCases.map { ($0.rawValue, tally.faults[$0] ?? 0) })
            seconds = (result.seconds * 1000).rounded() / 1000
            messagesPerSecond = result.seconds > 0 ? (Double(acknowledged) / result.seconds * 10).rounded() / 10 : 0
        }

        var text: String {
            func list(_ counts: [String: Int], _ order: [String]) -> String {
                order.map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", ")
            }
            var text = """
                \(topic): \(sent) sent, \(acknowledged) acknowledged, \(failed) failed (\(ending))
                valid \(valid): \(list(events, CustomerEvent.allCases.map(\.rawValue))); \(late) of them late
                duplicates \(duplicates)
                bad \(bad)
                """
            if bad > 0 { text += ": \(list(faults, CustomerFault.allCases.map(\.rawValue)))" }
            text += "\n\(String(format: "%.1f s, %.1f messages/s", seconds, messagesPerSecond)), seed \(seed)"
            return text
        }
    }
}

/// `100`, `0.5`; `0` and `max`: without a limit.
struct RateArgument: ExpressibleByArgument, CustomStringConvertible {
    /// nil: as fast as can be.
    let perSecond: Double?
    init(perSecond: Double?) { self.perSecond = perSecond }

    init?(argument: String) {
        guard let number = argument == "max" ? 0 : Double(argument), number == 0 || (0.001...10_000_000).contains(number) else { return nil }
        perSecond = number == 0 ? nil : number
    }

    var description: String { perSecond.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" } ?? "max" }
    var defaultValueDescription: String { description }
}

/// `2%` or `0.02`; from nothing to all.
struct ShareArgument: ExpressibleByArgument, CustomStringConvertible {
    let perMillion: Int
    init(perMillion: Int) { self.perMillion = perMillion }

    init?(argument: String) {
        let isPercentage = argument.hasSuffix("%")
        guard let number = Double(isPercentage ? argument.dropLast() : argument[...]) else { return nil }
        let share = isPercentage ? number / 100 : number
        guard (0...1).contains(share) else { return nil }
        perMillion = Int((share * 1_000_000).rounded())
    }

    var description: String { "\(Double(perMillion) / 10_000)%" }
    var defaultValueDescription: String { description }
}

/// `2026-01-01T00:00:00Z`, with an offset, from 1990 to 2099.
struct TimeArgument: ExpressibleByArgument {
    let milliseconds: Int64

    init?(argument: String) {
        guard let date = try? Date(argument, strategy: .iso8601) else { return nil }
        let number = (date.timeIntervalSince1970 * 1000).rounded()
        guard (631_152_000_000..<4_102_444_800_000).contains(number) else { return nil }
        milliseconds = Int64(number)
    }
}
