import ArgumentParser
import Foundation
import Generators
import HTTPClient
import Ingest
import Logging

struct GenerateEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Events of a shop, posted to the collector in packages of 1 to 10: from a file, or made up.",
        discussion: """
            A file has an event a line; without --file it is examples/events/events.json of the project. The API key comes from \
            --key-file, EMPORIUM_API_KEY or the embedded collector's <EMPORIUM_HOME>/collector/key. Packages that find no \
            collector, or a busy one (429, 5xx), are sent again until --patience ends; with their Idempotency-Key nothing is taken twice. Ends after the \
            file, --synthetic or --for, or when told to (SIGTERM, Ctrl-C), and prints the verdicts. Exit codes: 0 all answered \
            (rejected events are counted, no failure), 1 packages were refused, 64 usage, 69 the collector was away for too long, \
            78 bad configuration.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("JSON Lines: an event a line.", valueName: "file"), completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("Project folder with examples/events/events.json.", valueName: "dir"), completion: .directory)
    var root = "."

    @Option(help: ArgumentHelp("Make up so many events instead (0: without end, see --for).", valueName: "n"))
    var synthetic: Int?

    @Option(help: ArgumentHelp("Where the collector is.", valueName: "url"))
    var url = "http://localhost:8000"

    @Option(help: ArgumentHelp("File with the API key.", valueName: "file"), completion: .file())
    var keyFile: String?

    @Option(help: ArgumentHelp("Share of made-up events with a fault, each kind in turn: 2% or 0.02.", valueName: "share"))
    var bad = ShareArgument(perMillion: 0)

    @Option(
        help: ArgumentHelp(
            "Share of made-up events that were sent before: unchanged, and changed under the same id, in turn.",
            valueName: "share"))
    var duplicates = ShareArgument(perMillion: 0)

    @Option(help: ArgumentHelp("Events a second; max: as fast as the collector takes them.", valueName: "n"))
    var rate = RateArgument(perSecond: nil)

    @Option(name: .customLong("for"), help: ArgumentHelp("End after this long: 60s, 1h.", valueName: "duration"))
    var limit: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Time of the first made-up event, as 2026-01-01T00:00:00Z; the others follow at the rate (max: a millisecond each). "
                + "Without it, it is now.", valueName: "time"))
    var start: TimeArgument?

    @Option(
        help: ArgumentHelp(
            "What everything is drawn from. Without it, another one each time, which the summary tells.", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Packages that may wait for their answer at a time, 1 to 64.", valueName: "n"))
    var packagesInFlight = 4

    @Option(help: ArgumentHelp("How long the collector may be away.", valueName: "duration"))
    var patience = DurationArgument(.seconds(300))

    @Flag(inversion: .prefixedNo, help: "Send an Idempotency-Key with each package.")
    var idempotency = true

    @Option(help: ArgumentHelp("Append a JSON line for each acknowledged package.", valueName: "file"), completion: .file())
    var receipts: String?

    @Flag(help: "Print the packages, one a line, and send nothing.")
    var dryRun = false

    func validate() throws {
        if file != nil, synthetic != nil { throw ValidationError("--file or --synthetic, not both") }
        if let synthetic, synthetic < 0 { throw ValidationError("--synthetic must not be negative") }
        if synthetic == nil, bad.perMillion > 0 || duplicates.perMillion > 0 || start != nil {
            throw ValidationError("--bad, --duplicates and --start are for --synthetic")
        }
        if bad.perMillion + duplicates.perMillion > 1_000_000 { throw ValidationError("--bad and --duplicates are more than all") }
        if let limit, limit.value <= .zero { throw ValidationError("--for must be longer than nothing") }
        if dryRun, synthetic == 0 { throw ValidationError("--dry-run needs an end: --synthetic n") }
        if !(1...64).contains(packagesInFlight) { throw ValidationError("--packages-in-flight must be from 1 to 64") }
        if patience.value < .seconds(1) { throw ValidationError("--patience: a second at least") }
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), !url.contains(where: { "?#@".contains($0) }) else {
            throw ValidationError("--url: http://host:port, without user, query or fragment")
        }
    }

    func run() async throws {
        let logger = common.logger("generate")
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let source = try source(seed)
        if dryRun { return try show(source, seed) }
        let key = try apiKey()
        let receipts = try receipts.map { try EventReceipts($0) }
        let shutdown = Shutdown()
        let signals = shutdown.listen()
        defer { signals.forEach { $0.cancel() } }
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let delivery = EventDelivery(
            client: HTTPClient(), url: "\(base)/collect", key: key, run: idempotency ? UUID().uuidString.lowercased() : nil,
            patience: patience.value, shutdown: shutdown, logger: logger)
        let feed = EventFeed(
            source: source, seed: seed, perSecond: rate.perSecond, limit: limit?.value, inFlight: packagesInFlight,
            delivery: delivery, receipts: receipts)
        let result = await feed.run()
        let summary = EventSummary(result, seed: seed, isMadeUp: synthetic != nil)
        if common.json { try printJSON(summary) } else { print(summary.text) }
        fflush(nil)
        if let problem = receipts?.problem {
            Failure.say("receipts are missing: \(problem)")
            throw ExitCode.failure
        }
        if let why = result.firstRefusal {
            Failure.say(
                "\(result.refused) packages were refused; \(why)\n"
                    + "  hint: 401 is about the API key (EMPORIUM_API_KEY, --key-file); 400 about a line that is not JSON")
        }
        if let why = result.firstUnanswered {
            Failure.say(
                "\(result.unanswered) packages have no answer; \(why)\n"
                    + "  hint: see that the collector runs (emporium collect) and that --url is its address; --patience waits longer")
        }
        if result.unanswered > 0, !result.isStopped { throw ExitCode(69) }
        if result.refused > 0 || result.unanswered > 0 { throw ExitCode.failure }
    }

    private func source(_ seed: UInt64) throws -> EventPackages.Source {
        if let synthetic {
            var settings = EventGenerator.Settings()
            settings.seed = seed
            settings.badPerMillion = bad.perMillion
            settings.againPerMillion = duplicates.perMillion
            return .madeUp(
                settings, count: synthetic == 0 ? nil : synthetic, start: start?.milliseconds, perSecond: rate.perSecond ?? 1000)
        }
        let path = file ?? (root == "." ? "examples/events/events.json" : "\(root)/examples/events/events.json")
        do {
            return .file(try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
        } catch {
            let hint =
                file == nil
                ? "name the project's folder with --root, a file with --file, or make events up with --synthetic" : "see --file"
            throw ConfigurationError("\(path): cannot be read: \(error.localizedDescription)\n  hint: \(hint)")
        }
    }

    private func apiKey() throws -> String {
        let path = keyFile ?? (Settings.value("EMPORIUM_API_KEY") == nil ? "\(Settings.home)/collector/key" : nil)
        guard let path else { return Settings.value("EMPORIUM_API_KEY") ?? "" }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError(
                "no API key: \(path) cannot be read\n"
                    + "  hint: set EMPORIUM_API_KEY or name a file with --key-file (emporium collect keys add)")
        }
        let key = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConfigurationError("no API key: \(path) has none, or more than one line")
        }
        return key
    }

    private func show(_ source: EventPackages.Source, _ seed: UInt64) throws {
        var packages = EventPackages(source, seed: seed)
        while let package = packages.next() {
            do { try FileHandle.standardOutput.write(contentsOf: Data(package.body + [0x0A])) } catch {
                throw ConfigurationError("stdout takes no more: \(error.localizedDescription)")
            }
        }
    }
}

/// What is printed at the end.
private struct EventSummary: Encodable {
    let seed: UInt64, ending: String
    let packages: Int, events: Int, acknowledged: Int, refused: Int, unanswered: Int, retries: Int
    let accepted: Int, rejected: Int, rejectedByCode: [String: Int]
    /// Of made-up events: what they were made to be.
    let valid: Int?, duplicates: Int?, conflicts: Int?, bad: Int?, faults: [String: Int]?
    let seconds: Double, eventsPerSecond: Double

    init(_ result: EventFeed.Result, seed: UInt64, isMadeUp: Bool) {
        self.seed = seed
        ending =
            result.isStopped ? "stopped" : result.unanswered > 0 ? "collector away" : result.refused > 0 ? "refused" : "complete"
        (packages, events, acknowledged) = (result.packages, result.events, result.acknowledged)
        (refused, unanswered, retries, accepted) = (result.refused, result.unanswered, result.retries, result.accepted)
        rejectedByCode = result.rejected
        rejected = result.rejected.values.reduce(0, +)
        let tally = result.tally
        valid = isMadeUp ? tally.valid : nil
        duplicates = isMadeUp ? tally.duplicates : nil
        conflicts = isMadeUp ? tally.conflicts : nil
        bad = isMadeUp ? tally.bad : nil
        faults = isMadeUp
            ? Dictionary(uniqueKeysWithValues: EventFault.allCases.map { ($0.rawValue, tally.faults[$0] ?? 0) }) : nil
        seconds = (result.seconds * 1000).rounded() / 1000
        let taken = Double(result.accepted + rejected)
        eventsPerSecond = result.seconds > 0 ? (taken / result.seconds * 10).rounded() / 10 : 0
    }

    var text: String {
        var text = """
            \(events) events in \(packages) packages: \(acknowledged) acknowledged, \(refused) refused, \(unanswered) unanswered, \
            \(retries) retries (\(ending))
            accepted \(accepted)
            rejected \(rejected)
            """
        func list(_ counts: [String: Int], _ order: [String]) -> String {
            ": " + order.map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", ")
        }
        if rejected > 0 { text += list(rejectedByCode, rejectedByCode.keys.sorted()) }
        if let valid, let duplicates, let conflicts, let bad, let faults {
            text += "\nmade up: valid \(valid), duplicates \(duplicates), conflicts \(conflicts), bad \(bad)"
            if bad > 0 { text += list(faults, EventFault.allCases.map(\.rawValue)) }
        }
        return text + "\n\(String(format: "%.1f s, %.1f events/s", seconds, eventsPerSecond)), seed \(seed)"
    }
}
