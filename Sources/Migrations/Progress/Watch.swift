import Logging
import Synchronization

/// Looks now and then who keeps the working session waiting while it is at one file: once a wait has timed out, nobody
/// can tell any more, and a concurrent build may wait for hours.
final class Watch: Sendable {
    private struct State {
        var notices = WaitNotices()
        var sighting: LockWait?
    }

    private let lock: MigrationLock
    private let backendPID: Int32
    private let file: MigrationFile
    private let progress: Progress?
    private let logger: Logger
    private let state = Mutex(State())
    /// Short enough that no wait can time out unseen.
    private let interval: Duration
    /// A shorter wait is nothing to tell of: a build on a busy server waits for thousands of short transactions.
    /// Long enough waits are seen at least once when they have lasted this long: the rest of an interval.
    private let threshold: Duration

    init(
        _ lock: MigrationLock, _ backendPID: Int32, _ file: MigrationFile, _ lockTimeout: Duration,
        _ progress: Progress?, _ logger: Logger
    ) {
        self.lock = lock
        self.backendPID = backendPID
        self.file = file
        self.progress = progress
        self.logger = logger
        interval = lockTimeout > .zero ? min(max(lockTimeout * 0.6, .milliseconds(20)), .seconds(1)) : .seconds(1)
        threshold = lockTimeout > .zero ? min(lockTimeout * 0.3, .seconds(1)) : .seconds(1)
    }

    /// Who was in the way when last seen in this attempt, and of what.
    var sighting: String? { state.withLock { $0.sighting?.description } }

    /// A process of the server's own was in the way, such as an autovacuum.
    var isBehindServer: Bool { state.withLock { $0.sighting?.blockers.contains(where: \.isServersOwn) ?? false } }

    /// A new attempt.
    func begin() { state.withLock { $0.sighting = nil } }

    func during<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        let looking = Task {
            while true {
                do { try await Task.sleep(for: interval) } catch { return }
                // In a task of its own, so that ending the watch cancels no statement on the lock's session.
                let look = Task { try? await lock.wait(of: backendPID) }
                if let wait = await look.value { note(wait) }
            }
        }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        looking.cancel()
        await looking.value
        return try result.get()
    }

    private func note(_ wait: LockWait) {
        let isDue = state.withLock { state in
            state.sighting = wait
            return .milliseconds(wait.waited) >= threshold && state.notices.isDue(wait, at: .now)
        }
        guard isDue else { return }
        let statement = progress?.place.flatMap { $0.path == file.path ? $0.statement : nil }
        let place = statement.map { "\(file.path):\($0.line) (\($0.head(48)))" } ?? file.path
        let phase = wait.phase.map { " (\($0))" } ?? ""
        logger.notice(
            "\(place) waits\(phase), for \(Duration.milliseconds(wait.waited).coarse) now, for \(wait.description); \(wait.mend)")
        progress?.note(.waiting, file.path, line: statement?.line, wait.fields)
    }
}
