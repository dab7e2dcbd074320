import Foundation
import HTTPClient
import Ingest
import Logging

/// What the collector says of a package.
struct EventAnswer: Decodable, Sendable {
    struct Event: Decodable, Sendable {
        let correlationId: String
        let verdict: String
        let code: String?
    }
    let packageId: String
    let accepted: Int
    let rejected: Int
    let events: [Event]

    /// Whether it is an answer to a package of so many events.
    func fits(_ count: Int) -> Bool {
        events.count == count && events.count { $0.verdict == "accepted" } == accepted
            && events.count { $0.verdict == "rejected" } == rejected && accepted + rejected == count
    }
}

/// Sends one package until the collector has taken or refused it.
struct EventDelivery: Sendable {
    enum Outcome: Sendable {
        case acknowledged(EventAnswer, retries: Int)
        /// The collector will never take it; what it says about why.
        case refused(String, retries: Int)
        /// Not within patience, or until the run was stopped. It may have been taken.
        case unanswered(String, retries: Int)
    }

    let client: HTTPClient
    /// …/collect
    let url: String
    let key: String
    /// Begins the idempotency keys of this run; nil: none are sent.
    let run: String?
    let patience: Duration
    let shutdown: Shutdown
    let logger: Logger

    /// How long a stopped run waits for what is on its way.
    private static let grace = Duration.seconds(10)
    private static let longestPause = Duration.seconds(60)

    func deliver(_ package: EventPackage) async -> Outcome {
        var request = HTTPRequest(
            "POST", url, headers: [("Content-Type", "application/json"), ("X-API-Key", key)], body: package.body,
            timeout: .seconds(60), maxResponseBytes: 4 << 20)
        if let run { request.headers.append(("Idempotency-Key", "\(run)-\(package.number)")) }
        let begin = ContinuousClock.now
        var retries = 0
        var pause = Duration.milliseconds(100)
        while true {
            var (reason, wished): (String, Duration?)
            do throws(HTTPError) {
                let response = try await client.send(request)
                switch response.status {
                case 200:
                    guard let answer = try? JSONDecoder().decode(EventAnswer.self, from: Data(response.body)),
                        answer.fits(package.events)
                    else { return .refused("\(url) gave 200 and no verdicts: is that a collector?", retries: retries) }
                    return .acknowledged(answer, retries: retries)
                case 408, 429, 500...:
                    reason = "\(url): \(Self.problem(response))"
                    wished = response.header("retry-after").flatMap { Int64($0) }.map { .seconds(max(0, min($0, 3600))) }
                default:
                    return .refused(Self.problem(response), retries: retries)
                }
            } catch {
                if !error.isOutage { return .refused(error.description, retries: retries) }
                (reason, wished) = (error.description, nil)
            }
            let elapsed = begin.duration(to: .now)
            if elapsed > patience || Task.isCancelled { return .unanswered(reason, retries: retries) }
            if retries == 0 { logger.debug("a package waits", metadata: ["package": "\(package.number)", "why": "\(reason)"]) }
            retries += 1
            // Half to all of the pause, so that packages that failed together do not come back together.
            let jittered = pause / 2 + .milliseconds(Int64.random(in: 0...max(1, pause.milliseconds / 2)))
            await sleep(min(max(jittered, min(wished ?? .zero, Self.longestPause)), max(.zero, patience - elapsed)))
            pause = min(pause * 2, .seconds(5))
            if shutdown.isRequested, begin.duration(to: .now) > Self.grace { return .unanswered(reason, retries: retries) }
        }
    }

    /// In short pieces, since nothing wakes it when the run is stopped.
    private func sleep(_ duration: Duration) async {
        let until = ContinuousClock.now + duration
        while ContinuousClock.now < until, !Task.isCancelled, !shutdown.isRequested {
            try? await Task.sleep(until: min(until, .now + .milliseconds(100)), clock: .continuous)
        }
        if shutdown.isRequested { try? await Task.sleep(for: .milliseconds(100)) }
    }

    /// Status, code and detail of an answer that is none.
    static func problem(_ response: HTTPResponse) -> String {
        struct Problem: Decodable {
            let title: String?, code: String?, detail: String?, position: Int?
        }
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body)) else {
            return "status \(response.status)"
        }
        let place = problem.position.map { " (byte \($0))" } ?? ""
        return "status \(response.status) \(problem.code ?? ""): \((problem.detail ?? problem.title ?? "").prefix(500))\(place)"
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
