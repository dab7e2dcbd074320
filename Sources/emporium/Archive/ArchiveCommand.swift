import ArgumentParser
import Foundation
import Ingest
import Logging
import ObjectStore
import Postgres

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Look after the archive: events and dead letters as objects of JSON lines.",
        discussion: "EMPORIUM_OBJECT_STORE says where they lie: file:///folder or s3://bucket/prefix. emporium relay puts them there.",
        subcommands: [ArchiveVerify.self, ArchiveList.self, ArchiveFind.self, ArchiveCat.self])
}

/// Which days of the archive a verb is about.
struct ArchiveDays: ParsableArguments {
    @Option(help: ArgumentHelp("The first UTC day, that of landing: the object's dt.", valueName: "day"))
    var from: DayArgument?

    @Option(help: ArgumentHelp("The last UTC day.", valueName: "day"))
    var to: DayArgument?

    func validate() throws {
        if let from, let to, to.text < from.text { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    /// What `$1` and `$2` of a query are: both may be null.
    var parameters: [Parameter] { [.optional(from?.text), .optional(to?.text)] }
}

/// `2026-03-01`
struct DayArgument: ExpressibleByArgument, CustomStringConvertible, Sendable {
    let text: String
    var description: String { text }

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], argument.utf8.allSatisfy({ $0 == 0x2D || 0x30...0x39 ~= $0 }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let components = DateComponents(year: year, month: month, day: day)
        guard year > 0, components.isValidDate(in: calendar) else { return nil }
        text = argument
    }
}

/// What the verbs have in common: the books, and the store.
enum Archive {
    /// How long a store or a database that is away is waited for.
    static let patience = Duration.seconds(10)

    static func session(_ logger: Logger) throws -> DatabaseSession {
        DatabaseSession(try Settings.database().asRole("relay_admin"), patience: patience, logger: logger)
    }

    /// - Throws: `ConfigurationError` when none is named, or one that cannot be.
    static func store() throws -> any ObjectStore {
        guard let store = try Settings.objectStore() else { throw ConfigurationError(Settings.noObjectStore) }
        return store
    }

    /// Asks a store, again while it is away and there is patience.
    /// - Throws: `StoreError`, `CancellationError`.
    static func ask<T: Sendable>(_ logger: Logger, _ body: () async throws(StoreError) -> T) async throws -> T {
        var backoff = Backoff(first: .milliseconds(500))
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(StoreError) {
                return try await body()
            } catch {
                guard error.isOutage, ContinuousClock.now < deadline else { throw error }
                logger.warning("\(error); asking again")
                try await Task.sleep(for: backoff.next())
            }
        }
    }
}
