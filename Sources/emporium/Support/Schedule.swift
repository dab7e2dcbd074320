import ArgumentParser
import Foundation
import Ingest
import Logging
import Postgres

/// When runs begin: at once, then every so often by the wall clock. Runs that were missed are made up for by one.
struct Schedule {
    let every: TimeInterval
    private(set) var next: Date

    init(every: Duration, from start: Date = Date()) {
        self.every = Double(every.components.seconds)
        next = start
    }

    func isDue(at now: Date) -> Bool { now >= next }

    /// Puts the next run on the first beat that is still to come.
    mutating func began(at now: Date = Date()) {
        repeat { next.addTimeInterval(every) } while next <= now
    }

    /// Begins runs until a shutdown is requested.
    /// - Parameter level: of the line that says when the next one is.
    /// - Throws: what a run throws: none follows it.
    func run(until shutdown: Shutdown, _ logger: Logger, level: Logger.Level = .notice, _ body: () async throws -> Void) async throws {
        var schedule = self
        while !shutdown.isRequested {
            if schedule.isDue(at: Date()) {
                try await body()
                if shutdown.isRequested { break }
                schedule.began()
                logger.log(level: level, "next run at \(schedule.next.formatted(.iso8601))")
            }
            // Short naps against the wall clock: a machine that slept through a run begins it on waking.
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    /// A run after which another follows, whatever exit code it would have ended with, and whether the database was away.
    static func goingOn(_ logger: Logger, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let code as ExitCode {
            logger.warning("the run ended with exit code \(code.rawValue); the next one is tried all the same")
        } catch let error as PostgresError where error.isOutage {
            logger.error("\(error)")
        }
    }
}
