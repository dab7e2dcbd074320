import Logging
import Synchronization

/// A sender's API key, as the database keeps it.
public struct APIKey: Sendable, Equatable {
    public var id: Int32
    public var sender: String
    public var digest: KeyDigest
    /// Events a second; nil for no limit.
    public var rate: Double?

    public init(id: Int32, sender: String, digest: KeyDigest, rate: Double?) {
        self.id = id
        self.sender = sender
        self.digest = digest
        self.rate = rate
    }
}

/// The keys that are good now: a copy in memory, read anew every few seconds, kept while the database is away.
///
/// A key that is not in the copy causes one reading, so that a new one works at once. Of those there is at most one a
/// second, whatever comes with wrong keys: those who ask in between wait for the next one together.
public final class KeyRing: Sendable {
    public enum Found: Sendable, Equatable {
        case key(APIKey)
        case none
        /// The database could not be asked.
        case unknown
    }

    private struct State {
        var keys: [KeyDigest: APIKey]?
        var lastStart: ContinuousClock.Instant?
        /// The reading that has not begun: whoever joins it gets what is true now.
        var next: Task<Bool, Never>?
        var waiting = 0
        var isAway = false
    }

    /// Requests that wait for a reading; who comes on top is told to come back.
    static let mostWaiting = 64

    private let state = Mutex(State())
    private let pause: Duration
    private let load: @Sendable () async throws -> [APIKey]
    private let logger: Logger

    /// - Parameters:
    ///   - pause: between two readings.
    ///   - load: all keys that are not revoked.
    public init(pause: Duration = .seconds(1), logger: Logger, load: @escaping @Sendable () async throws -> [APIKey]) {
        self.pause = pause
        self.logger = logger
        self.load = load
    }

    /// How many keys there are; nil while they have never been read.
    public var count: Int? { state.withLock { $0.keys?.count } }

    /// By the copy in memory alone.
    func find(_ digest: KeyDigest) -> APIKey? { state.withLock { $0.keys?[digest] } }

    /// By a reading that begins after this call.
    func ask(_ digest: KeyDigest) async -> Found {
        let isLet = state.withLock { state in
            guard state.waiting < Self.mostWaiting else { return false }
            state.waiting += 1
            return true
        }
        guard isLet else { return .unknown }  // nobody has looked
        defer { state.withLock { $0.waiting -= 1 } }
        let worked = await refresh()
        if let key = find(digest) { return .key(key) }
        return worked ? .none : .unknown
    }

    /// Reads all keys, not sooner than a pause after the last reading began.
    /// - Returns: whether they could be read.
    @discardableResult
    public func refresh() async -> Bool {
        let task = state.withLock { state in
            if let next = state.next { return next }
            let due = state.lastStart.map { $0 + pause }
            let task = Task { [self] in
                if let due, due > .now { try? await Task.sleep(until: due) }
                return await read()
            }
            state.next = task
            return task
        }
        return await task.value
    }

    private func read() async -> Bool {
        state.withLock { state in
            state.next = nil
            state.lastStart = .now
        }
        do {
            let keys = try await load()
            let was = state.withLock { state in
                state.keys = Dictionary(keys.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
                defer { state.isAway = false }
                return state.isAway
            }
            if was { logger.notice("API keys: the database is back", metadata: ["keys": "\(keys.count)"]) }
            return true
        } catch {
            let (was, known) = state.withLock { state in
                defer { state.isAway = true }
                return (state.isAway, state.keys != nil)
            }
            if !was {
                logger.warning("API keys cannot be read, \(known ? "those known go on working" : "none are known yet"): \(error)")
            }
            return false
        }
    }
}
