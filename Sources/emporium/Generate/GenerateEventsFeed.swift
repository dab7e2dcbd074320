import Foundation
import Generators
import Ingest
import Logging

/// Packages on their way to a collector, some at a time, and what became of them.
struct EventFeed: Sendable {
    struct Result: Sendable {
        var packages = 0
        var events = 0
        var acknowledged = 0
        var accepted = 0
        var rejected: [String: Int] = [:]
        var refused = 0
        var unanswered = 0
        var retries = 0
        var tally = EventTally()
        var seconds = 0.0
        /// The first of each.
        var firstRefusal: String?
        var firstUnanswered: String?
        var isStopped = false
    }

    let source: EventPackages.Source
    let seed: UInt64
    let perSecond: Double?
    let limit: Duration?
    let inFlight: Int
    let delivery: EventDelivery
    let receipts: EventReceipts?

    /// Refusals after which nothing more is sent: there is something wrong with all of it.
    private static let mostRefusals = 10

    func run() async -> Result {
        var result = Result()
        var packages = EventPackages(source, seed: seed)
        let begin = ContinuousClock.now
        await withTaskGroup(of: (EventPackage, EventDelivery.Outcome).self) { group in
            var pace = perSecond.map { Pace(perSecond: $0) }
            var running = 0
            while result.unanswered == 0, result.refused < Self.mostRefusals, receipts?.problem == nil {
                if delivery.shutdown.isRequested {
                    result.isStopped = true
                    break
                }
                let elapsed = ContinuousClock.now - begin
                if let limit, elapsed >= limit { break }
                if let due = pace?.due(after: elapsed), due == 0, let next = pace?.next {
                    let wake = begin + min(max(next, elapsed + .milliseconds(1)), elapsed + .milliseconds(200))
                    try? await Task.sleep(until: wake, clock: .continuous)
                    continue
                }
                if running == inFlight, let (package, outcome) = await group.next() {
                    running -= 1
                    Self.count(package, outcome, &result)
                    continue
                }
                guard let package = packages.next() else { break }
                for _ in 0..<package.events { pace?.begin() }
                running += 1
                group.addTask { [delivery, receipts] in
                    let outcome = await delivery.deliver(package)
                    if case .acknowledged(let answer, _) = outcome { receipts?.append(package, answer) }
                    return (package, outcome)
                }
            }
            for await (package, outcome) in group { Self.count(package, outcome, &result) }
        }
        (result.packages, result.events, result.tally) = (packages.packages, packages.events, packages.tally)
        let elapsed = (ContinuousClock.now - begin).components
        result.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return result
    }

    private static func count(_ package: EventPackage, _ outcome: EventDelivery.Outcome, _ result: inout Result) {
        switch outcome {
        case .acknowledged(let answer, let retries):
            result.acknowledged += 1
            result.retries += retries
            result.accepted += answer.accepted
            for event in answer.events where event.verdict != "accepted" { result.rejected[event.code ?? "?", default: 0] += 1 }
        case .refused(let why, let retries):
            result.refused += 1
            result.retries += retries
            if result.firstRefusal == nil { result.firstRefusal = "package \(package.number): \(why)" }
        case .unanswered(let why, let retries):
            result.unanswered += 1
            result.retries += retries
            if result.firstUnanswered == nil { result.firstUnanswered = "package \(package.number): \(why)" }
        }
    }
}
