import Foundation
import Glibc

/// A folder with the programs of one PostgreSQL server version.
struct ServerBinaries: Sendable, Equatable {
    let folder: String
    /// For example `15.20`.
    let version: String
    let major: Int

    static let oldestMajor = 15

    func program(_ name: String) -> String { "\(folder)/\(name)" }

    /// Looks at `EMPORIUM_PG_BINDIR`, then at Debian's folders from the highest version down, then asks pg_config.
    /// - Parameters:
    ///   - major: the version that existing data needs; nil for new data.
    ///   - data: the existing data, for messages.
    /// - Throws: `StackError` `.noServer` when nothing serves, `.otherMajor` when nothing serves that data.
    static func find(
        major: Int? = nil, data: String = "", environment: [String: String] = ProcessInfo.processInfo.environment,
        packages: String = "/usr/lib/postgresql"
    ) throws -> ServerBinaries {
        let installed = try all(environment: environment, packages: packages)
        if let major {
            if major >= oldestMajor, let match = installed.first(where: { $0.major == major }) { return match }
            let versions = installed.map(\.version)
            throw StackError(
                .otherMajor,
                "the data in \(data) was made by PostgreSQL \(major); installed here: "
                    + (versions.isEmpty ? "none" : versions.joined(separator: ", ")),
                hint: (major >= oldestMajor ? "apt-get install postgresql-\(major); or " : "")
                    + "move it to a new version by pg_upgrade; or put it away and start empty: "
                    + "mv -- \(shellQuoted(data)) \(shellQuoted(data + "-\(major)"))")
        }
        if let best = installed.first(where: { $0.major >= oldestMajor }) { return best }
        let found = installed.map { "\($0.version) in \($0.folder)" }
        throw StackError(
            .noServer,
            "no PostgreSQL server of version \(oldestMajor) or later"
                + (found.isEmpty ? "" : " (found: \(found.joined(separator: ", ")))"),
            hint: "scripts/setup, or: apt-get install postgresql-15; or EMPORIUM_PG_BINDIR=/path/to/bin")
    }

    /// Every server found, best first.
    static func all(environment: [String: String], packages: String = "/usr/lib/postgresql") throws -> [ServerBinaries]
    {
        var result: [ServerBinaries] = []
        if let named = environment["EMPORIUM_PG_BINDIR"], !named.isEmpty {
            // Named outright: to pass it over in silence would run something else than was asked for.
            guard let binaries = ServerBinaries(folder: named) else {
                throw StackError(
                    .noServer, "EMPORIUM_PG_BINDIR=\(named) holds no initdb, pg_ctl and postgres that run",
                    hint: "name a folder such as /usr/lib/postgresql/15/bin, or unset it")
            }
            result.append(binaries)
        }
        result += Files.names(in: packages).compactMap { Int($0) }.sorted(by: >)
            .compactMap { ServerBinaries(folder: "\(packages)/\($0)/bin") }
        if let config = Child.find("pg_config"), let outcome = try? Child.runBlocking([config, "--bindir"]),
            outcome.status == 0, let other = ServerBinaries(folder: outcome.output),
            !result.contains(where: { $0.folder == other.folder })
        {
            result.append(other)
        }
        return result
    }

    /// nil unless the folder has all three programs; Debian's client package makes one without.
    init?(folder: String) {
        // pg_ctl pastes its own path into a shell's command line between double quotes.
        guard folder.hasPrefix("/"), !folder.contains(where: { "\"$`\\\n".contains($0) }),
            ["initdb", "pg_ctl", "postgres"].allSatisfy({ access("\(folder)/\($0)", X_OK) == 0 }),
            let outcome = try? Child.runBlocking(["\(folder)/postgres", "--version"]), outcome.status == 0,
            let version = Self.version(in: outcome.output), let major = Int(version.prefix(while: \.isWholeNumber))
        else { return nil }
        self.folder = folder
        self.version = version
        self.major = major
    }

    /// `15.20` of `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
    static func version(in line: String) -> String? {
        line.split(separator: " ").first { $0.first?.isWholeNumber == true }.map(String.init)
    }
}
